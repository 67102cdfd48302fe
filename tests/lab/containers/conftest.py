"""One node for all tests of the container lab; without a tarball, every test here is skipped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.containers import surroundings
from lab.containers.image import Image
from lab.containers.node import Node, started
from lab.containers.site import BASE, DOCKER, NESTING, Site

_REASON = "container lab: run scripts/lab containers"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a tarball: one line for each file, instead of one for each test."""
    if Image.of_environment() is None:
        for item in items:
            if item.path.is_relative_to(Path(__file__).parent):
                item.add_marker(pytest.mark.skip(reason=_REASON))


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    found = Image.of_environment()
    if found is None:
        pytest.skip(_REASON)
    with started(found) as node:
        yield node


@pytest.fixture(scope="session")
def machine(node: Node) -> Site:
    """The node without a container."""
    return Site(node)


@pytest.fixture(scope="session")
def site(machine: Site) -> Site:
    """The node with a template that has the base packages, which the other containers are clones of."""
    surroundings.write(machine)
    machine.declare_template(BASE, features=["base_setup", surroundings.NAME])
    machine.converged(BASE)
    return machine


@pytest.fixture(scope="session")
def docker(site: Site) -> Site:
    """The node with a template that has Docker, too."""
    site.declare_template(DOCKER, clone_from_ctid=str(BASE), features=["docker"], pct_options=NESTING)
    site.converged(DOCKER)
    return site
