"""Which volume is which: by name, by what snapshots tell, by mount point; and what is never guessed."""

from __future__ import annotations

import pytest

from phoenix_hypervisor.features.lifecycle.volumes import History, WantedVolume, place
from phoenix_hypervisor.proxmox.guest import Section

MARK = "Managed by Phoenix Hypervisor. Volumes: data=mp0, logs=mp1."
SECTION = Section(
    {"mp0": "tank:subvol-910-disk-1,mp=/data,size=2G", "mp1": "tank:subvol-910-disk-2,mp=/logs,size=2G"},
    description=MARK,
)
HISTORY = History(
    at={"/data": "tank:subvol-910-disk-1", "/logs": "tank:subvol-910-disk-2"},
    behind={"mp0": "tank:subvol-910-disk-1", "mp1": "tank:subvol-910-disk-2"},
)


def volume(name: str, mount: str, size: int = 2) -> WantedVolume:
    return WantedVolume(name, "tank", size, mount)


DATA, LOGS = volume("data", "/data"), volume("logs", "/logs")


def placed(*volumes: WantedVolume, section: Section = SECTION, history: History = HISTORY) -> dict[str, str | None]:
    """What is to be set."""
    return {each.key: each.wanted for each in place(volumes, section, (), history).differences}


def changed(**options: str | None) -> Section:
    return SECTION.updated(options)


CASES = {
    "in order": ((DATA, LOGS), SECTION, {}),
    "moved by the configuration": (
        (volume("data", "/new"), LOGS),
        SECTION,
        {"mp0": "tank:subvol-910-disk-1,mp=/new,size=2G"},
    ),
    "moved, and another one at its place": (
        (volume("data", "/new"), volume("cache", "/data"), LOGS),
        SECTION,
        {"mp0": "tank:subvol-910-disk-1,mp=/new,size=2G", "mp2": "tank:2,mp=/data"},
    ),
    "renamed": ((volume("files", "/data"), LOGS), SECTION, {}),
    "swapped by the configuration": (
        (volume("data", "/logs"), volume("logs", "/data")),
        SECTION,
        {"mp0": "tank:subvol-910-disk-1,mp=/logs,size=2G", "mp1": "tank:subvol-910-disk-2,mp=/data,size=2G"},
    ),
    "swapped on the node": (
        (DATA, LOGS),
        changed(mp0="tank:subvol-910-disk-1,mp=/logs", mp1="tank:subvol-910-disk-2,mp=/data"),
        {"mp0": "tank:subvol-910-disk-1,mp=/data", "mp1": "tank:subvol-910-disk-2,mp=/logs"},
    ),
    "under another key": ((DATA, LOGS), changed(mp0=None, mp7="tank:subvol-910-disk-1,mp=/data"), {}),
    "under another key, with another one at its own": (
        (DATA, LOGS),
        changed(mp0="tank:subvol-910-disk-9,mp=/theirs", mp7="tank:subvol-910-disk-1,mp=/elsewhere"),
        {"mp7": "tank:subvol-910-disk-1,mp=/data"},
    ),
    "detached": (
        (DATA, LOGS),
        changed(mp0=None, unused0="tank:subvol-910-disk-1"),
        {"mp0": "tank:subvol-910-disk-1,mp=/data"},
    ),
    "destroyed, with another one at its key": (
        (DATA, LOGS),
        changed(mp0="tank:subvol-910-disk-9,mp=/theirs"),
        {"mp2": "tank:2,mp=/data"},
    ),
}


@pytest.mark.parametrize(("volumes", "section", "differences"), CASES.values(), ids=CASES)
def test_each_is_found(volumes: tuple[WantedVolume, ...], section: Section, differences: dict[str, str]) -> None:
    assert placed(*volumes, section=section) == differences


def test_without_a_snapshot_the_only_unused_one_is_it() -> None:
    section = changed(mp0=None, unused0="tank:subvol-910-disk-1", unused1="other:subvol-910-disk-0")
    assert placed(DATA, LOGS, section=section, history=History()) == {"mp0": "tank:subvol-910-disk-1,mp=/data"}


def test_without_a_snapshot_nothing_is_guessed() -> None:
    section = changed(mp0=None, unused0="tank:subvol-910-disk-1", unused1="tank:subvol-910-disk-3")
    found = place((DATA, LOGS), section, ())
    assert found.lost == {"data": ("tank:subvol-910-disk-1", "tank:subvol-910-disk-3")}


def test_without_a_snapshot_what_people_mounted_elsewhere_is_not_moved() -> None:
    found = place((DATA, LOGS), changed(mp0=None, mp7="tank:subvol-910-disk-1,mp=/x"), ())
    assert found.lost == {"data": ("tank:subvol-910-disk-1",)}


def test_an_unused_one_of_somebody_else_is_left() -> None:
    """Only what the record says was there is looked for."""
    found = place((DATA, LOGS, volume("new", "/new")), changed(unused0="tank:subvol-910-disk-7"), ())
    assert [each.wanted for each in found.differences] == ["tank:2,mp=/new"]
    assert found.notes == ("new is made anew; the unused volumes tank:subvol-910-disk-7 are left as they are.",)


def test_what_is_detached_for_not_being_declared_is_remembered() -> None:
    left = place((LOGS,), SECTION, ()).unused
    assert left == {"data": "tank:subvol-910-disk-1"}
    later = Section(
        {"mp1": SECTION.options["mp1"], "unused0": "tank:subvol-910-disk-1", "unused1": "tank:subvol-910-disk-5"},
        description="Managed by Phoenix Hypervisor. Volumes: logs=mp1. Unused: data=tank:subvol-910-disk-1.",
    )
    assert place((LOGS,), later, ()).unused == left
    assert placed(DATA, LOGS, section=later, history=History()) == {"mp0": "tank:subvol-910-disk-1,mp=/data"}
    assert place((DATA, LOGS), later, ()).unused == {}
    assert place((LOGS,), later.updated({"unused0": None}), ()).unused == {}


def test_volumes_grow_and_never_shrink() -> None:
    found = place((volume("data", "/data", 8), volume("logs", "/logs", 1)), SECTION, ())
    assert found.growths == (("mp0", 2 << 30, 8),)
    assert found.notes == ('volume "logs" has 2 GB, more than declared; it never shrinks.',)
