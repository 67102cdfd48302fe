"""``pct`` snapshot, listsnapshot, delsnapshot, rollback. Source: PVE::AbstractConfig (pve-guest-common)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from phoenix_hypervisor.proxmox.guest import GuestConfig, Section
from phoenix_hypervisor.simulator import durations
from phoenix_hypervisor.simulator.call import Call, Handler, Steps, Work
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.guests import check_lock
from phoenix_hypervisor.simulator.pct import power
from phoenix_hypervisor.simulator.pct.draft import UNUSED, Draft
from phoenix_hypervisor.simulator.pct.volumes import MountPoint, mount_points
from phoenix_hypervisor.simulator.storage import Volume, ZfsFailure
from phoenix_hypervisor.simulator.zfs.model import ZfsError

_RESERVED = ("current", "vzdump")
_NOT_COPIED = frozenset({"lock", "snapstate", "snaptime", "digest"})


def snapshot(call: Call) -> Work:
    name = call.parameters["snapname"]
    if name in _RESERVED:
        raise PveError(f"unable to use snapshot name '{name}' (reserved name)", 2)
    yield from _take_prepare(call, name)
    taken: list[Volume] = []
    yield durations.SNAPSHOT
    try:
        for volume in _volumes(call, call.guests.load(call.ctid).snapshots[name]):
            _zfs(call, "take", f"{_dataset(volume)}@{name}")
            taken.append(volume)
            yield durations.ZFS
    except PveError as failure:
        call.complain("snapshot create failed: starting cleanup")
        yield from _delete(call, name, force=True, volumes=taken)
        raise PveError(failure.text) from failure
    with (yield from call.lock_configuration()):
        config = call.guests.load(call.ctid)
        check_lock(config, but="snapshot")
        done = _with(config, name, config.snapshots[name].with_options(snapstate=None))
        call.save(replace(done, current=done.current.with_options(lock=None, parent=name)))
    return 0


def _take_prepare(call: Call, name: str) -> Generator[float, None, None]:
    with (yield from call.lock_configuration()):
        config = call.guests.load(call.ctid, 255)
        if config.current.get("template") == "1":
            raise PveError("you can't take a snapshot if it's a template")
        check_lock(config)
        if name in config.snapshots:
            raise PveError(f"snapshot name '{name}' already used")
        if not can_snapshot(call, config.current):
            raise PveError("snapshot feature is not available")
        now = str(int(call.node.clock))
        section = _copied(config.current).with_options(snapstate="prepare", snaptime=now)
        section = replace(section, description=call.get("description"))
        call.save(replace(_with(config, name, section), current=config.current.with_options(lock="snapshot")))


def can_snapshot(call: Call, section: Section) -> bool:
    """Whether every mount point is a volume that knows snapshots."""
    points = mount_points(section)
    return all(point.is_volume and call.node.storages.volume(point.volume).dataset for point in points)


def _copied(section: Section) -> Section:
    """What a snapshot keeps of the configuration, and a rollback brings back."""
    options = {
        key: value for key, value in section.options.items() if key not in _NOT_COPIED and not key.startswith("unused")
    }
    return Section(options, section.raw)


def _with(config: GuestConfig, name: str, section: Section | None) -> GuestConfig:
    """The configuration with a snapshot's section put in or, with None, taken out; sections by name."""
    sections = {**config.snapshots, name: section}
    return replace(config, snapshots={key: one for key, one in sorted(sections.items()) if one is not None})


def _volumes(call: Call, section: Section) -> list[Volume]:
    return [call.node.storages.volume(point.volume) for point in mount_points(section) if point.is_volume]


def _dataset(volume: Volume) -> str:
    if volume.dataset is None:
        raise PveError(f"storage '{volume.storage.id}' does not support snapshots")
    return volume.dataset.name


def _zfs(call: Call, action: str, name: str) -> None:
    zfs = call.node.zfs
    try:
        if action == "take":
            zfs.take(name, {})
        elif action == "destroy":
            zfs.destroy(name)
        else:
            zfs.rollback(name)
    except ZfsError as refused:
        raise ZfsFailure(refused.text) from refused


def listsnapshot(call: Call) -> Work:
    yield 0.0
    config = call.guests.load(call.ctid)
    nodes = {name: (section.get("parent") or "", section) for name, section in config.snapshots.items()}
    children: dict[str, list[str]] = {}
    for name in sorted(nodes, key=lambda one: int(nodes[one][1].get("snaptime") or 0)):
        parent = nodes[name][0]
        children.setdefault(parent if parent in nodes else "", []).append(name)
    here = config.current.get("parent") or ""
    children.setdefault(here if here in nodes else "", []).append("current")
    _tell(call, config, children, "", "`-> ")
    return 0


def _tell(call: Call, config: GuestConfig, children: Mapping[str, list[str]], above: str, prefix: str) -> None:
    for name in children.get(above, []):
        when, text = "", "You are here!"
        if name != "current":
            section = config.snapshots[name]
            taken = datetime.fromtimestamp(int(section.get("snaptime") or 0), UTC)
            when = taken.strftime("%Y-%m-%d %H:%M:%S")
            text = section.description.partition("\n")[0] or "no-description"
        call.say(f"{prefix}{name:<{31 - len(prefix)}} {when:<23} {text}")
        if name != "current":
            _tell(call, config, children, name, f"    {prefix}")


def delsnapshot(call: Call) -> Work:
    yield from _delete(call, call.parameters["snapname"], force=call.flag("force"))
    return 0


def _delete(call: Call, name: str, *, force: bool, volumes: list[Volume] | None = None) -> Steps:
    """Delete a snapshot; ``volumes`` are those that have it, when taking it was broken off."""
    with (yield from call.lock_configuration()):
        section = _begin_deletion(call, name, taken_back=volumes is not None)
    yield durations.SNAPSHOT
    for point in mount_points(section):
        volume = call.node.storages.volume(point.volume)
        if volumes is None or volume in volumes:
            _delete_of_volume(call, f"{_dataset(volume)}@{name}", force=force)
        yield durations.ZFS
        if not force:
            with (yield from call.lock_configuration()):
                _remove_drive(call, name, point)
            yield 0.0
    with (yield from call.lock_configuration()):
        draft = Draft.of(call, _forgotten(call.guests.load(call.ctid), name))
        for point in mount_points(section) if volumes is None else ():
            draft.add_unused(point.volume)
        call.save(draft.done)


def _begin_deletion(call: Call, name: str, *, taken_back: bool) -> Section:
    """Lock the container, mark the snapshot; the snapshot's section as it was."""
    config = call.guests.load(call.ctid, 255)
    if name not in config.snapshots:
        raise PveError(f"snapshot '{name}' does not exist")
    if not taken_back:
        check_lock(config)
        config = replace(config, current=config.current.with_options(lock="snapshot-delete"))
        call.save(config)
    if config.current.get("template") == "1":
        raise PveError("you can't delete a snapshot if vm is a template")
    section = config.snapshots[name]
    call.save(_with(config, name, section.with_options(snapstate="delete")))
    return section


def _delete_of_volume(call: Call, name: str, *, force: bool) -> None:
    try:
        _zfs(call, "destroy", name)
    except ZfsFailure as failure:
        if not force:
            raise
        call.process.say(f"{failure.before}{failure.text}\n")


def _remove_drive(call: Call, name: str, point: MountPoint) -> None:
    """A mount point whose snapshot is gone stands in the section as an unused volume."""
    config = call.guests.load(call.ctid)
    section = config.snapshots[name]
    free = next(f"unused{number}" for number in range(UNUSED) if f"unused{number}" not in section.options)
    call.save(_with(config, name, section.updated({point.key: None, free: point.volume})))


def _forgotten(config: GuestConfig, name: str) -> GuestConfig:
    """The configuration without a snapshot; what had it as parent gets its parent."""
    above = config.snapshots[name].get("parent")

    def adopted(section: Section) -> Section:
        return section.with_options(parent=above) if section.get("parent") == name else section

    rest = {key: adopted(section) for key, section in config.snapshots.items() if key != name}
    return replace(config, current=adopted(config.current).with_options(lock=None), snapshots=rest)


def rollback(call: Call) -> Work:
    name = call.parameters["snapname"]
    with (yield from call.lock_configuration()):
        config = call.guests.load(call.ctid, 255)
        section = _checked_for_rollback(call, config, name)
        if call.guests.is_running(call.ctid):
            yield from power.halt(call, durations.STOP)
        call.save(replace(config, current=config.current.with_options(lock="rollback")))
    yield durations.ROLLBACK
    for volume in _volumes(call, section):
        _zfs(call, "rollback", f"{_dataset(volume)}@{name}")
        yield durations.ZFS
    with (yield from call.lock_configuration()):
        call.save(_rolled_back(call, name, section))
    if call.flag("start"):
        yield from power.launch(call)
    return 0


def _rolled_back(call: Call, name: str, section: Section) -> GuestConfig:
    """The snapshot's section made current; the description and the unused volumes stay those of before."""
    draft = Draft.of(call, call.guests.load(call.ctid))
    kept = {point.volume for point in mount_points(section)}
    for point in mount_points(draft.current):
        if point.is_volume and point.volume not in kept:
            draft.add_unused(point.volume)
    before = draft.current
    unused = {key: text for key, text in before.options.items() if key.startswith("unused")}
    current = replace(_copied(section), description=before.description).updated({**unused, "parent": name})
    return GuestConfig(current, snapshots=draft.config.snapshots)


def _checked_for_rollback(call: Call, config: GuestConfig, name: str) -> Section:
    if config.current.get("template") == "1":
        raise PveError("you can't rollback if vm is a template")
    section = config.snapshots.get(name)
    if section is None:
        raise PveError(f"snapshot '{name}' does not exist")
    for point in mount_points(section):
        if point.is_volume:
            dataset = call.node.storages.volume(point.volume).dataset
            newest = dataset.newest if dataset else None
            if newest is None or name not in (dataset.snapshots if dataset else {}):
                raise PveError(f"can't rollback, snapshot '{name}' does not exist on '{point.volume}'")
            if newest.name != name:
                raise PveError(f"can't rollback, '{name}' is not most recent snapshot on '{point.volume}'")
    if state := section.get("snapstate"):
        raise PveError(f"unable to rollback to incomplete snapshot (snapstate = {state})")
    check_lock(config)
    return section


HANDLERS: Mapping[str, Handler] = {
    "snapshot": snapshot,
    "listsnapshot": listsnapshot,
    "delsnapshot": delsnapshot,
    "rollback": rollback,
}
