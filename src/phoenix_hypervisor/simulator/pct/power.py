"""``pct`` start, stop, shutdown, reboot. Source: PVE::API2::LXC::Status, PVE::LXC (vm_start, vm_stop)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace

from phoenix_hypervisor.proxmox.guest import GuestConfig, Section
from phoenix_hypervisor.proxmox.properties import parse_properties
from phoenix_hypervisor.simulator import durations, setup
from phoenix_hypervisor.simulator.call import Call, Handler, Work
from phoenix_hypervisor.simulator.container import Container, volatile_tree
from phoenix_hypervisor.simulator.contract import keys_of, split_properties
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.guestmounts import EntryFault, MountFault
from phoenix_hypervisor.simulator.guests import Running, check_lock
from phoenix_hypervisor.simulator.idmap import IdMap, IdMapError, subordinate
from phoenix_hypervisor.simulator.pct import lxcconfig
from phoenix_hypervisor.simulator.pct.draft import Draft
from phoenix_hypervisor.simulator.pct.mounting import unmount_all
from phoenix_hypervisor.simulator.pct.volumes import mount_points
from phoenix_hypervisor.simulator.storage import Volume
from phoenix_hypervisor.simulator.tree import Entry, Tree

_NESTING_FROM = 241
"""The first systemd that wants nesting in an unprivileged container."""


def start(call: Call) -> Work:
    yield 0.0
    config = call.guests.load(call.ctid, 255)
    if call.guests.is_running(call.ctid):
        raise PveError(f"CT {call.ctid} already running")
    if config.current.get("template") == "1":
        raise PveError("you can't start a CT if it's a template")
    yield from launch(call)
    return 0


def launch(call: Call) -> Generator[float, None, None]:
    """Start the container: pending changes are applied first; what is missing on the node stops it."""
    with (yield from call.lock_configuration()):
        config = call.guests.load(call.ctid, 255)
        if not call.flag("skiplock"):
            check_lock(config, but="mounted")
        config = yield from _with_pending_applied(call, config)
        section = config.current
        lxcconfig.write(call, section)
        root = _root(call, section)
        ids = _id_map(call, section)
        yield durations.START / 2
        unmount_all(call.node.files, call.ctid)
        running = _running(call, section, ids)
        fault = _mount_fault(call, running)
        if fault is not None and not isinstance(fault, EntryFault):
            raise _hook_failed(call, fault)
        _ostype, systemd = setup.detect(root.tree)
        warn_of_nesting(call, section.options, systemd)
        files = setup.Root(root.tree, call.node.clock, ids.root[0])
        _write_names(call, section, files)
        _check_id_map(call, ids)
        if fault is not None:
            raise _setup_failed(call, fault)
        yield durations.START / 2
        call.node.boot(files)
        call.guests.running[call.ctid] = replace(running, started=call.node.clock)


def _with_pending_applied(call: Call, config: GuestConfig) -> Generator[float, None, GuestConfig]:
    """The configuration once what was pending holds, as far as it can; written where that changed it."""
    if config.pending is None and not config.pending_delete:
        return config
    draft = Draft.of(call, config)
    yield from draft.apply()
    call.save(draft.done)
    return call.guests.load(call.ctid)


def _root(call: Call, section: Section) -> Volume:
    text = section.get("rootfs")
    if text is None:
        raise PveError("missing 'rootfs' configuration")
    for point in mount_points(section):
        if point.is_volume:
            call.node.storages.volume(point.volume)
    return call.node.storages.volume(parse_properties(text, "volume")["volume"])


# -- what fails


def _id_map(call: Call, section: Section) -> IdMap:
    try:
        ids = IdMap.of(section.options, section.raw)
    except IdMapError as wrong:
        call.complain(f"lxc.idmap: {wrong}")
        raise PveError(f"startup for container '{call.ctid}' failed") from wrong
    if conflict := ids.conflict():
        call.complain(f"lxc.idmap: {conflict}")
    return ids


def _mount_fault(call: Call, running: Running) -> MountFault | None:
    """Put the container's files together, as the hook and LXC do; what fails."""
    try:
        Container(call.node, call.ctid, running, starting=True)
    except MountFault as fault:
        return fault
    return None


def _hook_failed(call: Call, fault: MountFault) -> PveError:
    call.say(f"run_buffer: 571 Script exited with status {fault.code}")
    call.say(f'lxc_init: 845 Failed to run lxc.hook.pre-start for container "{call.ctid}"')
    call.say(f'__lxc_start: 2039 Failed to initialize container "{call.ctid}"')
    return PveError(f"startup for container '{call.ctid}' failed")


def _setup_failed(call: Call, fault: MountFault) -> PveError:
    call.say(f"mount_entry: 2440 {fault.text}")
    call.say("lxc_setup: 3900 Failed to setup mount entries")
    call.say(f'do_start: 1273 Failed to setup container "{call.ctid}"')
    call.say("sync_wait: 34 An error occurred in another process (expected sequence number 4)")
    return _spawn_failed(call)


def _spawn_failed(call: Call) -> PveError:
    call.say(f'__lxc_start: 2119 Failed to spawn container "{call.ctid}"')
    return PveError(f"startup for container '{call.ctid}' failed")


def _check_id_map(call: Call, ids: IdMap) -> None:
    """Raise where root may not map an id, as subuid(5) and subgid(5) say, or where the kernel takes no such map."""
    for kind in "ug":
        entry = call.node.files.stat(f"/etc/sub{kind}id")
        wrong = ids.not_allowed(kind, subordinate(entry.data if entry else ""))
        if wrong is None and not ids.conflict():
            continue
        tool, ranges = f"new{kind}idmap", [one for one in ids.ranges if one.kind == kind]
        reason = f"write to {kind}id_map failed: Invalid argument"
        if wrong is not None:
            spans = [f"[{first}-{first + wrong.count})" for first in (wrong.inside, wrong.outside)]
            reason = f"{kind}id range {' -> '.join(spans)} not allowed"
        words = " ".join(f"{one.inside} {one.outside} {one.count}" for one in ranges)
        call.say(f'lxc_map_ids: 3701 {tool} failed to write mapping "{tool}: {reason}": {tool} {call.ctid} {words}')
        call.say("lxc_spawn: 1795 Failed to set up id mapping.")
        raise _spawn_failed(call)


def warn_of_nesting(call: Call, options: Mapping[str, str], systemd: int | None) -> None:
    nesting = split_properties(options.get("features", ""), keys_of("features"))[0].get("nesting")
    if systemd is not None and systemd >= _NESTING_FROM and nesting != "1" and options.get("unprivileged") == "1":
        call.warn(f"Systemd {systemd} detected. You may need to enable nesting.")


def _write_names(call: Call, section: Section, root: setup.Root) -> None:
    options = section.options
    if options.get("ostype") != "unmanaged":
        setup.write_names(root, options, call.ctid)
        setup.write_resolver(root, options, call.node.files)
        setup.write_networks(root, options, options.get("ostype", "debian"))


def _running(call: Call, section: Section, ids: IdMap) -> Running:
    volatile = volatile_tree(ids.root[0])
    for key, text in section.options.items():
        if key.startswith("dev"):
            add_device(call, volatile, key, text, ids)
    return Running(
        started=call.node.clock,
        pid=1000 + int(call.node.entropy()[:4], 16),
        hostname=section.options.get("hostname", f"CT{call.ctid}").partition(".")[0],
        options=dict(section.options),
        raw=section.raw,
        volatile=volatile,
    )


def device_of(key: str, text: str) -> dict[str, str]:
    return split_properties(text, keys_of(key))[0]


def add_device(call: Call, volatile: Tree, key: str, text: str, ids: IdMap) -> None:
    """Put a device node of the node into a container's /dev."""
    values = device_of(key, text)
    numbers = call.node.files.stat(values["path"])
    if numbers is not None:
        mode = int(values.get("mode", "0660"), 8)
        uid, gid = int(values.get("uid", "0")), int(values.get("gid", "0"))
        outside = ids.outside("u", uid), ids.outside("g", gid)
        owner = (uid if outside[0] is None else outside[0], gid if outside[1] is None else outside[1])
        volatile.put(values["path"], Entry("device", numbers.data, mode, *owner, mtime=call.node.clock))


def halt(call: Call, seconds: float) -> Generator[float, None, None]:
    """End a running container after so many seconds; it ends as well when nobody waits for it."""
    call.guests.running[call.ctid].ends = call.node.clock + seconds
    yield seconds
    call.guests.running.pop(call.ctid, None)


def _check_running(call: Call, kind: str = "CT") -> None:
    if not call.guests.is_running(call.ctid):
        raise PveError(f"{kind} {call.ctid} not running")


def stop(call: Call) -> Work:
    yield 0.0
    _check_running(call)
    with (yield from call.lock_configuration()):
        if not call.flag("skiplock"):
            check_lock(call.guests.load(call.ctid))
        yield from halt(call, durations.STOP)
    return 0


def shutdown(call: Call) -> Work:
    yield 0.0
    _check_running(call)
    with (yield from call.lock_configuration()):
        check_lock(call.guests.load(call.ctid))
        patience = float(call.get("timeout", "60"))
        if patience < durations.SHUTDOWN and not call.flag("forceStop"):
            call.guests.running[call.ctid].ends = call.node.clock + durations.SHUTDOWN
            yield patience
            raise PveError(f"command 'lxc-stop -n {call.ctid} --timeout {patience:.0f}' failed: exit code 1")
        yield from halt(call, min(patience, durations.SHUTDOWN))
    return 0


def reboot(call: Call) -> Work:
    yield 0.0
    _check_running(call, "VM")
    with (yield from call.lock_configuration()):
        check_lock(call.guests.load(call.ctid))
        yield from halt(call, durations.SHUTDOWN)
    yield from launch(call)
    return 0


HANDLERS: Mapping[str, Handler] = {"start": start, "stop": stop, "shutdown": shutdown, "reboot": reboot}
