"""Changes to a running container: made at once, made in the kernel, or pending until the next start.

Source: PVE::LXC::Config (vmconfig_hotplug_pending).
"""

from __future__ import annotations

import re

from phoenix_hypervisor.proxmox.guest import Section
from phoenix_hypervisor.proxmox.properties import parse_properties
from phoenix_hypervisor.simulator import durations
from phoenix_hypervisor.simulator.call import Steps
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.guestmounts import MountFault
from phoenix_hypervisor.simulator.idmap import IdMap
from phoenix_hypervisor.simulator.pct.draft import Draft
from phoenix_hypervisor.simulator.pct.lxcconfig import check_bridge
from phoenix_hypervisor.simulator.pct.power import add_device
from phoenix_hypervisor.simulator.pct.values import family
from phoenix_hypervisor.simulator.pct.volumes import NEW, mount_point

INSTANT = frozenset(
    ["description", "onboot", "startup", "protection", "hostname", "hookscript", "cores", "tags", "lock"]
)
_LIMITS = frozenset(["memory", "swap", "cpulimit", "cpuunits"])
_REMOVABLE = re.compile(r"^(swap|cpulimit|cpuunits|net\d|unused\d+)$")


def apply(draft: Draft, chosen: frozenset[str]) -> Steps:
    """Make those pending changes hold that can be made now; what fails is in the draft's errors."""
    for key in sorted(chosen & draft.pending.keys() & INSTANT):
        draft.put(key, draft.pending[key])
    for key in sorted(chosen & set(draft.deleted)):
        if key in INSTANT:
            draft.drop(key)
        elif _REMOVABLE.match(key):
            yield from _attempt(draft, key, _remove(draft, key))
    for key in sorted(chosen & draft.pending.keys()):
        yield from _attempt(draft, key, _plug(draft, key))


def _attempt(draft: Draft, key: str, steps: Steps) -> Steps:
    try:
        yield from steps
    except PveError as failure:
        draft.errors[key] = f"unable to hotplug {key}: {failure.text}\n"


def _remove(draft: Draft, key: str) -> Steps:
    yield durations.HOTPLUG
    if family(key) == "unused":
        yield from draft.free(key)
    elif family(key) == "net":
        draft.call.say(f"delete ips from {key}")
    draft.call.guests.running[draft.call.ctid].options.pop(key, None)
    draft.drop(key)


def _plug(draft: Draft, key: str) -> Steps:
    """Make a change in the running container, where it can be made there."""
    call, value, kind = draft.call, draft.pending[key], family(key)
    options = call.guests.running[call.ctid].options
    if kind == "net":
        yield durations.HOTPLUG
        _check_network(draft, key, value)
    elif kind == "mp" and draft.current.get(key) is None:
        yield durations.HOTPLUG
        yield from _mount(draft, key)
        options[key] = draft.current.options[key]
        return
    elif kind == "dev" and draft.current.get(key) is None:
        yield durations.HOTPLUG
        running = call.guests.running[call.ctid]
        add_device(call, running.volatile, key, value, IdMap.of(running.options, running.raw))
    elif key in _LIMITS:
        yield durations.HOTPLUG
    else:
        return
    options[key] = value
    draft.put(key, value)


def _check_network(draft: Draft, key: str, value: str) -> None:
    check_bridge(draft.call, value)
    name, ctid = parse_properties(value)["name"], draft.call.ctid
    others = (text for other, text in draft.current.options.items() if family(other) == "net" and other != key)
    if any(parse_properties(text)["name"] == name for text in others):
        pair = f"veth{ctid}i{key[3:]}p"
        draft.call.complain(
            f"lxc-device: {ctid}: ../src/lxc/tools/lxc_device.c: lxc_device_main: 152 Failed to add {pair} to {ctid}"
        )
        raise PveError(f"command 'lxc-device -n {ctid} add {pair} {name}' failed: exit code 1")


def _mount(draft: Draft, key: str) -> Steps:
    """Mount a new mount point; a volume that was made for it goes again when that fails."""
    before: Section = draft.current
    asked = draft.pending[key]
    point = yield from draft.mount_point(key)
    container = draft.call.node.container(draft.call.ctid)
    assert container is not None  # noqa: S101
    try:
        container.plug(draft.current.options[key])
    except (MountFault, PveError) as fault:
        if NEW.match(mount_point(key, asked).volume):
            draft.call.node.storages.free(point.volume)
        draft.current, draft.pending[key] = before, asked
        raise PveError(fault.text) from fault
