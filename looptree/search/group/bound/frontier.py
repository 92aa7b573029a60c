"""Which nodes of a branch and bound are next.

Those of least bound, more and more at a time. In a long chain, though, thousands of nodes have the bound that no design
undercuts, the floor, and a design with that value ends the search. So while none is found, the newest of these nodes
go first, a few at a time: each batch decides one more intermediate. The order changes nothing of what is proven.
"""

from __future__ import annotations

import math

from looptree.search.group.bound.nodes import Nodes

FIRST_BATCH = 64
LARGEST_BATCH = 1024
MANY = 8  # intermediates of a long chain
DIVES = 60  # batches of the newest nodes, at most: deciding all intermediates takes fewer
FEW = 8  # nodes of such a batch


class Frontier:
    """The nodes that are still to be looked at.

    Args:
        waiting: those at first. floor: no bound below it means anything. intermediates: how many the group has.
    """

    def __init__(self, waiting: Nodes, floor: float, intermediates: int) -> None:
        self.waiting = waiting
        self.floor = floor
        self._batch = FIRST_BATCH
        self._dives = DIVES if intermediates >= MANY else 0

    def __len__(self) -> int:
        return len(self.waiting)

    @property
    def bound(self) -> float:
        """The least of all, infinite if there are none."""
        return float(self.waiting.bound.min(initial=math.inf))

    def next(self, *, found: bool) -> Nodes:
        """The nodes that are next, taken out; `found` is whether a design is known that is good enough."""
        if self._dives and not found and self.bound <= self.floor:
            self._dives -= 1
            nodes, self.waiting = self.waiting.newest(self.floor, FEW)
        else:
            nodes, self.waiting = self.waiting.best(self._batch)
            self._batch = min(2 * self._batch, LARGEST_BATCH)
        return nodes
