"""``pct resize``. Source: PVE::API2::LXC resize_vm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from phoenix_hypervisor.proxmox.properties import parse_size, render_size
from phoenix_hypervisor.simulator import durations
from phoenix_hypervisor.simulator.call import Call, Handler, Work
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.guests import check_lock
from phoenix_hypervisor.simulator.pct.volumes import configured


def resize(call: Call) -> Work:
    key, text = call.parameters["disk"], call.parameters["size"]
    call.guests.load(call.ctid)
    with (yield from call.lock_configuration()):
        config = call.guests.load(call.ctid)
        check_lock(config)
        point = configured(config.current, key)
        if not point.is_volume:
            raise PveError("can't resize mount point with a host directory")
        volume = call.node.storages.volume(point.volume)
        if volume.owner != call.ctid:
            raise PveError(f"can't resize mount point owned by another container ({volume.owner})")
        size = parse_size(text.lstrip("+"))
        before = call.node.storages.size(volume)
        wanted = before + size if text.startswith("+") else size
        if wanted < before:
            raise PveError("unable to shrink disk size")
        if wanted == before:
            raise PveError("disk is already at specified size")
        yield durations.ALLOCATE
        call.node.storages.resize(volume, wanted)
        yield durations.ZFS
        changed = config.current.updated({key: point.text(size=render_size(wanted))})
        call.save(replace(config, current=changed))
    return 0


HANDLERS: Mapping[str, Handler] = {"resize": resize}
