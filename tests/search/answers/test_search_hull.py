"""Inner and outer hull of points that are all known."""

from __future__ import annotations

import random

import numpy as np
import pytest

from looptree.search.answers.hull import Hull
from looptree.search.asked.metrics import METRICS, Totals
from looptree.search.asked.target import Target


def explored(plans: list[Totals], metrics: tuple[str, ...], target: Target) -> tuple[Hull, float]:
    """The hull once its best corner is no better than a point, and the objective of that corner."""
    hull = Hull(metrics, [min(p[METRICS.index(name)] for p in plans) / 2 for name in metrics])
    for _ in range(100):
        corners = hull.corners(target.limits)
        if not len(corners):
            return hull, np.inf
        values = target.values(corners * hull.scale)
        normal = hull.violated(corners[int(values.argmin())])
        if normal is None:
            return hull, float(values.min())
        weights = hull.weights(normal)
        best = min(plans, key=weights.of)
        hull.learn(weights, weights.of(best), best)
    pytest.fail("no end")


@pytest.mark.parametrize("seed", range(8))
def test_the_product_of_all_plans_is_found_at_a_corner(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(10):
        plans = [Totals(*(float(draw.randrange(10, 500)) for _ in range(4))) for _ in range(draw.randrange(1, 40))]
        _, found = explored(plans, ("energy", "latency"), Target("edp", {}))
        assert found == pytest.approx(min(p.energy * p.latency for p in plans), rel=1e-9)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_within_limits_the_best_corner_is_no_worse_than_the_best_plan(size: int) -> None:
    draw = random.Random(size)
    tight = 0
    for _ in range(12):
        plans = [Totals(*(float(draw.randrange(10, 500)) for _ in range(4))) for _ in range(12)]
        limits = {name: float(draw.randrange(50, 400)) for name in METRICS[1:size]}
        for objective in ("energy", "latency", "edp"):
            target = Target(objective, limits)
            kept = [target.value(p) for p in plans if target.keeps(p)]
            hull, found = explored(plans, target.metrics, target)
            assert found <= min(kept, default=np.inf) * (1 + 1e-9)
            tight += bool(kept) and found >= min(kept) * (1 - 1e-9)
            for weights, bound in zip(map(hull.weights, hull.normals), hull.bounds, strict=True):
                size_of = sum(weights[i] * s for i, s in zip(hull.columns, hull.scale, strict=True))
                assert min(map(weights.of, plans)) >= bound * size_of * (1 - 1e-9)
    assert tight


def test_two_limits_may_exclude_each_other() -> None:
    """No average of (1, 9) and (9, 1) has both below 4."""
    plans = [Totals(1, 9, 1, 1), Totals(9, 1, 1, 1)]
    limits = {"energy": 4.0, "offchip": 4.0}
    assert explored(plans, ("energy", "offchip", "latency"), Target("latency", limits))[1] == np.inf


def test_what_a_better_plan_may_take_at_most() -> None:
    """Energy times latency below 12, energy of at least 1, latency of 2 to 5: 6 * 2, 2.4 * 5; 3 E + T <= 20."""
    target = Target("edp", {"latency": 5.0})
    assert target.most([3.0, 1.0], 12.0, [1.0, 2.0]) == pytest.approx(20.0)
    assert target.most([0.0, 1.0], 12.0, [1.0, 2.0]) == pytest.approx(5.0)
    assert Target("energy", {"latency": 5.0}).most([3.0, 1.0], 12.0, [1.0, 2.0]) == pytest.approx(41.0)
    assert Target("energy", {}).most([1.0], np.inf, [1.0]) == np.inf


def test_where_nothing_fits_there_are_no_corners() -> None:
    assert len(Hull(("energy", "latency"), (np.inf, 3.0)).corners({"latency": 4.0})) == 0
