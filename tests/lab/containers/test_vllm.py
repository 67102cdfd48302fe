"""vLLM's environment, unit and answer; the package is one that the test makes, of the same name."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.containers.serving import served
from lab.containers.site import BASE, Site, standins
from lab.containers.surroundings import INDEX

CTID, PORT = 960, 8000
VERSION, MODEL = "0.9.0", "lab/tiny"
SERVER = """\
import http.server, json, sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(sys.argv[1:]).encode())


def main():
    port = int(sys.argv[sys.argv.index("--port") + 1])
    http.server.ThreadingHTTPServer(("", port), Handler).serve_forever()
"""
MADE_HERE = "vLLM (a package that answers), the package index"


def make_wheel(folder: Path) -> None:
    """A wheel with one module and one program (PyPA, binary distribution format)."""
    stem = f"vllm-{VERSION}.dist-info"
    files = {
        "vllm/__init__.py": "",
        "vllm/cli.py": SERVER,
        f"{stem}/METADATA": f"Metadata-Version: 2.1\nName: vllm\nVersion: {VERSION}\n",
        f"{stem}/WHEEL": "Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{stem}/entry_points.txt": "[console_scripts]\nvllm = vllm.cli:main\n",
    }
    record = "".join(f"{name},sha256={_digest(text)},{len(text)}\n" for name, text in files.items())
    with zipfile.ZipFile(folder / f"vllm-{VERSION}-py3-none-any.whl", "w") as wheel:
        for name, text in {**files, f"{stem}/RECORD": f"{record}{stem}/RECORD,,\n"}.items():
            wheel.writestr(name, text)


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def declare(site: Site, **fields: object) -> None:
    usual = {"vllm_version": VERSION, "vllm_model": MODEL, "vllm_port": PORT, "vllm_max_model_len": 2048}
    site.declare(CTID, clone_from_ctid=str(BASE), features=["vllm"], **{**usual, **fields})


@pytest.fixture(scope="module")
def vllm(site: Site) -> Iterator[Site]:
    with served(site.node, INDEX) as folder:
        make_wheel(folder)
        declare(site)
        site.converged(CTID)
        yield site
    site.gone(CTID)


def answered(site: Site) -> str:
    """The arguments that the server was started with, as it tells them."""
    return site.inside(CTID, f"curl -sf http://127.0.0.1:{PORT}/health | jq -r 'join(\" \")'")


def test_it_serves_the_model_with_what_is_declared(vllm: Site) -> None:
    standins(MADE_HERE)
    assert answered(vllm) == f"serve {MODEL} --max-model-len 2048 --port {PORT}\n"
    assert vllm.inside(CTID, "systemctl show -p User --value vllm; systemctl is-enabled vllm") == "vllm\nenabled\n"


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("systemctl disable --now vllm", "vllm.service"),
        ("sed -i s/2048/4096/ /etc/systemd/system/vllm.service", "vllm.service"),
        ("/opt/vllm/bin/python3 -m pip -q uninstall -y vllm", f"vllm is gone, was {VERSION}"),
    ],
)
def test_what_was_changed_is_seen_and_put_back(vllm: Site, broken: str, told: str) -> None:
    standins(MADE_HERE)
    vllm.inside(CTID, broken)
    seen = vllm.deep(CTID)
    assert told in seen.said, seen.said
    vllm.repaired(CTID)
    assert answered(vllm) == f"serve {MODEL} --max-model-len 2048 --port {PORT}\n"


def test_another_setting_restarts_it_with_that(vllm: Site) -> None:
    standins(MADE_HERE)
    declare(vllm, vllm_max_model_len=1024)
    vllm.converged(CTID)
    assert answered(vllm) == f"serve {MODEL} --max-model-len 1024 --port {PORT}\n"
