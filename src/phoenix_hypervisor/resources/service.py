"""Services of systemd."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, SerializeAsAny

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Resource, Verdict
from phoenix_hypervisor.resources import due

_LIMIT = 120.0
_PROPERTIES = "LoadState,ActiveState,UnitFileState,NeedDaemonReload"
UnitName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@\-]*\.(?:service|timer|socket|mount|target)$")]


def _properties(result: Result) -> tuple[tuple[str, str], ...]:
    lines = answered(result, "the state of a service").splitlines()
    found = {key: value for key, _, value in (line.partition("=") for line in lines if line)}
    if "LoadState" not in found:
        raise NodeError("The node's state of a service (systemctl show) cannot be read.")
    return tuple(sorted(found.items()))


class Service(Resource):
    """A unit that starts at boot and runs; None leaves either as it is.

    ``watches`` are resources that the service has read: where one of them changes, or has changed and the service was
    not told yet, it is told, by ``how``. They name the service in their ``notify``.
    """

    kind: ClassVar[str] = "service"
    name: UnitName
    enabled: bool | None = True
    running: bool | None = True
    watches: tuple[SerializeAsAny[Resource], ...] = ()
    how: Literal["reload", "restart", "reload-or-restart"] = "reload-or-restart"

    @property
    def _fact(self) -> Fact[tuple[tuple[str, str], ...]]:
        return Fact(f"unit {self.name}", Command("systemctl", "show", "-p", _PROPERTIES, self.name), _properties)

    def needs(self) -> Iterator[str]:
        yield from self.after
        yield from (watched.id for watched in self.watches)

    def facts(self) -> Iterator[Fact[Any]]:
        yield self._fact
        yield due.MARKS
        for watched in self.watches:
            yield from watched.facts()

    def _is_due(self, facts: Facts) -> bool:
        return self.name in facts[due.MARKS] or any(any(watched.change(facts)) for watched in self.watches)

    def change(self, facts: Facts) -> Iterator[Command]:
        unit, is_due = dict(facts[self._fact]), self._is_due(facts)
        active = unit.get("ActiveState") in ("active", "activating", "reloading")
        if unit.get("NeedDaemonReload") == "yes" or (is_due and unit.get("LoadState") == "not-found"):
            yield Command("systemctl", "daemon-reload", timeout=_LIMIT)
        if self.enabled is not None and self.enabled != unit.get("UnitFileState", "").startswith("enabled"):
            yield Command("systemctl", "enable" if self.enabled else "disable", self.name, timeout=_LIMIT)
        if self.running is False:
            if active:
                yield Command("systemctl", "stop", self.name, timeout=_LIMIT)
        elif is_due and (active or self.running):
            yield due.settled(self.name, "systemctl", self.how if active else "restart", self.name, timeout=_LIMIT)
        elif self.running and not active:
            yield Command("systemctl", "start", self.name, timeout=_LIMIT)

    def verdict(self, facts: Facts) -> Verdict:
        unit = dict(facts[self._fact])
        if self._is_due(facts):
            return Verdict(reason="what it reads changed")
        return Verdict(
            reason=f"it is {unit.get('ActiveState', 'not known')}, {unit.get('UnitFileState') or 'not there'}"
        )
