"""What may hold what others should not read is private from its first moment."""

from __future__ import annotations

import stat
from pathlib import Path

from phoenix_hypervisor.events import Note
from phoenix_hypervisor.journal import Journal, Places


def test_only_the_owner_looks_into_the_journals(tmp_path: Path) -> None:
    places = Places(tmp_path / "runs", tmp_path / "log")
    with Journal(places, "one") as journal:
        journal(Note(0.0, "begun"))
    assert stat.S_IMODE(places.journals.stat().st_mode) == 0o700
