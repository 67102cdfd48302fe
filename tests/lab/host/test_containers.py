"""The life of a container on real ZFS and real LXC, under a ``pct`` that is a stand-in."""

from __future__ import annotations

import time

import pytest

from lab.host.machine import Machine
from lab.host.site import Site, furnished, standins
from lab.standin import tarball

PCT = "pct, pvesm and the files of /etc/pve; lxc and zfs are real"
VOLUME = "tank/subvol-{}-disk-0"
GIGABYTES = 2


@pytest.fixture(scope="module")
def site(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A machine with a storage for containers, a tarball, and container 900."""
    site = furnished(machine, tmp_path_factory.mktemp("user"))
    site.sh(f"zpool create -O acltype=posixacl -O xattr=sa tank {site.disk('tank0', '8G')}")
    site.sh("pvesm add zfspool tank --pool tank --content rootdir --sparse 1")
    site.sh(tarball.SET_UP)
    options = "--rootfs tank:3 --hostname one --unprivileged 1 --memory 64 --features nesting=1"
    site.sh(f"pct create 900 local:vztmpl/{tarball.NAME} {options} --net0 name=eth0,bridge=vmbr0,ip=10.0.2.50/24")
    return site


def test_it_is_there_and_its_root_is_nobody_on_the_node(site: Site) -> None:
    standins(PCT)
    assert "rootfs: tank:subvol-900-disk-0,size=3G\n" in site.sh("cat /etc/pve/lxc/900.conf")
    assert site.sh(f"zfs get -H -p -o value refquota {VOLUME.format(900)}") == f"{3 << 30}\n"
    assert site.sh("stat -c %u:%g /tank/subvol-900-disk-0/bin/busybox") == "100000:100000\n"
    assert '"900"' in site.sh("cat /etc/pve/.vmlist")


def test_it_starts_runs_programs_and_stops(site: Site) -> None:
    standins(PCT)
    site.sh("pct start 900")
    assert site.sh("lxc-ls --running -1").split() == ["900"]
    assert site.sh("lxc-attach -n 900 -- hostname; pct exec 900 -- id -u") == "one\n0\n"
    assert site.sh("lxc-attach -n 900 -- head -n 1 /proc/self/uid_map").split() == ["0", "100000", "65536"]
    site.sh("pct stop 900")
    assert site.sh("pct status 900; lxc-ls --running -1") == "status: stopped\n"


def test_a_rollback_brings_back_files_and_configuration(site: Site) -> None:
    standins(PCT)
    data = "/tank/subvol-900-disk-0/root/data"
    site.sh(f"echo before >{data} && pct snapshot 900 first && echo after >{data} && pct set 900 --memory 128")
    site.sh("pct rollback 900 first")
    assert site.sh(f"cat {data}") == "before\n"
    assert "memory: 64\n" in site.sh("sed '/^\\[/,$d' /etc/pve/lxc/900.conf")


def test_what_pct_refuses_changes_nothing(site: Site) -> None:
    standins(PCT)
    before = site.sh("cat /etc/pve/lxc/900.conf; zfs list -H -o name -t all -r tank")
    for words in ("set 900 --colour red", "resize 900 rootfs 1G", "snapshot 900 first", "template 900", "start 999"):
        rc, said = site.says(f"pct {words}")
        assert rc != 0, said
    assert site.sh("cat /etc/pve/lxc/900.conf; zfs list -H -o name -t all -r tank") == before


def test_two_gigabytes_are_snapshotted_and_cloned_without_being_copied(site: Site) -> None:
    """What it took is printed, not judged."""
    standins("pct's files of /etc/pve, written by hand here; lxc and zfs are real")
    site.sh("zfs set compression=off tank")
    site.sh(f"dd if=/dev/zero of=/tank/subvol-900-disk-0/root/large bs=1M count={GIGABYTES << 10} status=none; sync")
    used = site.sh(f"zfs list -H -p -o refer {VOLUME.format(900)}")
    assert int(used) > GIGABYTES << 30
    options = "-o refquota=3G -o acltype=posixacl -o xattr=sa"
    clone = f"zfs clone {options} {VOLUME.format(900)}@large {VOLUME.format(901)}"
    snapshot = f"zfs snapshot {VOLUME.format(900)}@timed && zfs destroy {VOLUME.format(900)}@timed"
    ways = {"zfs snapshot, and its removal": snapshot, "pct snapshot": "pct snapshot 900 large", "zfs clone": clone}
    for what, script in ways.items():
        begun = time.monotonic()
        site.sh(script)
        print(f"{what} of {int(used) / (1 << 30):.2f} GiB: {time.monotonic() - begun:.2f} s, SSH included")
    assert int(site.sh(f"zfs list -H -p -o used {VOLUME.format(901)}")) < 1 << 20


def test_a_clone_of_a_snapshot_is_a_container_like_any_other(site: Site) -> None:
    standins(PCT)
    site.sh(
        "sed '/^\\[/,$d; s/subvol-900/subvol-901/; s/^hostname:.*/hostname: two/; /^parent:/d; /^net0:/d'"
        " /etc/pve/lxc/900.conf >/etc/pve/lxc/901.conf.tmp && mv /etc/pve/lxc/901.conf.tmp /etc/pve/lxc/901.conf"
    )
    site.sh("for try in $(seq 50); do grep -q '\"901\"' /etc/pve/.vmlist && exit 0; sleep 0.2; done; exit 1")
    site.sh("pct start 901")
    assert site.sh("lxc-attach -n 901 -- hostname; lxc-attach -n 901 -- cat /root/data") == "two\nbefore\n"
    rc, said = site.says("pct destroy 900")
    assert (rc, "dependent clones" in said) == (255, True), said
    site.sh("pct stop 901 && pct destroy 901")


def test_a_snapshot_that_a_clone_hangs_on_cannot_go_and_says_so(site: Site) -> None:
    standins(PCT)
    site.sh(f"zfs clone {VOLUME.format(900)}@large {VOLUME.format(902)}")
    rc, said = site.says("pct delsnapshot 900 large")
    assert (rc, "dependent clones" in said) == (255, True), said
    assert "lock: snapshot-delete" in site.sh("cat /etc/pve/lxc/900.conf")
    site.sh(f"zfs destroy {VOLUME.format(902)} && pct unlock 900 && pct delsnapshot 900 large")


def test_a_template_is_cloned_by_proxmox_own_way(site: Site) -> None:
    standins(PCT)
    site.sh("pct delsnapshot 900 first && pct template 900")
    begun = time.monotonic()
    site.sh("pct clone 900 903 --hostname three")
    print(f"pct clone, linked: {time.monotonic() - begun:.2f} s, nearly all of it the stand-in's start")
    assert site.sh(f"zfs get -H -o value origin {VOLUME.format(903)}") == "tank/basevol-900-disk-0@__base__\n"
    assert "base volume" in site.says("pct destroy 900")[1]
    site.sh("pct start 903")
    assert site.sh("lxc-attach -n 903 -- hostname") == "three\n"
    site.sh("pct destroy 903 --force 1 && pct destroy 900")
    assert site.sh("zfs list -H -o name -r tank; pct list; grep -c node /etc/pve/.vmlist; true") == "tank\n0\n"
