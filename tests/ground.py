"""The examples with every kind of field declared, converged once; and what of that must hold ever after."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.config.source import read_source
from phoenix_hypervisor.features.lifecycle.marks import record_of
from phoenix_hypervisor.features.lifecycle.options import mount_properties
from phoenix_hypervisor.proxmox.guest import GuestConfig, Section, parse
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.simulator.tree import Entry, Tree
from rig import Rig, fitted, site_of

Json = dict[str, Any]
WAYS = ("snapshot", "native", "full")
DIRECTORY = "on a directory"
"""Full copies, everything on a storage that takes no snapshots."""
HOST, LXC = "phoenix_hypervisor_config.json", "phoenix_lxc_configs.json"


# -- what is declared


def documents(folder: Path) -> tuple[Json, Json]:
    """The host document and the container document of a folder."""
    host, lxc = (read_source(folder / name, name).data for name in (HOST, LXC))
    assert host is not None and lxc is not None
    return host, lxc


def cloned(host: Json, way: str) -> Json:
    """The host document with a way of cloning for all."""
    defaults = host.get("proxmox_defaults", {})
    return {**host, "proxmox_defaults": {**defaults, "lxc": {**defaults.get("lxc", {}), "cloning": way}}}


def on_directory(host: Json, lxc: Json) -> tuple[Json, Json]:
    """Both documents with all root file systems on a directory storage, which is declared too."""
    dataset = {"name": "plain", "pool": host["zfs"]["pools"][0]["name"], "proxmox_storage_type": "dir"}
    dataset["proxmox_content_type"] = "rootdir,vztmpl"
    zfs = {**host["zfs"], "datasets": [*host["zfs"]["datasets"], dataset]}
    found = deepcopy(lxc)
    for fields in found["lxc_configs"].values():
        fields["storage_pool"] = "swift-plain"
    return {**host, "zfs": zfs}, found


def enriched(lxc: Json, pool: str) -> Json:
    """The container document with every kind of field that reconciliation knows, in every container."""
    found = deepcopy(lxc)
    for number, (ctid, fields) in enumerate(found["lxc_configs"].items()):
        shared = {"host_path": f"/srv/shared-{ctid}", "container_path": "/mnt/shared", "owner_uid": 1000}
        volumes = [
            {"name": name, "pool": pool, "size_gb": 2, "mount_point": f"/srv/{name}"} for name in ("data", "logs")
        ]
        fields |= {
            "swap_mb": 256,
            "volumes": [*fields.get("volumes", ()), *volumes],
            "mount_points": [{**shared, "owner_gid": 1001}, {"host_path": "/srv/all", "container_path": "/mnt/all"}],
            "lxc_options": ["lxc.environment = A=b", "lxc.cap.drop: sys_time"],
            "id_maps": [{"type": "both", "host_id": 1000, "container_id": 1000, "size": 2}],
            "apparmor_profile": "generated",
            "tags": [*fields.get("tags", ()), "Lab", f"n{number}"],
            "start_at_boot": fields.get("start_at_boot", True),
            "boot_order": 10 + number,
            "boot_delay": 4,
            "pct_options": [*fields.get("pct_options", ()), "cpuunits=50", "tty=3", "searchdomain=lab.example"],
            "firewall": {
                "enabled": True,
                "rules": [
                    {"type": "in", "action": "ACCEPT", "proto": "tcp", "port": "22", "comment": "ssh, from all"},
                    {"type": "in", "action": "DROP", "source": "10.9.0.0/16"},
                    {"type": "out", "action": "ACCEPT", "dest": "10.8.0.1"},
                ],
            },
        }
        fields["network_config"]["nameservers"] = "10.7.7.7 10.7.7.8"
    return found


POOLS = {"ai-lab": "lab-volumes", "2025-09-01": "lxc-disks"}
"""Where the volumes of an example go."""


@dataclass(frozen=True)
class Ground:
    """An example with everything declared, converged on a node whose state is kept in a file."""

    site: Site
    file: Path
    host: Json
    lxc: Json

    @classmethod
    def lay(cls, example: Path, way: str, folder: Path) -> Ground:
        shutil.copytree(example, folder, dirs_exist_ok=True)
        host, lxc = documents(example)
        pool = POOLS[example.name]
        if way == DIRECTORY:
            host, lxc = on_directory(host, lxc)
            way, pool = "full", "swift-plain"
        host, lxc = cloned(host, way), enriched(lxc, pool)
        rig = fitted(site_of(folder, lxc, host))
        rig.converge()
        for ctid in rig.site.containers:
            for mount, tree in _volumes(rig.node, ctid).items():
                tree.put("/written", Entry("file", f"{ctid} in {mount}"))
        rig.node.save(folder / "node.json")
        return cls(rig.site, folder / "node.json", host, lxc)

    def rig(self) -> Rig:
        """The site on its node, as it was left."""
        return Rig(self.site, Node.load(self.file))


def configuration(node: Node, ctid: int) -> GuestConfig:
    return parse(node.files.read(f"/etc/pve/lxc/{ctid}.conf"))


def _volumes(node: Node, ctid: int) -> dict[str, Tree]:
    """Mount point to the files of its volume."""
    found = {mount: each["volume"] for mount, each in mounts_of(configuration(node, ctid).current).items()}
    return {mount: node.storages.volume(volume).tree for mount, volume in found.items() if ":" in volume}


def mounts_of(section: Section) -> dict[str, dict[str, str]]:
    """Mount point to the properties of its ``mpN``."""
    found = [mount_properties(value) for key, value in section.options.items() if re.fullmatch(r"mp\d+", key)]
    return {each["mp"]: each for each in found}


# -- what must hold afterwards


def wrong_after(ground: Ground, node: Node, touched: int, before: GuestConfig) -> list[str]:
    """What of the converged state no longer holds, or of what people added is gone; ``before`` is before the run."""
    reference = Node.load(ground.file)
    found = []
    for ctid in ground.site.containers:
        found += [f"{ctid}: {text}" for text in _wrong_of(reference, node, ctid)]
        if ctid != touched and _text(reference, ctid) != _text(node, ctid):
            found.append(f"{ctid}: its configuration was touched")
    after = configuration(node, touched)
    found += [f"{touched}: {text} is gone" for text in _lost(configuration(reference, touched), before, after)]
    if before.snapshots != after.snapshots:
        found.append(f"{touched}: its snapshots were touched")
    return found


def _text(node: Node, ctid: int) -> str:
    return node.files.read(f"/etc/pve/lxc/{ctid}.conf")


def _managed(reference: GuestConfig) -> frozenset[str]:
    return record_of(reference.current.description).keys | {"hostname", "memory", "features"}


def _wrong_of(reference: Node, node: Node, ctid: int) -> Iterator[str]:
    """What of a container is not as it was declared and made."""
    wanted, found = configuration(reference, ctid), configuration(node, ctid)
    for key in sorted(_managed(wanted) - {"lxc", "firewall"}):
        if not _agree(key, wanted.current.get(key), found.current.get(key)):
            yield f"{key} is {found.current.get(key)}, not {wanted.current.get(key)}"
    if found.current.raw != wanted.current.raw:
        yield f"raw lines are {found.current.raw}"
    if found.pending or found.pending_delete:
        yield "something is pending"
    records = [record_of(each.current.description) for each in (wanted, found)]
    if records[0].keys != records[1].keys or set(records[0].volumes) != set(records[1].volumes):
        yield f"its record is {records[1]}"
    yield from _wrong_volumes(reference, node, ctid)
    yield from _wrong_beside(reference, node, ctid)


def _agree(key: str, wanted: str | None, found: str | None) -> bool:
    """Whether a value says the same; of an interface, what people added is no concern."""
    if key == "tags":
        return set((wanted or "").split(";")) == set((found or "").split(";"))
    if key == "features":
        return found in (wanted, *(("nesting=0",) if wanted is None else ()))
    if key == "onboot":
        return (wanted or "0") == (found or "0")
    if key == "net0":
        return set((wanted or "").split(",")) <= set((found or "").split(","))
    return wanted == found


def _wrong_volumes(reference: Node, node: Node, ctid: int) -> Iterator[str]:
    wanted = mounts_of(configuration(reference, ctid).current)
    found = mounts_of(configuration(node, ctid).current)
    for mount, properties in wanted.items():
        if found.get(mount, {}).get("volume") != properties["volume"]:
            yield f"{mount} is {found.get(mount)}, not {properties}"
        elif _volumes(node, ctid)[mount]["/written"].data != f"{ctid} in {mount}":
            yield f"{mount} has lost its data"
    unused = [value for key, value in configuration(node, ctid).current.options.items() if key.startswith("unused")]
    if unused:
        yield f"volumes are left unused: {unused}"


def _wrong_beside(reference: Node, node: Node, ctid: int) -> Iterator[str]:
    """What stands in other files of the node."""
    if _rules(node, ctid) != _rules(reference, ctid):
        yield "its firewall is another one"
    if node.guests.is_running(ctid) != reference.guests.is_running(ctid):
        yield f"it {'runs' if node.guests.is_running(ctid) else 'is stopped'}"
    if not node.files.is_dir("/srv/all"):
        yield "/srv/all is gone"
    folder = node.files.stat(f"/srv/shared-{ctid}")
    if folder is None or (folder.uid, folder.gid) != (1000, 1001):
        yield f"/srv/shared-{ctid} is {folder}"
    for name in ("subuid", "subgid"):
        if "root:1000:2" not in node.files.read(f"/etc/{name}"):
            yield f"root may not map its ids in /etc/{name}"


def _rules(node: Node, ctid: int) -> list[str]:
    """The lines of a firewall file that Proxmox keeps."""
    lines = node.files.read(f"/etc/pve/firewall/{ctid}.fw").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _lost(reference: GuestConfig, before: GuestConfig, after: GuestConfig) -> Iterator[str]:
    """What people set that nobody declares, and that is no longer there."""
    ours = {found["volume"] for found in mounts_of(reference.current).values()}
    for key, value in before.effective.options.items():
        is_ours = key.startswith("unused") or mount_properties(value).get("volume") in ours
        if key not in _managed(reference) and not is_ours and after.current.get(key) != value:
            yield f"{key} {value}"
    lines = [line for line in before.current.description.splitlines() if not line.startswith("Managed by")]
    if "\n".join(lines).strip() not in after.current.description:
        yield f"the description {lines}"
