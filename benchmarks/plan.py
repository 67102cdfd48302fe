"""How long Phoenix itself needs for N containers that are in order: reading the answers, planning, the whole no-op.

    .venv/bin/python benchmarks/plan.py 100 1000 10000

The node's answers are made up beforehand, so that only Phoenix's own time is measured (spec P1). Trips are counted.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.config.load import load
from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.features.lifecycle.firewall import Owner
from phoenix_hypervisor.features.lifecycle.marks import snapshot_description
from phoenix_hypervisor.features.lifecycle.reading import read_node
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.plan.build import build
from phoenix_hypervisor.plan.layers import layers_of
from phoenix_hypervisor.plan.wanted import wanted_options
from phoenix_hypervisor.proxmox.guest import GuestConfig, Section, render
from phoenix_hypervisor.proxmox.properties import render_properties
from phoenix_hypervisor.transport.base import Transport

TARBALL = "local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst"
FIRST = 100_000


def documents(count: int) -> dict[str, Any]:
    """One template, and clones of it."""
    configs: dict[str, Any] = {}
    for number in range(count):
        address = f"10.{number // 65025 + 1}.{number // 255 % 255}.{number % 255}/8"
        configs[str(FIRST + number)] = {
            "name": f"ct{number}",
            "memory_mb": 1024,
            "cores": 2,
            "storage_pool": "tank",
            "storage_size_gb": 8,
            "network_config": {"name": "eth0", "bridge": "vmbr0", "ip": address},
            "unprivileged": True,
            "features": ["base_setup"],
            **({"clone_from_ctid": str(FIRST)} if number else {"template": TARBALL, "template_snapshot_name": "base"}),
        }
    return {"lxc_configs": configs}


class Canned(Transport):
    """Answers every fact from texts that were made beforehand."""

    def __init__(self, answers: dict[str, str]) -> None:
        super().__init__()
        self.answers = answers

    async def _send(self, command: Command) -> Result:
        return Result(0, self.answers["packed"])


def answers(site: Site) -> str:
    """The packed output of a node on which everything is as declared."""
    guests, listing, stamps, ids, snapshots = [], ["tank/lxc\t-\t/tank/lxc\tyes"], [], {}, []
    for ctid, container in site.containers.items():
        layers = {layer.name: layer.digest for layer in layers_of(container, site, EMPTY)}
        wanted = wanted_options(container, {}, Owner.NOBODY, Section())
        options = dict(wanted.options) | {"rootfs": f"tank:subvol-{ctid}-disk-0,size=8G", "tags": "phoenix"}
        options |= {"net0": render_properties(wanted.net or {}), "unprivileged": "1", "arch": "amd64"}
        section = Section(options, (), str(wanted.record))
        names = [name for name in (container.snapshot, "configured-state") if name]
        taken = {name: Section(options, (), snapshot_description(layers)) for name in names}
        guests += [
            f"etc/pve/lxc/{ctid}.conf:{line}" for line in render(GuestConfig(section, None, (), taken)).split("\n")
        ]
        origin = f"tank/lxc/subvol-{FIRST}-disk-0@base" if ctid != FIRST else "-"
        listing.append(f"tank/lxc/subvol-{ctid}-disk-0\t{origin}\t/tank/lxc/subvol-{ctid}-disk-0\tyes")
        snapshots += [f"tank/lxc/subvol-{ctid}-disk-0@{name}" for name in names]
        stamps += [f"tank/lxc/subvol-{ctid}-disk-0/var/lib/phoenix/layers/{n}:{d}" for n, d in layers.items()]
        ids[str(ctid)] = {"node": "pve1", "type": "lxc", "version": 1}
    storage = "dir: local\n\tpath /var/lib/vz\n\tcontent vztmpl\n\nzfspool: tank\n\tpool tank/lxc\n\tcontent rootdir\n"
    parts = ["nodes/pve1\n", json.dumps({"ids": ids}), "\n".join(guests), storage, "\n".join(listing)]
    parts += ["\n".join(ids), "vmbr0\n", "", "\n".join(stamps), "", "", "/var/lib/vz/template/cache/x\n", "", ""]
    parts += ["", "\n".join(snapshots), "", ""]
    return "".join(f"0 {len(part.encode())} 0\n{part}" for part in parts)


class _Empty:
    scripts: dict[str, str] = {}


EMPTY: Any = _Empty()


def measure(count: int) -> dict[str, float]:
    """Seconds of each part, and the round trips."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "phoenix_lxc_configs.json").write_text(json.dumps(documents(count)))
        begun = time.perf_counter()
        loaded = load(Path(folder))
        read = time.perf_counter()
        assert loaded.site is not None and not loaded.errors, loaded.errors[:3]
        transport = Canned({"packed": answers(loaded.site)})
        asked = time.perf_counter()
        node = asyncio.run(read_node(Machine(transport)))
        known = time.perf_counter()
        plan = build(loaded.site, node)
        done = time.perf_counter()
    assert plan.empty, plan.steps[:3]
    return {
        "load": read - begun,
        "facts": known - asked,
        "plan": done - known,
        "all": read - begun + done - asked,
        "round trips": transport.stats.round_trips,
    }


def main() -> None:
    counts = [int(word) for word in sys.argv[1:]] or [100, 1000]
    print(f"{'containers':>10} {'load':>8} {'facts':>8} {'plan':>8} {'all':>8}  round trips")
    for count in counts:
        found = measure(count)
        print(
            f"{count:>10} {found['load']:>7.2f}s {found['facts']:>7.2f}s {found['plan']:>7.2f}s {found['all']:>7.2f}s"
            f"  {found['round trips']:.0f}"
        )


if __name__ == "__main__":
    main()
