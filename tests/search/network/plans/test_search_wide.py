"""Wide graphs: the cover of least cost is the best plan with nothing on chip between groups."""

from __future__ import annotations

import math

import numpy as np
import pytest

from looptree.search import InfeasibleError, Space, search
from looptree.search.asked.metrics import Weights
from looptree.search.asked.restrictions import Restrictions
from looptree.search.asked.rules import TensorRule
from looptree.search.network.groups.catalogue import Catalogue
from looptree.search.network.groups.workers import Searches, Workers
from looptree.search.network.plans.wide import WidePartition
from looptree.search.network.states.ideals import Layers, TooManyError
from looptree.search.network.states.states import StateGraph
from tests.search.search_cases import OBJECTIVES, architecture, network


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(
    ("kind", "seed", "most"), [("branches", 1, 8), ("branches", 4, 8), ("skip", 2, 2), ("matmul", 1, 2)]
)
def test_covers_and_paths_agree(kind: str, seed: int, most: int, objective: str) -> None:
    workload = network(kind, seed, layers=4)
    space = Space(group_layers=most, chain_layers=3, loops=1, lone_loops=1, leaf_loops=0, resident=0)
    total = sum(t.size_bytes for t in workload.tensors.values())
    for share in (0.05, 0.2, 0.5):
        hardware = architecture(max(1, int(total * share)))
        catalogue = Catalogue(workload, Workers(Searches(hardware, "GLB", space), 1), np.inf)
        wide = WidePartition(Layers.of(workload), catalogue, max(1, int(total * share)))
        path = wide.solve(Weights.only(objective))
        try:
            expected = search(workload, hardware, objective=objective, space=space, workers=1).statistics.value
        except InfeasibleError:
            expected = math.inf
        assert path.value == pytest.approx(expected, rel=1e-9)
        assert path.proven


def too_many(*_: object) -> StateGraph:
    raise TooManyError


def test_products_and_limits_of_wide_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same as of graphs whose states are listed; within limits, never too good and with a bound that holds."""
    workload, hardware = network("branches", 4, layers=4), architecture(70, seed=4, buffer_bandwidth=3)
    space = Space(loops=1, lone_loops=1, leaf_loops=0, resident=0)
    limits, most = ["operations<=1.2x"], ["offchip<=1.5x"]
    product = search(workload, hardware, objective="edp", space=space, workers=1).statistics
    within = search(workload, hardware, objective="latency", limits=limits, space=space, workers=1).statistics
    small = search(workload, hardware, objective="capacity", limits=most, space=space, workers=1).statistics
    monkeypatch.setattr(StateGraph, "of", too_many)
    wide = search(workload, hardware, objective="edp", space=space, workers=1).statistics
    assert wide.value == pytest.approx(product.value)
    assert wide.status == "optimal"
    other = search(workload, hardware, objective="latency", limits=limits, space=space, workers=1).statistics
    assert other.bound * (1 - 1e-6) <= within.value <= other.value * (1 + 1e-9)
    least = search(workload, hardware, objective="capacity", limits=most, space=space, workers=1).statistics
    assert least.bound <= small.value <= least.value


def test_restrictions_hold_in_wide_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StateGraph, "of", too_many)
    rules = Restrictions(apart=(frozenset({"layer1", "layer2"}),), together=(frozenset({"layer2", "layer3"}),))
    space = Space(loops=1, lone_loops=1, leaf_loops=0, restrictions=rules)
    plan = search(network("matmul", 1), architecture(), space=space, workers=1)
    assert [group.einsums for group in plan.groups] == [("layer1",), ("layer2", "layer3")]
    always = Restrictions(tensors=(("T1", TensorRule(between="always")),))
    plan = search(network("matmul", 1), architecture(), space=Space(restrictions=always), workers=1)
    assert any({"layer1", "layer2"} <= set(group.einsums) for group in plan.groups)
