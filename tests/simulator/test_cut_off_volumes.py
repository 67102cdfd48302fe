"""Commands that die while they work on a container with two volumes, on a template, on one that runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.proxmox.guest import Section, parse
from phoenix_hypervisor.simulator.node import Node
from simulator.driving import cut_off
from simulator.small import small_node

Argv = tuple[str, ...]
DATA: Argv = ("pct", "set", "102", "--mp0", "local-zfs:1,mp=/data")
TEMPLATE: Argv = ("pct", "template", "102")
CLONE: Argv = ("pct", "clone", "102", "150")
SNAPSHOT: Argv = ("pct", "snapshot", "102", "one")


def _named(section: Section) -> list[str]:
    """The volumes of a section, without their storage."""
    keys = sorted(key for key in section.options if key.startswith(("rootfs", "mp", "unused")))
    return [f"{key}={section.options[key].partition(',')[0].partition(':')[2]}" for key in keys]


def _look(node: Node, ctid: int) -> str:
    """What a container is: its lock, whether it runs, what its file names, what its snapshots name, what is there."""
    there = [name.removeprefix("rpool/data/") for name in sorted(node.zfs.datasets) if f"-{ctid}-" in name]
    frozen = [f"@{short}" for name in there for short in node.zfs.datasets[f"rpool/data/{name}"].snapshots]
    path = f"/etc/pve/lxc/{ctid}.conf"
    if not node.files.exists(path):
        return f"absent | {' '.join(there + frozen)}"
    config = parse(node.files.read(path))
    state = [config.current.get("lock") or "free", *(["runs"] if node.guests.is_running(ctid) else [])]
    state += ["template"] if config.current.get("template") else []
    parts = [" ".join(state), " ".join(_named(config.current))]
    parts += [" ".join([f"[{name}]", *_named(section)]) for name, section in config.snapshots.items()]
    return " | ".join([*parts, " ".join(there + frozen)])


ROOT, MP = "rootfs=subvol-102-disk-0", "mp0=subvol-102-disk-1"
BOTH = "subvol-102-disk-0 subvol-102-disk-1"
CASES: dict[str, tuple[tuple[Argv, ...], Argv, int, list[str]]] = {
    "full clone": (
        (DATA,),
        CLONE,
        150,
        [
            "absent | ",
            "create |  | ",
            "create |  | subvol-150-disk-0",
            "create | rootfs=subvol-150-disk-0 | subvol-150-disk-0",
            "create | rootfs=subvol-150-disk-0 | subvol-150-disk-0 subvol-150-disk-1",
            "create | mp0=subvol-150-disk-1 rootfs=subvol-150-disk-0 | subvol-150-disk-0 subvol-150-disk-1",
            "free | mp0=subvol-150-disk-1 rootfs=subvol-150-disk-0 | subvol-150-disk-0 subvol-150-disk-1",
        ],
    ),
    "linked clone": (
        (TEMPLATE,),
        CLONE,
        150,
        [
            "absent | ",
            "create |  | ",
            "create |  | subvol-150-disk-0",
            "create | rootfs=basevol-102-disk-0/subvol-150-disk-0 | subvol-150-disk-0",
            "free | rootfs=basevol-102-disk-0/subvol-150-disk-0 | subvol-150-disk-0",
        ],
    ),
    "the template that is cloned": (
        (TEMPLATE,),
        CLONE,
        102,
        [
            "free template | rootfs=basevol-102-disk-0 | basevol-102-disk-0 @__base__",
            "disk template | rootfs=basevol-102-disk-0 | basevol-102-disk-0 @__base__",
            "free template | rootfs=basevol-102-disk-0 | basevol-102-disk-0 @__base__",
        ],
    ),
    "template": (
        (DATA,),
        TEMPLATE,
        102,
        [
            f"free | {MP} {ROOT} | {BOTH}",
            f"free | {MP} {ROOT} | basevol-102-disk-0 subvol-102-disk-1",
            f"free | {MP} {ROOT} | basevol-102-disk-0 subvol-102-disk-1 @__base__",
            f"free | {MP} {ROOT} | basevol-102-disk-0 basevol-102-disk-1 @__base__",
            f"free | {MP} {ROOT} | basevol-102-disk-0 basevol-102-disk-1 @__base__ @__base__",
            "free template | mp0=basevol-102-disk-1 rootfs=basevol-102-disk-0 | "
            "basevol-102-disk-0 basevol-102-disk-1 @__base__ @__base__",
        ],
    ),
    "rollback of one that runs": (
        (SNAPSHOT, ("pct", "start", "102")),
        ("pct", "rollback", "102", "one"),
        102,
        [
            f"free runs | {ROOT} | [one] {ROOT} | subvol-102-disk-0 @one",
            f"free | {ROOT} | [one] {ROOT} | subvol-102-disk-0 @one",
            f"rollback | {ROOT} | [one] {ROOT} | subvol-102-disk-0 @one",
            f"free | {ROOT} | [one] {ROOT} | subvol-102-disk-0 @one",
        ],
    ),
    "delsnapshot": (
        (DATA, SNAPSHOT),
        ("pct", "delsnapshot", "102", "one"),
        102,
        [
            f"free | {MP} {ROOT} | [one] {MP} {ROOT} | {BOTH} @one @one",
            f"snapshot-delete | {MP} {ROOT} | [one] {MP} {ROOT} | {BOTH} @one @one",
            f"snapshot-delete | {MP} {ROOT} | [one] {MP} {ROOT} | {BOTH} @one",
            f"snapshot-delete | {MP} {ROOT} | [one] {MP} unused0=subvol-102-disk-0 | {BOTH} @one",
            f"snapshot-delete | {MP} {ROOT} | [one] {MP} unused0=subvol-102-disk-0 | {BOTH}",
            f"snapshot-delete | {MP} {ROOT} | [one] unused0=subvol-102-disk-0 unused1=subvol-102-disk-1 | {BOTH}",
            f"free | {MP} {ROOT} | {BOTH}",
        ],
    ),
    "destroy": (
        (DATA,),
        ("pct", "destroy", "102"),
        102,
        [
            f"free | {MP} {ROOT} | {BOTH}",
            f"free | {MP} {ROOT} | subvol-102-disk-1",
            "destroyed |  | ",
            "absent | ",
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
        node.clock += 10
        pauses += 1
        look = _look(node, ctid)
        if seen[-1:] != [look]:
            seen.append(look)
    assert seen == phases


def test_a_template_cut_off_names_a_volume_that_is_not_there() -> None:
    node = small_node()
    assert cut_off(node, TEMPLATE, 2)
    assert node.run(("pct", "start", "102")).stderr == (
        "zfs error: cannot open 'rpool/data/subvol-102-disk-0': dataset does not exist\n"
    )
    assert node.run(("zfs", "rename", "rpool/data/basevol-102-disk-0", "rpool/data/subvol-102-disk-0")).ok
    assert node.run(("pct", "start", "102")).ok
