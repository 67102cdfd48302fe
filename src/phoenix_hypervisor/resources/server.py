"""A server as a unit of ours: its file, whether it runs, and that it answers."""

from __future__ import annotations

from collections.abc import Iterator

from phoenix_hypervisor.resource import Resource
from phoenix_hypervisor.resources.answering import Answering
from phoenix_hypervisor.resources.service import Service
from phoenix_hypervisor.resources.systemunit import FOLDER, UnitFile


def server(
    unit: str, text: str, reads: tuple[Resource, ...], curl: tuple[str, ...], limit: int, *, is_on: bool
) -> Iterator[Resource]:
    """The unit, running and answering within ``limit`` seconds; where it is not to be on, its file alone.

    ``reads`` are what it is started with beside its unit: a change of one of them restarts it.
    """
    file = UnitFile(name=f"{FOLDER}/{unit}", text=text, notify=(unit,) if is_on else ())
    yield file
    if not is_on:
        yield Service(name=unit, enabled=False, running=False)
        return
    service = Service(name=unit, watches=(*reads, file), how="restart")
    yield service
    yield Answering(name=unit, curl=curl, limit=limit, watches=(service,))
