"""Ollama's archive, unit, answer and models; the archive is one that the test makes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from lab.containers.serving import packed, served
from lab.containers.site import BASE, Site, standins
from lab.containers.surroundings import GITHUB

CTID = 970
VERSION, MODEL = "0.9.0", "tiny"
PROGRAM = f'''\
#!/usr/bin/env python3
import http.server, json, os, sys, urllib.request

HOST = os.environ.get("OLLAMA_HOST", "127.0.0.1:11434").removeprefix("http://")
MODELS = os.environ.get("OLLAMA_MODELS", "/nonexistent")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        found = os.listdir(MODELS) if os.path.isdir(MODELS) else []
        told = {{"version": "{VERSION}", "models": [{{"name": name}} for name in found]}}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    def do_POST(self):
        os.makedirs(MODELS, exist_ok=True)
        open(MODELS + "/" + self.rfile.read(int(self.headers["Content-Length"])).decode(), "w").close()
        self.send_response(200)
        self.end_headers()


if sys.argv[1] == "--version":
    print("ollama version is {VERSION}")
elif sys.argv[1] == "serve":
    address, _, port = HOST.partition(":")
    http.server.ThreadingHTTPServer((address, int(port)), Handler).serve_forever()
else:
    name = sys.argv[2] if ":" in sys.argv[2] else sys.argv[2] + ":latest"
    urllib.request.urlopen("http://" + HOST + "/api/pull", name.encode())
'''
MADE_HERE = "Ollama (a program that answers), GitHub (the node, by curl's settings)"


def declare(site: Site, sha256: str) -> None:
    fields = {"ollama_version": VERSION, "ollama_sha256": sha256, "ollama_models": [MODEL]}
    site.declare(CTID, clone_from_ctid=str(BASE), features=["ollama"], **fields)


@pytest.fixture(scope="module")
def shop(site: Site) -> Iterator[Site]:
    """A node that serves the archive where GitHub would."""
    with served(site.node, GITHUB, tls=True) as folder:
        place = folder / f"ollama/ollama/releases/download/v{VERSION}"
        place.mkdir(parents=True)
        (place / "ollama-linux-amd64.tgz").write_bytes(packed("bin/ollama", PROGRAM))
        yield site
    site.gone(CTID)


@pytest.fixture(scope="module")
def ollama(shop: Site) -> Site:
    served_file = next(shop.node.user.rglob("ollama-linux-amd64.tgz"))
    declare(shop, hashlib.sha256(served_file.read_bytes()).hexdigest())
    shop.converged(CTID)
    return shop


def test_an_archive_that_is_another_is_refused_and_nothing_of_it_stays(shop: Site) -> None:
    standins(MADE_HERE)
    declare(shop, "0" * 64)
    done = shop.apply(CTID)
    assert (done.rc, "its SHA-256 is" in done.said) == (1, True), done.said
    assert shop.says(CTID, "ls -d /opt/ollama* /usr/local/bin/ollama 2>/dev/null")[1] == ""


def test_it_answers_and_has_the_model(ollama: Site) -> None:
    standins(MADE_HERE)
    asked = "curl -sf http://127.0.0.1:11434/api/tags | jq -r .models[].name"
    assert ollama.inside(CTID, asked) == f"{MODEL}:latest\n"
    assert ollama.inside(CTID, "ollama --version; systemctl is-enabled ollama") == (
        f"ollama version is {VERSION}\nenabled\n"
    )


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("systemctl stop ollama", "ollama.service"),
        ("rm -rf /opt/ollama", "not installed"),
        ("rm /var/lib/ollama/models/*", f"not there: {MODEL}"),
    ],
)
def test_what_is_gone_is_seen_and_comes_back(ollama: Site, broken: str, told: str) -> None:
    standins(MADE_HERE)
    ollama.inside(CTID, broken)
    seen = ollama.deep(CTID)
    assert told in seen.said, seen.said
    ollama.repaired(CTID)
    assert ollama.inside(CTID, "ls /var/lib/ollama/models; systemctl is-active ollama") == f"{MODEL}:latest\nactive\n"
