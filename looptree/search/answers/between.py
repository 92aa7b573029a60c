"""The plans between neighbouring corners of the hull, for two metrics.

A plan that no other one beats and that is no corner lies between two neighbours of them: it takes less of the first
metric than the one, less of the second than the other, and lies above the line through both. These are three rules, and
all plans within them are found (`looptree.search.answers.within`).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from looptree.search.answers.corners import Corners
from looptree.search.answers.within import FEW_LABELS, MOST_LABELS, Within, rule
from looptree.search.asked.metrics import METRICS, Weights
from looptree.search.network.partition import Partition, Path


class Between:
    """Looks between the corners, first where most is left open.

    Args:
        corners: of two metrics, all of them.

    Attributes:
        paths: the plans found between corners. exact: those that are proven to be the best of the second metric within
            what they take of the first. complete: whether there are no other plans that no other one beats.
    """

    def __init__(self, corners: Corners, partition: Partition) -> None:
        self.corners = corners
        self.partition = partition
        self.paths: list[Path] = []
        self.exact: list[Path] = []
        self.complete = True
        for one, other in sorted(pairwise(self._ordered()), key=self._open, reverse=True):
            self._search(one, other)

    def _point(self, path: Path) -> tuple[float, float]:
        first, second = (path.totals[METRICS.index(name)] for name in self.corners.sums)
        return first, second

    def _ordered(self) -> list[Path]:
        """Corners that no other one beats, by the first metric."""
        found: list[Path] = []
        for path in sorted(self.corners.paths, key=self._point):
            if not found or self._point(path)[1] < self._point(found[-1])[1]:
                found.append(path)
        return found

    def _open(self, pair: tuple[Path, Path]) -> float:
        """The area between two corners, on logarithmic axes."""
        one, other = (np.log1p(self._point(path)) for path in pair)
        return float((other[0] - one[0]) * (one[1] - other[1]))

    def _line(self, one: Path, other: Path) -> Weights:
        """Weights that were searched, by which both corners are as good as one another, and no plan is better."""
        tried = [self.corners.hull.weights(normal) for normal in self.corners.hull.normals]
        return min(tried, key=lambda weights: abs(weights.of(one.totals) / weights.of(other.totals) - 1))

    def _search(self, one: Path, other: Path) -> None:
        (left, above), (right, below) = self._point(one), self._point(other)
        first, second = self.corners.sums
        limits = {Weights.only(first): right, Weights.only(second): above}
        line = self._line(one, other)
        limits[line] = line[METRICS.index(first)] * right + line[METRICS.index(second)] * above
        rules = [rule(self.partition, weights, most) for weights, most in limits.items()]
        planner = self.corners.planner
        within = Within(self.partition, self.corners.sums, rules)
        finished = within.collect(lambda: planner.told(above, below))
        combined = within.combine(MOST_LABELS if finished else FEW_LABELS)
        found = [path for path in combined.paths() if left < self._point(path)[0] < right]
        self.paths += found
        if finished and combined.complete:
            self.exact += found
        else:
            self.complete = False
