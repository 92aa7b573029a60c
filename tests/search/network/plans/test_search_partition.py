"""Shortest paths below some amount, against every plan."""

from __future__ import annotations

import math
import random

import pytest

from looptree.search.asked.metrics import METRICS, Weights
from looptree.search.network.plans.partition import Partition
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
            partition = planner(kind, seed).partition(capacity)
            assert isinstance(partition, Partition)
            path = partition.solve(weights, most=most)
            assert path.bound <= least * (1 + 1e-9)
            if least < most:
                assert path.proven
                assert path.value == pytest.approx(least)
            else:
                assert path.bound >= most
            found[least < most] += 1
    assert min(found.values()) > 1
