"""Portainer's server in Docker in a container; the image is one that the test makes, of the same name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.containers.site import DOCKER, NESTING, Site, standins

TEMPLATE, CTID = 906, 980
IMAGE, PASSWORD = "portainer/portainer-ce:2.21.4", "password-of-the-lab"
SERVER = """\
import http.server, os, ssl, sys

if "--admin-password-file" in sys.argv:
    open("/data/administrator", "w").write(open(sys.argv[-1]).read())


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        lacks = self.path == "/api/users/admin/check" and not os.path.exists("/data/administrator")
        self.send_response(404 if lacks else 204)
        self.end_headers()


server = http.server.ThreadingHTTPServer(("", 9443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/pair.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""
OWNER = f"""\
#!/bin/sh
set -eu
made=$(docker image inspect --format '{{{{.Id}}}}' {IMAGE} 2>/dev/null) || made=
case $1 in
  check) [ -n "$made" ] || exit 3 ;;
  apply)
    folder=$(mktemp -d)
    mkdir -p "$folder/data" "$folder/tmp"
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=lab -batch -keyout "$folder/pair.pem" -out "$folder/new"
    cat "$folder/new" >>"$folder/pair.pem"
    cat >"$folder/server.py" <<'END'
{SERVER}END
    cd /
    python=$(readlink -f /usr/bin/python3)
    tar -c --owner 0 lib lib64 usr/lib64 usr/lib/x86_64-linux-gnu usr/lib/python3* "${{python#/}}" -C "$folder" . |
      docker import --change "ENTRYPOINT [\\"$python\\", \\"/server.py\\"]" - {IMAGE}
    rm -r "$folder" ;;
esac
"""
MANIFEST = '{"name": "image", "summary": "The image that is not fetched.", "executable": "image.sh"}'
MADE_HERE = "Portainer's image (a server that answers)"


@pytest.fixture(scope="module")
def portainer(docker: Site) -> Iterator[Site]:
    """A server, cloned from a template that has the image, as if it had been fetched."""
    site = docker
    site.write("features.d/image.sh", OWNER)
    site.write("features.d/image.json", MANIFEST)
    site.declare_template(TEMPLATE, clone_from_ctid=str(DOCKER), features=["docker", "image"], pct_options=NESTING)
    site.declare_host(docker={"portainer_admin_password": {"env": "LAB_PORTAINER"}, "portainer_server_image": IMAGE})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_PORTAINER", PASSWORD)
        fields = {"features": ["docker", "portainer"], "portainer_role": "server", "pct_options": NESTING}
        site.declare(CTID, clone_from_ctid=str(TEMPLATE), **fields)
        site.converged(CTID)
        yield site
        site.declare_host()
        site.gone(CTID, TEMPLATE)


def test_it_answers_and_has_its_administrator(portainer: Site) -> None:
    standins(MADE_HERE)
    asked = "curl -sk -o /dev/null -w '%{http_code}' https://127.0.0.1:9443/api/users/admin/check"
    assert portainer.inside(CTID, asked) == "204"
    assert portainer.inside(CTID, "cat /var/lib/docker/volumes/portainer_data/_data/administrator").strip() == PASSWORD
    assert PASSWORD not in portainer.inside(CTID, "docker inspect portainer; docker logs portainer")
    portainer.inside(CTID, "test ! -e /run/phoenix_hypervisor/portainer-password")


def test_a_container_that_was_removed_is_seen_and_made_again_with_its_data(portainer: Site) -> None:
    standins(MADE_HERE)
    portainer.inside(CTID, "docker rm --force portainer")
    seen = portainer.deep(CTID)
    assert "portainer" in seen.said, seen.said
    portainer.repaired(CTID)
    looked = "docker inspect -f '{{.State.Running}} {{.HostConfig.RestartPolicy.Name}}' portainer"
    assert portainer.inside(CTID, looked) == "true always\n"
