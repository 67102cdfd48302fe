"""What stands in a container, asked from outside: ``attach, inside = of(950)``."""

from __future__ import annotations

from typing import Protocol

from phoenix_hypervisor.command import Result
from rig import Rig


class Attach(Protocol):
    """Run a program of the container's."""

    def __call__(self, rig: Rig, *words: str) -> Result: ...


class Inside(Protocol):
    """What a program of the container's says, which must succeed."""

    def __call__(self, rig: Rig, *words: str) -> str: ...


def of(ctid: int) -> tuple[Attach, Inside]:
    """Both, for one container."""

    def attach(rig: Rig, *words: str) -> Result:
        result: Result = rig.node.run(("lxc-attach", "-n", str(ctid), "--", *words))
        return result

    def inside(rig: Rig, *words: str) -> str:
        result = attach(rig, *words)
        assert result.ok, result
        return result.stdout

    return attach, inside
