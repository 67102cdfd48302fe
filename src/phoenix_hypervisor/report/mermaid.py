"""The dependency graph in Mermaid's language, as Markdown readers draw it."""

from __future__ import annotations

import re

from phoenix_hypervisor.report.graph import Edge, Graph, GraphNode, name_of, plain

_SPECIAL = re.compile(r"[^\w .,:/-]")
_SHAPES = {"template": ("[[", "]]"), "container": ("[", "]"), "missing": ("([", "])")}
_ARROWS = {"clone": "-->", "dependency": "-.->"}
_CLASSES = (
    "classDef template fill:#dbeafe,stroke:#1d4ed8,color:#111827",
    "classDef container fill:#f3f4f6,stroke:#4b5563,color:#111827",
    "classDef missing fill:#fee2e2,stroke:#b91c1c,color:#111827,stroke-dasharray:4",
)


def draw(graph: Graph) -> str:
    """A top-down graph: solid arrows lead from a template to its clones, dotted ones to what waits."""
    lines = ["graph TD", *map(_node, graph.by_id.values()), *map(_edge, sorted(graph.edges)), *_CLASSES]
    return "\n".join((lines[0], *(f"  {line}" for line in lines[1:]))) + "\n"


def _node(node: GraphNode) -> str:
    opening, closing = _SHAPES[node.kind]
    label = _text(name_of(node)) + (f"<br/>{_text(plain(node.note))}" if node.note else "")
    return f'{_id(node.id)}{opening}"{label}"{closing}:::{node.kind}'


def _edge(edge: Edge) -> str:
    label = f'|"{_text(plain(edge.label))}"|' if edge.label else ""
    return f"{_id(edge.source)} {_ARROWS[edge.kind]}{label} {_id(edge.target)}"


def _id(id: int) -> str:
    return f"n{id}".replace("-", "_")


def _text(text: str) -> str:
    """The text with everything that Mermaid or HTML would read as an entity of Mermaid's."""
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", text)
