"""Of equally good plans one that takes little else, against every plan."""

from __future__ import annotations

import math

import pytest

from looptree.search.answers.settle import settled
from looptree.search.asked.metrics import METRICS, Weights
from looptree.search.network.planner import Found
from tests.search.drawn_designs import planner, plans


@pytest.mark.parametrize("kind", ["chain", "branches", "skip"])
def test_no_plan_of_the_same_objective_takes_less_of_everything_else(kind: str) -> None:
    better = 0
    for seed in range(8):
        for objective in ("offchip", "operations", "latency"):
            known = planner(kind, seed, coarse=20)
            column = METRICS.index(objective)
            path = known.solve(Weights.only(objective), math.inf)
            found = settled(known, Found(path, Weights.only(objective), path.value, path.bound), objective)
            totals = plans(planner(kind, seed, coarse=20), math.inf)[:, : len(METRICS)]
            ties = totals[totals[:, column] <= path.value]
            others = [i for i in range(len(METRICS)) if i != column]
            shares = ties[:, others] / [path.totals[i] for i in others]
            taken = sum(found.path.totals[i] / path.totals[i] for i in others)
            assert found.path.totals[column] == path.value == found.value
            assert taken == pytest.approx(shares.sum(axis=1).min(), rel=1e-6)
            better += taken < len(others)
    assert better


def test_what_is_not_proven_or_costs_nothing_stays_as_it_is() -> None:
    known = planner("chain", 0)
    path = known.solve(Weights.only("offchip"), math.inf, lambda path: False)
    found = Found(path, Weights.only("offchip"), path.value, path.bound)
    assert settled(known, found, "offchip") is found
