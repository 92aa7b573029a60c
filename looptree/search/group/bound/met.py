"""Single designs in which loops meet, as far as a branch and bound has not ruled them out.

The tables of single loops only bound what they take (`looptree.search.group.loops.meeting`). First each of them is
bounded by every reduced segment (`looptree.search.group.loops.reduced`), which takes little time. Those that are left
are searched with tables of the loops that meet together, which takes long: those that promise most first, and only some
of them until all other designs are searched, because what is found without them rules out many.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from looptree.model.axis import Array
from looptree.search.deadline import TimeUpError
from looptree.search.group.bound.book import PatternBook
from looptree.search.group.bound.nodes import Nodes, least

if TYPE_CHECKING:
    from looptree.search.group.bound.branch_and_bound import BranchAndBound

AT_FIRST = 8  # designs, and then more and more at a time: what they find rules out others
STEPS = 1 << 20  # of the loops of designs that are searched at a time, if these are several
SOON = 1 << 18  # of the loops of designs that do not wait
NONE = np.arange(0)


class MetDesigns:
    """Those of one branch and bound.

    Args:
        branch: which looks for the best design.
    """

    def __init__(self, branch: BranchAndBound) -> None:
        self.branch = branch
        self._left: list[tuple[PatternBook, int, Nodes]] = []
        self._soon = float(SOON)

    def add(self, book: PatternBook, nodes: Nodes) -> float:
        """Keep those that every reduced segment leaves hope of; a bound of what was not looked at."""
        if not len(nodes):
            return math.inf
        nodes = _meant(book, nodes.best(len(nodes))[0])
        for number in dict.fromkeys(nodes.pattern.tolist()):
            some = nodes.at(np.flatnonzero(nodes.pattern == number))
            try:
                some = self._bounded(book, number, some)
            except TimeUpError:
                return least(nodes)
            self._left += [(book, number, some)] if len(some) else []
        return math.inf

    @property
    def bound(self) -> float:
        """Of those that are left."""
        return min((least(self.branch.hopeful(nodes)) for _, _, nodes in self._left), default=math.inf)

    def search(self, until: float, effort: float, *, soon: bool = False) -> float:
        """Those that are left, by tables of the loops that meet; a bound of what was not looked at.

        Args:
            until, effort: as for `BranchAndBound.search`. soon: only those that need not wait; others are left.
        """
        listed, self._left, unseen = sorted(self._left, key=lambda each: least(each[2])), [], math.inf
        for book, number, some in listed:
            count = AT_FIRST
            while len(some := self.branch.hopeful(some)):
                if time.time() > until or self.branch.tally.nodes > effort:
                    unseen = min(unseen, least(some))
                    break
                few, some = self._some(book, number, some, count)
                count *= 2
                taken = self._steps(book, number, few).sum() if soon else 0.0
                if taken > self._soon:
                    self._left.append((book, number, few.joined(some)))
                    break
                self._soon -= taken
                try:
                    joined = self._joined(book, number, few)
                    if joined is not None:
                        unseen = min(unseen, self.branch.search(joined, until, effort))
                except TimeUpError:
                    unseen = min(unseen, least(few))
        return unseen

    def _some(self, book: PatternBook, number: int, nodes: Nodes, count: int) -> tuple[Nodes, Nodes]:
        """Those of least bounds, so many at most and not too many steps, and the rest."""
        few, rest = nodes.best(count)
        fitting = max(1, int((self._steps(book, number, few).cumsum() <= STEPS).sum()))
        return few.at(np.arange(fitting)), few.at(np.arange(fitting, len(few))).joined(rest)

    def _steps(self, book: PatternBook, number: int, nodes: Nodes) -> Array:
        """How many steps the loops of some single designs of a pattern have."""
        part, pattern = self.branch.placing.group.part, book.patterns[number]
        found = [
            math.prod(
                max(-(-part.einsum(layer).ranks[name] // tile) for layer, name in rank)
                for rank, tile in pattern.picked(column)
            )
            for column in nodes.start.tolist()
        ]
        return np.array(found, dtype=np.float64)

    def _joined(self, book: PatternBook, number: int, nodes: Nodes) -> PatternBook | None:
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

    def _bounded(self, book: PatternBook, number: int, nodes: Nodes) -> Nodes:
        """Hopeful ones of some single designs of one pattern, with the largest of all bounds of each.

        That takes much less time than tables of the loops that meet, which it saves for most of them.
        """
        some = self.branch.hopeful(nodes)
        others = book.others(number) if len(some) else None
        for other in range(others.first if others is not None else 0):
            assert others is not None, "it has that one"
            bound = self._supposed(others, some.with_pattern(np.full(len(some), other)))
            some = self.branch.hopeful(replace(some, bound=bound))
        return some

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
