"""All verbs of ``pct``."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.simulator.call import Call, Handler, Work
from phoenix_hypervisor.simulator.pct import (
    change,
    clone,
    create,
    destroy,
    inside,
    look,
    mounting,
    move,
    power,
    resize,
    snapshots,
    template,
)


def _warned(handler: Handler) -> Handler:
    """The verb, after what PVE warns of when it reads the container's configuration."""

    def run(call: Call) -> Work:
        ids = [call.ctid] if "vmid" in call.parameters else call.guests.ids()
        for line in (line for ctid in ids for line in call.guests.complaints(ctid)):
            call.complain(line)
        return (yield from handler(call))

    return run


_VERBS: Mapping[str, Handler] = {
    **look.HANDLERS,
    **mounting.HANDLERS,
    **move.HANDLERS,
    **change.HANDLERS,
    **clone.HANDLERS,
    **create.HANDLERS,
    **destroy.HANDLERS,
    **inside.HANDLERS,
    **power.HANDLERS,
    **resize.HANDLERS,
    **snapshots.HANDLERS,
    **template.HANDLERS,
}

HANDLERS: Mapping[str, Handler] = {name: _warned(handler) for name, handler in _VERBS.items()}
