"""All verbs of ``pct``."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.simulator.call import Handler
from phoenix_hypervisor.simulator.pct import change, clone, create, destroy, inside, look, power, resize, snapshots

HANDLERS: Mapping[str, Handler] = {
    **look.HANDLERS,
    **change.HANDLERS,
    **clone.HANDLERS,
    **create.HANDLERS,
    **destroy.HANDLERS,
    **inside.HANDLERS,
    **power.HANDLERS,
    **resize.HANDLERS,
    **snapshots.HANDLERS,
}
