"""The plans that no other one beats, for the capacity of the buffer and two sums: slice by slice.

A slice has all plans in so many bytes: its own front of two sums (`looptree.search.answers.cover`). Let R be what the
largest plan of that front needs. Plans that need R bytes or more are no better than some plan of the front, which needs
no more than R: so the next slice is that of R - 1 bytes. Where a share is left open, plans that need R / (1 + share)
bytes or more have a plan of the front that needs no more than 1 + share times as much, and the next slice is the first
one below. Slices come in rounds with smaller and smaller shares, down to nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from looptree.search.answers.corners import Corners
from looptree.search.answers.cover import SHARES, Cover
from looptree.search.answers.smallest import smallest
from looptree.search.asked.metrics import METRICS
from looptree.search.deadline import TimeUpError
from looptree.search.network.planner import Planner
from looptree.search.network.plans.partition import Path
from looptree.search.undominated import undominated

CORNERS = 8  # of the hull in one slice, at most: what is between them is found in another way
COARSE = 15.0, 3.0  # shares of the first rounds: of few slices, each with a bound that is soon proven


class Slices:
    """Searches slices from large capacities to small ones.

    Args:
        sums: two metrics. most: plans that are enough.

    Attributes:
        slices: the corners in each capacity that was searched in the last round. paths: plans that were found.
        share: no plan is better than all of them by more, along every axis at once; infinite if that is not known.
        stopped: whether time was up.
    """

    def __init__(self, planner: Planner, sums: Sequence[str], most: int) -> None:
        self.planner = planner
        self.sums = tuple(sums)
        self.slices: list[Corners] = []
        self.paths: list[Path] = []
        self.share = math.inf
        self.stopped = False
        try:
            least = smallest(planner, {})
            if not least.path.steps:
                raise planner.infeasible() if math.isinf(least.bound) else planner.too_short()
            self.paths.append(least.path)
            self.stopped = least.bound < least.value
            for share in (*COARSE, *SHARES):
                if self.stopped or not self._round(share, least.value):
                    break
                self.share = share
                if len(self.paths) > most:
                    break
        except (KeyboardInterrupt, TimeUpError):
            if not self.paths:
                raise
            self.stopped = True

    def _round(self, share: float, least: float) -> bool:
        """Search slices down to the least capacity; whether no plan is missing by more than a share."""
        known, self.slices = self.slices, []
        capacity, proven = self.planner.capacity, True
        while capacity >= least:
            fitting = [path for path in self.paths if path.room <= capacity]
            larger = self.slices[-1] if self.slices else None
            corners = Corners(self.planner, self.sums, capacity, CORNERS, larger=larger, known=fitting, share=share)
            cover = Cover(corners, [share])
            self.slices.append(corners)
            self._keep(cover.paths)
            proven = proven and cover.share <= share
            if corners.stopped or not self.planner.told(math.inf, 0.0):
                self.stopped = True
                self.slices = [*known, *self.slices]
                return False
            capacity = math.ceil(max(path.room for path in cover.paths) / (1 + share)) - 1
        return proven

    def _keep(self, paths: Sequence[Path]) -> None:
        """Add plans, and leave out those that others are better than, or as good as."""
        columns = [METRICS.index(name) for name in self.sums]
        paths = [*self.paths, *paths]
        rows = np.array([[path.room, *(path.totals[i] for i in columns)] for path in paths])
        self.paths = [paths[i] for i in undominated(rows)]
