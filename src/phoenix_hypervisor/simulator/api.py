"""What Proxmox's API answers about this node, as values. Source: PVE::API2, PVE::LXC (vmstatus), PVE::Storage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from phoenix_hypervisor.proxmox.guest import GuestConfig, Section
from phoenix_hypervisor.proxmox.properties import parse_properties, parse_size
from phoenix_hypervisor.simulator.contract import verbs
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.pct.values import NUMBERED
from phoenix_hypervisor.simulator.pvesm import contents, space
from phoenix_hypervisor.simulator.storage import Volume
from phoenix_hypervisor.simulator.zfs.space import referenced

if TYPE_CHECKING:
    from phoenix_hypervisor.proxmox.storage import Storage
    from phoenix_hypervisor.simulator.node import Node

Record = dict[str, Any]
_NUMBERS = ("integer", "number", "boolean")
_STATD = "/run/systemd/units/pvestatd.service"
_COUNTERS = ("cpu", "disk", "diskread", "diskwrite", "mem", "netin", "netout", "swap", "uptime")
FIRST_ID = 100


def guests(node: Node, _parameters: Mapping[str, str]) -> list[Record]:
    """``/nodes/NODE/lxc``."""
    return [guest(node, ctid) for ctid in node.guests.ids()]


def guest(node: Node, ctid: int) -> Record:
    """The state of a container, as ``vmstatus`` has it."""
    options = node.guests.load(ctid).current.options
    running = node.guests.running.get(ctid)
    root = parse_properties(options.get("rootfs", ""), "volume")
    found: Record = dict.fromkeys(_COUNTERS, 0)
    found |= {
        "cpus": _number(options.get("cores", "2")),
        "maxdisk": parse_size(root.get("size", "0")),
        "maxmem": int(options.get("memory", "512")) << 20,
        "maxswap": int(options.get("swap", "0")) << 20,
        "name": options.get("hostname", f"CT{ctid}"),
        "status": "running" if running else "stopped",
        "type": "lxc",
        "vmid": ctid,
    }
    found |= {key: options[key] for key in ("lock", "tags") if key in options}
    if options.get("template") == "1":
        found["template"] = 1
    if running:
        found |= {"pid": running.pid, "uptime": int(node.clock - running.started), "mem": 12 << 20}
        found["disk"] = _used(node.storages.volume(root["volume"]))
    return found


def _used(volume: Volume) -> int:
    return referenced(volume.dataset) if volume.dataset else sum(len(entry.data) for entry in volume.tree.values())


def current(node: Node, ctid: int) -> Record:
    """``status/current``."""
    return {**guest(node, ctid), "ha": {"managed": 0}}


def configuration(node: Node, ctid: int, parameters: Mapping[str, str]) -> Record:
    """``config``: with what is pending, unless ``current`` is asked for; or that of a snapshot."""
    config = node.guests.load(ctid)
    section = config.current if parameters.get("current") == "1" else config.effective
    if name := parameters.get("snapshot"):
        section = _snapshot(config, name)
    found: Record = {key: _typed(key, value) for key, value in section.options.items()}
    if section.raw:
        found["lxc"] = [list(pair) for pair in section.raw]
    if section.description:
        found["description"] = section.description
    return {**found, "digest": node.guests.digest(ctid)}


def _snapshot(config: GuestConfig, name: str) -> Section:
    if name not in config.snapshots:
        raise PveError(f"snapshot '{name}' does not exist", 2)
    return config.snapshots[name]


def _typed(key: str, value: str) -> Any:
    schema = verbs("pct")["set"].schema(key)
    numeric = key in ("snaptime", "template") or (schema is not None and schema["type"] in _NUMBERS)
    return _number(value) if numeric and not NUMBERED.match(key) else value


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() else float(text)


def snapshots(node: Node, ctid: int) -> list[Record]:
    """``snapshot``: by name, the present state last."""
    config = node.guests.load(ctid)
    found: list[Record] = []
    for name, section in sorted(config.snapshots.items()):
        one: Record = {"name": name, "description": section.description}
        one["snaptime"] = int(section.get("snaptime") or 0)
        one |= {key: section.options[key] for key in ("parent", "snapstate") if key in section.options}
        found.append(one)
    here: Record = {"name": "current", "description": "You are here!", "digest": node.guests.digest(ctid)}
    here["running"] = int(node.guests.is_running(ctid))
    if parent := config.current.get("parent"):
        here["parent"] = parent
    return [*found, here]


def pending(node: Node, ctid: int) -> list[Record]:
    """``pending``: each option with what holds, what is to hold, or that it is to go."""
    config = node.guests.load(ctid)
    now = dict(config.current.options) | ({"description": d} if (d := config.current.description) else {})
    new = dict(config.pending.options) if config.pending else {}
    found: list[Record] = []
    for key in sorted(now.keys() | new.keys()):
        one: Record = {"key": key}
        one |= {"value": _typed(key, now[key])} if key in now else {}
        one |= {"pending": _typed(key, new[key])} if key in new else {}
        one |= {"delete": 1} if key in config.pending_delete else {}
        found.append(one)
    return [*found, {"key": "digest", "value": node.guests.digest(ctid)}]


# -- storages


def storages(node: Node, parameters: Mapping[str, str]) -> list[Record]:
    """``/nodes/NODE/storage``."""
    known = node.storages.all()
    if (name := parameters.get("storage")) and name not in known:
        raise PveError("400 Parameter verification failed.\nstorage: No such storage.", 255)
    wanted = set(parameters.get("content", "").split(",")) - {""}
    chosen = [one for key, one in known.items() if parameters.get("storage", key) == key and one.is_on(node.name)]
    return [_storage(node, one) for one in chosen if not wanted or wanted & one.content]


def _storage(node: Node, storage: Storage) -> Record:
    total, used = space(node, storage)
    found: Record = {
        "active": int(total > 0),
        "avail": total - used,
        "content": ",".join(sorted(storage.content)),
        "enabled": 1,
        "shared": int(storage.type in ("nfs", "cifs", "pbs")),
        "storage": storage.id,
        "total": total,
        "type": storage.type,
        "used": used,
    }
    return found | ({"used_fraction": used / total} if total else {})


def storage_content(node: Node, name: str, parameters: Mapping[str, str]) -> list[Record]:
    """``storage/NAME/content``."""
    storage = node.storages.get(name)
    found: list[Record] = []
    for volume, form, kind, size, owner in contents(node, storage, parameters.get("content")):
        if parameters.get("vmid", owner) != owner:
            continue
        one: Record = {"content": kind, "format": form, "size": int(size), "volid": volume}
        if owner:
            one["vmid"] = int(owner)
        if storage.type == "zfspool":
            held = node.storages.volume(volume).dataset
            origin = held.origin.removeprefix(f"{storage.pool}/") if held and held.origin else None
            one |= {"name": volume.rpartition(":")[2].rpartition("/")[2], "parent": origin}
        found.append(one)
    return found


# -- the cluster


def resources(node: Node, parameters: Mapping[str, str]) -> list[Record]:
    """``/cluster/resources``: what pvestatd last told; without it nothing is known of states."""
    entry = node.files.stat(_STATD)
    told = entry is None or entry.data == "active"
    kinds: Mapping[str, Callable[[], Sequence[Record]]] = {
        "vm": lambda: [_guest_resource(node, ctid, told) for ctid in node.guests.ids()],
        "node": lambda: [{"id": f"node/{node.name}", "node": node.name, "status": "unknown", "type": "node"}],
        "storage": lambda: [_storage_resource(node, one, told) for one in node.storages.all().values()],
        "sdn": lambda: [_zone(node)],
    }
    chosen = [parameters["type"]] if "type" in parameters else list(kinds)
    return [one for kind in chosen for one in kinds[kind]()]


def _guest_resource(node: Node, ctid: int, told: bool) -> Record:
    found: Record = {"id": f"lxc/{ctid}", "node": node.name, "status": "unknown", "type": "lxc", "vmid": ctid}
    if not told:
        return found
    state = guest(node, ctid)
    copied = ("cpu", "disk", "diskread", "diskwrite", "maxdisk", "maxmem", "mem", "name", "netin", "netout", "status")
    found |= {key: state[key] for key in (*copied, "uptime")}
    found |= {key: state[key] for key in ("lock", "tags") if key in state}
    return {**found, "maxcpu": state["cpus"], "memhost": state["mem"], "template": state.get("template", 0)}


def _storage_resource(node: Node, storage: Storage, told: bool) -> Record:
    found: Record = {
        "content": ",".join(sorted(storage.content)),
        "id": f"storage/{node.name}/{storage.id}",
        "node": node.name,
        "plugintype": storage.type,
        "shared": int(storage.type in ("nfs", "cifs", "pbs")),
        "status": "unknown",
        "storage": storage.id,
        "type": "storage",
    }
    total, used = space(node, storage)
    return found | ({"status": "available", "disk": used, "maxdisk": total} if told and total else {})


def _zone(node: Node) -> Record:
    return {
        "id": f"network/{node.name}/zone/localnetwork",
        "network": "localnetwork",
        "network-type": "zone",
        "node": node.name,
        "status": "ok",
        "type": "network",
    }


def version(node: Node) -> Record:
    """``/version``."""
    number, _, repository = node.release.manager.partition("/")
    return {"release": node.release.name, "repoid": repository, "version": number}


def next_id(node: Node, parameters: Mapping[str, str]) -> str:
    """``/cluster/nextid``: the first free id; with ``vmid`` that one, where it is free."""
    taken = node.cluster.guests
    if wanted := parameters.get("vmid"):
        if int(wanted) in taken:
            raise PveError(f"400 Parameter verification failed.\nvmid: VM {wanted} already exists", 255)
        return wanted
    return str(next(number for number in range(FIRST_ID, 1_000_000) if number not in taken))
