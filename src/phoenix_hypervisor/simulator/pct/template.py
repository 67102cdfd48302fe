"""``pct template``. Source: PVE::API2::LXC (template), PVE::LXC (template_create)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from phoenix_hypervisor.simulator import durations
from phoenix_hypervisor.simulator.call import Call, Handler, Work
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.guests import check_lock
from phoenix_hypervisor.simulator.pct import lxcconfig
from phoenix_hypervisor.simulator.pct.volumes import MountPoint, mount_points


def template(call: Call) -> Work:
    """Make each volume a base volume, then write the configuration; what fails in the worker still exits 0."""
    call.guests.load(call.ctid)
    with (yield from call.lock_configuration()):
        config = call.guests.load(call.ctid)
        check_lock(config)
        if config.snapshots:
            raise PveError("unable to create template, because CT contains snapshots")
        if config.current.get("template") == "1":
            raise PveError("you can't convert a template to a template")
        if call.guests.is_running(call.ctid):
            raise PveError("you can't convert a CT to template if the CT is running")
        section = config.current
        points = mount_points(section)
        unfit = next((point.volume for point in points if not _can_be_base(call, point)), None)
        if unfit is not None:
            call.complain(f"Template feature is not available for '{unfit}'")
            return 0
        yield durations.ALLOCATE
        for point in points:
            base = call.node.storages.rename_to_base(call.node.storages.volume(point.volume))
            yield 0.0
            call.node.storages.freeze_base(base)
            section = section.updated({point.key: point.text(volume=base)})
            yield 0.0
        section = section.with_options(template="1")
        call.save(replace(config, current=section))
        lxcconfig.write(call, section)
    return 0


def _can_be_base(call: Call, point: MountPoint) -> bool:
    return point.is_volume and not call.node.storages.volume(point.volume).is_base


HANDLERS: Mapping[str, Handler] = {"template": template}
