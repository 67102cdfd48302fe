"""The recordings of Proxmox's own commands, replayed on a simulated node in their order; and with other names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.simulator.node import Node
from simulator import recordings
from simulator.driving import cut_off, together
from simulator.recordings import TOOLS, Record, Rename, comparable, node_a, node_b, renamed, same

RENAMES = pytest.mark.parametrize("rename", [same, renamed], ids=["as recorded", "renamed"])

NOT_ANSWERED: Mapping[str, str] = {
    "move-volume": "pct move-volume is not simulated",
    "h-zpool-get": "zpool get is not simulated",
    "h-zpool-status-json": "zpool status -j is not simulated",
    "h-zpool-list": "the sizes and guids of those pools",
}
"""Records of the tools that are left out, and why. What ``zpool`` changes belongs to host set-up."""


def _answer(node: Node, record: Record) -> Result:
    return node.run(record.argv or ("bash", "-c", record.shell))


def _difference(record: Record, result: Result) -> str:
    """What the simulated command did otherwise than the recorded one; empty when nothing."""
    wanted = (record.rc == 0, comparable(record, record.stdout), comparable(record, record.stderr))
    got = (result.rc == 0, comparable(record, result.stdout), comparable(record, result.stderr))
    if got == wanted:
        return ""
    return (
        f"{record.id}: {record.argv or record.shell}\n wanted {record.rc} {wanted[1:]}\n    got {result.rc} {got[1:]}"
    )


# -- shell records of node-a that the simulated shell does not run as bash does


def _parallel_clones(node: Node, rename: Rename) -> None:
    clone = [("pct", "clone", rename("920"), rename(new), "--hostname", rename(f"c{new}")) for new in ("922", "923")]
    first, second = together(node, clone)
    assert (first.rc, second.rc, second.stderr) == (0, 255, "CT is locked (disk)\n")


def _killed_clone(node: Node, rename: Rename) -> None:
    argv = ("pct", "clone", rename("925"), rename("950"), "--full", "1", "--snapname", rename("withraw"))
    assert cut_off(node, argv, 5)
    for ctid, lock in (("925", "disk"), ("950", "create")):
        assert f"lock: {lock}\n" in node.run(("cat", f"/etc/pve/lxc/{rename(ctid)}.conf")).stdout
    assert rename("rpool/data/subvol-950-disk-0") in node.zfs.datasets
    assert node.run(("pct", "status", rename("950"))).stdout == "status: stopped\n"


def _killed_create(node: Node, rename: Rename) -> None:
    create = ("pct", "create", "951", recordings.TARBALL, "--rootfs", "local-zfs:4")
    assert cut_off(node, [rename(word) for word in create], 2)
    assert node.run(("cat", f"/etc/pve/lxc/{rename('951')}.conf")).stdout == "lock: create\n"
    assert rename("rpool/data/subvol-951-disk-0") in node.zfs.datasets
    destroyed = node.run(("pct", "destroy", rename("951")))
    assert (destroyed.rc, destroyed.stderr) == (255, "CT is locked (create)\n")


def _parallel_creations(node: Node, rename: Rename) -> None:
    create = ("pct", "create", "ID", recordings.TARBALL, "--rootfs", "local-zfs:4")
    commands = [[rename(word.replace("ID", ctid)) for word in create] for ctid in ("952", "953", "954")]
    for result in together(node, commands):
        assert (result.rc, result.stderr) == (0, "Task finished with 1 warning(s)!\n")


def _parallel_changes(node: Node, rename: Rename) -> None:
    results = together(node, [("pct", "set", rename("951"), "--memory", size) for size in ("300", "301", "302", "303")])
    assert {(result.rc, result.stderr) for result in results} == {(255, "CT is locked (create)\n")}


def _untimed(*commands: Sequence[str]) -> Callable[[Node, Rename], None]:
    def run(node: Node, rename: Rename) -> None:
        for argv in commands:
            assert node.run([rename(word) for word in argv]).ok

    return run


def _all_facts(node: Node, rename: Rename) -> None:
    listed = node.run(("lxc-ls", "-f", "-F", "NAME,STATE,IPV4")).stdout
    assert listed == rename(
        "NAME STATE   IPV4        \n900  RUNNING 10.10.10.90 \n925  RUNNING 10.10.10.95 \n"
        "926  RUNNING 10.10.10.92 \n930  STOPPED -           \n"
    )


BY_HAND: Mapping[str, Callable[[Node, Rename], None]] = {
    "linked-clone-parallel": _parallel_clones,
    "kill-clone": _killed_clone,
    "kill-create": _killed_create,
    "parallel-create": _parallel_creations,
    "parallel-set": _parallel_changes,
    "attach-true": _untimed(("lxc-attach", "-n", "925", "--clear-env", "--", "true")),
    "pct-exec-true": _untimed(("pct", "exec", "925", "--", "true")),
    "all-facts": _all_facts,
}
"""Records of several processes at once, of killed ones, and of bash's ``time``."""
SKIPPED = {"restart-host-view": "Proxmox's task log is not simulated"}


@RENAMES
def test_node_a(transcripts: Path, rename: Rename) -> None:
    records = recordings.read(transcripts, "node-a.jsonl")
    node = node_a(rename)
    differences, answered = [], 0
    for record in (one.renamed(rename) for one in records):
        if record.id in BY_HAND:
            BY_HAND[record.id](node, rename)
        elif record.id not in SKIPPED:
            differences.append(_difference(record, _answer(node, record)))
            answered += bool(record.argv and record.argv[0] in TOOLS)
    assert "\n\n".join(filter(None, differences)) == ""
    assert answered == len(recordings.supported(records)) == 236


@RENAMES
def test_node_b(transcripts: Path, rename: Rename) -> None:
    everything = recordings.read(transcripts, "node-b-api.jsonl")
    records = [one for one in everything if one in recordings.supported(everything) or one.id == "mount-unmount"]
    node = node_b(rename)
    answered = [record.renamed(rename) for record in records if record.id not in NOT_ANSWERED]
    differences = [_difference(record, _answer(node, record)) for record in answered]
    assert "\n\n".join(filter(None, differences)) == ""
    assert [record.id for record in answered if record.argv] == [
        "vzdump-list",
        "pveversion",
        "df-stopped",
        "enter-notty",
    ]


@RENAMES
def test_zfs_of_the_host(transcripts: Path, rename: Rename) -> None:
    """``h-zfs-…`` and what ``zpool`` lists; pools are made on disks by host set-up, which comes later."""
    records = recordings.read(transcripts, "node-a-host.jsonl")
    node = node_a(rename)
    chosen = [one for one in records if re.match(r"h-(zfs|zpool-(list|status|version|import-none))", one.id)]
    answered = [
        one.renamed(rename) for one in chosen if one.id not in NOT_ANSWERED and "raidz1" not in (one.id + str(one.argv))
    ]
    differences = []
    for record in answered:
        if record.id == "h-zfs-set-quota-small":
            node.files.write(rename("/tank/h1/f"), "x" * (20 << 20))
        differences.append(_difference(record, _answer(node, record)))
    assert "\n\n".join(filter(None, differences)) == ""
    zfs = [one for one in records if one.argv[:1] == ("zfs",)]
    assert len([one for one in answered if one.argv[:1] == ("zfs",)]) == len(zfs)


@RENAMES
def test_storages_of_the_host(transcripts: Path, rename: Rename) -> None:
    records = [one for one in recordings.read(transcripts, "node-a-host.jsonl") if one.argv[:1] == ("pvesm",)]
    node = node_a(rename)
    node.files.mkdir("/etc/exports.d", parents=True)
    node.files.write("/etc/exports.d/media.exports", rename("/tank/media *(ro)\n"))
    differences = [_difference(one.renamed(rename), _answer(node, one.renamed(rename))) for one in records]
    assert "\n\n".join(filter(None, differences)) == ""
    assert len(records) == 2


def test_the_renaming_changes_every_name() -> None:
    """So that nothing recorded can be hard-coded in the simulator."""
    for name in ("900", "pve1", "local-zfs", "tank-zfs", "rpool/data", "tank/media", "configured-state", "vmbr0", "4G"):
        assert renamed(name) != name
    assert renamed("local-zfs:subvol-900-disk-0,size=4G") == "lucid-zfs:subvol-700-disk-0,size=7G"
