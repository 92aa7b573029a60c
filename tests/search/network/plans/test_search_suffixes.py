"""What the last layers say of a group, against every design of the group."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence

import numpy as np
import pytest

from looptree.documents import parse_document
from looptree.search.asked.metrics import Weights
from looptree.search.asked.space import Space
from looptree.search.exhaustive import Exhaustive
from looptree.search.network.groups.catalogue import Catalogue, Task
from looptree.search.network.groups.workers import Searches, Workers
from looptree.search.network.plans import suffixes
from looptree.search.network.plans.partition import Partition
from looptree.search.network.plans.suffixes import Suffixes
from looptree.search.network.states.ideals import Layers
from looptree.search.network.states.states import StateGraph
from looptree.workload import Workload
from looptree.workload.load import workload_of
from tests.search.search_cases import architecture, network
from tests.some import some

SUMS = ("energy", "offchip", "operations")
SPACE = Space(loops=2, lone_loops=1, leaf_loops=0, chain_layers=1)


def graph_of(workload: Workload, space: Space, capacity: float) -> StateGraph:
    catalogue = Catalogue(workload, Workers(Searches(architecture(), "GLB", space), 1), np.inf)
    return StateGraph.of(Layers.of(workload), catalogue, capacity)


@pytest.mark.parametrize("kind", ["chain", "skip", "matmul"])
def test_no_design_of_a_group_takes_less_than_its_last_layers_say(kind: str) -> None:
    """Of all layers as one group, nothing and something on chip, where designs begin to fit, and with more room."""
    compared = 0
    for seed in some(range(6), 1):
        workload = network(kind, seed)
        slow = Exhaustive(workload, architecture(), SPACE)
        layers = frozenset(e.name for e in workload.einsums)
        rooms = np.unique(slow.designs(layers).rows[:, :2].sum(axis=1)).tolist()
        for capacity in (rooms[0], rooms[min(2, len(rooms) - 1)], rooms[len(rooms) // 2]):
            found = Suffixes(graph := graph_of(workload, SPACE, capacity), graph.catalogue)
            for index in np.flatnonzero(graph.sizes == len(layers)).tolist():
                step = graph.step(index)
                for size, objective in itertools.product(range(2, len(layers)), SUMS):
                    weights = Weights.only(objective)
                    bound = bound_by_last(found, index, size, weights)
                    if bound is not None:
                        expected = slow.designs(layers).least(objective, step.capacity, slow.bandwidths)
                        assert bound <= expected * (1 + 1e-9), (seed, size, objective)
                        compared += 1
    assert compared


def bound_by_last(found: Suffixes, index: int, size: int, weights: Weights) -> float | None:
    """What the last layers of the group of a step say of it, if they are a group with the same sinks."""
    ending, graph = found.ending(index, size), found.graph
    if ending is None:
        return None
    step, catalogue = graph.step(index), graph.catalogue
    number, names = catalogue.shape(graph.layers.members(step.group.layers)[-size:])
    assert number == ending.shape
    variant = catalogue.variant(number, names, frozenset(names.tensors[at] for at in ending.places))
    catalogue.find_floors()
    catalogue.run([Task(variant, weights, ending.capacity, math.inf)])
    known = catalogue.variants[variant]
    least = weights.of(catalogue.variants[step.variant].least)
    return least + known.lower(weights, ending.capacity) - weights.of(known.least)


@pytest.mark.parametrize("kind", ["chain", "matmul", "skip"])
def test_plans_are_as_good_as_without(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the last layers of some groups are searched."""
    draw, asked = random.Random(kind), 0
    monkeypatch.setattr(suffixes, "REACH", 3)
    for seed in some(range(20), 6):
        workload = network(kind, seed, layers=5)
        total = sum(tensor.size_bytes for tensor in workload.tensors.values())
        capacity, weights = max(6, int(total * draw.choice([0.1, 0.2, 0.3]))), Weights.only(draw.choice(SUMS))
        values = []
        for fewest in (2, 9):
            monkeypatch.setattr(suffixes, "FEWEST", fewest)
            graph = graph_of(workload, Space(2, loops=2, lone_loops=2, leaf_loops=0, chain_layers=5), capacity)
            partition = Partition(graph, graph.catalogue)
            path = partition.solve(weights)
            values.append(path.value)
            assert path.proven or not path.steps
            asked += len(partition.suffixes.searched)
        assert values[0] == pytest.approx(values[1], rel=1e-9)
    assert asked


def test_long_chains_are_dismissed_by_their_last_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eleven products of 64 x 64 x 64 in 4 KiB run in twos and threes; no group of more than eight is searched."""
    workload = workload_of(
        parse_document(
            "einsums:\n"
            + "".join(
                f"  - {{name: mm{i}, expression: 'T{i}[m,n{i}] = T{i - 1}[m,n{i - 1}] * W{i}[n{i - 1},n{i}]', "
                f"ranks: {{m: 64, n{i - 1}: 64, n{i}: 64}}}}\n"
                for i in range(1, 12)
            )
        )
    )
    graph = graph_of(workload, Space(resident=0), 4096)
    catalogue, sizes = graph.catalogue, list[int]()

    def run(tasks: Sequence[Task]) -> None:
        sizes.extend(len(catalogue.parts[catalogue.variants[task.variant].shape].einsums) for task in tasks)
        Catalogue.run(catalogue, tasks)

    monkeypatch.setattr(catalogue, "run", run)
    path = Partition(graph, catalogue).solve(Weights.only("energy"))
    assert path.proven
    assert sorted(len(step.group.names.einsums) for step in path.steps) == [2, 2, 2, 2, 3]
    assert max(sizes) == 8
