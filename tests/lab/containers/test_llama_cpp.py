"""llama.cpp's build, unit, answer and keys; the program is one that the test makes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lab.containers.serving import packed, served
from lab.containers.site import BASE, Site, standins
from lab.containers.surroundings import GITHUB

CTID, PORT = 990, 8081
BUILD, MODEL, KEY = "8133", "lab/tiny-GGUF", "key-of-the-lab"
PROGRAM = f"""\
#!/usr/bin/env python3
import http.server, json, os, sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        told = {{"words": sys.argv[1:], "key": os.environ.get("LLAMA_API_KEY")}}
        self.wfile.write(json.dumps(told).encode())


if sys.argv[1] == "--version":
    print("version: {BUILD} (lab)")
else:
    http.server.ThreadingHTTPServer(("", int(sys.argv[sys.argv.index("--port") + 1])), Handler).serve_forever()
"""
WORDS = ["--hf-repo", MODEL, "--host", "0.0.0.0", "--port", str(PORT), "--ctx-size", "2048"]
MADE_HERE = "llama.cpp (a program that answers), GitHub (the node, by curl's settings)"


@pytest.fixture(scope="module")
def llama(site: Site) -> Iterator[Site]:
    with served(site.node, GITHUB, tls=True) as folder:
        place = folder / f"ggml-org/llama.cpp/releases/download/b{BUILD}"
        place.mkdir(parents=True)
        (place / f"llama-b{BUILD}-bin-ubuntu-x64.tar.gz").write_bytes(packed("llama/llama-server", PROGRAM))
        fields = {"version": BUILD, "model": MODEL, "port": PORT, "args": ["--ctx-size", "2048", f"--api-key={KEY}"]}
        declared = {f"llama_cpp_{name}": value for name, value in fields.items()}
        site.declare(CTID, clone_from_ctid=str(BASE), features=["llama_cpp"], **declared)
        site.converged(CTID)
        yield site
    site.gone(CTID)


def answer(site: Site) -> Any:
    """What the server tells of how it was started."""
    return json.loads(site.inside(CTID, f"curl -sf http://127.0.0.1:{PORT}/health"))


def test_it_serves_with_what_is_declared_and_shows_its_key_to_nobody(llama: Site) -> None:
    standins(MADE_HERE)
    assert answer(llama) == {"words": WORDS, "key": KEY}
    shown = llama.inside(CTID, "systemctl cat llama; systemctl show llama; ps -ww -C python3 -o args=")
    assert (shown.count("--ctx-size") >= 2, KEY in shown) == (True, False), shown
    assert llama.inside(CTID, "stat -c '%U %a' /etc/llama/keys.env") == "llama 600\n"


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("systemctl stop llama", "llama.service"),
        ("rm -r /opt/llama_cpp", "not installed"),
        ("rm /etc/llama/keys.env", "/etc/llama/keys.env"),
    ],
)
def test_what_is_gone_is_seen_and_comes_back(llama: Site, broken: str, told: str) -> None:
    standins(MADE_HERE)
    llama.inside(CTID, broken)
    seen = llama.deep(CTID)
    assert told in seen.said, seen.said
    llama.repaired(CTID)
    assert answer(llama) == {"words": WORDS, "key": KEY}
