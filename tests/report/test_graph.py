"""Graphs of every shape become trees that hold each node once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_hypervisor.report.graph import Edge, Graph, GraphNode, forest, name_of, plain

IDS = st.integers(1, 12)
EDGES = st.builds(Edge, IDS, IDS, st.sampled_from(["clone", "dependency"]))
GRAPHS = st.builds(
    lambda ids, edges: Graph(tuple(GraphNode(id, f"ct{id}") for id in ids), tuple(edges)),
    st.sets(IDS),
    st.lists(EDGES, max_size=30),
)


def graph(*clones: tuple[int, int], nodes: tuple[int, ...] = ()) -> Graph:
    ids = nodes or tuple(sorted({id for pair in clones for id in pair}))
    return Graph(tuple(map(GraphNode, ids)), tuple(Edge(*pair) for pair in clones))


@pytest.mark.parametrize(
    ("drawn", "walk"),
    [
        (graph(nodes=(2, 1)), [(1, 0), (2, 0)]),
        (graph((1, 2), (1, 3), (2, 4)), [(1, 0), (2, 1), (4, 2), (3, 1)]),
        (graph((9, 1)), [(9, 0), (1, 1)]),
        (graph((5, 5)), [(5, 0)]),
        (graph((3, 1), (1, 2), (2, 3), (2, 7)), [(1, 0), (2, 1), (3, 2), (7, 2)]),
        (graph((1, 2), nodes=(2,)), [(1, 0), (2, 1)]),
    ],
    ids=["apart", "tree", "source-with-bigger-id", "own-source", "circle", "missing-source"],
)
def test_walk(drawn: Graph, walk: list[tuple[int, int]]) -> None:
    assert list(forest(drawn).walk()) == walk


def test_the_edge_that_closes_a_circle_is_kept_apart() -> None:
    assert forest(graph((3, 1), (1, 2), (2, 3))).others == (Edge(3, 1),)


@given(GRAPHS)
def test_each_node_stands_once_and_each_clone_edge_is_drawn(drawn: Graph) -> None:
    trees = forest(drawn)
    assert sorted(id for id, _ in trees.walk()) == sorted(drawn.by_id)
    inside = [edge for edges in trees.children.values() for edge in edges]
    assert sorted([*inside, *trees.others]) == sorted(edge for edge in drawn.edges if edge.kind == "clone")


def test_missing_ids_are_those_that_only_edges_name() -> None:
    drawn = graph((999, 950), nodes=(950,))
    assert drawn.missing == (999,)
    assert drawn.by_id[999].kind == "missing"
    assert drawn.as_json()["missing"] == [999]
    assert [node["id"] for node in drawn.as_json()["nodes"]] == [950]


def test_a_very_deep_chain_is_walked() -> None:
    deep = graph(*((id, id + 1) for id in range(1, 20_000)))
    assert list(forest(deep).walk())[-1] == (20_000, 19_999)


def test_names_are_one_line_whatever_they_hold() -> None:
    assert name_of(GraphNode(7, "a\nb\x1b[2J\u202e\ud800")) == "7 a\\u000ab\\u001b[2J\\u202e\\ud800"
    assert plain("Grün 雪") == "Grün 雪"
