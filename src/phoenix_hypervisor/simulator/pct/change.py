"""``pct set``. Source: PVE::API2::LXC::Config (update_vm), PVE::LXC::Config (update_pct_config)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from phoenix_hypervisor.proxmox.guest import Section
from phoenix_hypervisor.simulator.call import Call, Handler, Work
from phoenix_hypervisor.simulator.contract import Verb, verbs
from phoenix_hypervisor.simulator.failures import ParameterError, PveError
from phoenix_hypervisor.simulator.guests import check_lock
from phoenix_hypervisor.simulator.pct import hotplug, lxcconfig
from phoenix_hypervisor.simulator.pct.draft import Draft
from phoenix_hypervisor.simulator.pct.values import family, normalised
from phoenix_hypervisor.simulator.pct.volumes import POINT, mount_point

_SERVICE = frozenset({"vmid", "delete", "digest", "revert"})
_READ_ONLY = frozenset({"unprivileged"})
_REQUIRED = frozenset({"memory", "rootfs", "ostype"})


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
    _check_names(wanted, verbs("pct", call.node.release.version)["set"])
    with (yield from call.lock_configuration()):
        config = call.guests.load(call.ctid)
        check_lock(config)
        if call.get("digest") and call.get("digest") != call.guests.digest(call.ctid):
            raise PveError("detected modified configuration - file changed by other user? Try again.")
        draft = Draft.of(call, config)
        delete = _deletions(draft, wanted)
        values = {key: _checked(draft, key, value) for key, value in sorted(wanted.values.items())}
        draft.queue(values, delete, wanted.revert)
        chosen = frozenset([*values, *delete])
        yield from hotplug.apply(draft, chosen) if call.guests.is_running(call.ctid) else draft.apply(chosen)
        if draft.errors:
            raise ParameterError(draft.errors, 1)
        call.save(draft.done)
        _write_lxc_config(call, draft.current)
    return 0


def _names(text: str) -> list[str]:
    return [name for name in re.split(r"[,;\s]+", text) if name]


def _check_names(wanted: Change, schema: Verb) -> None:
    for kind, names in (("delete", wanted.delete), ("revert", wanted.revert)):
        for name in names:
            if name in _SERVICE or schema.schema(name) is None:
                raise ParameterError({kind: f"unknown option '{name}'"}, 255)
    for name in wanted.delete:
        if name in wanted.values:
            raise ParameterError({"delete": f"you can't use '-{name}' and '-delete {name}' at the same time"}, 255)


def _deletions(draft: Draft, wanted: Change) -> list[str]:
    """The options that can be taken out; PVE tells of those that are not there, and goes on."""
    found = []
    for name in wanted.delete:
        if draft.get(name) is None and (name not in draft.pending or name in wanted.revert):
            draft.call.complain(f"cannot delete '{name}' - not set in current configuration!")
            continue
        if name in _REQUIRED:
            raise PveError(f"unable to delete required option '{name}'")
        if name in _READ_ONLY:
            raise PveError(f"unable to delete read-only option: '{name}'")
        if family(name) in ("mp", "unused"):
            _check_protection(draft, f"can't remove CT {draft.call.ctid} drive '{name}'")
        found.append(name)
    return found


def _checked(draft: Draft, key: str, value: str) -> str:
    """The value to be written. Raises PveError where the option does not take it."""
    if key in _READ_ONLY:
        raise PveError(f"unable to modify read-only option: '{key}'")
    if not POINT.match(key):
        return normalised(draft.call, key, value)
    _check_protection(draft, f"can't update CT {draft.call.ctid} drive '{key}'")
    point = mount_point(key, value)
    if point.is_volume:
        storage = draft.call.node.storages.get(point.volume.partition(":")[0])
        if "rootdir" not in storage.content:
            raise PveError(f"storage '{storage.id}' does not allow content type 'rootdir' (Container)")
    return value


def _check_protection(draft: Draft, what: str) -> None:
    if draft.current.get("protection") == "1":
        raise PveError(f"{what} - protection mode enabled")


def _write_lxc_config(call: Call, section: Section) -> None:
    """As after each change: where the node lacks something, PVE says so once the change is written."""
    try:
        lxcconfig.write(call, section)
    except PveError as missing:
        raise PveError(missing.text, 2) from missing


HANDLERS: Mapping[str, Handler] = {"set": change}
