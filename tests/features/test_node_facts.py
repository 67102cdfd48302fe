"""The facts of a node, read by the real shell over a folder that looks like one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.features.lifecycle.reading import Asked, read_node
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.transport.local import LocalTransport

CONF = """\
#Managed by Phoenix Hypervisor.
arch: amd64
hostname: base
memory: 512
rootfs: tank:subvol-900-disk-0,size=4G
tags: phoenix

[pve:pending]
features: nesting=1

[base-snapshot]
#Taken by Phoenix Hypervisor. Layers%3A {"base_setup"%3A"abc"}
arch: amd64
rootfs: tank:subvol-900-disk-0,size=4G
"""
STORAGE = """\
dir: local
\tpath /var/lib/vz
\tcontent vztmpl,iso

zfspool: tank
\tpool tank/lxc
\tcontent rootdir,images
"""


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def node_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root, bin_folder = tmp_path / "root", tmp_path / "bin"
    files = {
        "etc/pve/.vmlist": json.dumps(
            {
                "version": 1,
                "ids": {
                    "900": {"node": "pve1", "type": "lxc", "version": 1},
                    "901": {"node": "pve1", "type": "lxc", "version": 1},
                    "100": {"node": "pve1", "type": "qemu", "version": 1},
                    "200": {"node": "pve2", "type": "lxc", "version": 1},
                },
            }
        ),
        "etc/pve/lxc/900.conf": CONF,
        "etc/pve/lxc/901.conf": "rootfs: tank:subvol-901-disk-0,size=4G\n",
        "etc/pve/storage.cfg": STORAGE,
        "sys/class/net/vmbr0/address": "",
        "sys/bus/pci/devices/0000:01:00.0/vendor": "0x10de\n",
        "sys/bus/pci/devices/0000:01:00.0/class": "0x030000\n",
        "sys/bus/pci/devices/0000:01:00.1/vendor": "0x10de\n",
        "sys/bus/pci/devices/0000:01:00.1/class": "0x040300\n",
        "tank/lxc/subvol-900-disk-0/var/lib/phoenix/layers/base_setup": "0123456789abcdef\n",
        "tank/lxc/subvol-901-disk-0/var/lib/phoenix/README": "",
        "secret/base_setup": "root:hash\n",
        "var/lib/vz/template/cache/debian.tar.zst": "",
        "var/lib/phoenix_hypervisor/creating/950": "tank/lxc/subvol-950-disk-0\n",
        "usr/local/phoenix_hypervisor/bin/phoenix_hypervisor_setup_900.sh": "#!/bin/sh\n",
        "srv/there.tar.zst": "",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "tank/lxc/subvol-901-disk-0/var/lib/phoenix/layers").symlink_to(root / "secret")
    (root / "etc/pve/local").symlink_to("nodes/pve1")
    bin_folder.mkdir()
    rows = [("tank/lxc", "-", "/tank/lxc"), ("tank/lxc/subvol-900-disk-0", "-", "/tank/lxc/subvol-900-disk-0")]
    rows += [("tank/lxc/subvol-900-disk-0@base-snapshot", "-", "-")]
    rows += [
        ("tank/lxc/subvol-901-disk-0", "tank/lxc/subvol-900-disk-0@base-snapshot", "/tank/lxc/subvol-901-disk-0"),
    ]
    listing = "\\n".join("\\t".join((*row, "yes")) for row in rows)
    mounts = "\\n".join(row[2] for row in rows if row[2] != "-")
    names = "\\n".join(row[0] for row in rows if "@" not in row[0])
    taken = "tank/lxc/subvol-900-disk-0@base-snapshot"
    missing = f"cannot open {taken.replace('900', '901')}: dataset does not exist"
    text = f"""case $* in
  *origin*) printf '{listing}\\n' ;;
  *mountpoint*) printf '{mounts}\\n' ;;
  *snapshot*{taken}*) printf '{taken}\\n'; echo "{missing}" >&2; exit 1 ;;
  *) printf '{names}\\n' ;;
esac"""
    program(bin_folder, "zfs", text)
    program(bin_folder, "lxc-ls", "echo 900")
    monkeypatch.setenv("PATH", f"{bin_folder}:/usr/bin:/bin")
    return root


async def read(root: Path) -> tuple[Node, Machine]:
    machine = Machine(LocalTransport(), str(root))
    return await read_node(machine, Asked(("/srv/there.tar.zst", "/srv/absent.tar.zst"), ("base-snapshot",))), machine


async def test_the_whole_node_in_one_round_trip(node_folder: Path) -> None:
    node, machine = await read(node_folder)
    assert machine.transport.stats.round_trips == 1
    assert node.name == "pve1"
    assert set(node.guests) == {900, 901}
    assert node.elsewhere == {100: ("pve1", "qemu"), 200: ("pve2", "lxc")}
    assert node.guests[900].running and not node.guests[901].running
    assert node.guests[900].ours and not node.guests[901].ours
    assert node.guests[900].config.effective.get("features") == "nesting=1"
    assert node.guests[900].layers == {"base_setup": "0123456789abcdef"}
    assert node.snapshots == {"tank/lxc/subvol-900-disk-0@base-snapshot"}
    assert node.running == {900}
    assert node.gpus == 1
    assert node.interfaces == {"vmbr0"}
    assert node.tarballs == {"/var/lib/vz/template/cache/debian.tar.zst", "/srv/there.tar.zst"}
    assert node.has_tarball("local:vztmpl/debian.tar.zst") and not node.has_tarball("local:vztmpl/other.tar.zst")
    assert node.creating == {950: frozenset({"tank/lxc/subvol-950-disk-0"})}
    assert set(node.scripts) == {"phoenix_hypervisor_setup_900.sh"}


async def test_clones_are_known_by_their_snapshot(node_folder: Path) -> None:
    node, _ = await read(node_folder)
    assert node.clones == {"tank/lxc/subvol-900-disk-0": {"base-snapshot": (901,)}}


async def test_a_link_in_a_container_leads_nowhere(node_folder: Path) -> None:
    node, _ = await read(node_folder)
    assert node.guests[901].layers == {}


async def test_a_machine_without_proxmox_is_told_apart(node_folder: Path) -> None:
    (node_folder / "etc/pve/.vmlist").unlink()
    with pytest.raises(NodeError, match="is it a Proxmox VE node"):
        await read(node_folder)


async def test_a_node_without_guests(node_folder: Path) -> None:
    (node_folder / "etc/pve/.vmlist").write_text('{"version": 1, "ids": {}}')
    for conf in (node_folder / "etc/pve/lxc").iterdir():
        conf.unlink()
    node, _ = await read(node_folder)
    assert node.guests == {}


@pytest.mark.parametrize("name", ["zfs", "lxc-ls"])
async def test_a_tool_that_fails_or_hangs_is_never_taken_for_an_empty_node(
    node_folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(node_folder.parent / "bin", name, "echo 'cannot open /dev/zfs' >&2; exit 1")
    with pytest.raises(NodeError, match="cannot open /dev/zfs"):
        await read(node_folder)


async def test_a_node_without_zfs_has_no_datasets(node_folder: Path) -> None:
    (node_folder.parent / "bin/zfs").unlink()
    node, _ = await read(node_folder)
    assert node.datasets == {} and node.guests[900].dataset is not None


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        ("*origin*", "echo nonsense", "list of datasets"),
        ("*-o?mountpoint", "echo nonsense", "nonsense is no place"),
        ("*snapshot*", "echo nonsense", "list of snapshots"),
        ("*snapshot*", "echo 'cannot open tank: I/O error' >&2; exit 1", "I/O error"),
        ("*snapshot*", "exit 139", "the snapshots of its volumes"),
        ("*-o?name", "echo '?!'", "no dataset"),
    ],
)
async def test_an_answer_that_is_none_is_told(node_folder: Path, question: str, answer: str, said: str) -> None:
    honest = node_folder.parent / "bin/zfs.honest"
    (node_folder.parent / "bin/zfs").rename(honest)
    program(honest.parent, "zfs", f'case $* in\n  {question}) {answer} ;;\n  *) exec {honest} "$@" ;;\nesac')
    with pytest.raises(NodeError, match=said):
        await read(node_folder)


async def test_names_that_are_no_containers_are_not_taken_for_none_running(node_folder: Path) -> None:
    program(node_folder.parent / "bin", "lxc-ls", "echo 'lxc-ls: {\"]'")
    with pytest.raises(NodeError, match="running containers"):
        await read(node_folder)
    program(node_folder.parent / "bin", "lxc-ls", "echo 900; echo mine")
    assert (await read(node_folder))[0].running == {900}


async def test_a_file_system_that_is_not_mounted_is_not_looked_into(node_folder: Path) -> None:
    """As Proxmox leaves it after a rollback: what the description tells counts, not an empty folder."""
    zfs = node_folder.parent / "bin/zfs"
    zfs.write_text(zfs.read_text().replace("subvol-900-disk-0\\tyes", "subvol-900-disk-0\\tno"))
    mark = "#Managed by Phoenix Hypervisor. Layers%3A base_setup=fedcba9876543210.\n"
    (node_folder / "etc/pve/lxc/900.conf").write_text(mark + CONF)
    node, _ = await read(node_folder)
    assert node.guests[900].layers == {"base_setup": "fedcba9876543210"}
