"""What is asked of one search of a group, and how far it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from looptree.search.group.design import Tally


@dataclass(slots=True)
class Quest:
    """One search of a group.

    Attributes:
        resident, fetched, until, effort, floor, thorough: see `looptree.search.group.group_search.GroupSearch.search`.
        room: bytes for all tensors that do not stay on chip anyway. tally: of what was done.
        below: designs have to be better than that: the objective of the best one, once there is one.
        unseen, waiting: bounds of what was not looked at, and of what is left for a thorough search.
    """

    resident: frozenset[str]
    fetched: frozenset[str]
    room: float
    below: float
    until: float
    effort: float
    tally: Tally
    floor: float = 0.0
    thorough: bool = True
    unseen: float = math.inf
    waiting: float = math.inf

    def saw(self, unseen: float) -> None:
        """A bound of what one more part of the search did not look at."""
        self.unseen = min(self.unseen, unseen)

    def leaves(self, bound: float) -> None:
        """A bound of what it leaves for a thorough search."""
        self.waiting = min(self.waiting, bound)
