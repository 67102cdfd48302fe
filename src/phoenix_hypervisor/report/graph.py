"""A dependency graph as a value, and the forest of clones in it. Circles and unknown ids are no obstacle."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

NodeKind = Literal["template", "container", "missing"]
EdgeKind = Literal["clone", "dependency"]


@dataclass(frozen=True, slots=True, order=True)
class GraphNode:
    """A template or container, or an id that is named and that nobody declares."""

    id: int
    label: str = ""
    kind: NodeKind = "container"
    note: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """From what is needed to what needs it: the source of a clone, or what must be healthy first."""

    source: int
    target: int
    kind: EdgeKind = "clone"
    label: str = ""


@dataclass(frozen=True)
class Graph:
    """Nodes and edges; an id that only an edge names is drawn as missing."""

    nodes: tuple[GraphNode, ...] = ()
    edges: tuple[Edge, ...] = ()

    @cached_property
    def missing(self) -> tuple[int, ...]:
        """The ids that edges name and no node has."""
        known = {node.id for node in self.nodes}
        return tuple(sorted({end for edge in self.edges for end in (edge.source, edge.target)} - known))

    @cached_property
    def by_id(self) -> Mapping[int, GraphNode]:
        """Every node by its id, missing ones included, smallest first."""
        absent = [GraphNode(id, "", "missing", "not declared") for id in self.missing]
        return {node.id: node for node in sorted((*self.nodes, *absent))}

    @property
    def dependencies(self) -> tuple[Edge, ...]:
        return tuple(sorted(edge for edge in self.edges if edge.kind == "dependency"))

    def as_json(self) -> dict[str, Any]:
        return {
            "nodes": [asdict(node) for node in self.by_id.values() if node.kind != "missing"],
            "edges": [asdict(edge) for edge in sorted(self.edges)],
            "missing": list(self.missing),
        }


@dataclass(frozen=True)
class Forest:
    """The clone edges as trees that hold every node once; ``others`` are those that would close a circle."""

    roots: tuple[int, ...]
    children: Mapping[int, tuple[Edge, ...]]
    others: tuple[Edge, ...]

    def walk(self) -> Iterable[tuple[int, int]]:
        """Each id with its depth, parents first, siblings by id."""
        waiting = [(root, 0) for root in reversed(self.roots)]
        while waiting:
            id, depth = waiting.pop()
            yield id, depth
            waiting.extend((edge.target, depth + 1) for edge in reversed(self.children.get(id, ())))


def forest(graph: Graph) -> Forest:
    """The trees of clones. In a circle the smallest id is taken as the root."""
    clones = sorted(edge for edge in graph.edges if edge.kind == "clone")
    parent: dict[int, Edge] = {}
    for edge in clones:
        parent.setdefault(edge.target, edge)
    roots = _roots(graph.by_id, parent)
    for id in roots:
        parent.pop(id, None)
    children: dict[int, list[Edge]] = {}
    for edge in sorted(parent.values(), key=lambda edge: edge.target):
        children.setdefault(edge.source, []).append(edge)
    others = tuple(edge for edge in clones if parent.get(edge.target) is not edge)
    return Forest(roots, {id: tuple(edges) for id, edges in children.items()}, others)


def _roots(ids: Iterable[int], parent: Mapping[int, Edge]) -> tuple[int, ...]:
    """The ids without a source, and the smallest of each circle."""
    roots: list[int] = []
    settled: set[int] = set()
    for id in ids:
        trail: dict[int, None] = {}
        while id not in settled and id not in trail and id in parent:
            trail[id] = None
            id = parent[id].source
        if id in trail:
            circle = list(trail)[list(trail).index(id) :]
            roots.append(min(circle))
        elif id not in settled:
            roots.append(id)
        settled.update(trail, (id,))
    return tuple(sorted(roots))


def name_of(node: GraphNode) -> str:
    """``901 gpu``, in one line, whatever the label holds."""
    return plain(f"{node.id} {node.label}".rstrip())


def plain(text: str) -> str:
    """The text without anything that moves a cursor, ends a line or turns the direction of writing."""
    return "".join(
        f"\\u{ord(each):04x}" if unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp") else each for each in text
    )
