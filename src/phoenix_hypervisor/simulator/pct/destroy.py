"""``pct`` destroy, unlock, rescan. Source: PVE::API2::LXC destroy_vm, PVE::LXC destroy_lxc_container."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.proxmox.guest import GuestConfig, Section
from phoenix_hypervisor.proxmox.properties import render_size
from phoenix_hypervisor.simulator import durations
from phoenix_hypervisor.simulator.call import Call, Handler, Steps, Work
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.guests import check_lock
from phoenix_hypervisor.simulator.pct import firewall, lxcconfig
from phoenix_hypervisor.simulator.pct.power import halt
from phoenix_hypervisor.simulator.pct.volumes import mount_points, owned


def destroy(call: Call) -> Work:
    ctid = call.ctid
    _check_early(call, call.guests.load(ctid))
    with (yield from call.lock_configuration()):
        config = call.guests.load(ctid)
        _check_early(call, config)
        if call.guests.is_running(ctid):
            call.complain(f"forced to stop CT {ctid} before destroying!")
            yield from halt(call, durations.STOP)
        yield from _free(call, config)
        lxcconfig.forget(call.node.files, ctid)
        call.save(GuestConfig(Section({"lock": "destroyed"})))
        yield durations.ALLOCATE
        firewall.remove(call.node.files, ctid)
        call.guests.remove(ctid)
    return 0


def _check_early(call: Call, config: GuestConfig) -> None:
    if config.current.get("protection") == "1":
        raise PveError(f"can't remove CT {call.ctid} - protection mode enabled")
    check_lock(config)
    if call.guests.is_running(call.ctid) and not call.flag("force"):
        raise PveError(f"unable to destroy CT {call.ctid} - container is running")


def _free(call: Call, config: GuestConfig) -> Steps:
    """Free what is named now or pending, unused volumes too; snapshots' sections do not count."""
    sections = [config.current, config.pending or Section()]
    doomed = [volume for section in sections for volume in owned(section, call.node.storages, call.ctid)]
    for volume in dict.fromkeys(doomed):
        yield durations.ZFS
        call.node.storages.free(volume)
    if call.flag("destroy-unreferenced-disks"):
        for found in call.node.storages.of_guest(call.ctid):
            yield durations.ZFS
            call.node.storages.free(found.id)


def unlock(call: Call) -> Work:
    with (yield from call.lock_configuration()):
        config = call.guests.load(call.ctid)
        if config.current.get("lock") is None:
            raise PveError("no lock found trying to remove any lock")
        call.save(
            GuestConfig(config.current.with_options(lock=None), config.pending, config.pending_delete, config.snapshots)
        )
    return 0


def rescan(call: Call) -> Work:
    """Bring the sizes in the configurations in line with the volumes, and name volumes that none names as unused."""
    call.say("rescan volumes...")
    ids = [int(call.get("vmid"))] if call.get("vmid") else call.guests.ids()
    yield durations.ALLOCATE
    for ctid in ids:
        config = call.guests.load(ctid)
        named = {
            volume
            for section in (config.current, *config.snapshots.values())
            for volume in owned(section, call.node.storages, ctid)
        }
        unnamed = [volume.id for volume in call.node.storages.of_guest(ctid) if volume.id not in named]
        options = {**config.current.options, **_sizes(call, ctid, config.current)}
        unchanged = not unnamed and options == config.current.options
        if unchanged or call.flag("dryrun") or config.current.get("lock"):
            continue
        for volume in unnamed:
            free = next(f"unused{number}" for number in range(256) if f"unused{number}" not in options)
            options[free] = volume
        call.save(
            GuestConfig(config.current.updated(options), config.pending, config.pending_delete, config.snapshots), ctid
        )
    return 0


def _sizes(call: Call, ctid: int, section: Section) -> dict[str, str]:
    """The mount points whose volumes are not of the size that is written down, with the size that they have."""
    found: dict[str, str] = {}
    for point in mount_points(section):
        if point.is_volume:
            size = render_size(call.node.storages.size(call.node.storages.volume(point.volume)))
            if point.text(size=size) != section.options[point.key]:
                call.say(f"CT {ctid}: updated volume size of '{point.volume}' in config.")
                found[point.key] = point.text(size=size)
    return found


HANDLERS: Mapping[str, Handler] = {"destroy": destroy, "unlock": unlock, "rescan": rescan}
