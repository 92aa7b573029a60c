"""The best plan for a product of metrics, or within limits: by repeated searches for weighted sums.

Each search for the least weighted sum tells something of all plans (`looptree.search.answers.hull`): so the least
objective of the corners of the outer hull within the limits is a lower bound, and the corner where it is least says
which weights to try next. A product is least at a corner of the hull of all plans, because along a straight line it has
no minimum but at its ends: without limits, the plan that is found in the end is optimal.

With limits the best plan may lie inside the hull. The bound is then that of Lagrange, and the gap to the best plan is
closed as follows. A plan whose objective is below some value, and keeps the limits, has weighted sums of at most so
much (`Target.most`), for all weights that were tried; the best plan within these rules is found exactly
(`looptree.search.answers.within`). If there is none, the value is a bound. The values that are asked for rise from the
bound to the best plan known: close to the bound few groups and few of their designs can be part of such a plan, and
what is proven of them is kept.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from looptree.model.axis import Array
from looptree.search.answers.hull import Hull
from looptree.search.answers.within import FEW_LABELS, MOST_LABELS, Combined, Within
from looptree.search.asked.metrics import Weights
from looptree.search.asked.target import ROUNDING, Target
from looptree.search.network.planner import CLOSE, Found, Planner
from looptree.search.network.plans.partition import NO_PATH, Partition, Path

SHARES = 1 / 16, 1 / 4
"""Of what is between the bound and the best plan, or without one of the bound: where plans are looked for in turn."""


class Pursuit:
    """Looks for the best plan in one capacity.

    Args:
        enough: whether any plan that keeps the limits will do. spare: bytes more in which groups are searched first, so
            that what is proven of them holds in capacities that are larger by as much.

    Attributes:
        best: the best plan found. value: its objective. bound: no plan within the limits has a smaller one.
    """

    def __init__(
        self, planner: Planner, target: Target, capacity: float, *, enough: bool = False, spare: float = 0.0
    ) -> None:
        self.planner = planner
        self.target = target
        self.enough = enough
        self.spare = spare
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
        """Search weighted sums until they say no more; whether there is time left.

        What is limited comes first, until a plan keeps the limits: so there is one early, or none at all. Then all
        metrics count alike, because the best plan within limits is seldom one that is best without them.
        """
        if self._corner() is None:
            return True
        size = len(self.target.metrics)
        first = [np.array([self._of_limits(name) for name in self.target.metrics])] if self.target.limits else []
        waiting = [*first, np.ones(size) / size]
        while True:
            normal = waiting.pop(0)
            finished = self.hull.weights(normal) in self.tried or self._try(self.hull.weights(normal), bool(waiting))
            corner = self._corner()
            if self.done or corner is None:
                return True
            if not finished:
                return False
            if not waiting:
                violated = self.hull.violated(corner)
                if violated is None or self.hull.weights(violated) in self.tried:
                    return True
                waiting.append(violated)

    def _of_limits(self, metric: str) -> float:
        """What a metric counts, in the scale of the hull, if each that is limited counts as a share of its limit."""
        scale = self.hull.scale[self.target.metrics.index(metric)]
        return float(scale / self.target.limits[metric]) if metric in self.target.limits else 0.0

    def _corner(self) -> Array | None:
        """Where the outer hull is best, which gives the bound."""
        corners = self.hull.corners(self.target.limits)
        if not len(corners):
            self.bound = math.inf
            return None
        values = self.target.values(corners * self.hull.scale)
        self.bound = max(self.bound, float(values.min()))
        return np.asarray(corners[int(values.argmin())])

    def _try(self, weights: Weights, any_kept: bool) -> bool:
        """Search one weighted sum; whether that was finished.

        Args:
            any_kept: whether that is so once any plan keeps the limits.
        """
        any_kept = any_kept and len(self.target.metrics) > 1
        most = self._most(weights, self.value) * (1 + 2 * ROUNDING)
        going = partial(self._going, weights, any_kept=any_kept or self.enough)
        path = self.partition.solve(weights, going, most, self.spare)
        if path.bound >= most or math.isinf(path.bound):
            self.tried.add(weights)
            self.bound = self.value
            return True
        self.hull.learn(weights, path.value if path.proven else path.bound, path.totals if path.steps else None)
        if path.steps:
            self._offer(path)
        if path.proven:
            self.tried.add(weights)
        return path.proven or (any_kept and bool(self.best.steps) and self._told())

    def _going(self, weights: Weights, path: Path, *, any_kept: bool) -> bool:
        """Whether to go on with a search: not if that cannot change the answer any more."""
        if path.steps:
            self._offer(path)
        beyond = any(
            weights == Weights.only(name) and path.bound > most * (1 + CLOSE)
            for name, most in self.target.limits.items()
        )
        return self._told() and not beyond and not (any_kept and self.best.steps)

    def _told(self) -> bool:
        return self.planner.told(self.value, min(self.bound, self.value))

    def _offer(self, path: Path) -> None:
        value = self.target.value(path.totals)
        if value < self.value and self.target.keeps(path.totals):
            self.best, self.value = path, value

    # -- inside the hull -------------------------------------------------------------------

    def _combine(self, partition: Partition) -> None:
        """Take the best plan that the designs known so far make."""
        self._take(self._within(partition, self.value).combine(FEW_LABELS))

    def _close(self, partition: Partition) -> None:
        """Find the best plan between the bound and the best one known, if the groups are few enough.

        All plans are found whose objective is below some value, then below a larger one, and so on: there are few
        groups and designs as long as it is close to the bound. If there are any, the best of them is optimal. Else
        that value is a bound.
        """
        self._combine(partition)
        least = self.bound
        left = least if math.isinf(self.value) else self.value - least
        for value in (*(least + left * share for share in SHARES), math.inf):
            if self.proven or not self._settled(partition, min(value, self.value)):
                break

    def _settled(self, partition: Partition, value: float) -> bool:
        """Find the best of all plans below a value; whether it is known now whether there are any."""
        within = self._within(partition, value)
        finished = within.collect(self._told)
        combined = within.combine(MOST_LABELS if finished else FEW_LABELS)
        self._take(combined)
        if finished and combined.complete:
            self.bound = max(self.bound, min(value, self.value))
            return True
        return False

    def _within(self, partition: Partition, value: float) -> Within:
        """What a plan below a value has to keep, for all weights that were tried."""
        tried = list(dict.fromkeys(self.hull.weights(normal) for normal in self.hull.normals))
        return Within(
            partition,
            self.target.metrics,
            tried,
            lambda each: np.array([self._most(each, value)]),
            self.hull.spread(),
        )

    def _most(self, weights: Weights, value: float) -> float:
        """The largest weighted sum of a plan within limits whose objective is below a value."""
        least = (self.hull.bounds[: len(self.hull.metrics)] * self.hull.scale).tolist()
        return self.target.most([weights[i] for i in self.hull.columns], value, least)

    def _take(self, combined: Combined) -> None:
        path = combined.best(self.target.values)
        if path is not None:
            self._offer(path)
