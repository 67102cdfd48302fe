"""A web server on the node, for what the containers would fetch from a wider network."""

from __future__ import annotations

import subprocess
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
    folder = node.user / f"served-{port}"
    folder.mkdir()
    certificate = node.user / f"certificate-{port}.pem"
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
