"""Branch and bound over the designs of a group with some loop orders.

A node is a loop order, a range of tile shapes for each of its loops, and places of some intermediates. Its bound takes
the least entry of every table in the range, and the best place of every tensor under a price per byte of buffer, with
what a layer then computes again (`looptree.search.group.bound.relax`). The nodes of least bound are next. Wide ranges
are cut in two, because in a wide one tensors seem to take the room of small tiles and to move as little as with large
ones. Then the intermediates are decided one by one, from the sinks upwards: each decision fixes what is computed again,
and with it all that layers further up need. That takes tables of its own, for all tile shapes, which in a group of many
layers take longer than all bounds: there only the narrowest ranges are decided, of which often none is left, until
there are such tables. Narrow ranges are cut last. What is left is a tile shape per loop with a place per intermediate,
for which all other tensors are placed exactly (`looptree.search.group.bound.placing`). Once no node has a bound below
the best design, that design is proven.

Where loops meet, the tables of single loops only bound the counts (`looptree.search.group.loops.meeting`). Single
designs that this does not rule out are bounded by every reduced segment (`looptree.search.group.loops.reduced`). Those
that are left wait until all others are searched, and are then searched with tables of the loops that meet together.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable

import numpy as np

from looptree.model.axis import Array
from looptree.search.deadline import TimeUpError, deadline
from looptree.search.group.bound.book import PatternBook
from looptree.search.group.bound.frontier import Frontier
from looptree.search.group.bound.met import MetDesigns
from looptree.search.group.bound.nodes import Nodes, least
from looptree.search.group.bound.placing import Chosen, Placing
from looptree.search.group.design import GroupDesign, Tally
from looptree.search.group.goal.goal import Gathering

LOOSE = 0.3  # how much a bound may suffer from a range of tile shapes where the next intermediate is decided
TIGHT = 0.02  # the same where it would be the first time, in a group with many intermediates
SEVERAL = 3  # that is, so many
NONE = np.arange(0)
FEW, CUTS = 64, 2  # so few nodes are cut so many times more before they are bounded
ROUNDING = 1e-12


class BranchAndBound:
    """One branch and bound: the best design found so far is `found`, of objective `below`.

    What is found is a single design and how its tensors are placed in it. `decided` are the patterns of each book of
    which the next intermediate was decided in this search: what it does depends on no other one. `met` are single
    designs in which loops meet.
    """

    def __init__(self, placing: Placing, floor: float, below: float, tally: Tally) -> None:
        self.floor = floor
        self.below = below
        self.tally = tally
        self.found: tuple[PatternBook, Nodes, Chosen] | None = None
        self.decided: dict[PatternBook, set[int]] = {}
        self.met = MetDesigns(self)
        self.placing = placing
        self.relaxation = placing.problems.relaxation

    @property
    def target(self) -> float:
        """Designs must be better than this; nothing is better than the floor."""
        return -math.inf if self.below <= self.floor * (1 + ROUNDING) else self.below

    @property
    def design(self) -> GroupDesign | None:
        """The best design found; that it was found in time is enough."""
        with deadline(math.inf):
            return None if self.found is None else self.placing.design(*self.found)

    def search(self, book: PatternBook, until: float, effort: float) -> float:
        """All designs with the loop orders of a book; a bound of what was not looked at.

        Raises:
            TimeUpError: before the loop orders have bounds.

        Designs in which loops meet are left to `met`.
        """
        roots, floor = self.roots(book), self.floor * (1 + ROUNDING)
        frontier, met = Frontier(roots, floor, len(self.placing.group.inner)), roots.at(NONE)
        while len(frontier):
            if time.time() > until or self.tally.nodes > effort:
                return min(frontier.bound, least(met))
            nodes = frontier.next(found=self.found is not None)
            try:
                following, meeting = self._branched(book, nodes)
                bounded = self.bounded(book, following)
            except TimeUpError:
                return min(least(nodes), frontier.bound, least(met))
            met = met.joined(meeting) if len(meeting) else met
            frontier.waiting = self.hopeful(frontier.waiting.joined(bounded))
        self.met.add(book, self.hopeful(met))
        return math.inf

    def search_all(self, books: Iterable[PatternBook], until: float, effort: float, *, thorough: bool = True) -> float:
        """All designs of some books; a bound of what was not looked at, but of what `met` has left.

        Args:
            until, effort: as for `search`. thorough: whether designs in which loops meet that take long are searched.
        """
        left = math.inf
        for book in books:
            left = min(left, self.search(book, until, effort))
            left = min(left, self.met.search(until, effort, soon=True))
            if self.target == -math.inf:
                break
        return min(left, self.met.search(until, effort)) if thorough else left

    def roots(self, book: PatternBook) -> Nodes:
        """All designs of each loop order of a book that may have a good one."""
        return self.hopeful(self.bounded(book, self._roots(book)))

    def least_room(self, book: PatternBook) -> tuple[float, Array]:
        """Fewest bytes that any design of a book needs, and what each tensor takes of them."""
        roots = self._roots(book)
        return self.relaxation.least_room(*book.columns(roots.pattern, roots.start, roots.stop))

    def _roots(self, book: PatternBook) -> Nodes:
        stop = book.widths()
        rates = np.zeros((len(self.relaxation.prices), book.first))
        nothing, inexact = np.full(book.first, -np.inf), np.zeros(book.first, dtype=bool)
        return Nodes(np.arange(book.first), np.zeros_like(stop), stop, nothing, inexact, rates)

    def hopeful(self, nodes: Nodes) -> Nodes:
        """Those that may be good enough."""
        return nodes.at(np.flatnonzero(nodes.bound < self.target))

    def bounded(self, book: PatternBook, nodes: Nodes) -> Nodes:
        """The nodes with their bounds, which are no less than those of the nodes that they come from."""
        if not len(nodes) or self.target == -math.inf:
            return nodes.at(np.arange(0))
        self.tally.nodes += len(nodes)
        self.tally.evaluated += int((nodes.points == 1).sum())
        return self.placing.bounds(book, nodes, self.target)

    def _branched(self, book: PatternBook, nodes: Nodes) -> tuple[Nodes, Nodes]:
        """What hopeful nodes are cut into, and single designs in which loops meet; other single designs are settled."""
        loose = book.looseness(nodes.pattern, nodes.start, nodes.stop)
        known = self.decided.setdefault(book, set())
        first = TIGHT if len(self.placing.group.inner) >= SEVERAL else LOOSE
        most = np.array([LOOSE if number in known else first for number in nodes.pattern.tolist()])
        if book.outer < book.count:
            most = np.full(len(nodes), math.inf)  # with a nested branch, deciding first took less time
        wide = (loose * (nodes.stop - nodes.start > 1)).max(axis=1, initial=0.0) > most
        children = [
            NONE if cut else book.children(number) for cut, number in zip(wide, nodes.pattern.tolist(), strict=True)
        ]
        known.update(nodes.pattern[~wide].tolist())
        more = np.array([len(c) for c in children], dtype=np.int64)
        decided = nodes.at(np.repeat(np.arange(len(nodes)), more))
        if len(decided):
            decided = decided.with_pattern(np.concatenate(children))
        whole = np.array([book.separable(number) for number in nodes.pattern.tolist()], dtype=bool)
        meeting = np.array([bool(book.patterns[number].met) for number in nodes.pattern.tolist()], dtype=bool)
        left = (more == 0) & (whole | meeting | wide)
        single = left & whole & (nodes.points == 1)
        met = left & meeting & (nodes.points == 1)
        placing = self.placing
        together = single & nodes.exact & (placing.problems.schedules is None and placing.problems.live is None)
        self._settle(book, nodes.at(np.flatnonzero(together)))
        apart = np.flatnonzero(single & ~together)
        for at in apart[np.argsort(nodes.bound[apart], kind="stable")]:
            if nodes.bound[at] < self.target:
                self._settle(book, nodes.at(np.array([at])))
        cut = np.flatnonzero(left & ~single & ~met)
        if len(cut):
            decided = decided.joined(nodes.at(cut).halves(loose[cut]))
        return self._finer(book, decided), nodes.at(np.flatnonzero(met))

    def _finer(self, book: PatternBook, nodes: Nodes) -> Nodes:
        """A few nodes cut further: to bound twice as many takes hardly longer, and saves to bound these."""
        for _ in range(CUTS):
            wide = nodes.points > 1
            if len(nodes) > FEW or not wide.any():
                break
            some = nodes.at(np.flatnonzero(wide))
            halves = some.halves(book.looseness(some.pattern, some.start, some.stop))
            nodes = nodes.at(np.flatnonzero(~wide)).joined(halves)
        return nodes

    def _settle(self, book: PatternBook, nodes: Nodes) -> None:
        """Take the best of some single designs whose intermediates are decided; their bounds are exact."""
        if len(nodes):
            node = nodes.at(np.array([int(nodes.bound.argmin())]))
            placed = self.placing.best(book, node, self.below)
            if placed is not None:
                self.below, self.found = placed.value, (book, node, placed)


class Gatherer(BranchAndBound):
    """One that keeps every design below `below` that no other one beats."""

    def __init__(self, placing: Placing, floor: float, below: float, tally: Tally) -> None:
        super().__init__(placing, floor, below, tally)
        assert isinstance(placing.group.goal, Gathering)
        self.goal = placing.group.goal
        self.designs: list[GroupDesign] = []

    @property
    def target(self) -> float:
        """Designs must be better than this."""
        return self.below

    def _settle(self, book: PatternBook, nodes: Nodes) -> None:
        """Take all of some single designs; the goal says which of them still count.

        What each of them can do is bounded anew once there is one more design that it has to beat: that is much shorter
        for all together than placing the tensors of each.
        """
        while len(nodes):
            at = int(nodes.bound.argmin())
            node = nodes.at(np.array([at]))
            placed = self.placing.best(book, node, self.below)
            if placed is None:
                nodes = nodes.at(np.flatnonzero(np.arange(len(nodes)) != at))
                continue
            with deadline(math.inf):
                design = self.placing.design(book, node, placed)
            self.designs.append(design)
            self.goal.beaten_by.append([weights.of(design.totals) for weights, _ in self.goal.aim.limits])
            nodes = self.hopeful(self.placing.bounds(book, nodes, self.target))
