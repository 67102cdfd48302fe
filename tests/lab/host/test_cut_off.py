"""Whatever ends an apply in the middle: applied again, all is as declared, nothing is lost, nothing is there twice."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lab.host.documents import ADMIN, dataset, host, pool, zfs
from lab.host.machine import Machine
from lab.host.site import Site, furnished, standins

Way = Callable[[Site, "subprocess.Popen[str]"], None]


def _client(_site: Site, process: subprocess.Popen[str]) -> None:
    """Kill phoenix and its ssh: the user's machine is gone."""
    os.killpg(process.pid, signal.SIGKILL)


def _connection(_site: Site, process: subprocess.Popen[str]) -> None:
    """Kill the connection under phoenix, which goes on."""
    clients = [pid for pid, name in _children(process.pid) if name == "ssh"]
    assert clients, "phoenix has no connection"
    for pid in clients:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _power(site: Site, _process: subprocess.Popen[str]) -> None:
    """Cut the machine's power, and switch it on again."""
    site.machine.power_off()
    site.machine.start()


def _children(pid: int) -> list[tuple[int, str]]:
    """The processes below one, with their names (proc(5), stat)."""
    found: list[tuple[int, str]] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            head, _, rest = stat.read_text().rpartition(")")
            if int(rest.split()[1]) == pid:
                child = int(stat.parent.name)
                found += [(child, head.partition("(")[2]), *_children(child)]
    return found


WAYS: Mapping[str, Way] = {"the client": _client, "the connection": _connection, "the power": _power}
STEPS = {
    "user": "host:user:{name}",
    "pool": "host:zfs.pool:{name}",
    "dataset": "host:zfs.dataset:{name}/media",
    "storage": "host:pve.storage:{name}-lxc",
    "export": "host:exports:/etc/exports.d/phoenix.exports",
}
POINTS = [
    ("the client", "pool"),
    ("the client", "storage"),
    ("the connection", "user"),
    ("the connection", "pool"),
    ("the connection", "storage"),
    ("the power", "pool"),
    ("the power", "dataset"),
    ("the power", "export"),
]


@pytest.fixture(scope="module")
def site(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A machine on which all that every document declares is there already."""
    site = furnished(machine, tmp_path_factory.mktemp("user"))
    done = site.apply(host())
    assert done.rc == 0, done.said
    site.sh("mkdir -p /srv/theirs && echo theirs >/srv/theirs/data && sync")
    return site


def _document(name: str, disks: list[str]) -> dict[str, Any]:
    """A user, a pool with a storage, and an export, all of one name."""
    datasets = (dataset(name, "lxc", "quota=300M", "zfspool", "rootdir"), dataset(name, "media"))
    return host(
        users={**ADMIN, "username": name},
        zfs=zfs(pool(name, "mirror", *disks), datasets=datasets),
        nfs={"exports": [{"path": f"{name}/media", "clients": ["127.0.0.1"]}]},
    )


@pytest.mark.parametrize(("way", "step"), POINTS)
def test_cut_off_and_applied_again(site: Site, way: str, step: str) -> None:
    standins("pvesm, pveum")
    name = f"cut{POINTS.index((way, step))}"
    document = _document(name, [site.disk(f"{name}{side}") for side in "ab"])
    cut = site.cut(document, STEPS[step].format(name=name), lambda process: WAYS[way](site, process))
    last = cut.said.strip().rpartition("\n")[2]
    print(f"{way} was cut when {step} had begun: exit status {cut.rc}; last words: {last}")
    done = site.applied_when_free(document)
    assert done.rc == 0, done.said
    assert site.apply(document).nothing_to_do
    _check(site, name)


def _check(site: Site, name: str) -> None:
    assert site.sh(f"zpool list -H -o health {name}; zfs list -H -o name -r {name}") == (
        f"ONLINE\n{name}\n{name}/lxc\n{name}/media\n"
    )
    assert site.sh(f"grep -c '^{name}:' /etc/passwd /etc/shadow") == "/etc/passwd:1\n/etc/shadow:1\n"
    assert site.sh(f"grep -c '^zfspool: {name}-lxc$' /etc/pve/storage.cfg") == "1\n"
    assert site.sh(f"grep -c '^user:{name}@pam:' /etc/pve/user.cfg") == "1\n"
    assert site.sh(f"exportfs -s | grep -c {name}/media") == "1\n"
    assert site.sh("cat /srv/theirs/data; find /etc -name '*phoenix~*'") == "theirs\n"
