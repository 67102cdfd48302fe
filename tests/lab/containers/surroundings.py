"""A feature of one's own for the template: what containers find there before the features under test come.

It says where pip and curl(1) find what the tests serve from the node, and has settings of Docker's as an owner would.
"""

from __future__ import annotations

from lab.containers.serving import ADDRESS
from lab.containers.site import Site

NAME = "surroundings"
INDEX, GITHUB = 8090, 8443
"""Ports of the node: a folder of Python packages; what stands for GitHub."""
DOCKER = '{"log-level": "warn", "storage-driver": "overlay2"}'
_SCRIPT = f"""\
#!/bin/sh
set -eu
case $1 in
  check) [ -e /etc/docker/daemon.json ] || exit 3 ;;
  apply)
    printf '[global]\\nno-index = true\\nfind-links = http://{ADDRESS}:{INDEX}/\\n' >/etc/pip.conf
    printf 'trusted-host = {ADDRESS}\\n' >>/etc/pip.conf
    printf 'connect-to = github.com:443:{ADDRESS}:{GITHUB}\\ninsecure\\n' >/root/.curlrc
    mkdir -p /etc/docker
    echo '{DOCKER}' >/etc/docker/daemon.json ;;
esac
"""
_MANIFEST = f'{{"name": "{NAME}", "summary": "What the tests need.", "executable": "{NAME}.sh"}}'


def write(site: Site) -> None:
    site.write(f"features.d/{NAME}.sh", _SCRIPT)
    site.write(f"features.d/{NAME}.json", _MANIFEST)
