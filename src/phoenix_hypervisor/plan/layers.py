"""The layers of a container: features and scripts, each with an identity that is stamped when it is established."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from phoenix_hypervisor.command import Command, decode
from phoenix_hypervisor.config.site import DEFAULT_BIN, Container, Site
from phoenix_hypervisor.features.lifecycle import inside as scripts
from phoenix_hypervisor.features.lifecycle.effects import Holds, Stamped
from phoenix_hypervisor.features.lifecycle.facts import SCRIPTS
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.plan.step import Converge, Expect, Work
from phoenix_hypervisor.plan.wanted import slice_of
from phoenix_hypervisor.transport.container import inside

_INSIDE = "/var/lib/phoenix/scripts"
_ON_NODE = "/var/lib/phoenix_hypervisor/scripts"


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: its name as stamped, its digest, what people read, and the work that establishes it."""

    name: str
    digest: str
    title: str
    work: tuple[Work, ...]
    needs_names: bool = False
    awaits: tuple[Command, ...] = ()
    """What ends when it does its work again after the container has started."""


def layers_of(container: Container, site: Site, node: Node) -> tuple[Layer, ...]:
    """All layers that something can establish, in their order (spec L5): features, then scripts."""
    return (*feature_layers(container, site), *_script_layers(container, site, node))


def feature_layers(container: Container, site: Site) -> Iterator[Layer]:
    for name in container.features:
        feature = site.container_features.get(name)
        if feature is None:
            continue
        piece = slice_of(feature, site, container)
        resources = tuple(feature.resources(piece))
        digest = feature.digest(piece)
        title = f"{name}: {'; '.join(map(str, resources))}"
        given = tuple(scripts.give(container.ctid, each.source, each.path) for each in feature.carries(piece))
        work = (Converge(container.ctid, name, digest, resources, given),)
        awaits = tuple(inside(container.ctid, command) for each in resources for command in each.awaits())
        yield Layer(name, digest, title, work, feature.needs_names, awaits)


@dataclass(frozen=True, slots=True)
class Script:
    """A script as it was found: its content where it has to be brought to the node, its digest (SHA-256)."""

    name: str
    digest: str
    content: str | None


def find_script(name: str, folders: Iterable[Path], on_node: Mapping[str, str]) -> Script | None:
    """Look in ETC, ETC/../bin, then on the node in /usr/local/phoenix_hypervisor/bin (spec S5)."""
    for folder in folders:
        try:
            data = (folder / name).read_bytes()
        except OSError:
            continue
        return Script(name, hashlib.sha256(data).hexdigest(), decode(data))
    return Script(name, on_node[name], None) if name in on_node else None


def _script_layers(container: Container, site: Site, node: Node) -> Iterator[Layer]:
    piece = json.dumps(container.declared, ensure_ascii=False, sort_keys=True)
    folders = [folder for folder in site.script_folders if folder != DEFAULT_BIN]
    for kind, name in (
        ("application_script", container.application_script),
        ("setup_script", f"phoenix_hypervisor_setup_{container.ctid}.sh"),
    ):
        script = find_script(name, folders, node.scripts) if name else None
        if script is not None:
            work = _inside if kind == "application_script" else _on_node
            layer = f"{kind}.{container.ctid}"
            stamp = inside(container.ctid, scripts.stamp(layer, script.digest[:16]))
            stamped = Expect((Stamped(container.ctid, layer, script.digest[:16]),))
            where = "inside" if kind == "application_script" else "on the node"
            title = f"run {script.name} {where}"
            yield Layer(layer, script.digest[:16], title, (*work(script, container.ctid, piece), stamp, stamped))


def _inside(script: Script, ctid: int, piece: str) -> Iterator[Work]:
    """Bring the script into the container, and run it there."""
    path = f"{_INSIDE}/{script.name}"
    if script.content is None:
        yield scripts.carry_script(ctid, f"/{SCRIPTS}/{script.name}", path, script.digest)
    else:
        yield inside(ctid, scripts.install_script(path, script.content))
    yield Expect((Holds(ctid, path, script.digest),))
    yield inside(ctid, scripts.run_script(path, ctid, piece))


def _on_node(script: Script, ctid: int, piece: str) -> Iterator[Work]:
    path = f"/{SCRIPTS}/{script.name}"
    if script.content is not None:
        path = f"{_ON_NODE}/{script.name}"
        yield scripts.install_script(path, script.content)
    yield Expect((Holds(None, path, script.digest),))
    yield scripts.run_script(path, ctid, piece)
