"""One container's way from what is to what ought to be: a chain of steps.

``Chain`` walks the stages of a container's life (spec L1-L5, L9) and keeps in mind in what state each step leaves it,
so that the whole way is known before anything runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.config.site import Container
from phoenix_hypervisor.features.lifecycle import commands, restore
from phoenix_hypervisor.features.lifecycle.conditions import (
    HasSnapshot,
    IsBase,
    NoSnapshot,
    NothingPending,
    RecordIs,
    Runs,
)
from phoenix_hypervisor.features.lifecycle.marks import record_of, with_layers
from phoenix_hypervisor.features.lifecycle.node import Drift
from phoenix_hypervisor.features.lifecycle.options import Effect
from phoenix_hypervisor.features.lifecycle.raw import Lines
from phoenix_hypervisor.plan import waiting
from phoenix_hypervisor.plan.going_back import going_back
from phoenix_hypervisor.plan.layers import Layer
from phoenix_hypervisor.plan.step import Change, Expect, Poll, Step, Symbol, Undo, Work
from phoenix_hypervisor.proxmox.guest import Section

_HARMLESS = frozenset(
    {
        "health",
        "clear",
        "recover",
        "unlock",
        "tidy",
        "identity",
        "template",
        "snapshot",
        "start",
        "forget",
        "restore-point",
    }
)
"""Steps that a restore point has nothing to do for."""


@dataclass
class Chain:
    """The steps of one container so far, and the state in which they leave it."""

    container: Container
    first_needs: tuple[str, ...] = ()
    """What comes before anything is done to it."""
    start_needs: tuple[str, ...] = ()
    """What it is to find at work when it runs: the last steps of its dependencies."""
    may_restart: bool = True
    keeps_restore_point: bool = False
    """Whether a restore point is to be taken before anything is changed (spec R5)."""
    records_layers: bool = False
    """Whether its storage takes no snapshots, so that only the mark can tell what it has."""
    running: bool = False
    is_base: bool = False
    """Whether it is a template of Proxmox's by now: it never starts again."""
    observed: Section = field(default_factory=Section)
    raw: Lines = ()
    firewall: str | None = None
    layers: dict[str, str] = field(default_factory=dict)
    drift: Mapping[str, Drift] = field(default_factory=dict)
    """Layers with a stamp that are not so, with what is not."""
    dataset: str | None = None
    """Its root file system, as it is or will be."""
    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    kept: list[Change] = field(default_factory=list)
    fresh: bool = False
    """Whether the container is made by this very chain."""
    ready_checked: bool = False
    cloneable_step: str | None = None
    """The step after which it can be cloned; None when it can be cloned now."""
    undo: Undo | None = None
    has_restore_point: bool = False
    """Whether it has one: taken by this chain, or left by an earlier run."""
    description: str = ""
    """As it was before the run, or before the earlier run that left a restore point."""
    volumes: tuple[str, ...] = ()
    """Every volume that was there before the run."""

    @property
    def ctid(self) -> int:
        return self.container.ctid

    @property
    def last(self) -> str | None:
        """The id of the last step; None when there is nothing to do."""
        return self.steps[-1].id if self.steps else None

    @property
    def _symbol(self) -> Symbol:
        return Symbol.ADD if self.fresh else Symbol.CHANGE

    @property
    def recorded_layers(self) -> dict[str, str]:
        """What its mark has to tell of; elsewhere the stamps are read."""
        return dict(self.layers) if self.records_layers and self.dataset is None else {}

    def note(self, text: str) -> None:
        self.notes.append(f"{self.ctid}: {text}")

    def keep(self, change: Change) -> None:
        """What is not as declared, and stays so."""
        self.kept.append(change)

    def add(
        self,
        name: str,
        symbol: Symbol,
        title: str,
        reason: str,
        *work: Work,
        needs: tuple[str, ...] = (),
        after: tuple[str, ...] = (),
        locks: frozenset[str] = frozenset(),
        changes: tuple[Change, ...] = (),
        detail: str = "",
    ) -> str:
        """One more step, after the last one; returns its id."""
        if self.keeps_restore_point and not self.fresh and name not in _HARMLESS:
            self._keep_restore_point(since=self._id(name))
        before = (self.last,) if self.last else self.first_needs
        step_id = self._id(name)
        self.steps.append(
            Step(
                id=step_id,
                target=str(self.ctid),
                symbol=symbol,
                title=title,
                reason=reason,
                work=work,
                needs=(*before, *needs),
                locks=frozenset({f"ct:{self.ctid}"}) | locks,
                after=after,
                changes=() if self.fresh else changes,
                detail=detail,
            )
        )
        return step_id

    def _id(self, name: str) -> str:
        """The id of the next step of that name."""
        taken = sum(step.id.partition(":")[2].partition("#")[0] == name for step in self.steps)
        return f"{self.ctid}:{name}" + (f"#{taken + 1}" if taken else "")

    def _keep_restore_point(self, since: str) -> None:
        """A snapshot to go back to, before the first change; forgotten when all went well."""
        self.keeps_restore_point = False
        if self.has_restore_point:
            self.note(
                "its restore point is an earlier run's; a failure leaves it as it is, and does not go back so far."
            )
            return
        taken = HasSnapshot(self.ctid, restore.NAME, self.dataset)
        take = restore.take(self.ctid, self.layers, self.description)
        title = "take a restore point"
        self.add("restore-point", Symbol.ADD, title, "rollback_on_failure", take, Expect((taken,)))
        self.has_restore_point = True
        back = going_back(self.ctid, self.description, self.volumes, self.firewall, self.running)
        self.undo = Undo(str(self.ctid), "put it back to its restore point", back, since=since)

    def stop(self, reason: str) -> bool:
        """Stop it; returns whether it is stopped then."""
        if not self.running:
            return True
        if not (self.may_restart or self.fresh):
            self.keep(Change(reason, Effect.RESTART, "--no-restart"))
            return False
        gone = Poll(commands.stopped(self.ctid), "stopped", 1.0, float(commands.STOP_LIMIT))
        self.add("stop", Symbol.CHANGE, "stop", reason, commands.stop(self.ctid), gone)
        self.running = False
        return True

    def start(self, reason: str, names: bool = False, after: tuple[str, ...] = ()) -> None:
        """Start and wait until it is ready (spec L4)."""
        if self.running or self.is_base:
            return
        title = "start, wait until ready"
        holds = Expect((Runs(self.ctid), NothingPending(self.ctid)))
        work = (commands.start(self.ctid), waiting.ready(self.container, names), holds)
        self.add("start", self._symbol, title, reason, *work, needs=self._start_needs(), after=after)
        self.running = self.ready_checked = True

    def _start_needs(self) -> tuple[str, ...]:
        """Each is waited for once."""
        needs, self.start_needs = self.start_needs, ()
        return needs

    def check_health(self, layers: tuple[Layer, ...]) -> None:
        """Wait until it does its work (spec L11); its dependants wait, too. Where nothing was done nothing is asked.

        Where no check is declared, what its features serve is waited for after a start (spec L8).
        """
        if not (self.steps and self.running):
            return
        if check := waiting.healthy(self.container):
            self.add("health", self._symbol, "wait until healthy", check.asked, check)
        else:
            self._await(tuple(command for layer in layers for command in layer.awaits))

    def _await(self, answers: tuple[Command, ...]) -> None:
        if answers and self.steps[-1].id.partition("#")[0] == f"{self.ctid}:start":
            self.add("health", self._symbol, "wait until it answers", "it was started", *answers)

    def establish(self, wanted: tuple[Layer, ...]) -> None:
        """Run the layers that are not stamped as they should be, in their order."""
        missing = [each for each in wanted if self.layers.get(each.name) != each.digest or each.name in self.drift]
        if missing and self.is_base:
            names = ", ".join(layer.name for layer in missing)
            self.keep(Change(f"{names} not established", Effect.REBUILD, "a template of Proxmox's cannot start"))
            return
        names_needed = any(layer.needs_names for layer in missing)
        for layer in missing:
            self.start(f"{layer.name.partition('.')[0]} needs it running", names_needed)
            changed = layer.name in self.layers
            first: tuple[Work, ...] = () if self.ready_checked else (waiting.ready(self.container, names_needed),)
            self.ready_checked = True
            reason = self._reason(changed)
            drift = Drift("") if self.fresh else self.drift.get(layer.name, Drift(""))
            if self.layers.get(layer.name) == layer.digest:
                reason = drift.reason
            symbol = Symbol.CHANGE if changed else Symbol.ADD
            self.layers[layer.name] = layer.digest
            work = (*first, *layer.work, *self._record_layers())
            needs = self._start_needs()
            self.add(layer.name, symbol, layer.title, reason, *work, needs=needs, detail=drift.detail)

    def _reason(self, has_other: bool) -> str:
        """Why a layer is established that is not stamped as it should be."""
        if not has_other:
            return "not established yet"
        return "its template has it otherwise" if self.fresh else "its content changed"

    def _record_layers(self) -> tuple[Work, ...]:
        if not self.recorded_layers:
            return ()
        self.observed = replace(self.observed, description=with_layers(self.observed.description, self.recorded_layers))
        record = record_of(self.observed.description)
        write = commands.pct("set", self.ctid, "--description", self.observed.description)
        return write, Expect((RecordIs(self.ctid, record),))

    def snapshot(self, missing: tuple[str, ...]) -> None:
        """Stop, then take the snapshots (spec L9)."""
        if not missing:
            return
        self.keeps_restore_point = False
        if not self.stop("snapshots are taken of a stopped container"):
            return
        self.forget_restore_point("snapshots are to be newer than it")
        work: list[Work] = []
        for name in missing:
            work.append(commands.snapshot(self.ctid, name, self.layers))
            work.append(Expect((HasSnapshot(self.ctid, name, self.dataset),)))
        self.add("snapshot", Symbol.ADD, f"snapshot {', '.join(missing)}", "not taken yet", *work)
        self.cloneable_step = self.last

    def become_base(self) -> None:
        """Stop, then make it a template of Proxmox's: its base volume is its configured state (spec L2)."""
        if self.is_base:
            return
        self.keeps_restore_point = False
        if not self.stop("a template of Proxmox's does not run"):
            return
        self.forget_restore_point("Proxmox makes no template of a container with snapshots")
        work = (commands.make_base(self.ctid), Expect((IsBase(self.ctid),)))
        self.add("template", Symbol.CHANGE, "make it a template of Proxmox's", "its clones are native", *work)
        self.is_base = True
        self.dataset = commands.base_of(self.dataset)
        self.cloneable_step = self.last

    def forget_restore_point(self, reason: str) -> None:
        """Remove the restore point, taken by this chain or left by an earlier run."""
        self.keeps_restore_point = False
        if self.has_restore_point:
            self.undo = replace(self.undo, until=self.last) if self.undo else None
            work = (restore.forget(self.ctid), Expect((NoSnapshot(self.ctid, restore.NAME),)))
            self.add("forget", Symbol.REMOVE, "remove the restore point", reason, *work)
            self.has_restore_point = False
