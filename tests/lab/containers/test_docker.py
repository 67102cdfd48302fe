"""Docker in a container, proved by a container that runs in it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from lab.containers import surroundings
from lab.containers.site import DOCKER, NESTING, Site, standins

CTID = 910
IMAGE = """\
set -e
apt-get -qq install --no-install-recommends busybox-static >/dev/null
mkdir -p /tmp/tiny/bin && cp /bin/busybox /tmp/tiny/bin/
tar -C /tmp/tiny -c . | docker import - tiny
"""
RUN = "docker run --rm --network none tiny /bin/busybox echo it ran"
MADE_HERE = "the image, made of BusyBox by docker import"


@pytest.fixture(scope="module")
def box(docker: Site) -> Iterator[Site]:
    """A clone of the template with Docker, and an image in it."""
    docker.declare(CTID, clone_from_ctid=str(DOCKER), features=["docker"], pct_options=NESTING)
    docker.converged(CTID)
    docker.inside(CTID, IMAGE)
    yield docker
    docker.gone(CTID)


def test_a_container_runs_in_it(box: Site) -> None:
    standins(MADE_HERE)
    assert box.inside(CTID, RUN) == "it ran\n"
    assert box.inside(CTID, "docker info --format '{{.Driver}} {{.CgroupVersion}}'") == "overlay2 2\n"


def test_settings_of_its_owner_stay(box: Site) -> None:
    standins(MADE_HERE)
    assert (
        json.loads(surroundings.DOCKER).items() <= json.loads(box.inside(CTID, "cat /etc/docker/daemon.json")).items()
    )


def test_a_daemon_that_was_stopped_is_seen_and_started(box: Site) -> None:
    standins(MADE_HERE)
    box.inside(CTID, "systemctl disable --now docker.service docker.socket")
    seen = box.deep(CTID)
    assert "docker.service" in seen.said, seen.said
    box.repaired(CTID)
    assert box.inside(CTID, f"systemctl is-enabled docker.service; {RUN}") == "enabled\nit ran\n"


def test_an_engine_that_was_removed_is_seen_and_installed(box: Site) -> None:
    standins(MADE_HERE)
    box.inside(CTID, "apt-get -qq -y remove docker-compose >/dev/null")
    seen = box.deep(CTID)
    assert "not installed: docker-compose" in seen.said, seen.said
    box.repaired(CTID)
    box.inside(CTID, "docker-compose version")
