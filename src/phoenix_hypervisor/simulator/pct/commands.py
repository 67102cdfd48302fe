"""All verbs of ``pct``."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.simulator.call import Handler
from phoenix_hypervisor.simulator.pct import (
    change,
    clone,
    create,
    destroy,
    inside,
    look,
    mounting,
    power,
    resize,
    snapshots,
    template,
)

HANDLERS: Mapping[str, Handler] = {
    **look.HANDLERS,
    **mounting.HANDLERS,
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
