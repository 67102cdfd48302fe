"""Docker in a container, proved by a container that runs in it."""

from __future__ import annotations

import json

import pytest

from lab.containers.site import BASE, Site, standins

CTID = 910
IMAGE = """\
set -e
apt-get -qq install --no-install-recommends busybox-static >/dev/null
mkdir -p /tmp/tiny/bin && cp /bin/busybox /tmp/tiny/bin/
tar -C /tmp/tiny -c . | docker import - tiny
"""
RUN = "docker run --rm --network none tiny /bin/busybox echo it ran"
SETTINGS = '{"log-level": "warn", "storage-driver": "overlay2"}'
OWNER = f"""\
#!/bin/sh
case $1 in
  check) [ -e /etc/docker/daemon.json ] || exit 3 ;;
  apply) mkdir -p /etc/docker && echo '{SETTINGS}' >/etc/docker/daemon.json ;;
esac
"""
MANIFEST = '{"name": "settings", "summary": "Settings of Docker by its owner.", "executable": "settings.sh"}'
MADE_HERE = "the image, made of BusyBox by docker import"


@pytest.fixture(scope="module")
def docker(site: Site) -> Site:
    """Docker beside settings of its owner's, and an image."""
    site.write("features.d/settings.sh", OWNER)
    site.write("features.d/settings.json", MANIFEST)
    options = ["nesting=1", "keyctl=1"]
    site.declare(CTID, clone_from_ctid=str(BASE), features=["settings", "docker"], pct_options=options)
    site.converged(CTID)
    site.inside(CTID, IMAGE)
    return site


def test_a_container_runs_in_it(docker: Site) -> None:
    standins(MADE_HERE)
    assert docker.inside(CTID, RUN) == "it ran\n"
    assert docker.inside(CTID, "docker info --format '{{.Driver}} {{.CgroupVersion}}'") == "overlay2 2\n"


def test_settings_of_its_owner_stay(docker: Site) -> None:
    standins(MADE_HERE)
    assert json.loads(SETTINGS).items() <= json.loads(docker.inside(CTID, "cat /etc/docker/daemon.json")).items()


def test_a_daemon_that_was_stopped_is_seen_and_started(docker: Site) -> None:
    standins(MADE_HERE)
    docker.inside(CTID, "systemctl disable --now docker.service docker.socket")
    seen = docker.deep(CTID)
    assert "docker.service" in seen.said, seen.said
    docker.repaired(CTID)
    assert docker.inside(CTID, f"systemctl is-enabled docker.service; {RUN}") == "enabled\nit ran\n"


def test_an_engine_that_was_removed_is_seen_and_installed(docker: Site) -> None:
    standins(MADE_HERE)
    docker.inside(CTID, "apt-get -qq -y remove docker-compose >/dev/null")
    seen = docker.deep(CTID)
    assert "not installed: docker-compose" in seen.said, seen.said
    docker.repaired(CTID)
    docker.inside(CTID, "docker-compose version")
    docker.gone(CTID)
