"""What all tests share: where the real configuration files and recordings are, when they are there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("PHOENIX_SHARED", REPOSITORY.parent / "shared"))


def _shared(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"there is no {name} beside the repository (PHOENIX_SHARED names another place)")
    return folder


@pytest.fixture(scope="session")
def examples() -> Path:
    """Real configuration files of three generations."""
    return _shared("examples")


@pytest.fixture(scope="session")
def transcripts() -> Path:
    """Recordings of Proxmox's own commands."""
    return _shared("proxmox/transcripts")


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY
