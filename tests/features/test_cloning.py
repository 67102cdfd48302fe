"""The small scripts of a container's life, run by the real shell over a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.lifecycle import cloning, identity
from phoenix_hypervisor.features.lifecycle.marks import cloning_mark
from phoenix_hypervisor.proxmox.guest import parse

SOURCE = """\
arch: amd64
hostname: base
memory: 512
net0: name=eth0,bridge=vmbr0
rootfs: tank:subvol-900-disk-0,size=4G
unprivileged: 1

[other]
arch: arm64
ostype: debian
unprivileged: 0

[base]
arch: amd64
features: nesting=1
net0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01
ostype: ubuntu
parent: other
rootfs: tank:subvol-900-disk-0,size=4G
snaptime: 1795211148
unprivileged: 1
"""


def run(command: Command, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command with ``/etc/pve`` in its script below the folder."""
    script = command.stdin.replace("/etc/pve", f"{folder}/etc/pve").replace("/run/lock", f"{folder}/run/lock")
    return subprocess.run(command.argv, input=script, capture_output=True, text=True, check=False)


@pytest.fixture
def pve(tmp_path: Path) -> Path:
    (tmp_path / "etc/pve/lxc").mkdir(parents=True)
    (tmp_path / "etc/pve/.vmlist").write_text('{"ids": {\n"900": { "node": "pve1", "type": "lxc", "version": 1 }}\n}')
    (tmp_path / "etc/pve/lxc/900.conf").write_text(SOURCE)
    return tmp_path


def take(folder: Path, ctid: int = 901) -> subprocess.CompletedProcess[str]:
    return run(cloning.take_id(ctid, cloning_mark(900, "base"), "web"), folder)


def test_an_id_is_taken_under_our_mark_and_lock(pve: Path) -> None:
    assert take(pve).returncode == 0
    taken = parse((pve / "etc/pve/lxc/901.conf").read_text()).current
    assert (taken.get("lock"), taken.get("tags")) == ("create", "phoenix")
    assert "Being cloned from 900@base" in taken.description


def test_an_id_is_taken_once(pve: Path) -> None:
    assert take(pve, 900).returncode == 17, "the cluster has it"
    assert take(pve).returncode == 0
    before = (pve / "etc/pve/lxc/901.conf").read_text()
    assert take(pve).returncode != 0, "another was faster"
    assert (pve / "etc/pve/lxc/901.conf").read_text() == before


def release(folder: Path, snapshot: str = "base") -> subprocess.CompletedProcess[str]:
    return run(cloning.release_clone(901, 900, snapshot, "web", "tank:subvol-901-disk-0", 8), folder)


def test_a_clone_gets_what_its_snapshot_fixes_and_nothing_else(pve: Path) -> None:
    take(pve)
    assert release(pve).returncode == 0
    config = parse((pve / "etc/pve/lxc/901.conf").read_text())
    assert dict(config.current.options) == {
        "arch": "amd64",
        "hostname": "web",
        "ostype": "ubuntu",
        "rootfs": "tank:subvol-901-disk-0,size=8G",
        "tags": "phoenix",
        "unprivileged": "1",
    }
    assert config.snapshots == {}
    assert not list((pve / "etc/pve/lxc").glob("*.tmp*"))


def test_what_is_no_longer_a_begun_clone_is_not_overwritten(pve: Path) -> None:
    (pve / "etc/pve/lxc/901.conf").write_text("hostname: theirs\n")
    assert release(pve).returncode == 1
    assert (pve / "etc/pve/lxc/901.conf").read_text() == "hostname: theirs\n"


def test_a_snapshot_that_is_not_there_releases_nothing(pve: Path) -> None:
    assert run(cloning.take_id(901, cloning_mark(900, "nosuch"), "web"), pve).returncode == 0
    done = release(pve, "nosuch")
    assert done.returncode == 1 and "has no snapshot nosuch" in done.stderr
    assert "lock: create" in (pve / "etc/pve/lxc/901.conf").read_text()


def test_somebody_elses_creation_is_not_overwritten(pve: Path) -> None:
    (pve / "etc/pve/lxc/901.conf").write_text("lock: create\n")
    assert release(pve).returncode == 1
    assert (pve / "etc/pve/lxc/901.conf").read_text() == "lock: create\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    if shutil.which("ssh-keygen") is None or os.geteuid() != 0:
        pytest.skip("ssh-keygen is missing, or this is not root: keys of another owner cannot be made")
    (tmp_path / "etc/ssh").mkdir(parents=True)
    (tmp_path / "var/lib/dbus").mkdir(parents=True)
    for kind in ("ed25519", "rsa"):
        (tmp_path / f"etc/ssh/ssh_host_{kind}_key").write_text("the source's")
        (tmp_path / f"etc/ssh/ssh_host_{kind}_key.pub").write_text("the source's")
    os.chown(tmp_path / "etc", 100_000, 100_000)
    (tmp_path / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    (tmp_path / "var/lib/dbus/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    return tmp_path


def reset(root: Path) -> subprocess.CompletedProcess[str]:
    return run(identity.reset_identity(str(root), "web"), root)


def test_a_clone_gets_an_identity_of_its_own(root: Path) -> None:
    done = reset(root)
    assert done.returncode == 0, done.stderr
    for kind, begins in (("ed25519", "ssh-ed25519 "), ("rsa", "ssh-rsa ")):
        key = root / f"etc/ssh/ssh_host_{kind}_key"
        public = key.with_name(key.name + ".pub").read_text()
        assert public.startswith(begins) and public.endswith(" root@web\n")
        assert "PRIVATE KEY" in key.read_text()
        assert (key.stat().st_uid, key.stat().st_gid, key.stat().st_mode & 0o777) == (100_000, 100_000, 0o600)
    assert (root / "etc/machine-id").read_text() == ""
    assert (root / "etc/machine-id").stat().st_uid == 100_000
    assert not (root / "var/lib/dbus/machine-id").exists()
    assert sorted(path.name for path in (root / "etc/ssh").iterdir()) == [
        "ssh_host_ed25519_key",
        "ssh_host_ed25519_key.pub",
        "ssh_host_rsa_key",
        "ssh_host_rsa_key.pub",
    ]


def test_an_interrupted_reset_is_finished(root: Path) -> None:
    (root / "etc/ssh/ssh_host_rsa_key.phoenix").write_text("half")
    assert reset(root).returncode == 0
    assert not list((root / "etc/ssh").glob("*.phoenix*"))


@pytest.mark.parametrize("link", ["etc", "etc/ssh"])
def test_links_in_a_container_do_not_lead_out_of_it(
    root: Path, tmp_path_factory: pytest.TempPathFactory, link: str
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    shutil.copytree(root / link, outside, dirs_exist_ok=True)
    shutil.rmtree(root / link)
    (root / link).symlink_to(outside)
    before = {path: path.read_text() for path in outside.rglob("*") if path.is_file()}
    assert reset(root).returncode != 0
    assert {path: path.read_text() for path in outside.rglob("*") if path.is_file()} == before


def test_a_machine_id_that_is_a_link_is_replaced_not_followed(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "machine-id"
    outside.write_text("the node's")
    (root / "etc/machine-id").unlink()
    (root / "etc/machine-id").symlink_to(outside)
    assert reset(root).returncode == 0
    assert outside.read_text() == "the node's"
    assert not (root / "etc/machine-id").is_symlink()


@pytest.mark.parametrize("kind", ["dsa", "dss", "ed25519_sk", "strange"])
def test_kinds_of_keys_that_are_no_longer_made_are_removed(root: Path, kind: str) -> None:
    for name in (f"ssh_host_{kind}_key", f"ssh_host_{kind}_key.pub"):
        (root / "etc/ssh" / name).write_text("the source's")
    assert reset(root).returncode == 0
    assert not list((root / "etc/ssh").glob(f"*{kind}_key*"))


def test_a_key_that_is_a_link_to_a_folder_leads_nowhere(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    key = root / "etc/ssh/ssh_host_rsa_key"
    for path in (key, key.with_name("ssh_host_rsa_key.pub")):
        path.unlink()
        path.symlink_to(outside)
    assert reset(root).returncode == 0
    assert list(outside.iterdir()) == []
    assert key.is_file() and not key.is_symlink()
