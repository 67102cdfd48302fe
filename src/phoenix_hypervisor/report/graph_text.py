"""The dependency graph for a terminal: the clones as a tree, who waits for whom below it."""

from __future__ import annotations

from collections.abc import Iterator

from phoenix_hypervisor.report.graph import Edge, Forest, Graph, GraphNode, forest, name_of, plain


def draw(graph: Graph) -> str:
    """The whole drawing; says so when there is nothing to draw."""
    if not graph.by_id:
        return "No containers are declared.\n"
    trees = forest(graph)
    lines = [*_trees(graph, trees), *_others(graph, trees.others), *_dependencies(graph)]
    return "\n".join(lines) + "\n"


def _trees(graph: Graph, trees: Forest) -> Iterator[str]:
    """One line for each node, its branches in box characters."""
    waiting: list[tuple[int, str, str, str]] = [(root, "", "", "") for root in reversed(trees.roots)]
    while waiting:
        id, branch, below, note = waiting.pop()
        yield f"{branch}{_line(graph.by_id[id], note)}"
        edges = trees.children.get(id, ())
        for edge in reversed(edges):
            corner, bar = ("└── ", "    ") if edge is edges[-1] else ("├── ", "│   ")
            waiting.append((edge.target, below + corner, below + bar, edge.label))


def _line(node: GraphNode, note: str) -> str:
    kind = "" if node.kind == "container" else node.kind
    notes = ", ".join(plain(part) for part in (kind, node.note, note) if part)
    return f"{name_of(node)}  ({notes})" if notes else name_of(node)


def _others(graph: Graph, edges: tuple[Edge, ...]) -> Iterator[str]:
    if edges:
        yield from ("", "Circles")
    for edge in edges:
        yield f"  {_ends(graph, edge, 'is cloned from')}"


def _dependencies(graph: Graph) -> Iterator[str]:
    if graph.dependencies:
        yield from ("", "Dependencies")
    for edge in sorted(graph.dependencies, key=lambda edge: (edge.target, edge.source)):
        yield f"  {_ends(graph, edge, 'waits for')}"


def _ends(graph: Graph, edge: Edge, verb: str) -> str:
    source, target = graph.by_id[edge.source], graph.by_id[edge.target]
    missing = " (missing)" if source.kind == "missing" else ""
    return f"{name_of(target)} {verb} {name_of(source)}{missing}"
