"""The moments of a run: each command with the node just before it, so that a cut there takes no run up to it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.engine.walk import Summary
from phoenix_hypervisor.simulator import persistence
from phoenix_hypervisor.simulator.node import Node
from rig import Rig


@dataclass(frozen=True)
class Moment:
    """A command of an undisturbed run, and the node just before it, as text."""

    node: str
    command: Command

    def before(self) -> Node:
        """The node when the command was yet to begin."""
        return persistence.loads(self.node, Node)

    def cut(self, pauses: int) -> Node | None:
        """The node when the command's process was killed after so many pauses; None when it was through before."""
        node = self.before()
        running = node.execute(node.start(self.command.argv, self.command.stdin))
        for _ in range(pauses):
            seconds = next(running, None)
            if seconds is None:
                return None
            node.clock += seconds
        running.close()
        return node

    def after(self) -> Node:
        """The node when the command was through, and nobody heard of it."""
        node = self.before()
        node.run(self.command.argv, stdin=self.command.stdin)
        return node


def recorded(rig: Rig) -> tuple[Summary, list[Moment]]:
    """Apply step by step; every command that comes after the first look."""
    moments: list[Moment] = []
    rig.watch = lambda command: moments.append(Moment(persistence.dumps(rig.node), command))
    summary = rig.apply(jobs=1)
    return summary, moments[1:]


def fingerprint(node: Node) -> str:
    """Equal for nodes that differ in nothing but the time."""
    value = {name: part for name, part in persistence.to_json(node).items() if name not in ("clock", "drawn", "txg")}
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
