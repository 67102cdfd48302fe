"""The dependency graph as a picture: clones from left to right, dependencies as dashed curves."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from phoenix_hypervisor.report.graph import Edge, EdgeKind, Forest, Graph, GraphNode, forest, name_of, plain

_LETTER, _HEIGHT, _ROW, _GAP, _MARGIN = 7.5, 44, 60, 90, 24
_LONGEST = 36
_STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #111827 }
.note { font-size: 11px; fill: #4b5563 }
rect { stroke-width: 1.2 }
.template { fill: #dbeafe; stroke: #1d4ed8 }
.container { fill: #f3f4f6; stroke: #4b5563 }
.missing { fill: #fee2e2; stroke: #b91c1c; stroke-dasharray: 5 3 }
path { fill: none; stroke: #6b7280; stroke-width: 1.4 }
.dependency { stroke: #c2410c; stroke-dasharray: 5 4 }
marker .clone { fill: #6b7280; stroke: none }
marker .dependency { fill: #c2410c; stroke: none }"""
_ARROWS = "".join(
    f'<marker id="{kind}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    f'<path class="{kind}" d="M0 0L8 4L0 8z"/></marker>'
    for kind in ("clone", "dependency")
)


@dataclass(frozen=True, slots=True)
class Box:
    """Where a node stands: its left upper corner and its width."""

    x: float
    y: float
    width: float

    def end(self, kind: EdgeKind, *, right: bool) -> tuple[float, float]:
        """Where lines meet the box: clones in its middle, dependencies below."""
        return self.x + self.width * right, self.y + _HEIGHT * (0.5 if kind == "clone" else 0.8)


def draw(graph: Graph) -> str:
    """An SVG document that needs nothing else."""
    trees = forest(graph)
    boxes = _layout(graph, trees)
    curve = _GAP if any(_same_column(boxes, edge) for edge in graph.edges) else 0
    width = max((box.x + box.width for box in boxes.values()), default=0) + curve + _MARGIN
    height = max((box.y + _HEIGHT for box in boxes.values()), default=0) + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" aria-label="Templates, containers and their dependencies">',
        f"<style>{_STYLE}</style>",
        f"<defs>{_ARROWS}</defs>",
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff" stroke="none"/>',
        *(_path(edge, boxes) for edge in sorted(graph.edges)),
        *(_node(node, boxes[node.id]) for node in graph.by_id.values()),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _layout(graph: Graph, trees: Forest) -> dict[int, Box]:
    """A column for each depth; each leaf has a row of its own, a parent stands at the height of its first child."""
    rows: dict[int, int] = {}
    columns: dict[int, int] = {}
    row, above = -1, 0
    for id, depth in trees.walk():
        row += depth <= above
        rows[id], columns[id], above = row, depth, depth
    starts = _starts(graph, columns)
    return {id: Box(starts[columns[id]], _MARGIN + rows[id] * _ROW, _width(graph.by_id[id])) for id in graph.by_id}


def _starts(graph: Graph, columns: Mapping[int, int]) -> list[float]:
    """The left edge of each column."""
    widths = [0.0] * (max(columns.values(), default=-1) + 1)
    for id, column in columns.items():
        widths[column] = max(widths[column], _width(graph.by_id[id]))
    starts = [float(_MARGIN)]
    for width in widths:
        starts.append(starts[-1] + width + _GAP)
    return starts


def _same_column(boxes: Mapping[int, Box], edge: Edge) -> bool:
    return boxes[edge.source].x == boxes[edge.target].x


def _path(edge: Edge, boxes: Mapping[int, Box]) -> str:
    source, target = boxes[edge.source], boxes[edge.target]
    forwards, backwards = source.x < target.x, source.x > target.x
    x1, y1 = source.end(edge.kind, right=not backwards)
    x2, y2 = target.end(edge.kind, right=not forwards)
    bend = _GAP / 2
    bend1, bend2 = x1 + (-bend if backwards else bend), x2 + (-bend if forwards else bend)
    curve = f"M{x1:g} {y1:g}C{bend1:g} {y1:g} {bend2:g} {y2:g} {x2:g} {y2:g}"
    title = f"<title>{_xml(plain(edge.label))}</title>" if edge.label else ""
    return f'<path class="{edge.kind}" d="{curve}" marker-end="url(#{edge.kind})">{title}</path>'


def _node(node: GraphNode, box: Box) -> str:
    name, note = name_of(node), plain(node.note)
    middle = box.y + (18 if note else 27)
    texts = f'<text x="{box.x + 10:g}" y="{middle:g}">{_xml(_short(name))}</text>'
    if note:
        texts += f'<text class="note" x="{box.x + 10:g}" y="{box.y + 35:g}">{_xml(_short(note))}</text>'
    corner = 4 if node.kind == "template" else 14
    shape = f'x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{_HEIGHT}" rx="{corner}"'
    title = f"<title>{_xml(name)}</title>"
    return f'<g id={quoteattr(f"n{node.id}")}>{title}<rect class="{node.kind}" {shape}/>{texts}</g>'


def _width(node: GraphNode) -> float:
    return 20 + _LETTER * max(_cells(_short(name_of(node))), _cells(_short(plain(node.note))), 8)


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _xml(text: str) -> str:
    """The text as XML; characters that XML cannot hold at all are left out."""
    return escape("".join(each for each in text if each not in "\ufffe\uffff"))
