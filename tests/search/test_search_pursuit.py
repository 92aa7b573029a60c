"""Products, limits and the smallest buffer, against every plan."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import numpy as np
import pytest

from looptree.architecture import Architecture
from looptree.errors import LooptreeError
from looptree.search import InfeasibleError, Plan, Space, search
from looptree.search.exhaustive import Exhaustive
from looptree.search.limits import Limit
from looptree.search.metrics import METRICS
from looptree.search.objective import value
from looptree.workload import Workload
from tests.search.search_cases import KINDS, architecture, network

WHOLE = tuple(kind for kind in KINDS if kind != "odd bits")
ONE = Space(loops=1, lone_loops=1, leaf_loops=0)


class Case:
    """A network with all of its plans, in some capacity."""

    def __init__(self, kind: str, seed: int, share: float, layers: int = 3) -> None:
        self.workload: Workload = network(kind, seed, layers=layers)
        self.unlimited: Architecture = architecture(seed=seed, buffer_bandwidth=(None, 3, 6)[seed % 3])
        self.slow = Exhaustive(self.workload, self.unlimited, ONE)
        self.capacity = max(1, int(share * sum(t.size_bytes for t in self.workload.tensors.values())))
        self.hardware = self.unlimited.with_capacity("GLB", self.capacity)
        self.totals = self.slow.totals(self.capacity)

    def column(self, metric: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        if metric == "edp":
            return np.asarray(self.totals[:, 0] * self.totals[:, 2])
        return np.asarray(self.totals[:, METRICS.index(metric)])

    def check(self, objective: str, limits: dict[str, float]) -> Plan | None:
        """The search finds the best of all plans that keep the limits."""
        kept = np.ones(len(self.totals), dtype=bool)
        for metric, most in limits.items():
            kept &= self.column(metric) <= most * (1 + 1e-12)
        wanted = [Limit(metric, Fraction(most)) for metric, most in limits.items()]
        try:
            plan = search(self.workload, self.hardware, objective=objective, limits=wanted, space=ONE, workers=1)
        except InfeasibleError as problem:
            assert not kept.any()
            assert not len(self.totals) or "no plan of the space" in str(problem)
            return None
        assert plan.statistics.status == "optimal"
        assert plan.statistics.value == pytest.approx(float(self.column(objective)[kept].min()), rel=1e-9)
        assert plan.statistics.value == float(value(objective, plan.evaluation))
        for metric, most in limits.items():
            assert float(value(metric, plan.evaluation)) <= most * (1 + 1e-9)
        return plan


def drawn(case: Case, draw: random.Random) -> dict[str, float]:
    """Limits of one or two metrics, at and around what is possible."""
    limits = {}
    for metric in draw.sample(METRICS, draw.choice([1, 1, 2])):
        column = case.column(metric)
        share = draw.choice([0.0, 0.1, 0.3, 0.6])
        limits[metric] = float(np.quantile(column, share)) * draw.choice([1.0, 1.0, 1.01, 0.999])
    return limits


def check_many(kind: str, seed: int) -> tuple[int, int]:
    draw = random.Random(f"{kind} {seed}")
    found = tried = 0
    for share in (0.1, 0.3, 0.8):
        case = Case(kind, seed, share)
        if len(case.totals):
            case.check("edp", {})
            for _ in range(3):
                tried += 1
                found += case.check(draw.choice([*METRICS, "edp"]), drawn(case, draw)) is not None
    return found, tried


@pytest.mark.parametrize("kind", WHOLE)
def test_no_plan_has_a_smaller_product_or_is_better_within_limits(kind: str) -> None:
    found, tried = check_many(kind, 2)
    assert 0 < found <= tried


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 6))
@pytest.mark.parametrize("kind", WHOLE)
def test_no_plan_of_many_networks_is_better_within_limits(kind: str, seed: int) -> None:
    check_many(kind, seed)


def test_a_better_plan_inside_the_hull_is_found() -> None:
    """With limits just above and between what plans take, weighted sums alone leave a gap in some of these cases."""
    case = Case("chain", 1, 0.3)
    for metric, objective in (("offchip", "operations"), ("operations", "energy"), ("latency", "offchip")):
        for most in sorted(set(case.column(metric).tolist()))[:6]:
            assert case.check(objective, {metric: most}) is not None


def test_limits_that_are_possible_alone_but_not_together_are_explained() -> None:
    case = Case("chain", 1, 0.3)
    energy, operations = case.column("energy"), case.column("operations")
    least = float(energy[operations <= operations.min()].min())
    assert energy.min() < least
    limits = [Limit("energy", Fraction(least - 1)), Limit("operations", Fraction(operations.min()))]
    with pytest.raises(InfeasibleError, match=r"of those with energy<=.* keeps operations<=.*: the least operations"):
        search(case.workload, case.hardware, objective="latency", limits=limits, space=ONE, workers=1)


@pytest.mark.parametrize("kind", ["chain", "skip", "matmul", "pool"])
def test_no_smaller_buffer_keeps_the_limits(kind: str) -> None:
    case = Case(kind, 2, 1.0)
    for metric, factor in (("offchip", 1.0), ("offchip", 1.2), ("energy", 1.1), ("operations", 1.0)):
        least = case.slow.value(metric)
        limit = Limit(metric, Fraction(factor).limit_denominator(100), relative=True)
        plan = search(case.workload, case.hardware, objective="capacity", limits=[limit], space=ONE, workers=1)
        found = plan.statistics
        assert found.status == "optimal"
        assert found.value == plan.evaluation.occupancy["GLB"].window_bytes == found.bound
        assert found.limits[0].amount == pytest.approx(least * factor)
        assert case.slow.value(metric, found.value) <= least * factor * (1 + 1e-9)
        assert case.slow.value(metric, found.value - 1) > least * factor * (1 + 1e-9)
        assert plan.architecture.level("GLB").capacity_bytes == found.value


def test_the_smallest_buffer_of_all_and_one_that_is_too_small() -> None:
    case = Case("padded", 1, 1.0)
    plan = search(case.workload, case.hardware, objective="capacity", space=ONE, workers=1)
    assert math.isinf(case.slow.value("energy", plan.statistics.value - 1))
    assert math.isfinite(case.slow.value("energy", plan.statistics.value))
    with pytest.raises(InfeasibleError, match="does not fit GLB"):
        search(case.workload, case.hardware, limits=[f"capacity<={plan.statistics.value - 1:.0f}B"], workers=1)
    two = [Limit("offchip", Fraction(1), relative=True), Limit("operations", Fraction(1), relative=True)]
    both = search(case.workload, case.hardware, objective="capacity", limits=two, space=ONE, workers=1)
    totals = [case.slow.totals(both.statistics.value - less) for less in (0, 1)]
    least = [limit.amount for limit in both.statistics.limits]
    kept = [((t[:, 1] <= least[0] * (1 + 1e-9)) & (t[:, 3] <= least[1] * (1 + 1e-9))).any() for t in totals]
    assert kept == [True, False]


def test_a_search_within_limits_that_is_stopped_says_what_it_has() -> None:
    case = Case("skip", 3, 0.4)
    best = case.check("edp", {})
    assert best is not None
    for seconds in (0.02, 0.05, 0.2, 50.0):
        try:
            plan = search(case.workload, case.hardware, objective="edp", space=ONE, seconds=seconds, workers=1)
        except InfeasibleError:
            pytest.fail("there is a plan, the time was too short")
        except LooptreeError as problem:
            assert "allow more time" in str(problem)
            continue
        assert plan.statistics.bound <= best.statistics.value * (1 + 1e-9)
        assert plan.statistics.value >= best.statistics.value * (1 - 1e-9)
