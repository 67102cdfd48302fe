"""Whatever ends an apply in the middle: applied again, all is as declared, nothing is lost, nothing is there twice."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lab.host.disk import Disk
from lab.host.documents import ADMIN, dataset, host, pool, zfs
from lab.host.image import Image
from lab.host.machine import boot
from lab.host.site import Site, furnished, standins

Way = Callable[[Site, "subprocess.Popen[str]"], None]


def _client(_site: Site, process: subprocess.Popen[str]) -> None:
    """Kill phoenix and its ssh: the user's machine is gone."""
    os.killpg(process.pid, signal.SIGKILL)


def _connection(_site: Site, process: subprocess.Popen[str]) -> None:
    """Kill the connection under phoenix, which goes on."""
    for pid in _children(process.pid):
        if Path(f"/proc/{pid}/comm").read_text().strip() == "ssh":
            os.kill(pid, signal.SIGKILL)


def _power(site: Site, _process: subprocess.Popen[str]) -> None:
    """Cut the machine's power, and switch it on again."""
    site.machine.power_off()
    site.machine.start()


def _children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == pid:
            child = int(stat.parent.name)
            found += [child, *_children(child)]
    return found


WAYS: Mapping[str, Way] = {"the client": _client, "the connection": _connection, "the power": _power}
STEPS = {
    "user": "host:user:ann",
    "pool": "host:zfs.pool:tank",
    "dataset": "host:zfs.dataset:tank/media",
    "storage": "host:pve.storage:tank-lxc",
    "share": "host:service:smbd.service",
}


@pytest.fixture
def fresh(image: Image, tmp_path: Path) -> Iterator[Site]:
    with boot(Disk("tank0", "512M"), Disk("tank1", "512M"), image=image) as machine:
        yield furnished(machine, tmp_path)


@pytest.fixture
def document(fresh: Site) -> dict[str, Any]:
    datasets = (dataset("tank", "lxc", "quota=300M", "zfspool", "rootdir"), dataset("tank", "media"))
    return host(
        users=ADMIN,
        zfs=zfs(pool("tank", "mirror", *(disk.path for disk in fresh.machine.disks)), datasets=datasets),
        nfs={"exports": [{"path": "tank/media", "clients": ["127.0.0.1"]}]},
        samba={"user": "ann", "password": {"env": "LAB_SAMBA"}, "shares": [{"name": "media", "path": "tank/media"}]},
    )


POINTS = [
    ("the client", "pool"),
    ("the client", "share"),
    ("the connection", "user"),
    ("the connection", "pool"),
    ("the connection", "storage"),
    ("the power", "pool"),
    ("the power", "dataset"),
    ("the power", "storage"),
]


@pytest.mark.parametrize(("way", "step"), POINTS)
def test_cut_off_and_applied_again(fresh: Site, document: dict[str, Any], way: str, step: str) -> None:
    standins("pvesm, pveum")
    fresh.sh("mkdir -p /srv/theirs && echo theirs >/srv/theirs/data && sync")
    cut = fresh.cut(document, STEPS[step], lambda process: WAYS[way](fresh, process))
    print(f"{way} was cut at {step}: exit status {cut.rc}; its last words: {cut.said.strip().splitlines()[-1:]}")
    fresh.converged(document)
    _check(fresh)


def _check(site: Site) -> None:
    assert site.sh("zpool list -H -o name,health") == "tank\tONLINE\n"
    assert site.sh("zfs list -H -o name") == "tank\ntank/lxc\ntank/media\n"
    assert site.sh("grep -c '^ann:' /etc/passwd /etc/shadow") == "/etc/passwd:1\n/etc/shadow:1\n"
    assert site.sh("grep -c '^zfspool: tank-lxc$' /etc/pve/storage.cfg") == "1\n"
    assert site.sh("grep -c '^user:ann@pam:' /etc/pve/user.cfg") == "1\n"
    assert site.sh("grep -c include /etc/samba/smb.conf; pdbedit -L | grep -c '^ann:'") == "1\n1\n"
    assert site.sh("cat /srv/theirs/data") == "theirs\n"
    assert site.sh("find /etc -name '*phoenix~*'") == ""
