"""The deep look: what stands inside running containers, compared with what their layers' stamps say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.features.lifecycle.node import Drift, Node
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.plan.layers import Layer, feature_layers
from phoenix_hypervisor.plan.step import Converge
from phoenix_hypervisor.resource import Resource
from phoenix_hypervisor.transport.container import inside
from phoenix_hypervisor.transport.pack import pack, unpack


def looks(site: Site, ctids: Iterable[int]) -> tuple[Fact[Any], ...]:
    """What to read inside each of these containers, to go with the reading of the node: no trip of its own."""
    return tuple(_look(ctid, facts) for ctid in ctids if (facts := _facts(site, ctid)))


def with_drift(site: Site, node: Node, ctids: Iterable[int]) -> Node:
    """The node with what was found inside its running containers; those that do not run are not judged."""
    found = {ctid: _drift(site, node, ctid) for ctid in ctids if ctid in node.running and ctid in node.guests}
    return replace(node, drift={ctid: layers for ctid, layers in found.items() if layers})


def _drift(site: Site, node: Node, ctid: int) -> dict[str, Drift]:
    wanted = _facts(site, ctid)
    if not wanted:
        return {}
    result = node.facts[_look(ctid, wanted)]
    try:
        facts = _parsed(wanted, result)
        layers = [each for each in feature_layers(site.containers[ctid], site) if each.name in node.guests[ctid].layers]
        found = {layer.name: _of_layer(layer, facts) for layer in layers}
        return {name: drift for name, drift in found.items() if drift.reason}
    except NodeError as error:
        raise NodeError(f"CT {ctid} could not be looked into: {error.message}", error.hint) from error


def _of_layer(layer: Layer, facts: Facts) -> Drift:
    wrong = [(resource, resource.verdict(facts)) for resource in _resources(layer) if any(resource.change(facts))]
    reason = "; ".join(f"{resource}: {verdict.reason}" for resource, verdict in wrong)
    return Drift(reason, "\n".join(verdict.detail for _, verdict in wrong if verdict.detail))


def _resources(layer: Layer) -> Iterator[Resource]:
    for work in layer.work:
        if isinstance(work, Converge):
            yield from work.resources


def _facts(site: Site, ctid: int) -> list[Fact[Any]]:
    layers = feature_layers(site.containers[ctid], site)
    return list(dict.fromkeys(fact for layer in layers for each in _resources(layer) for fact in each.facts()))


def _look(ctid: int, facts: Iterable[Fact[Any]]) -> Fact[Result]:
    return Fact(f"inside CT {ctid}", inside(ctid, pack([fact.command for fact in facts])), _as_it_is)


def _as_it_is(result: Result) -> Result:
    return result


def _parsed(wanted: list[Fact[Any]], result: Result) -> Facts:
    results = unpack(result, len(wanted))
    values: Mapping[Fact[Any], Any] = {fact: fact.parse(each) for fact, each in zip(wanted, results, strict=True)}
    return Facts(values)
