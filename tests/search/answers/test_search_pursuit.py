"""Products, limits and the smallest buffer, against every plan."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import numpy as np
import pytest

from looptree.architecture import Architecture
from looptree.errors import LooptreeError
from looptree.model.axis import Array
from looptree.search import InfeasibleError, Plan, Space, search
from looptree.search.answers.answer import answer
from looptree.search.answers.pursuit import Pursuit
from looptree.search.answers.smallest import smallest
from looptree.search.asked.limits import Limit
from looptree.search.asked.metrics import METRICS
from looptree.search.asked.objective import value
from looptree.search.asked.target import Target
from looptree.search.exhaustive import Exhaustive
from looptree.workload import Workload
from tests.search.drawn_designs import planner, plans
from tests.search.search_cases import KINDS, architecture, einsum, network
from tests.some import some

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

    def column(self, metric: str) -> Array:
        return values(self.totals, metric)

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


@pytest.mark.parametrize("kind", ["chain", "plane", "shared"])
def test_no_plan_has_a_smaller_product_or_is_better_within_limits(kind: str) -> None:
    found, tried = check_many(kind, 2)
    assert 0 < found <= tried


MANY = [(kind, seed) for seed in (3, 4) for kind in ("shared", *reversed(KINDS))]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "seed"), some(MANY, 5))
def test_no_plan_of_many_networks_is_better_within_limits(kind: str, seed: int) -> None:
    check_many(kind, seed)


# -- designs that were drawn, so that metrics contradict each other --------------------------------


def values(totals: Array, objective: str) -> Array:
    if objective == "edp":
        return np.asarray(totals[:, 0] * totals[:, 2])
    return np.asarray(totals[:, METRICS.index(objective)])


def check_drawn(kind: str, seed: int) -> int:
    """The best of all plans within drawn limits; how often it lies inside the hull."""
    draw = random.Random(seed)
    inside = 0
    for capacity in (math.inf, 40.0):
        totals = plans(planner(kind, seed), capacity)
        for _ in range(12):
            objective = draw.choice([*METRICS, "edp"])
            limits = {}
            for metric in draw.sample(METRICS, draw.choice([0, 1, 1, 2, 3])):
                share = draw.choice([0.0, 0.01, 0.1, 0.4])
                limits[metric] = float(np.quantile(values(totals, metric), share)) if len(totals) else 1e9
            kept = np.ones(len(totals), dtype=bool)
            for metric, most in limits.items():
                kept &= values(totals, metric) <= most
            expected = float(values(totals[kept], objective).min(initial=math.inf))
            search_ = Pursuit(planner(kind, seed), Target(objective, limits), capacity)
            found = search_.found()
            assert found.value == pytest.approx(expected, rel=1e-9)
            assert found.bound == found.value or found.bound >= found.value * (1 - 1e-9)
            corners = search_.hull.corners(limits)
            if len(corners) and math.isfinite(expected):
                bound = float(search_.target.values(corners * search_.hull.scale).min())
                inside += bound < expected * (1 - 1e-9)
    return inside


@pytest.mark.parametrize("kind", ["chain", "branches", "matmul"])
def test_no_plan_of_drawn_designs_is_better(kind: str) -> None:
    assert sum(check_drawn(kind, seed) for seed in range(3)) > 5


MORE = [pytest.param(seed, marks=pytest.mark.slow) for seed in some(range(8, 16), 2)]


@pytest.mark.parametrize("seed", [*range(3, 8), *MORE])
@pytest.mark.parametrize("kind", ["chain", "branches", "skip", "matmul"])
def test_no_plan_of_many_drawn_designs_is_better(kind: str, seed: int) -> None:
    check_drawn(kind, seed)


@pytest.mark.parametrize("kind", ["chain", "branches"])
def test_no_smaller_buffer_keeps_the_limits_of_drawn_designs(kind: str) -> None:
    draw = random.Random(kind)
    for seed in range(3):
        totals = plans(planner(kind, seed), math.inf)
        for _ in range(4):
            limits = {}
            for metric in draw.sample(METRICS, draw.choice([0, 1, 2])):
                limits[metric] = float(np.quantile(values(totals, metric), draw.choice([0.0, 0.02, 0.2])))
            kept = np.ones(len(totals), dtype=bool)
            for metric, most in limits.items():
                kept &= values(totals, metric) <= most
            found = smallest(planner(kind, seed), limits)
            expected = float(totals[kept, -1].min(initial=math.inf))
            assert found.value == expected
            assert found.bound == expected


def test_after_an_interruption_the_best_plan_so_far_is_kept() -> None:
    totals = plans(planner("branches", 1), math.inf)
    latency = float(np.quantile(values(totals, "latency"), 0.05))
    best = float(values(totals[values(totals, "latency") <= latency], "edp").min())
    kept = 0
    for presses in range(40):
        known = planner("branches", 1, presses=presses)
        try:
            found = Pursuit(known, Target("edp", {"latency": latency}), math.inf).found()
            small = smallest(planner("branches", 1, presses=presses), {"latency": latency})
        except KeyboardInterrupt:
            continue
        kept += found.bound < found.value
        assert found.bound <= best * (1 + 1e-9)
        assert found.value >= best * (1 - 1e-9)
        assert math.isinf(found.value) == (not found.path.steps)
        assert small.bound <= totals[values(totals, "latency") <= latency, -1].min() <= small.value
    assert kept


@pytest.mark.parametrize("kind", ["chain", "branches"])
def test_a_plan_within_a_limit_is_found_as_soon_as_if_nothing_else_were_asked_for(kind: str) -> None:
    limit = {"offchip": float(np.quantile(values(plans(planner(kind, 1), 40.0), "offchip"), 0.01))}
    early = 0
    for presses in range(2, 30):
        try:
            any_plan = Pursuit(planner(kind, 1, presses=presses), Target("offchip", limit), 40.0, enough=True).found()
        except KeyboardInterrupt:
            continue
        if any_plan.path.steps:
            found = Pursuit(planner(kind, 1, presses=presses), Target("energy", limit), 40.0).found()
            assert found.path.totals[1] <= limit["offchip"]
            early += found.bound < found.value
    assert early


@pytest.mark.parametrize("kind", ["chain", "branches", "skip"])
def test_what_is_proven_in_more_room_need_not_be_proven_again(kind: str) -> None:
    saved = 0
    for seed in range(6):
        totals = plans(planner(kind, seed), math.inf)
        least = float(np.quantile(values(totals, "offchip"), 0.02))
        target, enough = Target("offchip", {"offchip": least}), totals[values(totals, "offchip") <= least, -1].min()
        for capacity in (enough - 1, enough - 4, enough):
            roomier, exactly = planner(kind, seed), planner(kind, seed)
            for known, spare in ((roomier, 3.0), (exactly, 0.0)):
                found = Pursuit(known, target, capacity, enough=True, spare=spare).found()
                assert bool(found.path.steps) == (capacity >= enough)
                assert math.isinf(found.bound) == (capacity < enough)
            if capacity == enough - 4:
                before = [known.tally.groups for known in (roomier, exactly)]
                for known in (roomier, exactly):
                    assert math.isinf(Pursuit(known, target, capacity + 3, enough=True).found().bound)
                again = [known.tally.groups - b for known, b in zip((roomier, exactly), before, strict=True)]
                saved += again[1] - again[0]
    assert saved > 0


# -- explanations, buffers, time ---------------------------------------------------------------


def test_limits_that_are_possible_alone_but_not_together_are_explained() -> None:
    known = planner("chain", 1)
    totals = plans(known, math.inf)
    energy, operations = values(totals, "energy"), values(totals, "operations")
    least = float(operations[energy <= energy.min()].min())
    assert operations.min() < least
    limits = [Limit("energy", Fraction(float(energy.min()))), Limit("operations", Fraction(least - 1))]
    said = f"of those with energy<=.* keeps operations<=.*: the least operations is {least:,.0f} operations, proven"
    with pytest.raises(InfeasibleError, match=said):
        answer(known, "latency", limits)


@pytest.mark.parametrize("kind", ["chain", "matmul"])
def test_no_smaller_buffer_keeps_the_limits(kind: str) -> None:
    case = Case(kind, 2, 1.0)
    for metric, factor in (("offchip", 1.0), ("energy", 1.1), ("operations", 1.0)):
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
    less = f"capacity<={plan.statistics.value - 1:.0f}B"
    with pytest.raises(InfeasibleError, match="does not fit GLB"):
        search(case.workload, case.hardware, limits=[less], space=ONE, workers=1)
    two = [Limit("offchip", Fraction(1), relative=True), Limit("operations", Fraction(1), relative=True)]
    both = search(case.workload, case.hardware, objective="capacity", limits=two, space=ONE, workers=1)
    totals = [case.slow.totals(both.statistics.value - less) for less in (0, 1)]
    least = [limit.amount for limit in both.statistics.limits]
    kept = [((t[:, 1] <= least[0] * (1 + 1e-9)) & (t[:, 3] <= least[1] * (1 + 1e-9))).any() for t in totals]
    assert kept == [True, False]


def test_what_waits_on_chip_needs_room_while_another_layer_runs() -> None:
    """Each branch needs 3 x 5 + 5 + 3 bytes; what the first one made, 3 bytes, waits while the other one runs."""
    layers = [
        einsum("one", "A[p] = X[p,k] * U[k]", {"p": 3, "k": 5}),
        einsum("two", "B[p] = Z[p,k] * V[k]", {"p": 3, "k": 5}),
        einsum("sum", "C[p] = A[p] + B[p]", {"p": 3}),
    ]
    space = Space(group_layers=1, chain_layers=1, lone_loops=0, leaf_loops=0)
    hardware, limits = architecture(), ["offchip<=1x"]
    plan = search(Workload("join", layers), hardware, objective="capacity", limits=limits, space=space, workers=1)
    assert plan.resident == {"A", "B"}
    assert plan.statistics.value == plan.evaluation.occupancy["GLB"].window_bytes == 15 + 5 + 3 + 3


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
