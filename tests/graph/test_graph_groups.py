"""Convex sets of Einsums against an enumeration of all sets."""

from __future__ import annotations

from itertools import combinations

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from looptree.errors import InputError
from looptree.graph import fusion_candidates, is_convex, layer_graph
from looptree.workload.load import load_workload


def graph_of(edges: list[tuple[int, int]], nodes: int) -> networkx.DiGraph:
    graph = networkx.DiGraph()
    graph.add_nodes_from((str(i) for i in range(nodes)), inputs=())
    graph.add_edges_from(((str(a), str(b)) for a, b in edges), tensor="")
    for producer, consumer in graph.edges:
        graph.edges[producer, consumer]["tensor"] = producer
    return graph


def convex(graph: networkx.DiGraph, members: set[str]) -> bool:
    """No Einsum outside can be reached from a member and reaches a member."""
    return not any(
        any(networkx.has_path(graph, m, x) for m in members) and any(networkx.has_path(graph, x, m) for m in members)
        for x in set(graph) - members
    )


def connected(graph: networkx.DiGraph, members: set[str], siblings: bool) -> bool:
    inside = networkx.Graph(graph.subgraph(members).to_undirected())
    if siblings:
        for a, b in combinations(members, 2):
            if set(graph.predecessors(a)) & set(graph.predecessors(b)):
                inside.add_edge(a, b)
    return bool(networkx.is_connected(inside))


EDGES = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 6)).filter(lambda e: e[0] < e[1]), max_size=12)


@given(EDGES, st.integers(1, 5), st.booleans())
def test_candidates_are_all_connected_convex_sets(edges: list[tuple[int, int]], largest: int, siblings: bool) -> None:
    graph = graph_of(edges, 7)
    expected = [
        group
        for size in range(1, largest + 1)
        for group in combinations(sorted(graph), size)
        if connected(graph, set(group), siblings) and convex(graph, set(group))
    ]
    found = list(fusion_candidates(graph, largest=largest, siblings=siblings))
    assert sorted(tuple(sorted(group)) for group in found) == sorted(expected)
    assert len(set(found)) == len(found)
    assert [len(group) for group in found] == sorted(len(group) for group in found)


@given(EDGES, st.sets(st.integers(0, 6), min_size=1))
def test_convexity_is_that_no_path_leaves_and_comes_back(edges: list[tuple[int, int]], members: set[int]) -> None:
    graph = graph_of(edges, 7)
    names = {str(m) for m in members}
    assert is_convex(graph, names) == convex(graph, names)


def test_a_residual_block_is_convex_only_with_its_inside() -> None:
    graph = layer_graph(load_workload("resnet18"))
    block = ["layer1_0_conv1", "layer1_0_conv2", "layer1_0_add"]
    assert is_convex(graph, block)
    assert is_convex(graph, ["pool1", *block])
    assert not is_convex(graph, ["pool1", "layer1_0_add"])
    assert not is_convex(graph, ["layer1_0_conv1", "layer1_0_add"])
    assert is_convex(graph, [])


def test_siblings_share_an_input_from_outside() -> None:
    graph = layer_graph(load_workload("bert_base", layers=1))
    projections = ("layer_0_query", "layer_0_key", "layer_0_value")
    assert projections in set(fusion_candidates(graph, largest=3, siblings=True))
    assert projections not in set(fusion_candidates(graph, largest=3))


def test_mistakes() -> None:
    graph = layer_graph(load_workload("conv_conv"))
    with pytest.raises(InputError, match="no einsum 'conv9'"):
        is_convex(graph, ["conv9"])
    with pytest.raises(InputError, match="largest = 0"):
        next(fusion_candidates(graph, largest=0))
