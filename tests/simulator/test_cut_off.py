"""A command whose process dies leaves what the recorded ones left: locks in the file, volumes that nobody names."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.proxmox.guest import parse
from phoenix_hypervisor.simulator.node import Node
from simulator.driving import cut_off
from simulator.small import create, small_node

NEW, OLD = 150, 102
SNAPSHOT = ("pct", "snapshot", str(OLD), "first")


def _look(node: Node, ctid: int) -> str:
    """A container in one line: its lock, snapshots and their states, volumes by name and in the file, what it is."""
    path = f"/etc/pve/lxc/{ctid}.conf"
    volumes = [name.rpartition("/")[2] for name in sorted(node.zfs.datasets) if f"-{ctid}-" in name]
    frozen = [f"@{name}" for one in volumes for name in node.zfs.datasets[f"rpool/data/{one}"].snapshots]
    there = " ".join(volumes + frozen) or "no volume"
    if not node.files.exists(path):
        return f"absent; {there}"
    config = parse(node.files.read(path))
    lock = config.current.get("lock") or "free"
    named = "named" if config.current.get("rootfs") else "unnamed"
    states = [f"[{name} {section.get('snapstate') or 'done'}]" for name, section in config.snapshots.items()]
    extra = ["running"] if node.guests.is_running(ctid) else []
    extra += ["template"] if config.current.get("template") else []
    return "; ".join([" ".join([lock, *states, *extra]), f"{there} {named}"])


CASES: dict[str, tuple[tuple[tuple[str, ...], ...], tuple[str, ...], int, list[str]]] = {
    "create": (
        (),
        create(NEW),
        NEW,
        [
            "absent; no volume",
            "create; no volume unnamed",
            "create; subvol-150-disk-0 unnamed",
            "free; subvol-150-disk-0 named",
        ],
    ),
    "create and start": (
        (),
        create(NEW, "--start", "1"),
        NEW,
        [
            "absent; no volume",
            "create; no volume unnamed",
            "create; subvol-150-disk-0 unnamed",
            "free; subvol-150-disk-0 named",
            "free running; subvol-150-disk-0 named",
        ],
    ),
    "snapshot": (
        (),
        SNAPSHOT,
        OLD,
        [
            "free; subvol-102-disk-0 named",
            "snapshot [first prepare]; subvol-102-disk-0 named",
            "snapshot [first prepare]; subvol-102-disk-0 @first named",
            "free [first done]; subvol-102-disk-0 @first named",
        ],
    ),
    "delsnapshot": (
        (SNAPSHOT,),
        ("pct", "delsnapshot", str(OLD), "first"),
        OLD,
        [
            "free [first done]; subvol-102-disk-0 @first named",
            "snapshot-delete [first delete]; subvol-102-disk-0 @first named",
            "snapshot-delete [first delete]; subvol-102-disk-0 named",
            "free; subvol-102-disk-0 named",
        ],
    ),
    "rollback": (
        (SNAPSHOT,),
        ("pct", "rollback", str(OLD), "first"),
        OLD,
        [
            "free [first done]; subvol-102-disk-0 @first named",
            "rollback [first done]; subvol-102-disk-0 @first named",
            "free [first done]; subvol-102-disk-0 @first named",
        ],
    ),
    "full clone, the new one": (
        (),
        ("pct", "clone", str(OLD), str(NEW)),
        NEW,
        [
            "absent; no volume",
            "create; no volume unnamed",
            "create; subvol-150-disk-0 unnamed",
            "create; subvol-150-disk-0 named",
            "free; subvol-150-disk-0 named",
        ],
    ),
    "full clone, the source": (
        (),
        ("pct", "clone", str(OLD), str(NEW)),
        OLD,
        ["free; subvol-102-disk-0 named", "disk; subvol-102-disk-0 named", "free; subvol-102-disk-0 named"],
    ),
    "destroy": (
        (),
        ("pct", "destroy", str(OLD)),
        OLD,
        ["free; subvol-102-disk-0 named", "destroyed; no volume unnamed", "absent; no volume"],
    ),
    "start": (
        (),
        ("pct", "start", str(OLD)),
        OLD,
        ["free; subvol-102-disk-0 named", "free running; subvol-102-disk-0 named"],
    ),
    "template": (
        (),
        ("pct", "template", str(OLD)),
        OLD,
        [
            "free; subvol-102-disk-0 named",
            "free; basevol-102-disk-0 named",
            "free; basevol-102-disk-0 @__base__ named",
            "free template; basevol-102-disk-0 @__base__ named",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_point_at_which_a_command_can_die(case: str, tmp_path: Path) -> None:
    before, argv, ctid, phases = CASES[case]
    path = tmp_path / "node.json"
    node = small_node()
    for command in before:
        assert node.run(command).ok
    node.save(path)
    seen: list[str] = []
    unfinished, pauses = True, 0
    while unfinished:
        node = Node.load(path)
        unfinished = cut_off(node, argv, pauses)
        pauses += 1
        assert node.locks.held == set(), "file locks end with the process"
        look = _look(node, ctid)
        if seen[-1:] != [look]:
            seen.append(look)
    assert seen == phases


def test_a_shutdown_that_nobody_waits_for_goes_on() -> None:
    node = small_node()
    assert cut_off(node, ("pct", "shutdown", "101"), 2)
    assert node.run(("pct", "status", "101")).stdout == "status: running\n"
    node.clock += 10
    assert node.run(("pct", "status", "101")).stdout == "status: stopped\n"


def test_an_interrupted_clone_is_cleared_as_recorded() -> None:
    """``kill-clone``: after unlock, destroy exits 0 and the volume stays, an orphan."""
    node = small_node()
    cut = 0
    while "subvol-150" not in _look(node, NEW):
        node = small_node()
        assert cut_off(node, ("pct", "clone", str(OLD), str(NEW)), cut)
        cut += 1
    assert node.run(("pct", "snapshot", str(OLD), "late")).stderr == "CT is locked (disk)\n"
    assert node.run(("pct", "destroy", str(NEW))).stderr == "CT is locked (create)\n"
    for argv in (("pct", "unlock", str(OLD)), ("pct", "unlock", str(NEW)), ("pct", "destroy", str(NEW))):
        assert node.run(argv).ok
    assert _look(node, NEW) == "absent; subvol-150-disk-0"
