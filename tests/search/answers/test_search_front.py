"""Fronts, against every plan."""

from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest

from looptree.errors import InputError
from looptree.search import Space, front, search
from looptree.search.answers.corners import Corners, separating
from looptree.search.answers.cover import Cover
from looptree.search.answers.slices import COARSE, Slices
from looptree.search.answers.steps import Steps
from looptree.search.answers.uncovered import missing, some_of, uncovered
from looptree.search.asked.metrics import METRICS, Weights
from looptree.search.asked.objective import value
from looptree.search.exhaustive import Exhaustive
from looptree.search.undominated import undominated
from tests.search.drawn_designs import planner, plans
from tests.search.search_cases import architecture, network

ONE = Space(loops=1, lone_loops=1, leaf_loops=0)
PAIRS = (("energy", "offchip"), ("latency", "operations"))


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("kind", ["chain", "branches", "matmul"])
def test_corners_are_the_best_plans_for_any_weights(kind: str, size: int) -> None:
    draw = random.Random(kind)
    for seed in range(3):
        capacity = draw.choice([math.inf, 50.0])
        totals = plans(planner(kind, seed), capacity)[:, : len(METRICS)]
        if not len(totals):
            continue
        sums = draw.sample(METRICS, size)
        found = Corners(planner(kind, seed), sums, capacity, 1000)
        assert found.closed
        columns = [METRICS.index(name) for name in sums]
        corners = np.array([path.totals for path in found.paths])[:, columns]
        for _ in range(50):
            weights = np.array([draw.choice([0, 1, draw.random(), 5]) for _ in sums])
            least = (totals[:, columns] @ weights).min()
            assert (corners @ weights).min() == pytest.approx(least, rel=1e-9)
        for weights_of, bound in found.facts():
            each = Weights(**weights_of)
            assert bound <= min(each.of(row) for row in totals.tolist()) * (1 + 1e-9)
        for path in found.paths:
            within = (totals[:, columns[:-1]] <= np.array([path.totals[i] for i in columns[:-1]])).all(axis=1)
            assert found.bound(path) <= totals[within, columns[-1]].min() * (1 + 1e-9)


@pytest.mark.parametrize("kind", ["chain", "branches", "skip", "matmul"])
def test_every_plan_is_found_that_no_other_one_beats(kind: str) -> None:
    inside = 0
    for seed, capacity in enumerate((math.inf, 45.0)):
        totals = plans(planner(kind, seed), capacity)
        for sums in (*PAIRS, *itertools.combinations(METRICS, 3)) if len(totals) else ():
            columns = [METRICS.index(name) for name in sums]
            corners = Corners(planner(kind, seed), sums, capacity, 4)
            cover = Cover(corners)
            assert cover.share == 0
            wanted = totals[:, columns]
            assert sorted(cover.points.tolist()) == sorted(wanted[undominated(wanted)].tolist())
            assert sorted([path.totals[i] for i in columns] for path in cover.paths) == sorted(cover.points.tolist())
            inside += len(cover.paths) > len(corners.paths)
    assert inside


def test_no_plan_is_better_than_some_of_them_by_more_than_the_share() -> None:
    totals = plans(planner("branches", 2), math.inf)[:, :3]
    missed = []
    for share in (1.0, 0.2, 0.01, 0.0):
        cover = Cover(Corners(planner("branches", 2), METRICS[:3], math.inf, 2), [share])
        missed.append(missing(totals, cover.points).max())
        assert missed[-1] <= cover.share * (1 + 1e-9)
        assert cover.share == share
        for most in (1, 3, 5):
            some, left = some_of(cover.points, [0], most)
            assert len(some) == min(most, len(cover.paths))
            assert missing(cover.points, cover.points[some]).max() == left
    assert missed[0] > missed[-1] == 0


@pytest.mark.parametrize(("kind", "seed"), [("chain", 0), ("branches", 1)])
def test_with_capacity_every_plan_is_found_that_no_other_one_beats(kind: str, seed: int) -> None:
    sums = PAIRS[seed]
    columns = [len(METRICS), *(METRICS.index(name) for name in sums)]
    every = plans(planner(kind, seed), math.inf)[:, columns]
    wanted = every[undominated(every)]
    slices = Slices(planner(kind, seed), sums, 1000)
    assert (slices.share, slices.stopped) == (0, False)
    assert sorted([path.room, *(path.totals[i] for i in columns[1:])] for path in slices.paths) == sorted(
        wanted.tolist()
    )
    assert len(wanted) > 3
    shares = []
    for most in (0, 2, len(wanted) - 1):
        few = Slices(planner(kind, seed), sums, most)
        known = np.array([[path.room, *(path.totals[i] for i in columns[1:])] for path in few.paths])
        assert missing(every, known).max() <= few.share * (1 + 1e-9)
        shares.append(few.share)
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == COARSE[0] > shares[1] > 0


@pytest.mark.parametrize("size", [2, 3])
def test_what_points_do_not_cover_is_in_one_box_at_least(size: int) -> None:
    draw = np.random.default_rng(size)
    for count in (1, 4, 12):
        points = draw.integers(1, 6, size=(count, size)).astype(np.float64)
        corners = uncovered(points)
        everything = np.array(list(itertools.product(np.arange(0.5, 7.0, 0.5), repeat=size)))
        covered = np.any(np.all(points[None] <= everything[:, None], axis=2), axis=1)
        boxed = np.any(np.all(everything[:, None] < corners[None], axis=2), axis=1)
        assert (boxed == ~covered).all()
        assert not ((corners[:, None] <= corners[None]).all(axis=2) & ~np.eye(len(corners), dtype=bool)).any()


def test_a_line_through_a_box_has_all_points_on_its_other_side() -> None:
    draw, found = np.random.default_rng(1), 0
    for _ in range(300):
        points = draw.uniform(1, 9, size=(3, 2))
        for box in uncovered(points / draw.choice([1.1, 1.5, 2.5])):
            normal = separating(points, box)
            if normal is not None:
                some = np.isfinite(box)
                assert (normal >= 0).all()
                assert normal.sum() == pytest.approx(1)
                assert not normal[~some].any()
                assert (points[:, some] @ normal[some] > box[some] @ normal[some]).all()
                found += some.all()
            else:  # no slope has all points above
                slopes = np.geomspace(1e-3, 1e3, 2001)
                assert not ((points - box) @ np.array([slopes, np.ones_like(slopes)]) > 1e-6).all(axis=0).any()
    assert found > 100
    anywhere = separating(points, np.array([np.inf, np.inf]))
    assert anywhere is not None
    assert anywhere.tolist() == [0.5, 0.5]


def test_a_few_corners_are_enough_where_few_are_asked_for() -> None:
    found = Corners(planner("branches", 1), ("energy", "latency"), math.inf, 2)
    assert len(found.paths) == 2
    assert not found.closed
    assert 0 < found.gap < 1


@pytest.mark.parametrize("kind", ["chain", "branches", "skip"])
def test_every_step_of_the_least_as_a_function_of_capacity_is_found(kind: str) -> None:
    for seed, metric in enumerate(METRICS):
        totals = plans(planner(kind, seed), math.inf)
        rows = totals[:, [4, METRICS.index(metric)]]
        steps = Steps(planner(kind, seed), metric, 1000)
        found = np.array([[path.room, path.value] for path in steps.solved.values()])
        assert found[undominated(found)][np.argsort(found[undominated(found)][:, 0])] == pytest.approx(
            rows[undominated(rows)][np.argsort(rows[undominated(rows)][:, 0])]
        )
        assert (steps.gap, steps.stopped) == (0, False)


def test_between_sampled_capacities_no_plan_is_better_than_the_bound() -> None:
    totals = plans(planner("branches", 2), math.inf)
    steps = Steps(planner("branches", 2), "energy", 4)
    assert 0 < steps.gap < 1
    solved = sorted(steps.solved)
    for room, energy in totals[:, [4, 0]].tolist():
        above = min(capacity for capacity in solved if capacity >= room)
        assert energy >= steps.solved[above].value
        below = [capacity for capacity in solved if capacity <= room]
        assert energy >= steps.solved[below[-1]].value * (1 - steps.gap) * (1 - 1e-9)


def test_after_an_interruption_a_front_has_what_was_found() -> None:
    totals = plans(planner("branches", 2), math.inf)
    stopped = 0
    for presses in range(1, 20):
        try:
            corners = Corners(planner("branches", 2, presses=presses), ("energy", "latency"), math.inf, 100)
            steps = Steps(planner("branches", 2, presses=presses), "energy", 100)
        except KeyboardInterrupt:
            continue
        stopped += corners.stopped + steps.stopped
        for weights, bound in corners.facts():
            assert bound <= min(Weights(**weights).of(row[:4]) for row in totals.tolist()) * (1 + 1e-9)
        for capacity, path in steps.solved.items():
            assert path.bound <= totals[totals[:, 4] <= capacity, 0].min()
    assert stopped


@pytest.mark.parametrize(("kind", "capacity"), [("padded", 36), ("odd bits", 16)])
def test_fronts_of_three_sums_have_every_plan_of_the_exhaustive_search(kind: str, capacity: int) -> None:
    workload, hardware = network(kind, 2, layers=2), architecture(capacity, seed=2, buffer_bandwidth=6)
    every, several = Exhaustive(workload, hardware, ONE).totals(capacity), 0
    for axes in itertools.combinations(METRICS, 3):
        totals = every[:, [METRICS.index(axis) for axis in axes]]
        found = front(workload, hardware, axes=axes, points=100, space=ONE, workers=1)
        assert (found.status, found.share) == ("complete", 0)
        assert {plan.statistics.status for plan in found.points} == {"optimal"}
        assert np.array(found.values()) == pytest.approx(np.array(sorted(totals[undominated(totals)].tolist())))
        several += len(found.points) > 1
    assert several == 3


@pytest.mark.parametrize(("kind", "seed"), [("branches", 2), ("matmul", 2)])
def test_fronts_of_capacity_and_two_sums_have_every_plan_of_the_exhaustive_search(kind: str, seed: int) -> None:
    workload, hardware = network(kind, seed, layers=2), architecture(seed=seed, buffer_bandwidth=3)
    slow, most = Exhaustive(workload, hardware, ONE), sum(t.size_bytes for t in workload.tensors.values())
    every = np.vstack([np.insert(slow.totals(c), 0, c, axis=1) for c in range(1, most + 1) if len(slow.totals(c))])
    count = 0
    for sums in itertools.combinations(METRICS, 2):
        rows = every[:, [0, *(METRICS.index(axis) + 1 for axis in sums)]]
        found = front(workload, hardware, axes=("capacity", *sums), points=100, space=ONE, workers=1)
        assert (found.status, found.share) == ("complete", 0)
        assert {plan.statistics.status for plan in found.points} == {"optimal"}
        assert np.array(found.values()) == pytest.approx(np.array(sorted(rows[undominated(rows)].tolist())))
        count += len(found.points) - 1
    assert count > 3


@pytest.mark.parametrize("axes", [("offchip", "capacity"), ("energy", "operations"), ("capacity", "latency", "energy")])
def test_points_are_plans_that_the_model_values(axes: tuple[str, ...]) -> None:
    workload, hardware = network("plane", 1, layers=2), architecture(60, seed=1, buffer_bandwidth=3)
    found = front(workload, hardware, axes=axes, points=12, space=ONE, workers=1)
    rows = np.array(found.values())
    assert rows.tolist() == sorted(rows.tolist())
    for row, plan in zip(rows.tolist(), found.points, strict=True):
        assert row == [float(value(axis, plan.evaluation)) for axis in axes]
        assert plan.evaluation.fits
        assert plan.statistics.bound <= plan.statistics.value
        for limit in plan.statistics.limits:
            assert float(value(limit.metric, plan.evaluation)) <= limit.amount * (1 + 1e-9)
    if "capacity" in axes:
        plan = found.points[int(rows[:, axes.index("capacity")].argmax())]
        least = search(workload, plan.architecture, objective=axes[1 - axes.index("capacity")], space=ONE, workers=1)
        assert least.statistics.value >= rows[:, 1 - axes.index("capacity")].min() * (1 - 1e-9)
        assert {bound.capacity for bound in found.bounds} > {None} or len(axes) == 3


def test_axes_and_points_that_make_no_sense_are_refused() -> None:
    workload, hardware = network("matmul", 0), architecture()
    for settings, said in (
        ({"axes": ("energy",)}, "expected two or three different axes of a front, found energy"),
        ({"axes": ()}, "found none"),
        ({"axes": ("energy", "energy")}, "two or three different axes"),
        ({"axes": METRICS}, "two or three different axes"),
        ({"axes": "energy, latenzy"}, "found 'latenzy' .did you mean 'latency'"),
        ({"axes": ("energy", "latenzy")}, "did you mean 'latency'"),
        ({"axes": ("energy", "offchip"), "points": 1}, "at least 2 points"),
        ({"axes": ("energy", "offchip"), "limits": ["latency<=1.5x"]}, "only the capacity can be limited"),
        ({"axes": ("energy", "offchip"), "seconds": 0}, "time limit above 0"),
    ):
        with pytest.raises(InputError, match=said):
            front(workload, hardware, **settings)
