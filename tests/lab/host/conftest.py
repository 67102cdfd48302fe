"""Machines for the tests of the host lab; without an image, every test here is skipped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.host.image import Image
from lab.host.machine import Machine, boot


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
