"""The dependency graph in Graphviz's language."""

from __future__ import annotations

from phoenix_hypervisor.report.graph import Edge, Graph, GraphNode, name_of, plain

_STYLES = {
    "template": 'style="filled", fillcolor="#dbeafe", color="#1d4ed8"',
    "container": 'style="filled,rounded", fillcolor="#f3f4f6", color="#4b5563"',
    "missing": 'style="dashed", color="#b91c1c", fontcolor="#b91c1c"',
}


def draw(graph: Graph) -> str:
    """A graph from left to right: solid arrows lead from a template to its clones, dashed ones to what waits."""
    lines = [
        "digraph phoenix {",
        "  rankdir=LR;",
        '  node [shape=box, fontname="sans-serif"];',
        '  edge [fontname="sans-serif", fontsize=10];',
        *(f"  {_node(node)}" for node in graph.by_id.values()),
        *(f"  {_edge(edge)}" for edge in sorted(graph.edges)),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _node(node: GraphNode) -> str:
    label = _text(name_of(node)) + (f"\\n{_text(plain(node.note))}" if node.note else "")
    return f'"{node.id}" [label="{label}", {_STYLES[node.kind]}];'


def _edge(edge: Edge) -> str:
    options = [f'label="{_text(plain(edge.label))}"'] if edge.label else []
    if edge.kind == "dependency":
        options += ["style=dashed", "constraint=false"]
    return f'"{edge.source}" -> "{edge.target}"' + (f" [{', '.join(options)}];" if options else ";")


def _text(text: str) -> str:
    """The text as the inside of a quoted string; Graphviz reads backslashes and HTML entities there."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
