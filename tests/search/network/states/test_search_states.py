"""States and steps, against every plan; shortest paths, against every path."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest

from looptree.search.asked.space import Space
from looptree.search.exhaustive import Exhaustive
from looptree.search.exhaustive import Step as ExhaustiveStep
from looptree.search.network.groups.catalogue import Catalogue
from looptree.search.network.groups.workers import Searches, Workers
from looptree.search.network.states import outline, states
from looptree.search.network.states.ideals import Layers, bits
from looptree.search.network.states.states import StateGraph
from looptree.workload import Workload
from tests.search.search_cases import architecture, einsum, network

ROOMY = 10.0**9


def graph_of(workload: Workload, space: Space, capacity: float = ROOMY, *, alike: bool = False) -> StateGraph:
    """All states, or one of those that exchanges of branches make of each other."""
    searches = Searches(architecture(), "GLB", space)
    catalogue = Catalogue(workload, Workers(searches, 1), np.inf)
    return StateGraph.of(Layers.of(workload, catalogue.branches() if alike else ()), catalogue, capacity)


def paths(graph: StateGraph, state: int = 0) -> Iterator[list[int]]:
    """Every path from a state to the last one, as numbers of steps."""
    if state == len(graph.order) - 1:
        yield []
    for step in np.flatnonzero(graph.source == state).tolist():
        for rest in paths(graph, int(graph.target[step])):
            yield [step, *rest]


def plan(graph: StateGraph, path: list[int]) -> frozenset[ExhaustiveStep]:
    """The plan of a path as `Exhaustive.plans` has it."""
    found = []
    for step in graph.plan(path):
        used = sum(graph.catalogue.workload.tensors[t].size_bytes for t in step.resident)
        held = int(graph.capacity - step.capacity) + used
        fetched = step.made & set(graph.catalogue.workload.inputs)
        found.append((frozenset(graph.layers.members(step.group.layers)), step.resident, fetched, held))
    return frozenset(found)


@pytest.mark.parametrize(
    "space",
    [
        Space(),
        Space(2, chain_layers=3),
        Space(1, chain_layers=4),
        Space(resident=1),
        Space(resident=0),
        Space(resident_inputs=1),
    ],
)
@pytest.mark.parametrize("kind", ["branches", "skip", "matmul", "shared"])
def test_paths_are_plans(kind: str, space: Space) -> None:
    for seed in range(3):
        workload = network(kind, seed, layers=4)
        graph = graph_of(workload, space)
        assert {plan(graph, path) for path in paths(graph)} == Exhaustive(workload, architecture(), space).plans


def test_what_stays_on_chip_fits() -> None:
    workload = network("matmul", 1, layers=4)
    for capacity in (0, 4, 8, 16):
        graph = graph_of(workload, Space(), capacity)
        for step in map(graph.step, range(len(graph.source))):
            assert sum(workload.tensors[t].size_bytes for t in step.resident) <= step.capacity <= capacity


@pytest.mark.parametrize("seed", range(6))
def test_the_shortest_path_is_shorter_than_any_other(seed: int) -> None:
    draw = np.random.default_rng(seed)
    graph = graph_of(network("branches", seed, layers=4), Space())
    for _ in range(5):
        query = draw.integers(1, 50, size=len(graph.queries)).astype(np.float64)
        query[draw.random(len(query)) < 0.2] = np.inf
        cost = query[graph.query]
        lengths = [sum(cost[step] for step in path) for path in paths(graph)]
        length, path = graph.paths.shortest(cost)
        assert length == min(lengths)
        assert not path or sum(cost[step] for step in path) == length
        for step in draw.integers(0, len(graph.source), size=5).tolist():
            source, target = int(graph.source[step]), int(graph.target[step])
            assert graph.paths.between(query, step) == least_between(graph, cost, source, target)


def least_between(graph: StateGraph, cost: np.ndarray[tuple[int], np.dtype[np.float64]], state: int, end: int) -> float:
    if state == end:
        return 0.0
    steps = np.flatnonzero(graph.source == state).tolist()
    ways = [cost[s] + least_between(graph, cost, int(graph.target[s]), end) for s in steps if graph.target[s] <= end]
    return float(min(ways, default=np.inf))


def test_chains_that_are_too_many_are_left_out_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of five layers, with groups of up to two layers, there are three chains of three, and two of four."""
    workload, space = network("matmul", 1, layers=5), Space(2, chain_layers=9)
    for most, longest in ((6, 9), (5, 4), (4, 3), (3, 3), (2, 2)):
        monkeypatch.setattr(outline, "MOST_CHAINS", most)
        graph = graph_of(workload, space)
        assert (graph.space.group_layers, graph.space.chain_layers) == (2, longest)
        assert max(group.layers.bit_count() for group in graph.groups.values()) == min(longest, 5)


def test_steps_that_are_too_many_cost_the_longest_chains_first(monkeypatch: pytest.MonkeyPatch) -> None:
    workload = network("matmul", 1, layers=5)
    few = len(graph_of(workload, Space(2, chain_layers=2)).source)
    monkeypatch.setattr(states, "MOST_STEPS", few)
    graph = graph_of(workload, Space(2, chain_layers=5))
    assert (graph.space.chain_layers, graph.space.resident, len(graph.source)) == (2, 16, few)


def test_steps_that_are_too_many_cost_inputs_on_chip_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pairs of layers share weights: both, one or none of these are on chip at a time."""
    layers = [einsum(f"layer{i}", f"T{i}[m] = T{i - 1}[m] * W{i % 2}[m]", {"m": 4}) for i in range(1, 5)]
    workload = Workload("shared", layers)
    with_inputs = []
    for inputs in (16, 1, 0):
        graph = graph_of(workload, Space(resident_inputs=inputs))
        on_chip = [{t.name for t in (graph.crossing[i] for i in bits(r))} & {"W0", "W1"} for _, r in graph.order]
        with_inputs.append(sum(bool(on_chip[a] | on_chip[b]) for a, b in zip(graph.source, graph.target, strict=True)))
        assert max(map(len, on_chip)) == min(inputs, 2)
    for most, inputs in ((with_inputs[0], 16), (with_inputs[1], 1), (with_inputs[1] - 1, 0)):
        monkeypatch.setattr(states, "MOST_STEPS_WITH_INPUTS", most)
        found = graph_of(workload, Space()).space
        assert (found.resident, found.resident_inputs, *found.most_layers) == (16, inputs, 8, 16)
    assert found.leaves_out() == ["resident_inputs: 0 (default 16)"]
    assert found.described().endswith("at a time whole on chip between groups, none of them from off chip")


def test_too_many_tensors_on_chip_are_left_out_and_said_so() -> None:
    random.seed(0)
    graph = graph_of(network("branches", 1, layers=4), Space(resident=2))
    assert graph.space.resident == 2
    assert max(resident.bit_count() for _, resident in graph.states) <= 2
