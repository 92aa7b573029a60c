"""The plans that are no corners of the hull, for two or three metrics.

What the plans that are known do not cover is a union of boxes (`looptree.search.answers.uncovered`). A plan there is
above all weighted sums that were searched, too. All plans within these rules that no other one beats are found
(`looptree.search.answers.within`), so that none is missing then.

There may be very many. So plans are looked for first that are better than all known ones by a large share along every
axis at once, then by smaller shares, down to nothing. After each of these rounds it is proven how much is missing at
most: every plan x of the space has a known plan p with p <= (1 + share) x. Plans that are found in one round leave the
smaller boxes to the next.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from looptree.model.axis import Array
from looptree.search.answers.corners import Corners
from looptree.search.answers.within import FEW_LABELS, Within
from looptree.search.asked.metrics import METRICS, Weights
from looptree.search.network.planner import CLOSE
from looptree.search.network.plans.partition import Partition, Path

SHARES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0)
MOST_LABELS = 20_000  # at a state
MOST_RULES = 12  # weights that were searched, at most, of which rules are made


class Cover:
    """Looks for plans that the corners do not cover.

    Args:
        corners: of some metrics; not all have to be found. shares: that plans may be better at most, one after the
            other. most: plans that are enough.

    Attributes:
        paths: plans none of which is as good as another one, corners and others. share: no plan is better than all of
            them by more, along every axis at once; 0 if there are no other plans that no other one beats.
    """

    def __init__(
        self,
        corners: Corners,
        shares: Sequence[float] = SHARES,
        most: float = np.inf,
    ) -> None:
        self.corners = corners
        self.columns = [METRICS.index(name) for name in corners.sums]
        self.paths: list[Path] = []
        self.points = np.zeros((0, len(self.columns)))
        self.share = np.inf
        self._add(corners.paths)
        try:
            for share in shares:
                if corners.stopped or not self._search(share):
                    break
                self.share = share
                if len(self.paths) > most:
                    break
        except KeyboardInterrupt:
            self.corners.planner.catalogue.interrupted = True

    def _point(self, path: Path) -> list[float]:
        return [path.totals[i] for i in self.columns]

    def _add(self, paths: Sequence[Path]) -> None:
        """Keep plans unless others are as good."""
        for path in sorted(paths, key=self._point):
            point = np.array(self._point(path))
            if not (self.points <= point * (1 + CLOSE)).all(axis=1).any():
                kept = np.flatnonzero((point > self.points * (1 + CLOSE)).any(axis=1))
                self.paths = [*(self.paths[i] for i in kept), path]
                self.points = np.vstack([self.points[kept], point])
                self.corners.hull.add(path.totals)

    def _search(self, share: float) -> bool:
        """Find all plans that no known one covers up to a share; whether none is missing."""
        boxes, partition = self.corners.hull.boxes(share), self.corners.partition
        if not len(boxes) or not isinstance(partition, Partition):
            return not len(boxes)

        def most(weights: Weights) -> Array:
            each = np.array(weights)[self.columns]
            return np.asarray(boxes[:, each > 0] @ each[each > 0])

        hull, planner = self.corners.hull, self.corners.planner
        within = Within(partition, self.corners.sums, self._tried(), most, hull.spread())
        best = float(self.points[:, -1].min())

        def going() -> bool:
            return planner.told(best, best)

        finished = within.collect(going)
        combined = within.combine(MOST_LABELS, going) if finished else within.combine(FEW_LABELS)
        self._add(combined.paths())
        return finished and combined.complete

    def _tried(self) -> list[Weights]:
        """Weights that were searched, single metrics first, and others that are most different from one another."""
        hull = self.corners.hull
        size = len(self.columns)
        normals = np.unique(hull.normals, axis=0)
        taken = list(np.eye(size))
        while len(taken) < min(MOST_RULES, len(normals)):
            away = np.abs(normals[:, None] - np.array(taken)[None]).sum(axis=2).min(axis=1)
            taken.append(normals[int(away.argmax())])
        return [hull.weights(normal) for normal in taken]
