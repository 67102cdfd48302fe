"""Changes to a running container: made at once, made in the kernel, or pending until the next start.

Source: PVE::LXC::Config (vmconfig_hotplug_pending).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

from phoenix_hypervisor.proxmox.guest import GuestConfig, Section
from phoenix_hypervisor.proxmox.properties import parse_properties
from phoenix_hypervisor.simulator import durations
from phoenix_hypervisor.simulator.call import Call
from phoenix_hypervisor.simulator.failures import ParameterError, PveError
from phoenix_hypervisor.simulator.pct.power import add_device, check_bridge
from phoenix_hypervisor.simulator.pct.values import family
from phoenix_hypervisor.simulator.pct.volumes import mount_point

INSTANT = frozenset(
    ["description", "onboot", "startup", "protection", "hostname", "hookscript", "cores", "tags", "lock"]
)
HOT = frozenset(["memory", "swap", "cpulimit", "cpuunits", "net"])
_HOT_WHEN_NEW = frozenset({"mp", "dev"})


def apply(
    call: Call, config: GuestConfig, values: dict[str, str], delete: list[str]
) -> Generator[float, None, GuestConfig]:
    """The configuration after the change: current where it could be made, pending where not.

    Raises ParameterError, with nothing changed in the file, where the kernel side fails.
    """
    pending = dict(config.pending.options) if config.pending else {}
    deleted = [name for name in config.pending_delete if name not in values]
    current = config.current
    for key in delete:
        pending.pop(key, None)
        if key in INSTANT or family(key) in HOT or key.startswith("unused"):
            yield durations.HOTPLUG
            current = _removed(call, current, key)
        elif key not in deleted:
            deleted.append(key)
    for key, value in values.items():
        now = current.description if key == "description" else current.get(key)
        pending.pop(key, None)
        if now == value and key != "description":
            continue
        if _is_hot(key, now):
            yield from _plug(call, current, key, value)
            current = replace(current, description=value) if key == "description" else current.updated({key: value})
        else:
            pending[key] = value
    return replace(
        config,
        current=current,
        pending=Section(pending) if pending else None,
        pending_delete=tuple(sorted(name for name in deleted if current.get(name) is not None)),
    )


def _is_hot(key: str, now: str | None) -> bool:
    return key in INSTANT or family(key) in HOT or (family(key) in _HOT_WHEN_NEW and now is None)


def _removed(call: Call, section: Section, key: str) -> Section:
    if family(key) == "net":
        call.say(f"delete ips from {key}")
    call.guests.running[call.ctid].options.pop(key, None)
    return replace(section, description="") if key == "description" else section.updated({key: None})


def _plug(call: Call, section: Section, key: str, value: str) -> Generator[float, None, None]:
    """Make a change in the running container."""
    if key in INSTANT:
        return
    yield durations.HOTPLUG
    running = call.guests.running[call.ctid]
    try:
        if family(key) == "net":
            _check_network(call, section, key, value)
        elif family(key) == "mp":
            _check_mount_point(call, key, value)
    except PveError as failure:
        raise ParameterError({key: f"unable to hotplug {key}: {failure.text}\n"}, 1) from failure
    container = call.node.container(call.ctid)
    running.options[key] = value
    if family(key) == "mp" and container is not None:
        container.plug(value)
    if family(key) == "dev":
        add_device(call, running.volatile, key, value)


def _check_network(call: Call, section: Section, key: str, value: str) -> None:
    check_bridge(call, value)
    name = parse_properties(value)["name"]
    others = (text for other, text in section.options.items() if family(other) == "net" and other != key)
    if any(parse_properties(text)["name"] == name for text in others):
        pair = f"veth{call.ctid}i{key[3:]}p"
        call.complain(
            f"lxc-device: {call.ctid}: ../src/lxc/tools/lxc_device.c: lxc_device_main: 152 "
            f"Failed to add {pair} to {call.ctid}"
        )
        raise PveError(f"command 'lxc-device -n {call.ctid} add {pair} {name}' failed: exit code 1")


def _check_mount_point(call: Call, key: str, value: str) -> None:
    point = mount_point(key, value)
    if not point.is_volume and not call.node.files.exists(point.volume):
        raise PveError(f"directory '{point.volume}' does not exist")
