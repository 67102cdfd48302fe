"""``pct set``. Source: PVE::API2::LXC::Config (update_vm), PVE::LXC::Config (update_pct_config)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from phoenix_hypervisor.proxmox.guest import GuestConfig, Section
from phoenix_hypervisor.simulator.call import Call, Handler, Work
from phoenix_hypervisor.simulator.contract import verbs
from phoenix_hypervisor.simulator.failures import ParameterError, PveError
from phoenix_hypervisor.simulator.guests import check_lock
from phoenix_hypervisor.simulator.pct import hotplug
from phoenix_hypervisor.simulator.pct.power import check_bridge
from phoenix_hypervisor.simulator.pct.values import family, normalised
from phoenix_hypervisor.simulator.pct.volumes import NEW, allocate, check_storage, made, mount_point

_SERVICE = frozenset({"vmid", "delete", "digest", "revert"})
_READ_ONLY = frozenset({"unprivileged", "ostype"})
_REQUIRED = frozenset({"memory", "rootfs", "hostname", "ostype", "arch"})


@dataclass
class Change:
    """What a call asks for: new values, options to be taken out, pending changes to be forgotten."""

    values: dict[str, str] = field(default_factory=dict)
    delete: list[str] = field(default_factory=list)
    revert: list[str] = field(default_factory=list)


def change(call: Call) -> Work:
    wanted = Change(
        {key: value for key, value in call.parameters.items() if key not in _SERVICE},
        _names(call.get("delete")),
        _names(call.get("revert")),
    )
    call.guests.load(call.ctid)
    if not (wanted.values or wanted.delete or wanted.revert):
        raise PveError("no options specified", 2)
    _check_names(wanted)
    with (yield from call.lock_configuration()):
        config = call.guests.load(call.ctid)
        check_lock(config)
        if call.get("digest") and call.get("digest") != call.guests.digest(call.ctid):
            raise PveError("detected modified configuration - file changed by other user? Try again.")
        for key in wanted.values:
            if key in _READ_ONLY:
                raise PveError(f"unable to modify read-only option: '{key}'")
        wanted.delete = _deletions(call, config, wanted.delete)
        yield from _prepare(call, wanted)
        config = _without_reverted(config, wanted.revert)
        if call.guests.is_running(call.ctid):
            config = yield from hotplug.apply(call, config, wanted.values, wanted.delete)
        else:
            config = _applied(call, config, wanted)
        call.save(config)
    return 0


def _names(text: str) -> list[str]:
    return [name for name in re.split(r"[,;\s]+", text) if name]


def _check_names(wanted: Change) -> None:
    schema = verbs("pct")["set"]
    for kind, names in (("delete", wanted.delete), ("revert", wanted.revert)):
        for name in names:
            if name in _SERVICE or schema.schema(name) is None:
                raise ParameterError({kind: f"unknown option '{name}'"}, 255)
    for name in wanted.delete:
        if name in wanted.values:
            raise ParameterError({"delete": f"you can't use '-{name}' and '-delete {name}' at the same time"}, 255)


def _deletions(call: Call, config: GuestConfig, names: list[str]) -> list[str]:
    """The options that can be taken out; PVE tells of those that are not there, and goes on."""
    found = []
    for name in names:
        if name in _REQUIRED:
            raise PveError(f"unable to delete required option '{name}'")
        if name in _READ_ONLY:
            raise PveError(f"unable to delete read-only option '{name}'")
        there = config.current.description if name == "description" else config.current.get(name)
        pending = config.pending is not None and config.pending.get(name) is not None
        if not there and not pending:
            call.complain(f"cannot delete '{name}' - not set in current configuration!")
        else:
            found.append(name)
    return found


def _prepare(call: Call, wanted: Change) -> Work:
    """Complete the values, and make the volumes that they ask for."""
    for key, value in list(wanted.values.items()):
        if family(key) != "mp" and key != "rootfs":
            wanted.values[key] = normalised(call, key, value)
            continue
        point = mount_point(key, value)
        if not point.is_volume:
            wanted.values[key] = point.text()
        elif NEW.match(point.volume):
            check_storage(call, point.volume.partition(":")[0])
            wanted.values[key] = made(point, (yield from allocate(call, point, call.ctid)), call.node.storages)
        else:
            wanted.values[key] = made(point, call.node.storages.volume(point.volume), call.node.storages)
    return 0


def _without_reverted(config: GuestConfig, names: list[str]) -> GuestConfig:
    if not names:
        return config
    pending = config.pending.updated(dict.fromkeys(names)) if config.pending else None
    return replace(
        config,
        pending=pending if pending and pending.options else None,
        pending_delete=tuple(name for name in config.pending_delete if name not in names),
    )


def _applied(call: Call, config: GuestConfig, wanted: Change) -> GuestConfig:
    """The configuration of a container that does not run: everything holds at once, what was pending too."""
    current = config.effective
    for key in wanted.delete:
        current = taken_out(current, key)
    for key, value in wanted.values.items():
        if family(key) == "net":
            try:
                check_bridge(call, value)
            except PveError as missing:
                call.complain(missing.text)
        current = put_in(current, key, value)
    return replace(config, current=current, pending=None, pending_delete=())


def put_in(section: Section, key: str, value: str) -> Section:
    return replace(section, description=value) if key == "description" else section.updated({key: value})


def taken_out(section: Section, key: str) -> Section:
    """Without an option; a volume that was a mount point becomes an unused one."""
    if key == "description":
        return replace(section, description="")
    text = section.get(key)
    gone = section.updated({key: None})
    if text is None or family(key) != "mp" or not mount_point(key, text).is_volume:
        return gone
    free = next(f"unused{number}" for number in range(256) if f"unused{number}" not in section.options)
    return gone.updated({free: mount_point(key, text).volume})


HANDLERS: Mapping[str, Handler] = {"set": change}
