"""Single designs in which loops meet, as far as a branch and bound has not ruled them out.

The tables of single loops only bound what they take (`looptree.search.group.loops.meeting`). First each of them is
bounded by every reduced segment (`looptree.search.group.loops.reduced`), which takes little time. Those that are left
are searched with tables of the loops that meet together, which takes long: those that promise most first, and only some
of them until all other designs are searched, because what is found without them rules out many.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from looptree.model.axis import Array
from looptree.search.deadline import TimeUpError
from looptree.search.group.bound.book import PatternBook
from looptree.search.group.bound.nodes import Nodes, least

if TYPE_CHECKING:
    from looptree.search.group.bound.branch_and_bound import BranchAndBound

AT_FIRST = 8  # designs, and then more and more at a time: what they find rules out others
WORK = 1 << 20  # of the designs that are searched at a time, if these are several; see `MetDesigns._work`
SOON = 1 << 20  # the same of all those that do not wait
NONE = np.arange(0)


@dataclass(frozen=True, eq=False, slots=True)
class Left:
    """Single designs of one pattern of a book.

    Attributes:
        nodes: the designs. bounded: whether they are bounded by every reduced segment.
    """

    book: PatternBook
    number: int
    nodes: Nodes
    bounded: bool


class MetDesigns:
    """Those of one branch and bound.

    Args:
        branch: which looks for the best design.
    """

    def __init__(self, branch: BranchAndBound) -> None:
        self.branch = branch
        self._left: list[Left] = []
        self._soon = float(SOON)

    def add(self, book: PatternBook, nodes: Nodes) -> None:
        """Keep some."""
        nodes = _meant(book, nodes.best(len(nodes))[0]) if len(nodes) else nodes
        for number in dict.fromkeys(nodes.pattern.tolist()):
            some = nodes.at(np.flatnonzero(nodes.pattern == number))
            self._left.append(Left(book, number, some, bounded=False))

    @property
    def bound(self) -> float:
        """Of those that are left."""
        return min((least(self.branch.hopeful(left.nodes)) for left in self._left), default=math.inf)

    def search(self, until: float, effort: float, *, soon: bool = False) -> float:
        """Those that are left, by tables of the loops that meet; a bound of what was not looked at.

        Args:
            until, effort: as for `BranchAndBound.search`. soon: only those that need not wait; others are left.
        """
        hopeful, self._left, unseen = self._left, [], math.inf
        try:
            hopeful = [left if left.bounded else self._bounded(left) for left in hopeful]
        except TimeUpError:
            return min(least(self.branch.hopeful(left.nodes)) for left in hopeful)
        for left in sorted(hopeful, key=lambda left: least(left.nodes)):
            some, count = left.nodes, AT_FIRST
            while len(some := self.branch.hopeful(some)):
                if time.time() > until or self.branch.tally.nodes > effort:
                    unseen = min(unseen, least(some))
                    break
                few, rest, work = self._few(left, some, count)
                if soon and work > self._soon:
                    self._left.append(replace(left, nodes=some))
                    break
                self._soon -= work if soon else 0.0
                count, some = 2 * count, rest
                try:
                    joined = self.joined(left.book, left.number, few)
                    if joined is not None:
                        unseen = min(unseen, self.branch.search(joined, until, effort))
                except TimeUpError:
                    unseen = min(unseen, least(few))
        return unseen

    def _few(self, left: Left, nodes: Nodes, count: int) -> tuple[Nodes, Nodes, float]:
        """Those of least bounds, so many at most and not too much work; the rest; and how much work they are."""
        few, rest = nodes.best(count)
        work = self._work(left, few).cumsum()
        fitting = max(1, int((work <= WORK).sum()))
        return few.at(np.arange(fitting)), few.at(np.arange(fitting, len(few))).joined(rest), float(work[fitting - 1])

    def _work(self, left: Left, nodes: Nodes) -> Array:
        """About how much there is to do for each of some single designs: the steps of all their loops."""
        part, pattern = self.branch.placing.group.part, left.book.patterns[left.number]
        steps = [
            math.prod(
                max(-(-part.einsum(layer).ranks[name] // tile) for layer, name in rank)
                for rank, tile in pattern.picked(column)
            )
            for column in nodes.start.tolist()
        ]
        return np.array(steps, dtype=np.float64)

    def joined(self, book: PatternBook, number: int, nodes: Nodes) -> PatternBook | None:
        """Single designs of one pattern with tables of the loops that meet; without those that these rule out.

        Deciding an intermediate takes tables for all designs of a book, which is long where loops are joined.
        """
        joined = book.joined(number, nodes.start.tolist())
        if joined is None:
            return None
        pattern, start = joined.numbered([book.patterns[number].picked(column) for column in nodes.start.tolist()])
        nothing, rates = np.full(len(nodes), -np.inf), np.zeros_like(nodes.rates)
        singles = Nodes(pattern, start, start + 1, nothing, np.zeros(len(nodes), dtype=bool), rates)
        left = np.flatnonzero(self.branch.bounded(joined, singles).bound < self.branch.target)
        if len(left) == len(nodes):
            return joined
        return book.joined(number, nodes.start[left].tolist()) if len(left) else None

    def _bounded(self, left: Left) -> Left:
        """Hopeful ones of some single designs, with the largest of all bounds of each.

        That takes much less time than tables of the loops that meet, which it saves for most of them.
        """
        some = self.branch.hopeful(left.nodes)
        others = left.book.others(left.number) if len(some) else None
        for other in range(others.first if others is not None else 0):
            assert others is not None, "it has that one"
            bound = self._supposed(others, some.with_pattern(np.full(len(some), other)))
            some = self.branch.hopeful(replace(some, bound=bound))
        return replace(left, nodes=some, bounded=True)

    def _supposed(self, book: PatternBook, nodes: Nodes) -> Array:
        """The least bound of each of some single designs with one pattern, whatever is supposed of it."""
        branch = self.branch
        branch.tally.nodes += len(nodes)
        nodes = branch.placing.bounds(book, nodes, branch.target) if len(nodes) else nodes
        left = np.flatnonzero(nodes.bound < branch.target)
        children = book.children(int(nodes.pattern[0])) if len(left) else NONE
        bound = nodes.bound.copy()
        if len(children):
            some = nodes.at(left)
            below = [self._supposed(book, some.with_pattern(np.full(len(some), child))) for child in children]
            bound[left] = np.min(below, axis=0)
        return bound


def _meant(book: PatternBook, nodes: Nodes) -> Nodes:
    """Single designs without what is only supposed of them, each once, with the least of its bounds."""
    first: dict[tuple[int, ...], int] = {}
    meant = np.array([book.meant(number) for number in nodes.pattern.tolist()], dtype=np.int64)
    for at, key in enumerate(map(tuple, np.column_stack((meant, nodes.start)).tolist())):
        first.setdefault(key, at)
    some = np.array(list(first.values()), dtype=np.int64)
    return nodes.at(some).with_pattern(meant[some])
