"""Shortest paths below some amount, against every plan."""

from __future__ import annotations

import math
import random

import pytest

from looptree import load_architecture, load_workload
from looptree.search.asked.metrics import METRICS, Weights
from looptree.search.asked.space import Space
from looptree.search.network.groups.workers import Searches, Workers
from looptree.search.network.planner import Planner
from looptree.search.network.plans import partition
from looptree.search.network.plans.partition import Partition, alone
from tests.search.drawn_designs import planner, plans


@pytest.mark.parametrize("kind", ["chain", "branches", "skip", "matmul"])
def test_a_path_below_some_amount_is_found_if_there_is_one(kind: str) -> None:
    draw = random.Random(kind)
    found = {True: 0, False: 0}
    for seed, capacity in enumerate((math.inf, 60.0, 45.0)):
        totals = plans(planner(kind, seed), capacity)[:, : len(METRICS)]
        for _ in range(4):
            weights = Weights(*(draw.choice([0.0, 1.0, 3.0]) for _ in METRICS))._replace(energy=1.0)
            least = min((weights.of(row) for row in totals.tolist()), default=math.inf)
            most = draw.choice([0.9, 1 - 1e-6, 1 + 1e-6, 1.2]) * (least if math.isfinite(least) else 1e9)
            known = planner(kind, seed).partition(capacity)
            assert isinstance(known, Partition)
            path = known.solve(weights, most=most)
            assert path.bound <= least * (1 + 1e-9)
            if least < most:
                assert path.proven
                assert path.value == pytest.approx(least)
            else:
                assert path.bound >= most
            found[least < most] += 1
    assert min(found.values()) > 1


@pytest.mark.parametrize("capacity", [6, 1024, 2048])
def test_a_first_plan_is_found_soon_where_the_time_is_limited(capacity: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From fewer ranges than it takes to prove each layer alone; given enough, the best plan is proven all the same."""
    monkeypatch.setattr(partition, "QUICK", 1000)
    workload, weights = load_workload("conv_conv", channels=16, resolution=16), Weights.only("energy")
    first, looked, best = {}, {}, {}
    for seconds in (None, 1000.0):
        known = Planner(workload, Workers(Searches(load_architecture("small"), "GLB", Space()), 1), seconds, None)
        first[seconds] = alone(known.layers, known.catalogue, weights, capacity).value
        looked[seconds] = known.tally.nodes
        path = known.solve(weights, capacity)
        assert path.proven or not path.steps
        best[seconds] = path.value
    assert math.isfinite(first[1000.0]) == math.isfinite(first[None]) == (capacity > 6)
    assert first[1000.0] >= first[None] * (1 - 1e-9)
    assert looked[1000.0] < looked[None] or capacity == 6
    assert best[1000.0] == pytest.approx(best[None], rel=1e-9)
