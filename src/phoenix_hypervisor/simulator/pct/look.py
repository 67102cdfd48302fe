"""``pct`` verbs that only look: status, list, config, pending, df, cpusets."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.proxmox.guest import GuestConfig, Section, encode_description
from phoenix_hypervisor.proxmox.properties import parse_properties, parse_size
from phoenix_hypervisor.simulator.call import Call, Handler, Work
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.pct.volumes import mount_points
from phoenix_hypervisor.simulator.storage import Volume
from phoenix_hypervisor.simulator.tables import aligned
from phoenix_hypervisor.simulator.zfs.space import referenced


def status(call: Call) -> Work:
    yield 0.0
    config = call.guests.load(call.ctid)
    running = call.guests.is_running(call.ctid)
    if not call.flag("verbose"):
        call.say(f"status: {'running' if running else 'stopped'}")
        return 0
    for key, value in sorted(_figures(call, config, running).items()):
        call.say(f"{key}: {value}")
    return 0


def _figures(call: Call, config: GuestConfig, running: bool) -> dict[str, str]:
    options = config.current.options
    rootfs = parse_properties(options.get("rootfs", ""), "volume")
    memory, swap = int(options.get("memory", "512")), int(options.get("swap", "512"))
    figures = dict.fromkeys(("disk", "diskread", "diskwrite", "mem", "netin", "netout", "swap", "uptime"), "0")
    figures |= {
        "cpus": options.get("cores", "2"),
        "maxdisk": str(parse_size(rootfs.get("size", "0"))),
        "maxmem": str(memory << 20),
        "maxswap": str(swap << 20),
        "name": options.get("hostname", f"CT{call.ctid}"),
        "status": "running" if running else "stopped",
        "type": "lxc",
        "vmid": str(call.ctid),
    }
    if running:
        one = call.guests.running[call.ctid]
        volume = call.node.storages.volume(rootfs["volume"])
        figures |= {"pid": str(one.pid), "uptime": str(int(call.node.clock - one.started))}
        figures |= {"disk": str(_used(volume)), "mem": str(12 << 20)}
        for kind in ("cpu", "io", "memory"):
            figures |= {f"pressure{kind}some": "0.00", f"pressure{kind}full": "0.00"}
    if "lock" in options:
        figures["lock"] = options["lock"]
    return figures


def listing(call: Call) -> Work:
    yield 0.0
    ids = call.guests.ids()
    if not ids:
        return 0
    lines = [("VMID", "Status", "Lock", "Name")]
    for ctid in ids:
        options = call.guests.load(ctid).current.options
        state = "running" if call.guests.is_running(ctid) else "stopped"
        lines.append((str(ctid), state, options.get("lock", ""), options.get("hostname", f"CT{ctid}")))
    for line in lines:
        call.say("{:<10} {:<10} {:<12} {:<20}".format(*line))
    return 0


def configuration(call: Call) -> Work:
    yield 0.0
    config = call.guests.load(call.ctid)
    section = config.current if call.flag("current") else config.effective
    if name := call.get("snapshot"):
        if name not in config.snapshots:
            raise PveError(f"snapshot '{name}' does not exist")
        section = config.snapshots[name]
    for key, value in sorted(_shown(section).items()):
        call.say(f"{key}: {value}")
    for key, value in section.raw:
        call.say(f"{key}: {value}")
    return 0


def _shown(section: Section) -> dict[str, str]:
    described = {"description": encode_description(section.description)} if section.description else {}
    return {**section.options, **described}


def pending(call: Call) -> Work:
    yield 0.0
    config = call.guests.load(call.ctid)
    current = _shown(config.current)
    new = dict(config.pending.options) if config.pending else {}
    for key in sorted(current.keys() | new.keys()):
        if key in config.pending_delete and key in current:
            call.say(f"del {key}: {current[key]}")
            continue
        if key in current:
            call.say(f"cur {key}: {current[key]}")
        if key in new:
            call.say(f"new {key}: {new[key]}")
    return 0


def df(call: Call) -> Work:
    yield 0.1
    config = call.guests.load(call.ctid)
    lines = [["MP", "Volume", "Size", "Used", "Avail", "Use%", "Path"]]
    for point in mount_points(config.current):
        if not point.is_volume:
            continue
        volume = call.node.storages.volume(point.volume)
        total, used = call.node.storages.size(volume), _used(volume)
        figures = [_human(total), _human(used), _human(max(0, total - used)), f"{100 * used / max(1, total):.1f}"]
        lines.append([point.key, point.volume, *figures, point.path])
    call.process.say(aligned(lines, [False, False, True, True, True, True, False], " "))
    return 0


def _used(volume: Volume) -> int:
    return referenced(volume.dataset) if volume.dataset else sum(len(entry.data) for entry in volume.tree.values())


def _human(size: int) -> str:
    for unit, letter in ((1 << 40, "T"), (1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")):
        if size >= unit:
            return f"{size / unit:.1f}{letter}"
    return f"{size}B"


def cpusets(call: Call) -> Work:
    yield 0.0
    running = sorted(call.guests.running)
    if not running:
        call.say("no running containers")
        return 0
    cores = {ctid: int(call.guests.running[ctid].options.get("cores", "2")) for ctid in running}
    lines = [f"{ctid}:  {' '.join(str(core) for core in range(max(2, cores[ctid])))}" for ctid in running]
    rule = "-" * max(9, *(len(line) for line in lines))
    for line in (rule, *lines, rule):
        call.say(line)
    return 0


HANDLERS: Mapping[str, Handler] = {
    "status": status,
    "list": listing,
    "config": configuration,
    "pending": pending,
    "df": df,
    "cpusets": cpusets,
}
