"""The least of one metric as a function of capacity: a step function, found out where most is left open."""

from __future__ import annotations

import math
from itertools import pairwise

from looptree.search.answers.smallest import smallest
from looptree.search.asked.metrics import Weights
from looptree.search.network.planner import CLOSE, Planner
from looptree.search.network.plans.partition import Path


class Steps:
    """Searches one capacity after the other.

    Between a capacity that was searched and the bytes that the best plan of the next larger one needs, the least lies
    between what both have. The widest such interval is next. Once none is left, every step is known.

    Args:
        metric: a sum. most: steps that are enough.

    Attributes:
        solved: the best plan of each capacity that was searched. gap: share by which a plan in an interval may be
            better than the plan at its lower end. stopped: whether time was up.
    """

    def __init__(self, planner: Planner, metric: str, most: int) -> None:
        self.planner = planner
        self.weights = Weights.only(metric)
        self.solved: dict[float, Path] = {}
        self.stopped = False
        try:
            self._explore(most)
        except KeyboardInterrupt:
            if not self.solved:
                raise
            self.stopped = True

    def _explore(self, most: int) -> None:
        self._search(self.planner.capacity)
        if not self.stopped:
            least = smallest(self.planner, {})
            if least.path.steps:
                self._search(least.value)
            if least.bound < least.value:
                self.stopped = True
        while not self.stopped and self._open() and len({path.room for path in self.solved.values()}) < most:
            _, low, high = max(self._open())
            self._search(min(max(math.isqrt(low * high), low + 1), high - 1))

    @property
    def gap(self) -> float:
        """How much is left open, at most."""
        return max((1 - value / self.solved[low].value for value, low, _ in self._values()), default=0.0)

    def _values(self) -> list[tuple[float, int, int]]:
        """Intervals: the value at the upper end, the lower end, and what the plan at the upper end needs."""
        ordered = sorted(self.solved.items())
        return [
            (large.value, int(low), int(large.room))
            for (low, small), (_, large) in pairwise(ordered)
            if low + 1 < large.room and small.value > large.value * (1 + CLOSE)
        ]

    def _open(self) -> list[tuple[float, int, int]]:
        """The same by how much is left open in them."""
        return [
            ((1 - value / self.solved[low].value) * math.log(high / low), low, high)
            for value, low, high in self._values()
        ]

    def _search(self, capacity: float) -> None:
        path = self.planner.solve(self.weights, capacity)
        if path.steps:
            self.solved[capacity] = path
        elif not self.solved:
            raise self.planner.infeasible() if math.isinf(path.bound) else self.planner.too_short()
        self.stopped = not path.proven
