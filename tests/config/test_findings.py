"""Every single place that tells of a problem, one by one: what is wrong, where, and in which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sites import Json, container, loaded, lxc, template, zfs

WEB = "lxc_configs.901"


def web(**fields: Any) -> Json:
    """A template 900 and its clone 901."""
    return lxc({900: template("base"), 901: container("web", clone_from_ctid=900, **fields)})


def dataset(**fields: Any) -> Json:
    return {"zfs": zfs({"name": "a", "pool": "tank", **fields})}


def volume(**fields: Any) -> Json:
    return {"volumes": [{"name": "data", "pool": "tank-lxc", "size_gb": 1, "mount_point": "/data", **fields}]}


def option(text: str) -> Json:
    return web(pct_options=[text])


OPTION = f"{WEB}.pct_options.0"
NETWORK = {"name": "eth0", "bridge": "vmbr0", "ip": "10.0.0.5/24"}
NO_NETWORK = "without a network_config the container has no network"
ID_MAP: Json = {"type": "both", "host_id": 1000, "container_id": 1000, "size": 1}
TWO_LEVELS: Json = {"pools": [{"name": "tank", "raid_level": "single", "disks": ["/dev/sda", "/dev/sdb"]}]}
FIVE_DISKS: Json = {"name": "tank", "raid_level": "raid10", "disks": [f"/dev/sd{letter}" for letter in "abcde"]}

FINDINGS: list[tuple[str, str, Json | None, Json | None, str]] = [
    # code, path, host document, container document, part of the message
    ("field-without-effect", "proxmox_defaults.lxc.network_config.hwaddr",
     {"proxmox_defaults": {"lxc": {"network_config": {**NETWORK, "ip": "dhcp", "hwaddr": "52:54:00:AA:BB:CC"}}}}, web(),
     "each container has a MAC address of its own"),
    ("field-without-effect", "zfs.datasets.1.proxmox_content_type", dataset(proxmox_content_type="iso"), None,
     "without a proxmox_storage_type the dataset has no storage"),
    ("field-without-effect", "zfs.datasets.1.proxmox_storage_type",
     dataset(proxmox_storage_type="cifs", proxmox_content_type="iso"), None, "cifs cannot stand on the dataset tank/a"),
    ("field-without-effect", f"{WEB}.static_ip", None, web(static_ip="10.0.0.5", network_config=NETWORK),
     "network_config says the same"),
    ("field-without-effect", f"{WEB}.static_ip", None, web(static_ip="10.0.0.5/24"), NO_NETWORK),
    ("field-without-effect", f"{WEB}.mac_address", None, web(mac_address="52:54:00:AA:BB:CC"), NO_NETWORK),
    ("field-without-effect", "lxc_configs.900.id_maps", None,
     lxc({900: template("base", unprivileged=False, id_maps=[ID_MAP])}),
     "the ids of a privileged container"),
    ("alias-conflict", f"{WEB}.static_ip", None,
     web(static_ip="10.0.0.5", network_config={**NETWORK, "ip": "dhcp"}), "10.0.0.5"),
    ("feature-unknown", "proxmox_defaults.lxc.features", {"proxmox_defaults": {"lxc": {"features": "nestng=1"}}}, web(),
     'pct has no feature "nestng"'),
    ("value", OPTION, None, option("ostype=debian"), "ostype is that of 900, from which 901 is cloned"),
    ("value", OPTION, None, option("memory=5"), '"memory" has a field of its own: memory_mb'),
    ("value", OPTION, None, option("nesting"), "it must be an option of pct set"),
    ("value", OPTION, None, option("features=nestng=1"), 'pct has no feature "nestng"'),
    ("value", OPTION, None, option("mp0=local-zfs:4,mp=/a"), "mpN takes a bind mount here"),
    ("value", OPTION, None, option("mp0=/a/../b,mp=/a"), "mpN takes a bind mount here"),
    ("value", OPTION, None, option("mp0=/a,mp=/b,ro=1,ro=1"), "mp0: duplicate key 'ro'"),
    ("value", OPTION, None, option("mount=nfs cifs"), 'mount cannot be "nfs cifs"'),
    ("value", OPTION, None, option("env="), 'env cannot be ""'),
    ("value", OPTION, None, option("env=-x"), 'env cannot be "-x"'),
    ("storage-not-declared", f"{WEB}.volumes.0.pool", {"zfs": zfs()}, web(**volume(pool="other")), '"other"'),
    ("duplicate-mount-point", f"{WEB}.pct_options", None, web(**volume(), pct_options=["mp0=/srv,mp=/data"]),
     'the volume "data" and mp0 ("/srv") are both'),
    ("pool-unknown", "proxmox_defaults.zfs_lxc_pool",
     {"zfs": zfs(), "proxmox_defaults": {"zfs_lxc_pool": "tnk/lxc"}}, None, 'the pool "tnk" is not declared'),
    ("value", "zfs.pools.0.raid_level", {"zfs": TWO_LEVELS}, None, 'single is one disk; the pool "tank" has 2'),
    ("value", "zfs.pools.0.disks", {"zfs": {"pools": [{"name": "tank", "disks": ["/dev/sda", "/dev/sdb"]}]}}, None,
     'the pool "tank" has 2 disks and no raid_level'),
    ("value", "zfs.pools.0.disks", {"zfs": {"pools": [FIVE_DISKS]}}, None, 'raid10 takes pairs of disks; the pool'),
    ("value", "zfs.datasets.1.properties", dataset(proxmox_storage_type="dir", properties="mountpoint=none"), None,
     "is mounted nowhere, so no dir can lie there"),
    ("value", "zfs.datasets.2.properties",
     {"zfs": zfs({"name": "a", "pool": "tank", "properties": "mountpoint=none"},
                 {"name": "a/b", "pool": "tank", "proxmox_storage_type": "dir"}),
      "proxmox_storage_ids": {"tank_a/b": "x1"}}, None, "tank/a/b is mounted nowhere, so no dir can lie there"),
    ("value", "zfs.datasets.1.name",
     {**dataset(proxmox_storage_type="dir"), "proxmox_storage_ids": {"tank_a": "x1", "tank_lxc": "x1"}}, None,
     'the storage "x1" stands twice'),
    ("value", "samba.shares.1.name",
     {"zfs": zfs(), "samba": {"shares": [{"name": "a", "path": "tank/lxc"}, {"name": "a", "path": "tank"}]}}, None,
     'the share "a" stands twice'),
    ("value", f"{WEB}.gpu_assignment", None, web(gpu_assignment="first"), "it must be none or GPU numbers"),
    ("value", f"{WEB}.gpu_assignment", None, web(gpu_assignment="0,00"), "a GPU stands twice"),
    ("value", f"{WEB}.vllm_args.0", None, web(vllm_model="a/b", vllm_args=["a\tb"]), "one line without control"),
    ("value", f"{WEB}.volumes.0.mount_point", None, web(**volume(mount_point="data")), "it must be an absolute path"),
    ("value", f"{WEB}.volumes.0.mount_point", None, web(**volume(mount_point="/a/./b")), "must not go up or stay"),
    ("value", f"{WEB}.volumes.0.mount_point", None, web(**volume(mount_point="/-a")), "must not start with a dash"),
    ("value", f"{WEB}.volumes.0.mount_point", None, web(**volume(mount_point="//")), "a path must not be empty"),
    ("value", f"{WEB}.application_script", None, web(application_script=""), "a script needs a name"),
    ("value", f"{WEB}.application_script", None, web(application_script="../x"), "must not go up or stay"),
    ("value", "samba.shares.0.path", {"samba": {"shares": [{"path": ""}]}}, None, "name a dataset or an absolute path"),
    ("value", "samba.shares.0.path", {"samba": {"shares": [{"path": "-a"}]}}, None, "a dataset or an absolute path"),
    ("value", "samba.shares.0.path", {"samba": {"shares": [{"path": "tank/.."}]}}, None, "must not go up or stay"),
    ("value", "network.default_subnet", {"network": {"default_subnet": "10.0.0.0"}}, None, "needs its prefix length"),
    ("value", "nfs.exports.0.clients.0", {"nfs": {"exports": [{"path": "/a", "clients": ["10.0.0.0/99"]}]}}, None,
     "it must be an address, a network, a host name"),
    ("value", "zfs.datasets.1.properties", dataset(properties="quota=1G,quota=2G"), None, "a property stands twice"),
    ("type", "zfs.datasets.1.properties", dataset(properties=[1]), None, "must be an object, not a list"),
    ("value", "zfs.datasets.1.proxmox_content_type", dataset(proxmox_content_type="rootdir,films"), None,
     "content is a list of images, rootdir"),
    ("syntax", "", None, '{"lxc_configs": {}', "this object is not closed"),
    ("duplicate-key", "lxc_configs", None, '{"lxc_configs": {},\n "lxc_configs": {}}', "stands twice in this object"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "path", "host", "containers", "message"), FINDINGS, ids=[f"{row[0]}-{row[4][:30]}" for row in FINDINGS]
)
def test_it_is_told_once_and_where_it_stands(
    tmp_path: Path, code: str, path: str, host: Json | None, containers: Json | None, message: str
) -> None:
    found = loaded(tmp_path, host, containers)
    told = [(problem.code, problem.path) for problem in found.problems if message in problem.message]
    assert told == [(code, path)], found.problems


def test_what_is_no_gpu_list_of_a_virtual_machine_conflicts_with_nothing(tmp_path: Path) -> None:
    containers = lxc({900: template("base", gpu_assignment="0")}, nvidia_driver_version="580.76.05")
    for text in ("first", 0, "1"):
        found = loaded(tmp_path, {"vms": [{"gpu_assignment": text}]}, containers)
        assert {problem.code for problem in found.problems} == {"field-without-effect"}
