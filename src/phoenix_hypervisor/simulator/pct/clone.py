"""``pct`` clone, migrate. Source: PVE::API2::LXC clone_vm; PVE::LXC copy_volume."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace

from phoenix_hypervisor.proxmox.guest import GuestConfig, Section
from phoenix_hypervisor.proxmox.properties import parse_properties
from phoenix_hypervisor.simulator import durations, setup
from phoenix_hypervisor.simulator.call import Call, Handler, Steps, Work
from phoenix_hypervisor.simulator.contract import keys_of, print_properties
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.guests import check_lock
from phoenix_hypervisor.simulator.pct import firewall
from phoenix_hypervisor.simulator.pct.copying import copied
from phoenix_hypervisor.simulator.pct.values import random_mac
from phoenix_hypervisor.simulator.pct.volumes import (
    MountPoint,
    check_storage,
    made,
    mount_points,
    root_of,
)
from phoenix_hypervisor.simulator.storage import Image, Volume
from phoenix_hypervisor.simulator.zfs.model import Dataset, Snapshot

_DROPPED = ("lock", "parent", "template", "snaptime", "snapstate", "digest")


@dataclass(frozen=True, slots=True)
class Plan:
    """A clone to be made: its id, the source's section, whether in full, what is named on the command line."""

    ctid: int
    source: Section
    full: bool
    snapshot: str
    storage: str


def clone(call: Call) -> Work:
    if target := call.get("target"):
        _check_node(call, target)
    ctid = int(call.parameters["newid"])
    call.guests.load(call.ctid)
    if call.get("storage"):
        check_storage(call, call.get("storage"))
    config = yield from _reserve(call, ctid)
    try:
        firewall.copy(call.node.files, call.ctid, ctid)
        plan = _plan(call, config, ctid)
        _check_volumes(call, plan)
        call.save(_begun(call, plan), ctid)
    except PveError:
        _unlock_source(call)
        _forget(call, ctid)
        raise
    yield 0.0
    call.say(f"creating a clone of container {call.ctid} with ID {ctid}")
    made_volumes: list[str] = []
    try:
        yield from _work(call, plan, made_volumes)
    except PveError as failure:
        _unlock_source(call)
        for volume in made_volumes:
            call.node.storages.free(volume)
        _forget(call, ctid)
        raise PveError(f"clone failed: {failure.text}") from failure
    _unlock_source(call)
    yield 0.0
    with (yield from call.lock_configuration(ctid)):
        call.save(GuestConfig(call.guests.load(ctid).current.with_options(lock=None)), ctid)
    return 0


def _reserve(call: Call, ctid: int) -> Generator[float, None, GuestConfig]:
    """Lock the source, then take the new id; the source as it was."""
    with (yield from call.lock_configuration()):
        config = call.guests.load(call.ctid)
        check_lock(config)
        call.save(replace(config, current=config.current.with_options(lock="disk")))
    yield 0.0
    try:
        with (yield from call.lock_configuration(ctid)):
            call.guests.check_free(ctid, 255)
            call.save(GuestConfig(Section({"lock": "create"})), ctid)
    except PveError:
        _unlock_source(call)
        raise
    yield 0.0
    return config


def _forget(call: Call, ctid: int) -> None:
    call.guests.remove(ctid)
    firewall.remove(call.node.files, ctid)


def _work(call: Call, plan: Plan, made_volumes: list[str]) -> Steps:
    """Copy or clone each volume and name it in the new configuration, then write into the new root."""
    for point in mount_points(plan.source):
        source = call.node.storages.volume(point.volume)
        if plan.full:
            volume = yield from _full(call, plan, point, source, made_volumes)
        else:
            call.say(f"create linked clone of mount point {point.key} ({point.volume})")
            volume = yield from _linked(call, plan, source)
            made_volumes.append(volume.id)
        yield 0.0
        with (yield from call.lock_configuration(plan.ctid)):
            begun = call.guests.load(plan.ctid).current
            text = made(point, volume, call.node.storages)
            call.save(GuestConfig(begun.updated({point.key: text})), plan.ctid)
        yield 0.0
    root = parse_properties(call.guests.load(plan.ctid).current.options["rootfs"], "volume")["volume"]
    owner = root_of(plan.source)[0]
    setup.clear_machine_id(setup.Root(call.node.storages.volume(root).tree, call.node.clock, owner))


def _check_node(call: Call, name: str) -> None:
    if name != call.node.name:
        raise PveError(f"no such cluster node '{name}'", 2)


def _plan(call: Call, config: GuestConfig, ctid: int) -> Plan:
    name = call.get("snapname")
    is_template = config.current.get("template") == "1"
    full = call.flag("full") if "full" in call.parameters else not is_template
    if not full and call.get("storage"):
        raise PveError("parameter 'storage' not allowed for linked clones", 2)
    if name and name not in config.snapshots:
        raise PveError(f"snapshot '{name}' does not exist", 2)
    if full and call.guests.is_running(call.ctid) and not name:
        raise PveError("Full clone of a running container is only possible from a snapshot", 2)
    source = config.snapshots[name] if name else config.current
    return Plan(ctid, source, full, name, call.get("storage"))


def _check_volumes(call: Call, plan: Plan) -> None:
    points = mount_points(plan.source)
    for point in sorted(points, key=lambda one: one.key):
        if not point.is_volume:
            kind = "device" if point.volume.startswith("/dev/") else "bind"
            raise PveError(f"unable to clone mountpoint '{point.key}' (type {kind})", 2)
        volume = call.node.storages.volume(point.volume)
        if not plan.full and not (volume.dataset and volume.is_base and not plan.snapshot):
            raise PveError(f"Linked clone feature for '{point.volume}' is not available", 2)


def _begun(call: Call, plan: Plan) -> GuestConfig:
    """The clone's configuration before it has volumes: the source's, with MAC addresses of its own, locked."""
    points = {point.key for point in mount_points(plan.source)}
    options = {
        key: value
        for key, value in plan.source.options.items()
        if key not in points and key not in _DROPPED and not key.startswith("unused")
    }
    for key in options:
        if key.startswith("net"):
            values = {**parse_properties(options[key]), "hwaddr": random_mac(call)}
            options[key] = print_properties(values, keys_of(key))
    if hostname := call.get("hostname"):
        options["hostname"] = hostname
    description = call.get("description") or plan.source.description
    return GuestConfig(Section({**options, "lock": "create"}, plan.source.raw, description))


def _linked(call: Call, plan: Plan, source: Volume) -> Generator[float, None, Volume]:
    name = source.storage.id
    with (yield from call.lock_storage(name)):
        yield durations.ALLOCATE
        taken = {volume.name.rpartition("/")[2] for volume in call.node.storages.volumes(name)}
        numbered = (f"subvol-{plan.ctid}-disk-{number}" for number in range(1000))
        leaf = next(free for free in numbered if free not in taken)
        assert source.dataset is not None  # noqa: S101
        limit = source.dataset.properties.get("refquota", "0")
        base = f"{source.dataset.name}@__base__"
        call.node.zfs.clone(base, f"{source.storage.pool}/{leaf}", {"refquota": limit})
    return call.node.storages.volume(f"{name}:{source.name.rpartition('/')[2]}/{leaf}")


def _full(
    call: Call, plan: Plan, point: MountPoint, source: Volume, made_volumes: list[str]
) -> Generator[float, None, Volume]:
    call.say(f"create full clone of mountpoint {point.key} ({point.volume})")
    storage = plan.storage or source.storage.id
    content = _frozen(plan, source) if plan.snapshot else source.content
    return (yield from copied(call, source, content, storage, plan.ctid, plan.source, made_volumes))


def _frozen(plan: Plan, source: Volume) -> Snapshot | Dataset | Image:
    """The snapshot of a volume that is to be copied. Raises PveError where the storage has none."""
    dataset = source.dataset
    if dataset is None:
        raise PveError(f"cannot mount subvol snapshots for storage type '{source.storage.type}'")
    if plan.snapshot not in dataset.snapshots:
        place = f"/var/lib/lxc/{plan.ctid}/.copy-volume-2//"
        raise PveError(f"command 'mount -o ro -t zfs {dataset.name}@{plan.snapshot} {place}' failed: exit code 32")
    return dataset.snapshots[plan.snapshot]


def _unlock_source(call: Call) -> None:
    config = call.guests.load(call.ctid)
    if config.current.get("lock") == "disk":
        call.save(replace(config, current=config.current.with_options(lock=None)))


def migrate(call: Call) -> Work:
    yield 0.0
    _check_node(call, call.parameters["target"])
    raise PveError("target is local node.", 2)


HANDLERS: Mapping[str, Handler] = {"clone": clone, "migrate": migrate}
