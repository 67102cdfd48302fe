"""A web server on the node, for what the containers would fetch from a wider network."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.containers.node import Node

ADDRESS = "10.0.2.100"
_SERVER = """\
import functools, http.server, ssl, sys
folder, port, certificate = sys.argv[1:]
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
server = http.server.ThreadingHTTPServer(("", int(port)), handler)
if certificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()
"""
_CERTIFICATE = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=lab", "-batch")


@contextmanager
def served(node: Node, port: int, *, tls: bool = False) -> Iterator[Path]:
    """A folder that the node serves at ADDRESS; where ``tls`` is set, with a certificate that nobody signed."""
    place = Path(tempfile.mkdtemp(dir=node.user))
    folder, certificate = place / "served", place / "certificate.pem"
    folder.mkdir()
    if tls:
        node.out(*_CERTIFICATE, "-keyout", str(certificate), "-out", f"{certificate}.new")
        with certificate.open("a") as file:
            file.write(Path(f"{certificate}.new").read_text())
    words = ("python3", "-c", _SERVER, str(folder), str(port), str(certificate) if tls else "")
    argv = node.argv("setpriv", "--pdeathsig", "KILL", "--", *words)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        try:
            yield folder
        finally:
            process.kill()


def packed(name: str, program: str) -> bytes:
    """A program in a tar.gz, as its makers would publish it."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(program), 0o755
        tar.addfile(entry, io.BytesIO(program.encode()))
    return made.getvalue()
