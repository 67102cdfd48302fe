"""What a change takes: one classed hot is made while the container runs on, any others by one restart (spec L3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ground import configuration
from phoenix_hypervisor.events import Ran
from phoenix_hypervisor.features.lifecycle.options import Difference, Effect, set_arguments
from phoenix_hypervisor.simulator.node import Node
from rig import HOST, TARBALL, Rig, container, fitted, site_of

Json = dict[str, Any]
NET = "name=eth0,bridge=vmbr0,ip=10.0.1.51/16"
KEYS: list[tuple[str, str | None, str | None, Effect]] = [
    *((key, old, new, Effect.HOT) for key, old, new in (
        ("memory", "512", "1024"),
        ("swap", None, "128"), ("swap", "128", "256"), ("swap", "128", None),
        ("cores", None, "2"), ("cores", "2", "4"), ("cores", "2", None),
        ("cpulimit", None, "2"), ("cpulimit", "2", None),
        ("cpuunits", None, "50"), ("cpuunits", "50", "60"), ("cpuunits", "50", None),
        ("hostname", "old", "new"),
        ("onboot", None, "1"), ("onboot", "1", "0"), ("onboot", "1", None),
        ("startup", None, "order=1"), ("startup", "order=1", "order=2"), ("startup", "order=1", None),
        ("protection", None, "1"), ("protection", "1", None),
        ("tags", None, "a"), ("tags", "a", "a;b"), ("tags", "a", None),
        ("description", None, "a"), ("description", "a", None),
        ("net0", None, NET), ("net0", NET, NET.replace("51", "52")), ("net0", NET, None),
        ("mp0", None, "local-zfs:1,mp=/data"), ("mp0", None, "/srv,mp=/data"),
        ("dev0", None, "/dev/null"),
    )),
    *((key, old, new, Effect.RESTART) for key, old, new in (
        ("features", None, "nesting=1"), ("features", "nesting=1", "fuse=1"), ("features", "nesting=1", None),
        ("nameserver", None, "9.9.9.9"), ("nameserver", "9.9.9.9", "1.1.1.1"), ("nameserver", "9.9.9.9", None),
        ("searchdomain", None, "a.example"), ("searchdomain", "a.example", None),
        ("timezone", None, "host"), ("timezone", "host", None),
        ("tty", None, "3"), ("tty", "3", None),
        ("cmode", None, "shell"), ("cmode", "shell", None),
        ("console", None, "0"), ("console", "0", None),
        ("debug", None, "1"), ("debug", "1", None),
        ("mp0", "/srv,mp=/data", "/srv,mp=/other"), ("mp0", "/srv,mp=/data", None),
        ("mp0", "local-zfs:1,mp=/data", None),
        ("dev0", "/dev/null", "/dev/zero"), ("dev0", "/dev/null", None),
    )),
]  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node with a stopped container 150, as a file."""
    node = Node.new()
    node.add_tarball(TARBALL)
    made = node.run(["pct", "create", "150", TARBALL, "--rootfs", "local-zfs:4", "--unprivileged", "1"])
    assert made.ok, made
    found = tmp_path_factory.mktemp("node") / "node.json"
    node.save(found)
    return found


@pytest.mark.parametrize(("key", "old", "new", "effect"), KEYS, ids=[f"{row[0]} {row[1]} {row[2]}" for row in KEYS])
def test_a_key_is_classed_as_proxmox_treats_it(
    file: Path, key: str, old: str | None, new: str | None, effect: Effect
) -> None:
    node = Node.load(file)
    if old is not None:
        assert node.run(["pct", "set", "150", f"--{key}", old]).ok
    assert node.run(["pct", "start", "150"]).ok
    difference = Difference(key, old, new)
    assert difference.effect is effect
    done = node.run(["pct", "set", "150", *set_arguments((difference,))])
    assert done.ok, done
    config = configuration(node, 150)
    waits = {*(config.pending.options if config.pending else ()), *config.pending_delete}
    assert waits == ({key} if effect is Effect.RESTART else set())


BASE: Json = {
    "template": TARBALL,
    "swap_mb": 64,
    "start_at_boot": True,
    "boot_order": 3,
    "tags": ["web"],
    "pct_options": ["cpuunits=50", "tty=3"],
    "lxc_options": ["lxc.environment = A=b"],
    "volumes": [{"name": "data", "pool": "tank-lxc", "size_gb": 1, "mount_point": "/data"}],
    "mount_points": [{"host_path": "/srv/media", "container_path": "/mnt/media"}],
    "firewall": {"enabled": True, "rules": [{"type": "in", "action": "DROP"}]},
}
VOLUME: Json = BASE["volumes"][0]
HOT: dict[str, Json] = {
    "many keys": {"memory_mb": 2048, "swap_mb": 0, "cores": 1, "name": "other", "boot_order": 4, "tags": ["a", "b"]},
    "keys that go": {"swap_mb": None, "start_at_boot": None, "boot_order": None, "tags": None},
    "address": {"network_config": {"ip": "10.0.7.7/16", "gw": "10.0.0.254", "bridge": "vmbr0", "vlan": 7}},
    "a new volume": {"volumes": [VOLUME, {**VOLUME, "name": "more", "mount_point": "/more"}]},
    "larger": {"storage_size_gb": 12, "volumes": [{**VOLUME, "size_gb": 3}]},
    "rules": {"firewall": {"enabled": True, "rules": [{"type": "out", "action": "ACCEPT"}]}},
    "no rules": {"firewall": None},
}
RESTART: dict[str, Json] = {
    "features": {"features": "fuse=1"},
    "nameservers": {"network_config": {"ip": "10.0.1.51/16", "gw": "10.0.0.254", "nameservers": "9.9.9.9"}},
    "an option": {"pct_options": ["cpuunits=50", "tty=4"]},
    "an option that goes": {"pct_options": ["cpuunits=50"]},
    "a volume moved": {"volumes": [{**VOLUME, "mount_point": "/elsewhere"}]},
    "a volume that goes": {"volumes": None},
    "raw lines": {"lxc_options": ["lxc.environment = A=c"]},
    "raw lines that go": {"lxc_options": None, "mount_points": None},
    "a folder": {"mount_points": [{"host_path": "/srv/other", "container_path": "/mnt/media"}]},
    "ids": {"id_maps": [{"type": "both", "host_id": 1000, "container_id": 1000, "size": 1}]},
    "profile": {"apparmor_profile": "unconfined"},
    "all of it": {
        "memory_mb": 333,
        "features": "fuse=1",
        "pct_options": ["tty=1", "cmode=shell"],
        "volumes": [{**VOLUME, "mount_point": "/elsewhere", "size_gb": 2}],
        "lxc_options": ["lxc.environment = A=c"],
        "firewall": None,
        "id_maps": [{"type": "both", "host_id": 1000, "container_id": 1000, "size": 1}],
    },
}


def site(folder: Path, **fields: Any) -> Any:
    document = {key: value for key, value in container(150, **{**BASE, **fields}).items() if value is not None}
    return site_of(folder, {"lxc_configs": {"150": document}}, HOST)


def changed(folder: Path, fields: Json) -> tuple[Rig, list[str]]:
    """The rig once a running container was changed, and the commands of ``pct`` that were run."""
    rig = fitted(site(folder))
    rig.converge()
    rig.events.clear()
    rig.site = site(folder, **fields)
    rig.converge()
    assert rig.plan().empty
    assert configuration(rig.node, 150).pending is None
    ran = [event.command.split()[1] for event in rig.events if isinstance(event, Ran) and event.command[:4] == "pct "]
    return rig, ran


@pytest.mark.parametrize("fields", HOT.values(), ids=HOT)
def test_hot_changes_are_made_while_it_runs(tmp_path: Path, fields: Json) -> None:
    _, ran = changed(tmp_path, fields)
    assert not {"shutdown", "stop", "start", "reboot"} & {*ran}
    assert ran.count("set") <= 1


@pytest.mark.parametrize("fields", RESTART.values(), ids=RESTART)
def test_others_take_one_restart(tmp_path: Path, fields: Json) -> None:
    rig, ran = changed(tmp_path, fields)
    assert [verb for verb in ran if verb in ("shutdown", "stop", "start", "reboot")] == ["shutdown", "start"]
    assert ran.count("set") <= 1
    assert rig.node.guests.running[150].options["hostname"] == "ct150"
