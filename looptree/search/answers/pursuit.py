"""The best plan for a product of metrics, or within limits: by repeated searches for weighted sums.

Each search for the least weighted sum tells something of all plans (`looptree.search.answers.hull`): so the least
objective of the corners of the outer hull within the limits is a lower bound, and the corner where it is least says
which weights to try next. A product is least at a corner of the hull of all plans, because along a straight line it has
no minimum but at its ends: without limits, the plan that is found in the end is optimal.

With limits the best plan may lie inside the hull. The bound is then that of Lagrange, and the gap to the best plan is
closed as follows. A plan that is better than the best one known, and keeps the limits, has weighted sums of at most so
much (`Target.most`), for all weights that were tried; the best plan within these rules is found exactly
(`looptree.search.answers.within`).
"""

from __future__ import annotations

import math

import numpy as np

from looptree.model.axis import Array
from looptree.search.answers.hull import Hull
from looptree.search.answers.within import FEW_LABELS, MOST_LABELS, Combined, Within
from looptree.search.asked.metrics import Weights
from looptree.search.asked.target import FACTORS, ROUNDING, Target
from looptree.search.network.planner import CLOSE, Found, Planner
from looptree.search.network.plans.partition import NO_PATH, Partition, Path


class Pursuit:
    """Looks for the best plan in one capacity.

    Args:
        enough: whether any plan that keeps the limits will do.

    Attributes:
        best: the best plan found. value: its objective. bound: no plan within the limits has a smaller one.
    """

    def __init__(self, planner: Planner, target: Target, capacity: float, *, enough: bool = False) -> None:
        self.planner = planner
        self.target = target
        self.enough = enough
        self.partition = planner.partition(capacity)
        self.hull = Hull(target.metrics, [self.partition.bound(Weights.only(name)) for name in target.metrics])
        self.tried: set[Weights] = set()
        self.best = NO_PATH
        self.value = math.inf
        self.bound = 0.0

    @property
    def proven(self) -> bool:
        """Whether the best plan is optimal."""
        return self.bound >= self.value * (1 - CLOSE)

    @property
    def done(self) -> bool:
        """Whether nothing more is asked for."""
        return self.proven or (self.enough and bool(self.best.steps))

    def found(self) -> Found:
        """The best plan; without one, the bound is infinite if there is none that keeps the limits.

        Ctrl-C ends the search with the best plan so far, if there is one.
        """
        try:
            finished = self._narrow()
            if isinstance(self.partition, Partition) and not self.done:
                if finished:
                    self._close(self.partition)
                elif not self.best.steps:
                    self._combine(self.partition)
        except KeyboardInterrupt:
            if not self.best.steps:
                raise
        return Found(self.best, Weights(**dict.fromkeys(self.target.metrics, 1.0)), self.value, self.bound)

    def _narrow(self) -> bool:
        """Search weighted sums until they say no more; whether there is time left."""
        first = FACTORS[self.target.objective]
        normal: Array | None = None
        if len(first) == 1:
            normal = np.array([float(name in first) for name in self.target.metrics])
        if self._corner() is None:
            return True
        while True:
            finished = normal is None or self._try(self.hull.weights(normal))
            corner = self._corner()
            if self.done or corner is None:
                return True
            normal = self.hull.violated(corner)
            if not finished or normal is None or self.hull.weights(normal) in self.tried:
                return finished

    def _corner(self) -> Array | None:
        """Where the outer hull is best, which gives the bound."""
        corners = self.hull.corners(self.target.limits)
        if not len(corners):
            self.bound = math.inf
            return None
        values = self.target.values(corners * self.hull.scale)
        self.bound = max(self.bound, float(values.min()))
        return np.asarray(corners[int(values.argmin())])

    def _try(self, weights: Weights) -> bool:
        """Search one weighted sum; whether that was finished."""
        self.tried.add(weights)
        most = self._most(weights) * (1 + 2 * ROUNDING)
        path = self.partition.solve(weights, lambda path: self._going(weights, path), most)
        if path.bound >= most or math.isinf(path.bound):
            self.bound = self.value
            return True
        self.hull.learn(weights, path.value if path.proven else path.bound, path.totals if path.steps else None)
        if path.steps:
            self._offer(path)
        return path.proven

    def _going(self, weights: Weights, path: Path) -> bool:
        """Whether to go on with a search: not if that cannot change the answer any more."""
        if path.steps:
            self._offer(path)
        going = self.planner.told(self.value, min(self.bound, self.value))
        if self.enough and self.best.steps:
            return False
        beyond = any(
            weights == Weights.only(name) and path.bound > most * (1 + CLOSE)
            for name, most in self.target.limits.items()
        )
        return going and not beyond

    def _offer(self, path: Path) -> None:
        value = self.target.value(path.totals)
        if value < self.value and self.target.keeps(path.totals):
            self.best, self.value = path, value

    # -- inside the hull -------------------------------------------------------------------

    def _combine(self, partition: Partition) -> None:
        """Take the best plan that the designs known so far make."""
        self._take(self._within(partition).combine(FEW_LABELS))

    def _close(self, partition: Partition) -> None:
        """Find the best plan between the bound and the best one known, if the groups are few enough."""
        self._combine(partition)
        within = self._within(partition)
        finished = within.collect(lambda: self.planner.told(self.value, self.bound))
        combined = within.combine(MOST_LABELS if finished else FEW_LABELS)
        self._take(combined)
        if finished and combined.complete:
            self.bound = self.value

    def _within(self, partition: Partition) -> Within:
        """What a better plan has to keep, for all weights that were tried."""
        tried = list(dict.fromkeys(self.hull.weights(normal) for normal in self.hull.normals))
        return Within(
            partition, self.target.metrics, tried, lambda each: np.array([self._most(each)]), self.hull.spread()
        )

    def _most(self, weights: Weights) -> float:
        """The largest weighted sum of a plan within limits that is better than the best one."""
        least = (self.hull.bounds[: len(self.hull.metrics)] * self.hull.scale).tolist()
        return self.target.most([weights[i] for i in self.hull.columns], self.value, least)

    def _take(self, combined: Combined) -> None:
        path = combined.best(self.target.values)
        if path is not None:
            self._offer(path)
