"""The stand-ins over a folder, with the ``zfs`` of a simulated node behind them."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from lab.standin.command import call
from lab.standin.install import HOME, archive
from lab.standin.locks import FileLocks
from lab.standin.node import LabNode
from phoenix_hypervisor.command import Result
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.locks import Lease
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.simulator.zfs.model import ZfsError


class Lab:
    """A machine in a folder: its files are real, its ``zfs`` is a simulated node's. Each command starts anew."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.running: set[str] = set()
        self.behind = Node.new(version=8)
        self.behind.add_pool("tank", 8 << 30)
        for folder in ("etc", "var/lib/vz/template/cache", "tank", "proc/self", "sys/class/net/vmbr0"):
            (root / folder).mkdir(parents=True)
        (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/sh\n")
        (root / "etc/subuid").write_text("root:100000:65536\n")
        (root / "etc/subgid").write_text("root:100000:65536\n")

    @property
    def node(self) -> LabNode:
        return LabNode("pve1", self.root, self.run)

    def run(self, argv: Sequence[str]) -> Result:
        words = list(argv)
        if words[0] == "lxc-ls":
            return Result(0, "".join(f"{name}\n" for name in sorted(self.running)))
        if words[0] == "lxc-start":
            self.running.add(words[2])
        elif words[0] == "lxc-stop":
            self.running.discard(words[2])
        elif "tar" in words:
            (Path(words[-1]) / "etc").mkdir()
            (Path(words[-1]) / "etc/os-release").write_text("ID=debian\nVERSION_ID=12\n")
        elif words[0] == "zfs":
            return self.zfs(words)
        return Result()

    def zfs(self, words: list[str]) -> Result:
        """Run it on the node behind, and show its mount points as folders."""
        done = self.behind.run(words)
        for name in self.behind.zfs.datasets:
            (self.root / name).mkdir(parents=True, exist_ok=True)
        return done

    def __call__(self, line: str) -> Result:
        return call(self.node, line.split())

    def read(self, path: str) -> str:
        return (self.root / path).read_text()


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_a_storage_on_a_real_dataset_is_written_into_the_real_file(lab: Lab) -> None:
    done = lab("pvesm add zfspool fast --pool tank --content rootdir,images --sparse 1")
    assert done.ok, done
    assert "zfspool: fast\n\tpool tank\n" in lab.read("etc/pve/storage.cfg")


def test_a_storage_on_a_pool_that_is_not_there_is_refused_and_nothing_written(lab: Lab) -> None:
    done = lab("pvesm add zfspool fast --pool other")
    assert done.rc == 1
    assert "cannot import 'other': no such pool available" in done.stderr
    assert not (lab.root / "etc/pve/storage.cfg").exists()


def test_an_unknown_option_is_refused_as_the_contract_says(lab: Lab) -> None:
    done = lab("pvesm add dir share --path /srv --colour red")
    assert (done.rc, "Unknown option: colour" in done.stderr) == (2, True)


def test_a_folder_as_a_storage_gets_its_real_folders(lab: Lab) -> None:
    assert lab("pvesm add dir share --path /var/lib/share --content iso,vztmpl").ok
    assert (lab.root / "var/lib/share/template/iso").is_dir()


def test_a_folder_that_must_be_a_mount_point_is_one_only_where_the_kernel_says_so(lab: Lab) -> None:
    assert "not mounted" in lab("pvesm add dir share --path /tank --is_mountpoint yes").stderr
    (lab.root / "proc/self/mounts").write_text("tank /tank zfs rw 0 0\n")
    assert lab("pvesm add dir share --path /tank --is_mountpoint yes").ok


def test_a_user_and_a_role_of_it(lab: Lab) -> None:
    assert lab("pveum user add ann@pam --comment Ann").ok
    assert lab("pveum acl modify / --users ann@pam --roles PVEAdmin --propagate 1").ok
    assert "acl:1:/:ann@pam:PVEAdmin:" in lab.read("etc/pve/user.cfg")
    assert "already exists" in lab("pveum user add ann@pam").stderr


def test_the_list_of_guests_is_what_is_there(lab: Lab) -> None:
    cluster = lab.node.cluster
    (lab.root / "etc/pve/lxc/900.conf").write_text("hostname: one\n")
    cluster.write_list()
    assert '"900": { "node": "pve1", "type": "lxc"' in lab.read("etc/pve/.vmlist")
    assert lab("pct list").stdout.split()[:3] == ["VMID", "Status", "Lock"]


def test_a_real_volume_comes_and_goes_with_its_dataset(lab: Lab) -> None:
    assert lab("pvesm add zfspool fast --pool tank").ok
    assert lab("pvesm alloc fast 900 subvol-900-disk-0 1G --format subvol").ok
    assert lab.behind.zfs.datasets["tank/subvol-900-disk-0"].properties["refquota"] == str(1 << 30)
    assert lab("pvesm free fast:subvol-900-disk-0").ok
    assert "tank/subvol-900-disk-0" not in lab.behind.zfs.datasets


TARBALL = "local:vztmpl/debian-12-small.tar.gz"


@pytest.fixture
def box(lab: Lab) -> Lab:
    """With container 900."""
    (lab.root / "var/lib/vz/template/cache/debian-12-small.tar.gz").write_bytes(b"packed")
    assert lab("pvesm add zfspool fast --pool tank").ok
    options = "--rootfs fast:2 --hostname one --unprivileged 1 --net0 name=eth0,bridge=vmbr0,ip=10.1.1.2/24"
    done = lab(f"pct create 900 {TARBALL} {options}")
    assert done.ok, done
    return lab


def test_a_container_is_made_on_a_real_dataset_with_its_names_written_into_its_files(box: Lab) -> None:
    assert "rootfs: fast:subvol-900-disk-0,size=2G\n" in box.read("etc/pve/lxc/900.conf")
    assert box.read("tank/subvol-900-disk-0/etc/hostname") == "one\n"
    assert "10.1.1.2/24" in box.read("tank/subvol-900-disk-0/etc/network/interfaces")
    assert '"900"' in box.read("etc/pve/.vmlist")
    assert box("pct status 900").stdout == "status: stopped\n"


def test_it_starts_and_stops(box: Lab) -> None:
    assert box("pct start 900").ok
    assert "lxc.rootfs.path = dir:/tank/subvol-900-disk-0\n" in box.read("var/lib/lxc/900/config")
    assert "already running" in box("pct start 900").stderr
    assert box("pct status 900").stdout == "status: running\n"
    assert box("pct stop 900").ok
    assert box("pct shutdown 900").stderr == "CT 900 not running\n"


def test_lines_that_others_put_into_its_hosts_file_stay(box: Lab) -> None:
    """PVE::LXC::Setup::Base, ct_modify_file: only the marked section is Proxmox's."""
    file = box.root / "tank/subvol-900-disk-0/etc/hosts"
    theirs = f"{file.read_text()}10.1.1.9 nas\n"
    file.write_text(theirs)
    assert box("pct start 900").ok
    assert file.read_text() == theirs
    assert theirs.count("10.1.1.2 one") == 1


def test_a_first_start_enables_what_proxmox_wants(box: Lab) -> None:
    preset = box.read("tank/subvol-900-disk-0/etc/systemd/system-preset/00-pve.preset")
    assert "disable systemd-networkd.service\n" in preset


def test_snapshots_are_those_of_its_dataset(box: Lab) -> None:
    assert box("pct snapshot 900 first").ok
    assert "first" in box.behind.zfs.datasets["tank/subvol-900-disk-0"].snapshots
    assert box("pct set 900 --memory 1024").ok
    assert box("pct rollback 900 first").ok
    assert "memory: 512\n" in box.read("etc/pve/lxc/900.conf").partition("[first]")[0]
    assert box("pct delsnapshot 900 first").ok
    assert not box.behind.zfs.datasets["tank/subvol-900-disk-0"].snapshots


def test_a_template_is_cloned_and_cannot_go_before_its_clone(box: Lab) -> None:
    assert box("pct template 900").ok
    assert box("pct clone 900 901 --hostname two").ok
    assert box.behind.zfs.datasets["tank/subvol-901-disk-0"].origin == "tank/basevol-900-disk-0@__base__"
    assert box("pct destroy 900").rc == 255
    assert box("pct destroy 901").ok
    assert box("pct destroy 900").ok
    assert "subvol" not in " ".join(box.behind.zfs.datasets)
    assert box.read("etc/pve/.vmlist").count("node") == 0


@pytest.fixture
def folders(lab: Lab) -> Lab:
    """A machine whose kernel has no ZFS."""
    (lab.root / "tank/.standin").mkdir()
    return lab


def test_without_zfs_datasets_are_folders_and_clones_are_copies(folders: Lab) -> None:
    folders.node.zfs.create("tank/one", {})
    file = folders.root / "tank/one/file"
    file.write_text("first")
    folders.node.zfs.take("tank/one@then", {})
    file.write_text("second")
    folders.node.zfs.clone("tank/one@then", "tank/two", {})
    folders.node.zfs.rename("tank/two", "tank/three")
    assert (folders.read("tank/one/file"), folders.read("tank/three/file")) == ("second", "first")
    folders.node.zfs.rollback("tank/one@then")
    assert folders.read("tank/one/file") == "first"


def test_without_zfs_nothing_is_left_of_what_was_destroyed(folders: Lab) -> None:
    for name in ("tank/one", "tank/two"):
        folders.node.zfs.create(name, {})
        folders.node.zfs.take(f"{name}@then", {})
    assert len(list((folders.root / "tank/.standin").glob("*/"))) == 2
    with pytest.raises(ZfsError, match="dataset already exists"):
        folders.node.zfs.create("tank/two", {})
    folders.node.zfs.destroy("tank/one", recursive=True)
    folders.node.zfs.destroy("tank/two@then")
    assert sorted(path.name for path in (folders.root / "tank").iterdir()) == [".standin", "two"]
    assert sorted(path.name for path in (folders.root / "tank/.standin").iterdir()) == ["lock", "state"]


def test_a_lock_that_somebody_else_holds_is_waited_for(box: Lab) -> None:
    taken: list[str] = []
    locks = FileLocks(lambda: taken.append("taken"))
    place = str(box.root / "a.lock")
    held = _at_end(locks.wait(place))
    with pytest.raises(PveError, match="got timeout"):
        _at_end(locks.wait(place, 0.0))
    with held:
        pass
    _at_end(locks.wait(place, 0.0))
    assert taken == ["taken"] * 2


def _at_end(waiting: Generator[float, None, Lease]) -> Lease:
    while True:
        try:
            next(waiting)
        except StopIteration as end:
            lease: Lease = end.value
            return lease


def test_what_is_installed_is_complete(tmp_path: Path, repository: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive(repository))) as tar:
        tar.extractall(tmp_path, filter="fully_trusted")
    said = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            "import sys; sys.path[:0] = sys.argv[1:]; import standin.command",
            tmp_path / HOME,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stderr == ""
    assert os.access(tmp_path / "usr/sbin/pvesm", os.X_OK)
