"""The best design of one fusion group, by branch and bound.

A node is a loop order, a range of tile shapes for each of its loops, and places of some intermediates. Its bound takes
the least entry of every table in the range, and the best place of every tensor under a price per byte of buffer, with
what a layer then computes again (`looptree.search.group.bound.relax`). The nodes of least bound are next. Wide ranges
are cut in two, because in a wide one tensors seem to take the room of small tiles and to move as little as with large
ones. Then the intermediates are decided one by one, from the sinks upwards: each decision fixes what is computed again,
and with it all that layers further up need. Narrow ranges are cut last. What is left is a tile shape per loop with a
place per intermediate, for which all other tensors are placed exactly (`looptree.search.group.bound.placing`). Once no
node has a bound below the best design, that design is proven.

Where loops meet, the tables of single loops only bound the counts (`looptree.search.group.loops.meeting`). Single
designs that this does not rule out are searched with tables of the loops that meet together.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import numpy as np

from looptree.model.axis import Array
from looptree.search.asked.loops import Positions
from looptree.search.group.bound.book import PatternBook
from looptree.search.group.bound.frontier import Frontier
from looptree.search.group.bound.live_room import LiveRooms
from looptree.search.group.bound.nodes import Nodes
from looptree.search.group.bound.pipelined import Schedules
from looptree.search.group.bound.placing import Chosen, Placing
from looptree.search.group.bound.problems import Problems
from looptree.search.group.design import Collected, GroupDesign, Outcome, Tally
from looptree.search.group.goal.goal import Gathering, Goal
from looptree.search.group.group import Group
from looptree.search.undominated import undominated

LOOSE = 0.3  # how much a bound may suffer from a range of tile shapes where the next intermediate is decided
JOINED = 8  # designs in which loops meet, at first, and then more and more at a time: what they find rules out others
NONE = np.arange(0)
ROUNDING = 1e-12


class GroupSearch:
    """Searches one group, for any set of tensors that stay on chip and any capacity.

    Args:
        group: what is known of it.
    """

    def __init__(self, group: Group) -> None:
        self.group = group
        self._books: dict[Positions, PatternBook | None] = {}
        self._nested_books: dict[int, list[PatternBook]] = {}
        self._schedules = Schedules(group)
        live = group.space.live and group.goal.architecture.allocation == "live"
        self._live = LiveRooms(group) if live else None

    def towards(self, goal: Goal) -> GroupSearch:
        """The same group for another goal; tables are shared."""
        other = GroupSearch(self.group.towards(goal))
        other._books, other._nested_books = self._books, self._nested_books
        other._schedules, other._live = self._schedules, self._live
        return other

    def books(self) -> Iterator[PatternBook]:
        """The loop orders, by the number of loops and of joined ones."""
        known = self.group.patterns
        for positions in sorted(known.orders, key=lambda found: (sum(map(len, found)), -len(found), found)):
            if positions not in self._books:
                patterns = known.of(positions)
                self._books[positions] = PatternBook(self.group, patterns) if patterns else None
            book = self._books[positions]
            if book is not None:
                yield book

    def nested_books(self, number: int) -> Iterator[PatternBook]:
        """The loop orders with a nested branch."""
        if number not in self._nested_books:
            found = []
            for outer in range(1, self.group.space.loops + 1):
                known = self.group.nested_patterns(number, outer)
                for positions in known.orders:
                    patterns = known.of(positions)
                    found += [PatternBook(self.group, patterns, known)] if patterns else []
            self._nested_books[number] = found
        yield from self._nested_books[number]

    def search(
        self,
        resident: frozenset[str],
        capacity: float,
        below: float = math.inf,
        until: float = math.inf,
        effort: float = math.inf,
        floor: float = 0.0,
        fetched: frozenset[str] = frozenset(),
    ) -> Outcome:
        """The best design with an objective below a value, in that many bytes on chip.

        Args:
            resident: inputs and outputs of the segment that stay on chip whole; they count against the capacity.
            until: the time (of `time.time`) at which to stop with what is found by then.
            effort: bound no more ranges than about so many.
            floor: no design is better than that, as is known from elsewhere: one that is as good ends the search.
            fetched: those of the tensors that stay on chip of which this group fetches all words first, or which it
                makes and writes out, because they are outputs of the workload as well.
        """
        tally = Tally(groups=1)
        floor = max(floor, self.group.goal.aim.weights.of(self.group.least(resident, fetched)))
        if floor >= below:
            return Outcome(None, math.inf, floor, tally)
        room = capacity - self.group.resident_bytes(resident)
        if room < (0 if self._live else self.group.least_bytes(resident)):
            return Outcome(None, math.inf, math.inf, tally)
        found, bound = None, math.inf
        for placing, books in self._ways(resident, room, fetched):
            branch = _Branch(placing, floor, below, tally)
            if branch.target == -math.inf:
                break  # nothing is better than the floor: no tables of further loop orders are needed
            for book in books:
                bound = min(bound, branch.search(book, until, effort))
                if branch.target == -math.inf:
                    break
            found, below = branch.design or found, branch.below
        return Outcome(found, math.inf if found is None else below, max(floor, min(bound, below)), tally)

    def _ways(
        self, resident: frozenset[str], room: float, fetched: frozenset[str]
    ) -> Iterator[tuple[Placing, Iterator[PatternBook]]]:
        """Layers in turns, as a pipeline if that is asked for and makes a difference, and with nested branches."""
        group = self.group
        yield Placing(Problems(group, resident, room, None, self._live, fetched=fetched)), self.books()
        if group.fused and group.space.pipeline and group.goal.timed and group.inside is None:
            problems = Problems(group, resident, room, self._schedules, self._live, fetched=fetched)
            yield Placing(problems), self.books()
        if group.fused and group.space.nested and group.possible and self._live is None:
            for number, branch in enumerate(group.branches):
                problems = Problems(group, resident, room, branch=branch, fetched=fetched)
                yield Placing(problems), self.nested_books(number)

    def collect(
        self,
        resident: frozenset[str],
        capacity: float,
        below: float,
        until: float = math.inf,
        effort: float = math.inf,
        fetched: frozenset[str] = frozenset(),
    ) -> Collected:
        """All designs with an objective below a value that no other one beats in all metrics that the goal limits.

        Args:
            resident, capacity, until, effort, fetched: as for `search`.
        """
        tally = Tally(groups=1)
        room = capacity - self.group.resident_bytes(resident)
        if room < 0 or not self.group.possible:
            return Collected((), True, tally)
        assert isinstance(self.group.goal, Gathering)
        known, left, found = self.group.goal.beaten_by, math.inf, list[GroupDesign]()
        known.clear()
        for placing, books in self._ways(resident, room, fetched):
            branch = _Gathering(placing, 0.0, below, tally)
            left = min(left, *(branch.search(book, until, effort) for book in books), math.inf)
            found += branch.designs
        best = undominated(np.array(known).reshape(len(found), -1)) if found else ()
        return Collected(tuple(found[i] for i in best), math.isinf(left), tally)

    def smallest(self) -> tuple[float, dict[str, float]]:
        """The fewest bytes on chip with which a layer alone can do, and what each tensor takes of them."""
        if not self.group.possible:
            return math.inf, {}
        branch = _Branch(Placing(Problems(self.group, frozenset(), math.inf)), 0.0, math.inf, Tally())
        least, rows = min((branch.least_room(book) for book in self.books()), key=lambda pair: pair[0])
        return least, dict(zip(self.group.tensors, rows.tolist(), strict=True))


class _Branch:
    """One branch and bound: the best design found so far is `found`, of objective `below`.

    What is found is a single design and how its tensors are placed in it.
    """

    def __init__(self, placing: Placing, floor: float, below: float, tally: Tally) -> None:
        self.floor = floor
        self.below = below
        self.tally = tally
        self.found: tuple[PatternBook, Nodes, Chosen] | None = None
        self.placing = placing
        self.relaxation = placing.problems.relaxation

    @property
    def target(self) -> float:
        """Designs must be better than this; nothing is better than the floor."""
        return -math.inf if self.below <= self.floor * (1 + ROUNDING) else self.below

    @property
    def design(self) -> GroupDesign | None:
        """The best design found."""
        return None if self.found is None else self.placing.design(*self.found)

    def search(self, book: PatternBook, until: float, effort: float) -> float:
        """All designs with the loop orders of a book; a bound of what was not looked at.

        Designs in which loops meet come last: what is found without them rules out many.
        """
        roots, floor = self._hopeful(self._bounded(book, self._roots(book))), self.floor * (1 + ROUNDING)
        frontier, met = Frontier(roots, floor, len(self.placing.group.inner)), roots.at(NONE)
        while len(frontier):
            if time.time() > until or self.tally.nodes > effort:
                return min(frontier.bound, float(met.bound.min(initial=math.inf)))
            following, meeting = self._branched(book, frontier.next(found=self.found is not None))
            met = met.joined(meeting) if len(meeting) else met
            frontier.waiting = self._hopeful(frontier.waiting.joined(self._bounded(book, following)))
        return self._joined(book, met, until, effort)

    def _joined(self, book: PatternBook, nodes: Nodes, until: float, effort: float) -> float:
        """All of some single designs in which loops meet, by tables of the loops that do; a bound of those left."""
        unseen, nodes = math.inf, nodes.best(len(nodes))[0]
        for number in dict.fromkeys(nodes.pattern.tolist()):
            some, count = nodes.at(np.flatnonzero(nodes.pattern == number)), JOINED
            while len(some := self._hopeful(some)):
                if time.time() > until or self.tally.nodes > effort:
                    unseen = min(unseen, float(some.bound.min()))
                    break
                few, some = some.best(count)
                count *= 2
                joined = book.joined(number, few.start.tolist())
                if joined is not None:
                    unseen = min(unseen, self.search(joined, until, effort))
        return unseen

    def least_room(self, book: PatternBook) -> tuple[float, Array]:
        """Fewest bytes that any design of a book needs, and what each tensor takes of them."""
        roots = self._roots(book)
        return self.relaxation.least_room(*book.columns(roots.pattern, roots.start, roots.stop))

    def _roots(self, book: PatternBook) -> Nodes:
        stop = book.widths()
        rates = np.zeros((len(self.relaxation.prices), book.first))
        nothing, inexact = np.full(book.first, -np.inf), np.zeros(book.first, dtype=bool)
        return Nodes(np.arange(book.first), np.zeros_like(stop), stop, nothing, inexact, rates)

    def _hopeful(self, nodes: Nodes) -> Nodes:
        return nodes.at(np.flatnonzero(nodes.bound < self.target))

    def _bounded(self, book: PatternBook, nodes: Nodes) -> Nodes:
        """The nodes with their bounds, which are no less than those of the nodes that they come from."""
        if not len(nodes) or self.target == -math.inf:
            return nodes.at(np.arange(0))
        self.tally.nodes += len(nodes)
        self.tally.evaluated += int((nodes.points == 1).sum())
        return self.placing.bounds(book, nodes, self.target)

    def _branched(self, book: PatternBook, nodes: Nodes) -> tuple[Nodes, Nodes]:
        """What hopeful nodes are cut into, and single designs in which loops meet; other single designs are settled."""
        loose = book.looseness(nodes.pattern, nodes.start, nodes.stop)
        most = LOOSE if book.outer == book.count else math.inf  # with a nested branch, deciding first took less time
        wide = (loose * (nodes.stop - nodes.start > 1)).max(axis=1, initial=0.0) > most
        children = [
            NONE if cut else book.children(number) for cut, number in zip(wide, nodes.pattern.tolist(), strict=True)
        ]
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
        return decided, nodes.at(np.flatnonzero(met))

    def _settle(self, book: PatternBook, nodes: Nodes) -> None:
        """Take the best of some single designs whose intermediates are decided; their bounds are exact."""
        if len(nodes):
            node = nodes.at(np.array([int(nodes.bound.argmin())]))
            placed = self.placing.best(book, node, self.below)
            if placed is not None:
                self.below, self.found = placed.value, (book, node, placed)


class _Gathering(_Branch):
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
        """Take all of some single designs; the goal says which of them still count."""
        for at in np.argsort(nodes.bound, kind="stable").tolist():
            node = nodes.at(np.array([at]))
            while (placed := self.placing.best(book, node, self.below)) is not None:
                design = self.placing.design(book, node, placed)
                self.designs.append(design)
                self.goal.beaten_by.append([weights.of(design.totals) for weights, _ in self.goal.aim.limits])
