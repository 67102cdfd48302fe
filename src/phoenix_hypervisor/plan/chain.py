"""One container's way from what is to what ought to be: a chain of steps.

``Chain`` walks the stages of a container's life (spec L1-L5, L9) and keeps in mind in what state each step leaves it,
so that the whole way is known before anything runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from phoenix_hypervisor.config.site import Container
from phoenix_hypervisor.features.lifecycle import commands
from phoenix_hypervisor.features.lifecycle import inside as readiness
from phoenix_hypervisor.features.lifecycle.node import Guest
from phoenix_hypervisor.features.lifecycle.options import Difference, Effect
from phoenix_hypervisor.plan.layers import Layer
from phoenix_hypervisor.plan.step import Poll, Step, Symbol, Work
from phoenix_hypervisor.plan.wanted import static_interface
from phoenix_hypervisor.transport.container import inside


@dataclass
class Chain:
    """The steps of one container so far, and the state in which they leave it."""

    container: Container
    first_needs: tuple[str, ...]
    """What comes before anything is done to it."""
    start_needs: tuple[str, ...] = ()
    """What it is to find at work when it runs: the last steps of its dependencies."""
    running: bool = False
    layers: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    fresh: bool = False
    """Whether the container is made by this very chain."""
    ready_checked: bool = False
    snapshots_step: str | None = None

    @property
    def ctid(self) -> int:
        return self.container.ctid

    @property
    def last(self) -> str | None:
        """The id of the last step; None when there is nothing to do."""
        return self.steps[-1].id if self.steps else None

    def add(self, name: str, symbol: Symbol, title: str, reason: str, *work: Work, needs: tuple[str, ...] = ()) -> None:
        """One more step, after the last one."""
        taken = sum(step.id.partition(":")[2].partition("#")[0] == name for step in self.steps)
        before = (self.last,) if self.last else self.first_needs
        self.steps.append(
            Step(
                id=f"{self.ctid}:{name}" + (f"#{taken + 1}" if taken else ""),
                target=str(self.ctid),
                symbol=symbol,
                title=title,
                reason=reason,
                work=work,
                needs=(*before, *needs),
                locks=frozenset({f"ct:{self.ctid}"}),
            )
        )

    def configure(self, guest: Guest, differences: tuple[Difference, ...], restart_waits: bool) -> None:
        """One ``pct set`` for all that differs; a restart where a change cannot be made on the running container."""
        restart = [d.key for d in differences if d.effect is Effect.RESTART]
        if differences:
            title = "set " + ", ".join(map(str, differences))
            self.add("configure", Symbol.CHANGE, title, "not as declared", commands.configure(self.ctid, differences))
        if self.running and (restart or restart_waits):
            waiting = ", ".join(restart or sorted(set(guest.config.pending.options if guest.config.pending else ())))
            self.stop(f"a restart is needed for {waiting or 'what was removed'}")

    def stop(self, reason: str) -> None:
        if self.running:
            gone = Poll(commands.stopped(self.ctid), "stopped", 1.0, float(commands.STOP_LIMIT))
            self.add("stop", Symbol.CHANGE, "stop", reason, commands.stop(self.ctid), gone)
            self.running = False

    def start(self, reason: str, names: bool = False) -> None:
        """Start and wait until it is ready (spec L4)."""
        if not self.running:
            title = "start, wait until ready"
            symbol = Symbol.ADD if self.fresh else Symbol.CHANGE
            work = (commands.start(self.ctid), self._ready(names))
            self.add("start", symbol, title, reason, *work, needs=self._start_needs())
            self.running = self.ready_checked = True

    def _start_needs(self) -> tuple[str, ...]:
        """Each is waited for once."""
        needs, self.start_needs = self.start_needs, ()
        return needs

    def _ready(self, names: bool) -> Poll:
        check = inside(self.ctid, readiness.ready(static_interface(self.container), names))
        return Poll(check, "ready", self.container.ready_interval, self.container.ready_timeout)

    def establish(self, wanted: tuple[Layer, ...]) -> None:
        """Run the layers that are not stamped as they should be, in their order."""
        missing = [layer for layer in wanted if self.layers.get(layer.name) != layer.digest]
        names = any(layer.needs_names for layer in missing)
        for layer in missing:
            self.start(f"{layer.name.partition('.')[0]} needs it running", names)
            changed = layer.name in self.layers
            first: tuple[Work, ...] = () if self.ready_checked else (self._ready(names),)
            self.ready_checked = True
            reason = "its content changed" if changed else "not established yet"
            symbol = Symbol.CHANGE if changed else Symbol.ADD
            self.add(layer.name, symbol, layer.title, reason, *first, *layer.work, needs=self._start_needs())
            self.layers[layer.name] = layer.digest

    def snapshot(self, missing: tuple[str, ...]) -> None:
        """Stop, then take the snapshots (spec L9)."""
        if not missing:
            return
        self.stop("snapshots are taken of a stopped container")
        work = [commands.snapshot(self.ctid, name, self.layers) for name in missing]
        self.add("snapshot", Symbol.ADD, f"snapshot {', '.join(missing)}", "not taken yet", *work)
        self.snapshots_step = self.last


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one container's chain means for those that hang on it."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...]
    done: str | None
    """The last step; None when nothing is to be done."""
    snapshot: str | None
    """The snapshot that it declares for its clones."""
    snapshot_step: str | None
    """The step after which it can be cloned; None when it can be cloned now."""
    snapshot_layers: Mapping[str, str]
    """What a clone of its declared snapshot has."""
    dataset: str | None
    """Its root file system, as it is or will be."""
