"""The recordings of Proxmox's own commands, replayed on a simulated node in their order; and with other names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.simulator.node import Node
from simulator import recordings
from simulator.driving import cut_off, together
from simulator.recordings import TOOLS, Record, Rename, comparable, node_a, node_b, renamed, same
from simulator.serving import install

RENAMES = pytest.mark.parametrize("rename", [same, renamed], ids=["as recorded", "renamed"])

_BACKUP = "backups failed on the recorded node, for want of a mailer"
_TASKS = "Proxmox's task log is not simulated"
LEFT_OUT: Mapping[str, str] = {
    "restart-host-view": _TASKS,
    "api-tasks": _TASKS,
    "restore*": _BACKUP,
}
"""Records of the tools that are not replayed, by the pattern of their ids, and why."""


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


def _filled(node: Node, rename: Rename) -> None:
    node.files.write(rename("/tank/h1/f"), "x" * (20 << 20))
    refused = node.run(("zfs", "set", "quota=10M", rename("tank/h1")))
    assert refused.rc == 255
    assert refused.stderr == rename(
        "cannot set property for 'tank/h1': size is less than current used or reserved space\n"
    )


def _removed_nfs(node: Node, _rename: Rename) -> None:
    assert node.run(("pvesm", "remove", "n2")).ok
    assert node.run(("pvesm", "remove", "n1")).stderr == "delete storage failed: storage 'n1' does not exist\n"
    assert "nfs: n2" not in node.files.read("/etc/pve/storage.cfg")


def _loops(
    *numbers: int, size: int = 256 << 20, again: Callable[[Node], None] | None = None
) -> Callable[[Node, Rename], None]:
    """Loop devices over files that are too large for the node's memory."""

    def run(node: Node, _rename: Rename) -> None:
        for number in numbers:
            node.files.write(f"/root/l{number}.img", "")
            node.disks.add_loop(number, f"/root/l{number}.img", size)
        listed = json.loads(node.run(("losetup", "-l", "-J")).stdout)["loopdevices"]
        assert [one["back-file"] for one in listed][-len(numbers) :] == [f"/root/l{number}.img" for number in numbers]
        assert all((one["log-sec"], one["ro"], one["sizelimit"]) == (512, False, 0) for one in listed)
        if again:
            again(node)

    return run


def _refused_mirror(node: Node) -> None:
    refused = node.run(("zpool", "create", "p5", "mirror", "/dev/loop1", "/dev/loop5"))
    assert (refused.rc, refused.stderr) == (
        1,
        "invalid vdev specification\nuse '-f' to override the following errors:\n"
        "mirror contains devices of different sizes\n",
    )


def _all_signatures(node: Node, rename: Rename) -> None:
    told = node.run(("blkid",)).stdout.splitlines()
    assert sorted(line.partition(":")[0] for line in told) == [
        "/dev/vda", "/dev/vdb1", "/dev/vdb9", "/dev/vdc1", "/dev/vdc9", "/dev/vdd1", "/dev/vdd9",
    ]  # fmt: skip
    of_tank = re.compile(
        rf'/dev/vdb1: LABEL="{rename("tank")}" UUID="\d+" UUID_SUB="\d+" BLOCK_SIZE="4096" TYPE="zfs_member" '
        r'PARTLABEL="zfs-[0-9a-f]{16}" PARTUUID="[-0-9a-f]{36}"'
    )
    assert any(of_tank.fullmatch(line) for line in told)
    assert any(re.fullmatch(r'/dev/vdb9: PARTUUID="[-0-9a-f]{36}"', line) for line in told)
    assert any(
        re.fullmatch(r'/dev/vda: LABEL="pveroot" UUID="\S+" BLOCK_SIZE="4096" TYPE="ext4"', line) for line in told
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
    "statd-start": lambda node, _rename: recordings.run_pvestatd(node, running=True),
    "h-zfs-set-quota-small": _filled,
    "h-pvesm-nfs-remove": _removed_nfs,
    "h-blkid": _all_signatures,
    "h-loop-setup": _loops(1, 2, 3, 4),
    "h-zpool-mirror-sizes": _loops(5, size=200 << 20, again=_refused_mirror),
    "d-setup": _loops(1, 2, 3, 4),
}
"""Records of several processes at once, of killed ones, of bash's ``time``, ``dd``, journalctl and umount, of large
files, and of what has the order of a hash."""
_DISKS = ("h-lsblk*", "h-blkid*", "h-wipefs*", "h-loop*", "h-arc*", "d-*")
_NO_DISKS = ("d-visudo*",)


def _is_left_out(record: Record) -> bool:
    return any(fnmatchcase(record.id, pattern) for pattern in LEFT_OUT)


def _is_of_disks(record: Record) -> bool:
    patterns = [one for one in _DISKS if fnmatchcase(record.id, one)]
    return bool(patterns) and not any(fnmatchcase(record.id, one) for one in _NO_DISKS)


def _replay(node: Node, records: Sequence[Record], rename: Rename) -> None:
    """Answer the records in their order. Where one differs, the test tells of all that do."""
    differences = []
    for record in (one.renamed(rename) for one in records):
        if record.id in BY_HAND:
            BY_HAND[record.id](node, rename)
        else:
            differences.append(_difference(record, _answer(node, record)))
    assert "\n\n".join(filter(None, differences)) == ""


@RENAMES
def test_node_a(transcripts: Path, rename: Rename) -> None:
    """All of it, ``cat`` and ``ls`` in between as well."""
    records = [one for one in recordings.read(transcripts, "node-a.jsonl") if not _is_left_out(one)]
    _replay(node_a(rename), records, rename)
    assert len([one for one in records if one.argv[:1] and one.argv[0] in TOOLS]) == 236


@RENAMES
def test_node_b(transcripts: Path, rename: Rename) -> None:
    everything = recordings.read(transcripts, "node-b-api.jsonl")
    records = [one for one in everything if (one.is_of_tools or one.id in BY_HAND) and not _is_left_out(one)]
    _replay(node_b(rename), records, rename)
    assert len(records) == 25


@RENAMES
def test_pools_datasets_and_storages_of_the_host(transcripts: Path, rename: Rename) -> None:
    everything = recordings.read(transcripts, "node-a-host.jsonl")
    records = [one for one in everything if _is_of_disks(one) or one.is_of_tools or one.id in BY_HAND]
    records = [one for one in records if not _is_left_out(one)]
    node = node_a(rename)
    node.set_memory(8 << 30)
    node.arc.set("zfs_arc_max", 512 << 20)
    node.files.write("/etc/modprobe.d/zfs.conf", "options zfs zfs_arc_max=536870912\n")
    node.files.mkdir("/etc/exports.d", parents=True)
    node.files.write("/etc/exports.d/media.exports", rename("/tank/media *(ro)\n"))
    install(node, "nfs-kernel-server")
    assert node.run(("exportfs", "-ra")).ok
    _replay(node, records, rename)
    assert len(records) == 76


def test_each_pattern_leaves_out_something(transcripts: Path) -> None:
    records = [one for path in transcripts.glob("*.jsonl") for one in recordings.read(transcripts, path.name)]
    idle = [pattern for pattern in LEFT_OUT if not any(fnmatchcase(one.id, pattern) for one in records)]
    assert idle == []


def test_the_renaming_changes_every_name() -> None:
    """So that nothing recorded can be hard-coded in the simulator."""
    for name in ("900", "pve1", "local-zfs", "tank-zfs", "rpool/data", "tank/media", "configured-state", "vmbr0", "4G"):
        assert renamed(name) != name
    assert renamed("local-zfs:subvol-900-disk-0,size=4G") == "lucid-zfs:subvol-700-disk-0,size=7G"
