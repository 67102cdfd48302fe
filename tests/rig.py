"""A site and a simulated node, and the road between them without the command line."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from furnishing import furnish
from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.config.load import load
from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.documents.secrets import Secret
from phoenix_hypervisor.engine.walk import Settings, Summary, Walk
from phoenix_hypervisor.events import Event, Ran
from phoenix_hypervisor.features.lifecycle.node import Node as NodeFacts
from phoenix_hypervisor.features.lifecycle.reading import read_node
from phoenix_hypervisor.features.registry import of_host
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.plan.build import build
from phoenix_hypervisor.plan.foreseen import foreseen
from phoenix_hypervisor.plan.host import Part, facts_of, hidden, parts, plan_host, selection
from phoenix_hypervisor.plan.step import Plan
from phoenix_hypervisor.plan.wanted import asked_of
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.transport.simulated import SimulatedTransport, VirtualLoop


class Crash(BaseException):
    """The process that ran Phoenix is gone."""


class Recorder(SimulatedTransport):
    """A simulated transport that remembers what went over it, and can be cut off.

    ``crash_after``: so many commands are let through, then the next is cut off after ``crash_yields`` of its pauses.
    """

    def __init__(
        self,
        node: Node,
        crash_after: int | None = None,
        crash_yields: int = 0,
        watch: Callable[[Command], None] = lambda _: None,
    ) -> None:
        super().__init__(node, "sim")
        self._watch = watch
        self.sent: list[Command] = []
        self._left = crash_after
        self._yields = crash_yields
        self.crashed = False

    async def _send(self, command: Command) -> Result:
        if self.crashed:
            raise Crash
        self._watch(command)
        self.sent.append(command)
        if self._left == 0:
            self.crashed = True
            self._cut(command)
            raise Crash
        if self._left is not None:
            self._left -= 1
        return await super()._send(command)

    def _cut(self, command: Command) -> None:
        running = self.node.execute(self.node.start(command.argv, command.stdin))
        for _ in range(self._yields):
            if next(running, None) is None:
                return
        running.close()


@dataclass
class Rig:
    """A configuration on a node."""

    site: Site
    node: Node
    distort: Callable[[Plan], Plan] = field(default=lambda plan: plan)
    """Plants a defect in every plan; for tests of the tests."""
    watch: Callable[[Command], None] = field(default=lambda _: None)
    """Called before each command of an apply."""
    begun: Callable[[Walk], None] = field(default=lambda _: None)
    """Called with the walk of an apply before it goes."""
    redact: Callable[[str], str] = str
    whole: bool = False
    """Whether the node's own part is planned, too; else only its containers are."""
    secrets: Callable[[Secret], str | None] = hidden
    allowed: frozenset[str] = frozenset()
    events: list[Event] = field(default_factory=list)
    transport: Recorder = field(init=False)

    def __post_init__(self) -> None:
        self.transport = Recorder(self.node)

    def _run(self, work: Callable[[Recorder], Any], transport: Recorder) -> Any:
        self.transport = transport
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(work(transport))

    async def _look(self, transport: Recorder) -> NodeFacts:
        asked = replace(asked_of(self.site), more=facts_of(self.parts, self.chosen))
        return await read_node(Machine(transport), asked)

    @property
    def parts(self) -> tuple[Part, ...]:
        return parts(self.site, lambda _: self.secrets) if self.whole else ()

    @property
    def chosen(self) -> frozenset[str]:
        return selection(self.parts, frozenset(of_host()))

    def _build(self, facts: NodeFacts, ctids: set[int] | None) -> Plan:
        own = plan_host(self.parts, self.chosen, facts.facts, self.allowed)
        return self.distort(build(self.site, foreseen(self.site, facts, self.chosen), ctids, own=own))

    def look(self) -> NodeFacts:
        facts: NodeFacts = self._run(self._look, Recorder(self.node))
        return facts

    def plan(self, ctids: set[int] | None = None) -> Plan:
        return self._build(self.look(), ctids)

    def apply(
        self,
        ctids: set[int] | None = None,
        jobs: int = 8,
        crash_after: int | None = None,
        crash_yields: int = 0,
        fail_fast: bool = False,
    ) -> Summary:
        """Plan and walk. Raises Crash when it was cut off."""

        async def work(transport: Recorder) -> Summary:
            plan = self._build(await self._look(transport), ctids)
            transport.sent.clear()
            settings = Settings(lambda: self.node.clock, jobs, fail_fast, self.redact)
            walk = Walk(plan, Machine(transport), self.events.append, settings)
            self.begun(walk)
            return await walk.run()

        left = None if crash_after is None else crash_after + 1
        transport = Recorder(self.node, left, crash_yields, self.watch)
        summary: Summary = self._run(work, transport)
        return summary

    def converge(self, **options: Any) -> Summary:
        """Apply; nothing may fail."""
        summary = self.apply(**options)
        assert not summary.failed and not summary.skipped, summary
        return summary

    @property
    def ran(self) -> list[str]:
        """The commands of the last runs, as lines."""
        return [event.command for event in self.events if isinstance(event, Ran)]


def site_of(folder: Path, lxc: dict[str, Any], host: dict[str, Any] | None = None) -> Site:
    """The documents written to a folder and loaded; they must be free of errors."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "phoenix_lxc_configs.json").write_text(json.dumps(lxc))
    if host is not None:
        (folder / "phoenix_hypervisor_config.json").write_text(json.dumps(host))
    return load_site(folder)


def load_site(folder: Path) -> Site:
    loaded = load(folder)
    errors = [str(problem) for problem in loaded.problems if problem.severity == "error"]
    assert not errors, errors
    assert loaded.site is not None
    return loaded.site


def fitted(site: Site, node: Node | None = None) -> Rig:
    """The site on a fresh node on which the host part was done: what its containers stand on is there."""
    node = node or Node.new()
    furnish(site, node)
    return Rig(site, node)


def state(node: Node) -> dict[str, Any]:
    """What a run leaves on a node, without what differs from run to run (times, keys, addresses that were drawn)."""

    def plain(text: str) -> str:
        text = re.sub(r"hwaddr=BC:24:11:[0-9A-F:]{8}", "hwaddr=DRAWN", text)
        return re.sub(r"snaptime: \d+", "snaptime: N", text)

    guests = {path: plain(node.files.read(path)) for path in node.files.glob("/etc/pve/lxc/*.conf")}
    listing = node.run(["zfs", "list", "-H", "-t", "filesystem,snapshot", "-o", "name,origin"]).stdout
    running = node.run(["lxc-ls", "--running", "-1"]).stdout
    return {"guests": guests, "zfs": sorted(listing.splitlines()), "running": sorted(running.split())}


TARBALL = "local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst"


def container(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "name": f"ct{number}",
        "memory_mb": 1024,
        "cores": 2,
        "storage_pool": "tank-lxc",
        "storage_size_gb": 8,
        "network_config": {
            "name": "eth0",
            "bridge": "vmbr0",
            "ip": f"10.0.{number // 100}.{number % 100 + 1}/16",
            "gw": "10.0.0.254",
        },
        "unprivileged": True,
        **fields,
    }


def tree() -> dict[str, Any]:
    return {
        "lxc_configs": {
            "900": container(900, template=TARBALL, template_snapshot_name="base", features=["base_setup"]),
            "901": container(901, clone_from_ctid="900", template_snapshot_name="second", start_at_boot=False),
            "950": container(950, clone_from_ctid="901", features=["base_setup"], application_script="app.sh"),
            "150": container(150, clone_from_ctid="900", dependencies=["950"], tags=["web", "Blue"]),
        }
    }


HOST: dict[str, Any] = {"timezone": "Europe/Berlin", "proxmox_defaults": {"zfs_lxc_pool": "tank/lxc"}}
SCRIPT = '#!/bin/sh\nset -eu\necho "$1" >/etc/app\ncat >/etc/slice.json\n'


def small(folder: Path, node: Node | None = None) -> Rig:
    """Two templates, a service with a script, and one that waits for it, on a fresh node."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "app.sh").write_text(SCRIPT)
    return fitted(site_of(folder, tree(), HOST), node)
