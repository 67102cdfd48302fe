"""What is waited for until a container is ready (spec L4) and does its work (spec L11)."""

from __future__ import annotations

from phoenix_hypervisor.config.site import Container
from phoenix_hypervisor.features.lifecycle import inside as readiness
from phoenix_hypervisor.plan.step import Poll
from phoenix_hypervisor.plan.wanted import static_interface
from phoenix_hypervisor.transport.container import inside

_RETRIES, _INTERVAL = 3, 5.0
"""How often, and after how many seconds, a health check is tried again unless it says so itself."""
_FIRST_TRY = 5.0
"""Seconds that a service may take before the first try counts."""


def ready(container: Container, names: bool) -> Poll:
    """Init is done, the address is up; with ``names``, names resolve, too."""
    check = inside(container.ctid, readiness.ready(static_interface(container), names))
    why = readiness.troubles(container.ctid)
    return Poll(check, "ready", container.ready_interval, container.ready_timeout, why)


def healthy(container: Container) -> Poll | None:
    """Its declared check; None where it has none."""
    wanted = container.health_check
    if wanted is None:
        return None
    every = float(wanted.interval or _INTERVAL)
    limit = every * (_RETRIES if wanted.retries is None else wanted.retries) + _FIRST_TRY
    check = inside(container.ctid, readiness.healthy(wanted.command, every))
    return Poll(check, "healthy", every, limit, readiness.troubles(container.ctid), wanted.command)
