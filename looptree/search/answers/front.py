"""Pareto fronts of plans: what one metric costs in terms of the others.

For sums (energy, off-chip bytes, latency, operations) the corners of the convex hull of all plans are found, by the
search of weighted sums in the directions in which least is known (`looptree.search.answers.hull`). Each is a plan, and
between them no plan lies below the straight line (or plane) through neighbours. The plans above are found then, too
(`looptree.search.answers.cover`): all, or so many that none of the others is much better.

The capacity of the buffer is no sum: the least of a metric is a step function of it. It is found out for the capacity
in which most is left open, between a capacity that was searched and the bytes that the best plan of the next larger one
needs. Once these meet, the step is exact. With capacity and two sums, each of some capacities has its own front
(`looptree.search.answers.slices`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from looptree.display import Displayed
from looptree.errors import InputError, close
from looptree.model.axis import Array
from looptree.search.answers.corners import Corners
from looptree.search.answers.cover import Cover
from looptree.search.answers.slices import Slices
from looptree.search.answers.steps import Steps
from looptree.search.answers.uncovered import some_of
from looptree.search.asked.limits import LIMITED, Limit
from looptree.search.asked.metrics import METRICS, Weights
from looptree.search.asked.objective import value
from looptree.search.network.planner import CLOSE, Found, Planner
from looptree.search.network.plans.partition import Path
from looptree.search.result import Plan
from looptree.search.undominated import undominated

CORNERS = 60  # of the hull, at most: what is between them is found in another way


@dataclass(frozen=True, slots=True)
class Bound:
    """No plan in so many bytes (`None`: in any number) has a smaller weighted sum of metrics."""

    capacity: float | None
    weights: Mapping[str, float]
    least: float


@dataclass(frozen=True, slots=True)
class Front(Displayed):
    """Plans none of which is as good as another one along all axes.

    Attributes:
        axes: two or three of `capacity`, `energy`, `offchip`, `latency`, `operations`.
        points: plans, by ascending first axis; each is the best for its last sum within what it takes of the others.
        status: `complete` (every plan that no other one beats is there), `corners` (every corner of the hull and some
            plans between), `sampled` (there may be more than were asked for) or `stopped` (the time was up).
        gap: how much better a plan might be than what is between the points (sums: on the straight lines between the
            corners; capacity: at the next smaller point), as a share.
        bounds: what no plan undercuts. share: no plan is better than all points by more, along every axis at once: each
            plan x has a point p with p <= (1 + share) x. Infinite if that is not known.
    """

    axes: tuple[str, ...]
    points: tuple[Plan, ...]
    status: str
    gap: float
    bounds: tuple[Bound, ...]
    share: float = math.inf

    def __repr__(self) -> str:
        return f"Front({len(self.points)} plans that trade {' for '.join(self.axes)}; {self.status})"

    def values(self) -> list[tuple[float, ...]]:
        """What each point takes along the axes."""
        return [tuple(float(value(axis, plan.evaluation)) for axis in self.axes) for plan in self.points]


def checked_axes(axes: Sequence[str]) -> tuple[str, ...]:
    """Two or three different axes; a text names them with commas in between.

    Raises:
        InputError: what is wrong with them.
    """
    axes = [axis.strip() for axis in axes.split(",")] if isinstance(axes, str) else axes
    for axis in axes:
        if axis not in LIMITED:
            raise InputError(
                f"expected axes of a front from {', '.join(LIMITED)}, found {axis!r}", hint=close(axis, LIMITED)
            )
    if not 2 <= len(axes) <= 3 or len(set(axes)) < len(axes):
        raise InputError(f"expected two or three different axes of a front, found {', '.join(axes) or 'none'}")
    return tuple(axes)


def front(planner: Planner, axes: Sequence[str], most: int) -> Front:
    """The front along two or three axes, with about so many points at most.

    Raises:
        InfeasibleError: a layer does not fit.
        LooptreeError: the time was up before there was a plan.
    """
    sums = tuple(axis for axis in axes if axis != "capacity")
    if len(sums) == 1:
        return _of_steps(planner, tuple(axes), Steps(planner, sums[0], most))
    if len(sums) < len(axes):
        return _sliced(planner, tuple(axes), Slices(planner, sums, most), most)
    corners = Corners(planner, sums, planner.capacity, min(most, CORNERS))
    return _covered(planner, tuple(axes), corners, Cover(corners, most=most), most)


def _of_steps(planner: Planner, axes: tuple[str, ...], steps: Steps) -> Front:
    weights, bounds, found = steps.weights, [], []
    metric = weights.metrics[0]
    for capacity, path in sorted(steps.solved.items()):
        least = path.value if path.proven else path.bound
        bounds.append(Bound(_limit(capacity), {metric: 1.0}, least))
        found.append(Found(path, weights, path.value, least, path.room))
    status = "stopped" if steps.stopped else "sampled" if steps.gap else "complete"
    return Front(axes, _plans(planner, axes, found), status, steps.gap, tuple(bounds))


def _covered(planner: Planner, axes: tuple[str, ...], corners: Corners, cover: Cover, most: int) -> Front:
    """Corners and other plans, so many in all."""
    at_corners = np.array([_point(path, corners.sums) for path in corners.paths])
    same = np.isclose(cover.points[:, None], at_corners[None], rtol=CLOSE, atol=0.0)
    chosen, share = _some(cover.points, np.flatnonzero(same.all(axis=2).any(axis=1)).tolist(), cover.share, most)
    found = [_found(corners, cover.paths[i]) for i in chosen]
    if cover.share == 0.0:
        found = [replace(each, bound=each.value) for each in found]
    stopped = planner.catalogue.interrupted or planner.elapsed >= planner.seconds
    status = "complete" if share == 0.0 else "stopped" if stopped else "corners" if corners.closed else "sampled"
    return Front(axes, _plans(planner, axes, found), status, corners.gap, _bounds(corners), share)


def _sliced(planner: Planner, axes: tuple[str, ...], slices: Slices, most: int) -> Front:
    """Plans in all capacities, so many in all."""
    points = np.array([_point(path, ("capacity", *slices.sums)) for path in slices.paths])
    best = undominated(points)
    ends = dict.fromkeys(int(points[best, i].argmin()) for i in range(points.shape[1]))
    chosen, share = _some(points[best], list(ends), slices.share, most)
    found = [_in_slices(slices, slices.paths[best[i]]) for i in chosen]
    status = "complete" if share == 0.0 else "stopped" if slices.stopped else "sampled"
    bounds = tuple(bound for corners in slices.slices for bound in _bounds(corners))
    gap = max((corners.gap for corners in slices.slices), default=1.0)
    return Front(axes, _plans(planner, axes, found), status, gap, bounds, share)


def _in_slices(slices: Slices, path: Path) -> Found:
    """A plan, and what is proven of it in the smallest capacity that was searched and is large enough."""
    value = path.totals[METRICS.index(slices.sums[-1])]
    known = min((c for c in slices.slices if c.capacity >= path.room), key=lambda c: c.capacity, default=None)
    if known is None or slices.share == 0.0:
        each = Weights(**dict.fromkeys(slices.sums, 1.0))
        return Found(path, each, value, value if slices.share == 0.0 else 0.0, path.room)
    return _found(known, path, room=path.room)


def _some(points: Array, first: list[int], share: float, most: int) -> tuple[list[int], float]:
    """Numbers of so many points, and the share that no plan is better than all of them."""
    if len(points) <= most:
        return list(range(len(points))), share
    chosen, left = some_of(points, first, most)
    return chosen, (1 + share) * (1 + left) - 1


def _found(corners: Corners, path: Path, *, room: float = math.inf) -> Found:
    each = Weights(**dict.fromkeys(corners.sums, 1.0))
    return Found(path, each, path.totals[METRICS.index(corners.sums[-1])], corners.bound(path), room)


def _bounds(corners: Corners) -> tuple[Bound, ...]:
    return tuple(Bound(_limit(corners.capacity), weights, least) for weights, least in corners.facts())


def _limit(capacity: float) -> float | None:
    return None if math.isinf(capacity) else capacity


def _plans(planner: Planner, axes: Sequence[str], listed: Sequence[Found]) -> tuple[Plan, ...]:
    """The plans that no other one beats, evaluated, each the best of its last sum within what it takes otherwise."""
    rows = np.array([_point(found.path, axes) for found in listed])
    kept = sorted(undominated(rows).tolist(), key=lambda i: tuple(rows[i]))
    *others, last = sorted(axes, key=lambda axis: axis != "capacity")
    plans = []
    for i in kept:
        most = {axis: _along(axis, listed[i].path) for axis in others}
        limits = tuple(Limit(axis, Fraction(amount)) for axis, amount in most.items() if amount)
        plans.append(planner.plan(listed[i], last, limits))
    return tuple(plans)


def _along(axis: str, path: Path) -> float:
    return path.room if axis == "capacity" else path.totals[METRICS.index(axis)]


def _point(path: Path, axes: Sequence[str]) -> list[float]:
    return [_along(axis, path) for axis in axes]
