"""``pct move-volume``. Source: PVE::API2::LXC move_volume; PVE::LXC copy_volume; ZFSPoolPlugin rename_volume."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace

from phoenix_hypervisor.proxmox.guest import GuestConfig
from phoenix_hypervisor.simulator import durations
from phoenix_hypervisor.simulator.call import Call, Handler, Steps, Work
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.guests import check_lock
from phoenix_hypervisor.simulator.pct.copying import copied
from phoenix_hypervisor.simulator.pct.draft import Draft
from phoenix_hypervisor.simulator.pct.values import family
from phoenix_hypervisor.simulator.pct.volumes import (
    MountPoint,
    configured,
    delete_volume,
    made,
    mount_point,
    mount_points,
    unused_volume,
)


def move(call: Call) -> Work:
    if call.get("storage") and call.get("target-vmid"):
        raise PveError("either set storage or target-vmid, but not both")
    if call.get("target-vmid"):
        yield from _reassign(call)
    elif call.get("storage"):
        yield from _to_storage(call, call.get("storage"))
    else:
        raise PveError("either storage or target-vmid needs to be set")
    return 0


def _to_storage(call: Call, storage: str) -> Steps:
    point = yield from _locked(call)
    made_volumes: list[str] = []
    try:
        yield from _copy(call, point, storage, made_volumes)
    except PveError:
        for volume in made_volumes:
            call.node.storages.free(volume)
        _unlock(call)
        raise
    if call.flag("delete"):
        yield from delete_volume(call, point.volume)
    _unlock(call)


def _copy(call: Call, point: MountPoint, storage: str, made_volumes: list[str]) -> Steps:
    """Copy the volume and name the copy in the place of the original."""
    storages = call.node.storages
    target = storages.get(storage)
    if "rootdir" not in target.content and target.type != "zfspool":
        raise PveError(f"content type 'rootdir' is not available or configured on storage '{storage}'")
    section = call.guests.load(call.ctid).current
    source = storages.volume(point.volume)
    volume = yield from copied(call, source, source.content, storage, call.ctid, section, made_volumes)
    if section.get("template") == "1":
        made_volumes[:] = [storages.rename_to_base(volume)]
        storages.freeze_base(made_volumes[0])
        volume = storages.volume(made_volumes[0])
    with (yield from call.lock_configuration()):
        draft = Draft.of(call, call.guests.load(call.ctid))
        draft.put(point.key, made(point, volume, storages))
        if not call.flag("delete"):
            draft.add_unused(point.volume)
        call.save(draft.done)
    yield 0.0


def _locked(call: Call) -> Generator[float, None, MountPoint]:
    """Check everything and lock the container; the mount point to be moved."""
    key = call.get("volume")
    call.guests.load(call.ctid)
    with (yield from call.lock_configuration()):
        config = call.guests.load(call.ctid)
        check_lock(config)
        if call.guests.is_running(call.ctid):
            raise PveError("cannot move volumes of a running container")
        if family(key) == "unused":
            raise PveError(f"cannot move volume '{key}', only configured volumes can be moved to another storage")
        point = configured(config.current, key)
        if not point.is_volume:
            raise PveError("cannot copy volumes of type bind")
        if call.flag("delete") and _in_snapshot(config, point.volume):
            raise PveError("you can't move a volume with snapshots and delete the source")
        _check_digest(call, call.ctid, "digest")
        call.save(replace(config, current=config.current.with_options(lock="disk")))
        return point


def _unlock(call: Call) -> None:
    config = call.guests.load(call.ctid)
    if config.current.get("lock") == "disk":
        call.save(replace(config, current=config.current.with_options(lock=None)))


def _in_snapshot(config: GuestConfig, volume: str) -> bool:
    return any(point.volume == volume for section in config.snapshots.values() for point in mount_points(section))


def _check_digest(call: Call, ctid: int, name: str) -> None:
    if call.get(name) and call.get(name) != call.guests.digest(ctid):
        raise PveError("detected modified configuration - file changed by other user? Try again.")


# -- to another container


def _reassign(call: Call) -> Steps:
    """Give a volume to another container: it is renamed, never copied."""
    key, target = call.get("volume"), int(call.get("target-vmid"))
    other = call.get("target-volume") or key
    with (yield from call.lock_configuration()):
        volume = _checked(call, key, other, target)
        yield durations.ALLOCATE
        renamed = call.node.storages.hand_over(volume, target)
        yield 0.0
        config = call.guests.load(call.ctid)
        text = config.current.options[key]
        call.save(replace(config, current=config.current.updated({key: None})))
        yield 0.0
        taker = call.guests.load(target)
        new = renamed if family(other) == "unused" else mount_point(key, text).text(volume=renamed)
        call.save(replace(taker, current=taker.current.updated({other: new})), target)
    call.say(f"moving volume '{key}' from container '{call.ctid}' to '{target}'")
    call.say(f"removing volume '{key}' from container '{call.ctid}' config")
    call.say(f"target container '{target}' updated with '{other}'")


def _checked(call: Call, key: str, other: str, target: int) -> str:
    """The volume that is to change hands. Raises PveError where it cannot."""
    if "rootfs" in (key, other):
        raise PveError("Cannot move to/from 'rootfs'")
    if family(key) == "unused" and family(other) != "unused":
        raise PveError("Moving an unused volume to a used one is not possible")
    for ctid in (call.ctid, target):
        if not call.guests.exists(ctid):
            raise PveError(f"could not find CT {ctid}")
    source, taker = call.guests.load(call.ctid), call.guests.load(target)
    for config in (source, taker):
        check_lock(config)
    if "1" in (source.current.get("template"), taker.current.get("template")):
        raise PveError("Can't move volumes from or to template CT")
    _check_digest(call, call.ctid, "digest")
    _check_digest(call, target, "target-digest")
    text = source.current.get(key)
    if text is None:
        raise PveError(f"volume '{key}' for container '{call.ctid}' does not exist")
    if taker.current.get(other) is not None:
        raise PveError(f"Target volume key '{other}' is already in use for container '{target}'")
    volume = unused_volume(text) if family(key) == "unused" else mount_point(key, text).volume
    if _in_snapshot(source, volume):
        raise PveError("Cannot move volume used by a snapshot to another container")
    if volume.startswith("/"):
        raise PveError("Storage does not support moving of this disk to another container")
    if call.guests.is_running(call.ctid) and family(key) != "unused":
        raise PveError("Cannot move in-use volume while the source CT is running - detach or shutdown first")
    return volume


HANDLERS: Mapping[str, Handler] = {"move-volume": move}
