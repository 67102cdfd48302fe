"""``pct`` start, stop, shutdown, reboot. Source: PVE::API2::LXC::Status, PVE::LXC (vm_start, vm_stop)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace

from phoenix_hypervisor.proxmox.guest import GuestConfig, Section
from phoenix_hypervisor.proxmox.properties import parse_properties
from phoenix_hypervisor.simulator import durations, setup
from phoenix_hypervisor.simulator.call import Call, Handler, Work
from phoenix_hypervisor.simulator.container import volatile_tree
from phoenix_hypervisor.simulator.contract import keys_of, split_properties
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.guests import Running, check_lock
from phoenix_hypervisor.simulator.mapped import base_of
from phoenix_hypervisor.simulator.pct import lxcconfig
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
        config = with_pending_applied(config)
        call.save(config)
        root = _root(call, config.current)
        _check_bridges(call, config.current)
        yield durations.START / 2
        lxcconfig.write(call.node.files, call.ctid, config.current)
        _check_host_side(call, config.current)
        _ostype, systemd = setup.detect(root.tree)
        warn_of_nesting(call, config.current.options, systemd)
        files = setup.Root(root.tree, call.node.clock, base_of(config.current.get("unprivileged") == "1"))
        _write_names(call, config.current, files)
        yield durations.START / 2
        setup.boot(files, call.node.entropy)
        call.guests.running[call.ctid] = _running(call, config.current)


def with_pending_applied(config: GuestConfig) -> GuestConfig:
    """The configuration once what was pending has become current."""
    return replace(config, current=config.effective, pending=None, pending_delete=())


def _root(call: Call, section: Section) -> Volume:
    text = section.get("rootfs")
    if text is None:
        raise PveError(f"CT {call.ctid}: no rootfs configured")
    volume = call.node.storages.volume(parse_properties(text, "volume")["volume"])
    for point in mount_points(section):
        if point.is_volume:
            call.node.storages.volume(point.volume)
    return volume


def _check_bridges(call: Call, section: Section) -> None:
    for key in sorted(section.options):
        if key.startswith("net"):
            check_bridge(call, section.options[key])


def check_bridge(call: Call, net: str) -> None:
    """Raise where the bridge of a ``netN`` is not on the node."""
    bridge = parse_properties(net).get("bridge")
    if bridge and not call.node.files.exists(f"/sys/class/net/{bridge}"):
        raise PveError(f"bridge '{bridge}' does not exist")


def _check_host_side(call: Call, section: Section) -> None:
    """What the pre-start hook looks for: the sources of bind mounts, the devices."""
    files = call.node.files
    wanted = [point.volume for point in mount_points(section) if not point.is_volume]
    wanted += [device_of(key, text)["path"] for key, text in section.options.items() if key.startswith("dev")]
    for key, value in section.raw:
        fields = value.split()
        if key == "lxc.mount.entry" and len(fields) >= 4 and "bind" in fields[3] and "optional" not in fields[3]:
            wanted.append(fields[0])
    if all(files.exists(path) for path in wanted):
        return
    ctid = call.ctid
    call.say("run_buffer: 571 Script exited with status 2")
    call.say(f'lxc_init: 845 Failed to run lxc.hook.pre-start for container "{ctid}"')
    call.say(f'__lxc_start: 2039 Failed to initialize container "{ctid}"')
    raise PveError(f"startup for container '{ctid}' failed")


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


def _running(call: Call, section: Section) -> Running:
    volatile = volatile_tree(base_of(section.get("unprivileged") == "1"))
    for key, text in section.options.items():
        if key.startswith("dev"):
            add_device(call, volatile, key, text)
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


def add_device(call: Call, volatile: Tree, key: str, text: str) -> None:
    """Put a device node of the node into a container's /dev."""
    values = device_of(key, text)
    numbers = call.node.files.stat(values["path"])
    if numbers is not None:
        mode = int(values.get("mode", "0660"), 8)
        base = volatile["/dev"].uid
        owner = (base + int(values.get("uid", "0")), base + int(values.get("gid", "0")))
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
