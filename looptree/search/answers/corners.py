"""The corners of the hull of all plans in one capacity, in some metrics that add up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from looptree.model.axis import Array
from looptree.search.answers.hull import Hull
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
        while not self.stopped:
            normal = self._direction()
            if normal is None or len(self.paths) >= most:
                break
            if self.share is not None and not len(self.hull.boxes(self.share)):
                break
            self._search(self.hull.weights(normal))

    def _direction(self) -> Array | None:
        """Where the corner of the outer hull that is furthest outside the inner one may be cut off."""
        corners = self.hull.corners({})
        missing = [self.hull.missing(corner) for corner in corners]
        normal = self.hull.violated(corners[missing.index(max(missing))])
        if normal is not None and self.hull.weights(normal) in self.tried:
            normal = None
        self.gap = 0.0 if normal is None else max(missing)
        return normal

    def _search(self, weights: Weights) -> None:
        """Search one weighted sum: for plans that are better by the share than all known ones.

        It ends as soon as none can be better by the share than the best one found. The bound that is proven then says
        the rest: boxes in which a plan may be better by the share along all axes are searched in other directions, or
        by `Cover`.
        """
        self.tried.add(weights)
        share = self.share or 0.0
        known = min((weights.of(path.totals) for path in self.paths), default=math.inf)
        most = known / (1 + share) if share else math.inf

        def close(path: Path) -> bool:
            return share > 0 and bool(path.steps) and path.value <= path.bound * (1 + share)

        path = self.partition.solve(
            weights, lambda path: self.planner.told(path.value, path.bound) and not close(path), most
        )
        if not path.steps and (math.isinf(known) or path.bound < most):
            raise self.planner.infeasible() if math.isinf(path.bound) else self.planner.too_short()
        least = min(path.value if path.proven else path.bound, known)
        self.hull.learn(weights, least, path.totals if path.steps else None)
        if path.steps and all(path.totals != other.totals for other in self.paths):
            self.paths.append(path)
        self.stopped = not (path.proven or path.bound >= most or close(path))
