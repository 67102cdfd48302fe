"""The drawings of a graph: right in shape, and safe whatever a name holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_hypervisor.report import dot, graph_text, mermaid, svg
from phoenix_hypervisor.report.graph import Edge, Graph, GraphNode

LAB = Graph(
    (
        GraphNode(900, "base", "template", "@ready"),
        GraphNode(901, "gpu", "template"),
        GraphNode(902, "docker", "template"),
        GraphNode(920, "vllm", "template"),
        GraphNode(950, "chat"),
        GraphNode(953, "gateway"),
    ),
    (
        Edge(900, 901),
        Edge(900, 902),
        Edge(901, 920),
        Edge(920, 950),
        Edge(999, 953, "clone", "chosen by need"),
        Edge(953, 950, "dependency"),
    ),
)
HOSTILE = 'x"]; end --> <b>&amp;</b> \\N | `#quot; ${HOME}\n%% click'
EVIL = Graph(
    (GraphNode(1, HOSTILE, "template", HOSTILE), GraphNode(2, HOSTILE)),
    (Edge(1, 2, "clone", HOSTILE), Edge(2, 1, "dependency", HOSTILE)),
)
CIRCLE = Graph((GraphNode(1, "a"), GraphNode(2, "b")), (Edge(1, 2), Edge(2, 1), Edge(2, 2, "dependency")))
DRAWINGS: list[Callable[[Graph], str]] = [graph_text.draw, mermaid.draw, dot.draw, svg.draw]


def test_text() -> None:
    assert graph_text.draw(LAB) == (
        "900 base  (template, @ready)\n"
        "├── 901 gpu  (template)\n"
        "│   └── 920 vllm  (template)\n"
        "│       └── 950 chat\n"
        "└── 902 docker  (template)\n"
        "999  (missing, not declared)\n"
        "└── 953 gateway  (chosen by need)\n"
        "\n"
        "Dependencies\n"
        "  950 chat waits for 953 gateway\n"
    )


def test_text_of_circles_and_of_nothing() -> None:
    assert "Circles\n  1 a is cloned from 2 b\n" in graph_text.draw(CIRCLE)
    assert graph_text.draw(Graph()) == "No containers are declared.\n"


def test_mermaid() -> None:
    lines = mermaid.draw(LAB).splitlines()
    assert lines[0] == "graph TD"
    assert '  n900[["900 base<br/>#64;ready"]]:::template' in lines
    assert '  n999(["999<br/>not declared"]):::missing' in lines
    assert '  n999 -->|"chosen by need"| n953' in lines
    assert "  n953 -.-> n950" in lines


def test_mermaid_labels_hold_nothing_that_mermaid_reads() -> None:
    node = re.compile(r'  n\d+(?:\[\[|\[|\(\[)"(?:[\w .,:/-]|#\d+;|<br/>)*"(?:\]\]|\]|\]\)):::\w+')
    edge = re.compile(r'  n\d+ (?:-->|-\.->)(?:\|"(?:[\w .,:/-]|#\d+;)*"\|)? n\d+')
    lines = mermaid.draw(EVIL).splitlines()[1:-3]
    assert len(lines) == 4
    assert all(node.fullmatch(line) or edge.fullmatch(line) for line in lines)


def test_dot() -> None:
    drawn = dot.draw(LAB)
    assert drawn.startswith("digraph phoenix {\n") and drawn.endswith("}\n")
    assert '  "900" [label="900 base\\n@ready", style="filled"' in drawn
    assert '  "953" -> "950" [style=dashed, constraint=false];\n' in drawn


def test_dot_labels_stay_inside_their_quotes() -> None:
    quoted = re.compile(r'"(?:[^"\\]|\\.)*"')
    for line in dot.draw(EVIL).splitlines():
        rest = quoted.sub("", line)
        assert not set(rest) & set("\"\\&'<`$|%"), line


def test_svg_draws_every_node_and_edge() -> None:
    root = ElementTree.fromstring(svg.draw(LAB))
    name = "{http://www.w3.org/2000/svg}"
    assert [group.get("id") for group in root.iter(f"{name}g")] == [
        "n900",
        "n901",
        "n902",
        "n920",
        "n950",
        "n953",
        "n999",
    ]
    assert len([path for path in root.iter(f"{name}path") if path.get("marker-end")]) == len(LAB.edges)


def test_svg_boxes_do_not_overlap_and_fit() -> None:
    root = ElementTree.fromstring(svg.draw(LAB))
    width, height = (float(root.get(key) or 0) for key in ("width", "height"))
    rects = [rect.attrib for rect in root.iter("{http://www.w3.org/2000/svg}rect") if "x" in rect.attrib]
    boxes = [tuple(float(rect[key]) for key in ("x", "y", "width", "height")) for rect in rects]
    for index, (x, y, w, h) in enumerate(boxes):
        assert x >= 0 and y >= 0 and x + w <= width and y + h <= height
        for x2, y2, w2, h2 in boxes[:index]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y


def test_svg_shows_a_hostile_name_as_text() -> None:
    root = ElementTree.fromstring(svg.draw(EVIL))
    titles = [title.text for title in root.iter("{http://www.w3.org/2000/svg}title")]
    assert "1 " + HOSTILE.replace("\n", "\\u000a") in titles
    assert not list(root.iter("{http://www.w3.org/2000/svg}b"))


@pytest.mark.parametrize("draw", DRAWINGS)
@given(label=st.text(st.characters()), note=st.text())
def test_any_name_in_any_drawing(draw: Callable[[Graph], str], label: str, note: str) -> None:
    drawn = draw(Graph((GraphNode(1, label, "template", note), GraphNode(2, label)), (Edge(1, 2, "clone", note),)))
    assert drawn.encode()
    if draw is svg.draw:
        ElementTree.fromstring(drawn)


@pytest.mark.parametrize("draw", DRAWINGS)
@pytest.mark.parametrize("graph", [CIRCLE, Graph()], ids=["circle", "empty"])
def test_circles_and_nothing_are_drawn(draw: Callable[[Graph], str], graph: Graph) -> None:
    assert draw(graph).endswith("\n")
