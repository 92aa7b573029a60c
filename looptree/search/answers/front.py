"""Pareto fronts of plans: what one metric costs in terms of the others.

For sums (energy, off-chip bytes, latency, operations) the corners of the convex hull of all plans are found, by the
search of weighted sums in the directions in which least is known (`looptree.search.answers.hull`). Each is a plan, and
between them no plan lies below the straight line (or plane) through neighbours. The plans above are found then, too
(`looptree.search.answers.cover`): all, or so many that none of the others is much better.

The capacity of the buffer is no sum: the least of a metric is a step function of it. It is found out for the capacity
in which most is left open, between a capacity that was searched and the bytes that the best plan of the next larger one
needs. Once these meet, the step is exact. With capacity and two sums, each of some capacities has its own hull.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from looptree.display import Displayed
from looptree.errors import InputError, close
from looptree.search.answers.corners import Corners
from looptree.search.answers.cover import Cover
from looptree.search.answers.smallest import smallest
from looptree.search.answers.steps import Steps
from looptree.search.asked.limits import LIMITED, Limit
from looptree.search.asked.metrics import METRICS, Weights
from looptree.search.asked.objective import value
from looptree.search.network.partition import Partition, Path
from looptree.search.network.planner import Found, Planner
from looptree.search.result import Plan
from looptree.search.undominated import undominated

CORNERS = 60  # of the hull, at most: what is between them is found in another way
CAPACITIES = 6  # with their own hull, where capacity and two sums count


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
    """Two or three different axes.

    Raises:
        InputError: what is wrong with them.
    """
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
        return _of_corners(planner, tuple(axes), _sampled(planner, sums, most))
    corners = Corners(planner, sums, planner.capacity, min(most, CORNERS))
    if not corners.stopped and isinstance(corners.partition, Partition):
        return _covered(planner, tuple(axes), corners, Cover(corners, corners.partition, most), most)
    return _of_corners(planner, tuple(axes), [corners])


def _sampled(planner: Planner, sums: Sequence[str], most: int) -> list[Corners]:
    """Corners in some capacities, from the least that will do to the most that is of use for the first metric."""
    path = planner.solve(Weights.only(sums[0]), planner.capacity)
    if not path.steps:
        raise planner.infeasible() if math.isinf(path.bound) else planner.too_short()
    least = smallest(planner, {})
    low = least.value if least.path.steps else path.room
    found: list[Corners] = []
    for capacity in np.unique(np.ceil(np.geomspace(path.room, low, CAPACITIES)))[::-1]:
        found.append(Corners(planner, sums, float(capacity), max(2, most // CAPACITIES)))
        if found[-1].stopped:
            break
    return found


def _of_steps(planner: Planner, axes: tuple[str, ...], steps: Steps) -> Front:
    weights, bounds, found = steps.weights, [], []
    metric = weights.metrics[0]
    for capacity, path in sorted(steps.solved.items()):
        least = path.value if path.proven else path.bound
        bounds.append(Bound(_limit(capacity), {metric: 1.0}, least))
        found.append(Found(path, weights, path.value, least, path.room))
    status = "stopped" if steps.stopped else "sampled" if steps.gap else "complete"
    return Front(axes, _plans(planner, axes, found), status, steps.gap, tuple(bounds))


def _of_corners(planner: Planner, axes: tuple[str, ...], listed: Sequence[Corners]) -> Front:
    bounds, found = list[Bound](), list[Found]()
    for corners in listed:
        bounds += _bounds(corners)
        rooms = [path.room if "capacity" in axes else math.inf for path in corners.paths]
        found += [_found(corners, path, room=room) for path, room in zip(corners.paths, rooms, strict=True)]
    closed = len(axes) == len(listed[0].sums) and listed[0].closed
    status = "stopped" if listed[-1].stopped else "corners" if closed else "sampled"
    return Front(axes, _plans(planner, axes, found), status, max(c.gap for c in listed), tuple(bounds))


def _covered(planner: Planner, axes: tuple[str, ...], corners: Corners, cover: Cover, most: int) -> Front:
    """Corners and other plans, so many in all."""
    paths, share = cover.some(most)
    found = [_found(corners, path) for path in paths]
    if cover.share == 0.0:
        found = [replace(each, bound=each.value) for each in found]
    stopped = planner.catalogue.interrupted or planner.elapsed >= planner.seconds
    status = "complete" if share == 0.0 else "stopped" if stopped else "corners" if corners.closed else "sampled"
    return Front(axes, _plans(planner, axes, found), status, corners.gap, _bounds(corners), share)


def _found(corners: Corners, path: Path, *, room: float = math.inf) -> Found:
    each = Weights(**dict.fromkeys(corners.sums, 1.0))
    return Found(path, each, path.totals[METRICS.index(corners.sums[-1])], corners.bound(path), room)


def _bounds(corners: Corners) -> tuple[Bound, ...]:
    return tuple(Bound(_limit(corners.capacity), weights, least) for weights, least in corners.facts())


def _limit(capacity: float) -> float | None:
    return None if math.isinf(capacity) else capacity


def _plans(planner: Planner, axes: Sequence[str], listed: Sequence[Found]) -> tuple[Plan, ...]:
    """The plans that no other one beats, evaluated, each the best of its last sum within what it takes otherwise."""
    rows = np.array([[_along(axis, found.path) for axis in axes] for found in listed])
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
