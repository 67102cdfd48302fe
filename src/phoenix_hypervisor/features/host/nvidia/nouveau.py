"""nouveau, the kernel's own driver, which would take the cards from NVIDIA's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.host.nvidia.state import STATE
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Difference, Verdict
from phoenix_hypervisor.resources.file import HEADER, NoFile, content_of

MODPROBE = "/etc/modprobe.d/phoenix-nvidia.conf"
NO_NOUVEAU = f"# {HEADER}\nblacklist nouveau\noptions nouveau modeset=0\n"


class Nouveau(NoFile):
    """Nothing of ours keeps nouveau away, once no kernel has a module of NVIDIA's that it would take the cards from."""

    def facts(self) -> Iterator[Fact[Any]]:
        yield from super().facts()
        yield STATE

    def change(self, facts: Facts) -> Iterator[Command]:
        if not facts[STATE].modules:
            yield from super().change(facts)

    def verdict(self, facts: Facts) -> Verdict:
        seen, versions = facts[content_of(self.name)], sorted({*facts[STATE].modules.values()})
        if seen is None or not versions:
            return super().verdict(facts)
        what = f"{self.name} still keeps nouveau away, as driver {', '.join(versions)} is installed"
        why = "nouveau would take its cards at the next boot; if the driver is not wanted: nvidia-uninstall."
        return Verdict(kept=(Difference(what, why),))
