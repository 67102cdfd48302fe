"""Machines for the tests of the host lab; without an image, every test here is skipped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.host.image import Image
from lab.host.machine import Machine, boot


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without an image: one line for each file, instead of one for each test."""
    if Image.of_environment() is None:
        for item in items:
            if item.path.is_relative_to(Path(__file__).parent):
                item.add_marker(pytest.mark.skip(reason="host lab: run scripts/lab"))


@pytest.fixture(scope="session")
def image() -> Image:
    found = Image.of_environment()
    if found is None:
        pytest.skip("host lab: run scripts/lab")
    return found


@pytest.fixture(scope="module")
def machine(image: Image) -> Iterator[Machine]:
    """One machine for a whole file, without disks: `add_disk` gives each test its own."""
    with boot(image=image) as booted:
        yield booted
