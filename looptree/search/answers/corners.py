"""The corners of the hull of all plans in one capacity, in some metrics that add up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from looptree.model.axis import Array
from looptree.search.answers.hull import CLOSE, Hull
from looptree.search.asked.metrics import METRICS, Weights
from looptree.search.network.planner import Planner
from looptree.search.network.plans.partition import Partition, Path

if TYPE_CHECKING:
    from looptree.search.network.plans.wide import WidePartition


class Corners:
    """Finds plans at corners of the hull, first in the direction in which least is known.

    Args:
        sums: the metrics. capacity: bytes on chip. most: plans that are enough. larger: the corners in a larger buffer.
        known: plans that are known already. share: no plan has to be found that is better than all of them by less.

    Attributes:
        paths: the plans. gap: share by which a plan may be below what is between them. stopped: whether time was up.
    """

    def __init__(
        self,
        planner: Planner,
        sums: Sequence[str],
        capacity: float,
        most: int,
        *,
        larger: Corners | None = None,
        known: Sequence[Path] = (),
        share: float | None = None,
    ) -> None:
        self.planner = planner
        self.sums = tuple(sums)
        self.capacity = capacity
        self.hull = Hull(sums, [self.partition.bound(Weights.only(name)) for name in sums])
        self.paths = list(known)
        self.share = share
        for weights, least in larger.facts() if larger else ():
            self.hull.learn(Weights(**weights), least, None)
        for path in known:
            self.hull.add(path.totals)
        self.tried: set[Weights] = set()
        self.gap = 1.0
        self.stopped = False
        try:
            self._explore(most + len(known))
        except KeyboardInterrupt:
            if not self.paths:
                raise
            self.stopped = True

    @property
    def partition(self) -> Partition | WidePartition:
        """The ways to run the layers in groups; not kept here, because there may be many capacities."""
        return self.planner.partition(self.capacity)

    @property
    def closed(self) -> bool:
        """Whether all corners are found."""
        return not self.stopped and self.gap == 0.0

    def bound(self, path: Path) -> float:
        """The least of the last metric that a plan may have which takes no more of the others than this one."""
        limits = {name: path.totals[METRICS.index(name)] for name in self.sums[:-1]}
        corners = self.hull.corners(limits) * self.hull.scale
        return min(float(corners[:, -1].min(initial=math.inf)), path.totals[METRICS.index(self.sums[-1])])

    def facts(self) -> list[tuple[dict[str, float], float]]:
        """Weights, and what no weighted sum undercuts."""
        found = []
        for normal, least in zip(self.hull.normals, self.hull.bounds, strict=True):
            weights = self.hull.weights(normal)
            share = sum(weights[i] * scale for i, scale in zip(self.hull.columns, self.hull.scale, strict=True))
            found.append(({name: weights[METRICS.index(name)] for name in self.sums}, float(least * share)))
        return found

    def _explore(self, most: int) -> None:
        while not self.stopped and len(self.paths) < most:
            asked = self._direction() if self.share is None else self._towards(self.hull.boxes(self.share))
            if asked is None:
                break
            self._search(*asked)
        self._direction()

    def _towards(self, boxes: Array) -> tuple[Weights, float] | None:
        """Weights, and a sum that every plan in some box is below and no known one is; `None` if there are none left.

        A search either proves that the box is empty, or finds a plan nearby that is not known.
        """
        for box in boxes:
            normal = separating(self.hull.points, box / self.hull.scale)
            weights = None if normal is None else self.hull.weights(normal)
            if weights is not None and weights not in self.tried:
                own = np.array([weights[i] for i in self.hull.columns])
                return weights, float(box[own > 0] @ own[own > 0]) * (1 + CLOSE)
        return None

    def _direction(self) -> tuple[Weights, float] | None:
        """Where the corner of the outer hull that is furthest outside the inner one may be cut off, by any sum."""
        corners = self.hull.corners({})
        missing = [self.hull.missing(corner) for corner in corners]
        normal = self.hull.violated(corners[missing.index(max(missing))])
        weights = None if normal is None else self.hull.weights(normal)
        if weights is None or weights in self.tried:
            self.gap = 0.0
            return None
        self.gap = max(missing)
        return weights, math.inf

    def _search(self, weights: Weights, most: float) -> None:
        """Search one weighted sum.

        It ends as soon as none can be better by the share than the best one found. The bound that is proven then says
        the rest: boxes in which a plan may be better by the share along all axes are searched in other directions, or
        by `Cover`.

        Args:
            most: only plans below it count.
        """
        self.tried.add(weights)
        share = self.share or 0.0
        known = min((weights.of(path.totals) for path in self.paths), default=math.inf)

        def close(path: Path) -> bool:
            return share > 0 and bool(path.steps) and path.value <= path.bound * (1 + share)

        path = self.partition.solve(
            weights, lambda path: self.planner.told(path.value, path.bound) and not close(path), most
        )
        if not path.steps and math.isinf(known):
            raise self.planner.infeasible() if math.isinf(path.bound) else self.planner.too_short()
        least = min(path.value if path.proven else path.bound, known)
        self.hull.learn(weights, least, path.totals if path.steps else None)
        if path.steps and all(path.totals != other.totals for other in self.paths):
            self.paths.append(path)
        self.stopped = not (path.proven or path.bound >= most or close(path))


def separating(points: Array, box: Array) -> Array | None:
    """The normal of a line through the corner of a box that has all points on its other side.

    Args:
        points: of two coordinates. box: its corner, above 0; infinite in a coordinate that does not count.

    Returns:
        Weights that add up to 1, those of the corner's own scale if possible; `None` if there is no such line.

    >>> points = np.array([[1.0, 8.0], [4.0, 2.0]])
    >>> separating(points, np.array([np.inf, 1.0])).tolist(), separating(points, np.array([3.9, 7.9]))
    ([0.0, 1.0], None)
    >>> separating(points, np.array([2.0, 4.0])).round(3).tolist()  # 4 * 2 + 2 * 4 = 16 < 4 * 1 + 2 * 8 = 4 * 4 + 2 * 2
    [0.667, 0.333]
    """
    some = np.isfinite(box)
    if not some.all():
        return np.asarray(some / some.sum() if some.any() else np.full(2, 0.5))
    x, y = (points - box).T
    if ((x <= 0) & (y <= 0)).any():
        return None
    left, right = (x < 0), (y < 0)  # the slope is the first weight by the second one: with it, slope * x + y > 0
    least, most = (-y[right] / x[right]).max(initial=0.0), (y[left] / -x[left]).min(initial=math.inf)
    slope = float(box[1] / box[0])
    if not least < slope < most:
        slope = math.sqrt(least * most) if least > 0 and most < math.inf else 2 * least or most / 2
    return np.array([slope, 1.0]) / (1 + slope) if least < slope < most else None
