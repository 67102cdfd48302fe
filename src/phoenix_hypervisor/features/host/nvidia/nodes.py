"""The device nodes of the cards, which containers are given: there before any of them starts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.features.host.nvidia.driver import Driver
from phoenix_hypervisor.features.host.nvidia.state import STATE
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Resource, Verdict
from phoenix_hypervisor.resources.file import HEADER, NoFile

UNIT = "phoenix-nvidia-nodes.service"
UNIT_FILE = f"/etc/systemd/system/{UNIT}"
# nvidia-modprobe loads the modules as well, so that modules-load.d, which fails where they are not built yet, need not.
UNIT_TEXT = f"""\
# {HEADER}
[Unit]
Description=Device nodes and persistence of NVIDIA cards
After=systemd-modules-load.service
Before=pve-guests.service
ConditionPathExists=/usr/bin/nvidia-modprobe

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/nvidia-modprobe -u -c 0
ExecStart=/usr/bin/nvidia-smi -pm 1

[Install]
WantedBy=multi-user.target
"""


def _active(result: Result) -> bool:
    """``systemctl is-active`` ends with 3 for a unit that is not, with 4 or, up to Debian 12, 3 for none."""
    state = result.stdout.strip()
    if not re.fullmatch("[a-z-]+", state):
        raise NodeError("The state of the unit that makes NVIDIA's device nodes cannot be read.")
    return state == "active"


ACTIVE = Fact("device nodes of NVIDIA cards", Command("systemctl", "is-active", UNIT), _active)


class Nodes(Resource):
    """The control, unified-memory and card nodes are there, made by the unit, as soon as the driver can run."""

    kind: ClassVar[str] = "nvidia.nodes"
    name: Literal["all"] = "all"
    driver: Driver

    def needs(self) -> Iterator[str]:
        yield from self.after
        yield self.driver.id

    def facts(self) -> Iterator[Fact[Any]]:
        yield STATE
        yield ACTIVE
        yield from self.driver.facts()

    def change(self, facts: Facts) -> Iterator[Command]:
        if self.driver.waits(facts):
            return
        if facts[STATE].missing_nodes or not facts[ACTIVE] or not self.driver.is_on_disk(facts):
            yield Command("systemctl", "restart", UNIT, timeout=120.0)

    def verdict(self, facts: Facts) -> Verdict:
        missing = facts[STATE].missing_nodes
        return Verdict(reason=f"not there: {', '.join(missing)}" if missing else "its unit has not run")

    def __str__(self) -> str:
        return "device nodes"


class NoUnit(NoFile):
    """No unit of ours makes device nodes, once no kernel has NVIDIA's modules: till then containers may need them."""

    def facts(self) -> Iterator[Fact[Any]]:
        yield from super().facts()
        yield STATE

    def change(self, facts: Facts) -> Iterator[Command]:
        if facts[STATE].modules:
            return
        for remove in super().change(facts):
            yield Command("systemctl", "disable", UNIT, timeout=120.0)
            yield remove
