"""Orders, convex groups and cycles, against networkx."""

from __future__ import annotations

import networkx
import pytest

from looptree.search.covering.precedence import Precedence, bits, mask_of, shortest_cycles
from tests.search.covering.covering_cases import partitions, random_instance, waits_in_a_cycle


@pytest.mark.parametrize("seed", range(60))
def test_reachability_and_convex_groups(seed: int) -> None:
    instance = random_instance(seed)
    graph = networkx.DiGraph(instance.edges)
    graph.add_nodes_from(range(instance.layers))
    precedence = Precedence.of(instance.layers, instance.edges)
    for layer in graph:
        assert set(bits(precedence.descendants[layer])) == networkx.descendants(graph, layer)
        assert set(bits(precedence.ancestors[layer])) == networkx.ancestors(graph, layer)
    for column in instance.columns:
        paths = networkx.subgraph_view(graph)
        between = {
            layer
            for layer in set(graph) - column.members
            if networkx.descendants(paths, layer) & column.members and networkx.ancestors(paths, layer) & column.members
        }
        assert precedence.convex(mask_of(column.members)) == (not between)
    assert list(precedence.order) == list(networkx.lexicographical_topological_sort(graph))
    assert set(precedence.edges) == set(instance.edges)


@pytest.mark.parametrize("seed", range(60))
def test_groups_are_arranged_unless_they_wait_in_a_cycle(seed: int) -> None:
    instance = random_instance(seed)
    precedence = Precedence.of(instance.layers, instance.edges)
    for chosen in list(partitions(instance))[:50]:
        members = [instance.columns[number].members for number in chosen]
        order = precedence.arranged([mask_of(group) for group in members])
        assert (order is None) == waits_in_a_cycle(instance.edges, members)
        if order is not None:
            place = {layer: at for at, number in enumerate(order) for layer in members[number]}
            assert all(place[first] <= place[second] for first, second in instance.edges)


@pytest.mark.parametrize("seed", range(60))
def test_a_shortest_cycle_through_each_node(seed: int) -> None:
    graph = networkx.gnp_random_graph(7, 0.25, seed=seed, directed=True)
    shortest: dict[int, int] = {}
    for cycle in networkx.simple_cycles(graph):
        for node in cycle:
            shortest[node] = min(len(cycle), shortest.get(node, 99))
    found = shortest_cycles([sorted(graph[node]) for node in range(7)])
    assert len(found) == len(set(found))
    for cycle in found:
        assert all(graph.has_edge(a, b) for a, b in zip(cycle, (*cycle[1:], cycle[0]), strict=True))
    assert {node: min(len(cycle) for cycle in found if node in cycle) for cycle in found for node in cycle} == shortest


def test_edges_that_make_a_cycle_are_refused() -> None:
    with pytest.raises(ValueError, match="make a cycle"):
        Precedence.of(3, [(0, 1), (1, 2), (2, 0)])
    with pytest.raises(ValueError, match="make a cycle"):
        Precedence.of(1, [(0, 0)])


def test_edges_of_layers_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match=r"edge \(1, 2\): expected two layers of 0..1"):
        Precedence.of(2, [(1, 2)])
