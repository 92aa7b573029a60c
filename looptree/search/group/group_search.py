"""The best design of one fusion group, by branch and bound.

Its layers run in turns, as a pipeline, or some of them in a nested branch. Each of these is searched with every loop
order (`looptree.search.group.bound.branch_and_bound`), and what one of them finds rules out designs of the next.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress

import numpy as np

from looptree.search.asked.loops import Positions
from looptree.search.deadline import TimeUpError, deadline
from looptree.search.group.bound.book import PatternBook
from looptree.search.group.bound.branch_and_bound import BranchAndBound, Gatherer
from looptree.search.group.bound.live_room import LiveRooms
from looptree.search.group.bound.pipelined import Schedules
from looptree.search.group.bound.placing import Placing
from looptree.search.group.bound.problems import Problems
from looptree.search.group.design import Collected, GroupDesign, Outcome, Tally
from looptree.search.group.eased import Eased
from looptree.search.group.goal.goal import Gathering, Goal
from looptree.search.group.group import Group
from looptree.search.group.loops.ledger import Ledgers
from looptree.search.group.parted import InBranches
from looptree.search.group.quest import Quest
from looptree.search.undominated import undominated


class GroupSearch:
    """Searches one group, for any set of tensors that stay on chip and any capacity.

    Args:
        group: what is known of it.
    """

    def __init__(self, group: Group) -> None:
        self.group = group
        self._books: dict[Positions, PatternBook | None] = {}
        self._nested_books: dict[int, list[PatternBook]] = {}
        self._ledgers = Ledgers()
        self.within = InBranches(group)
        self._parted: dict[frozenset[str], GroupSearch] = {}
        self._schedules = Schedules(group)
        live = group.space.live and group.goal.architecture.allocation == "live"
        self._live = LiveRooms(group) if live else None

    def towards(self, goal: Goal) -> GroupSearch:
        """The same group for another goal; tables are shared."""
        other = GroupSearch(self.group.towards(goal))
        other._books, other._nested_books, other._ledgers = self._books, self._nested_books, self._ledgers
        other.within, other._parted = self.within, self._parted
        other._schedules, other._live = self._schedules, self._live
        return other

    @property
    def size_bytes(self) -> int:
        """What its largest tables take of memory, those of its `parted` groups included."""
        return self._ledgers.size_bytes + sum(known.size_bytes for known in self._parted.values())

    def parted(self, within: frozenset[str]) -> GroupSearch:
        """The same with some tensors only stored inside branches; see `looptree.search.group.parted`."""
        if within not in self._parted:
            self._parted[within] = GroupSearch(self.within.parted(within))
        return self._parted[within]

    def books(self) -> Iterator[PatternBook]:
        """The loop orders, by the number of loops and of joined ones."""
        known = self.group.patterns
        for positions in sorted(known.orders, key=lambda found: (sum(map(len, found)), -len(found), found)):
            if positions not in self._books:
                patterns = known.of(positions)
                self._books[positions] = PatternBook(self.group, patterns, None, self._ledgers) if patterns else None
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
                    found += [PatternBook(self.group, patterns, known, self._ledgers)] if patterns else []
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
        *,
        thorough: bool = True,
    ) -> Outcome:
        """The best design with an objective below a value, in that many bytes on chip.

        Args:
            resident: inputs and outputs of the segment that stay on chip whole; they count against the capacity.
            until: the time (of `time.time`) at which to stop with what is found by then.
            effort: bound no more ranges than about so many.
            floor: no design is better than that, as is known from elsewhere: one that is as good ends the search.
            fetched: those of the tensors that stay on chip of which this group fetches all words first, or which it
                makes and writes out, because they are outputs of the workload as well.
            thorough: whether designs in which loops meet, or tensors are inside branches, are searched, too, if bounds
                do not rule them out: that takes long.
        """
        tally = Tally(groups=1)
        floor = max(floor, self.group.goal.aim.weights.of(self.group.least(resident, fetched)))
        if floor >= below:
            return Outcome(None, math.inf, floor, tally)
        room = capacity - self.group.resident_bytes(resident)
        if room < 0 or room < self._least_bytes(resident, room):
            return Outcome(None, math.inf, math.inf, tally)
        quest = Quest(resident, fetched, room, below, until, effort, tally, floor, thorough)
        found, bound = None, floor  # that is all that is known if the time is up in between
        with deadline(until), suppress(TimeUpError):
            for placing, books in self._ways(quest):
                branch = BranchAndBound(placing, floor, quest.below, tally)
                if branch.target == -math.inf:
                    break  # nothing is better than the floor: no tables of further loop orders are needed
                try:
                    quest.saw(branch.search_all(books, until, effort, thorough=thorough))
                    quest.leaves(branch.met.bound)
                finally:
                    found, quest.below = branch.design or found, branch.below
            bound = min(quest.unseen, quest.waiting)
        bound = max(floor, min(bound, quest.below))
        complete = thorough or quest.waiting >= quest.below
        return Outcome(found, math.inf if found is None else quest.below, bound, tally, thorough=complete)

    def _least_bytes(self, resident: frozenset[str], room: float) -> float:
        """What all tensors take at least; sets of those that may be inside branches are only asked for if that matters.

        An intermediate that may be stored there takes room in one branch at a time.
        """
        least = 0.0 if self._live else self.group.least_bytes(resident)
        if least <= room or not self.group.fused:
            return least
        return self.group.least_bytes(resident.union(*filter(resident.isdisjoint, self.within.sets)))

    def _ways(self, quest: Quest) -> Iterator[tuple[Placing, Iterator[PatternBook]]]:
        """Layers in turns, as a pipeline if that is asked for and makes a difference, and with nested branches.

        Then those of the `parted` groups that are worth it.
        """
        group = self.group
        yield from self._turns(quest)
        if group.fused and group.space.nested and group.possible and self._live is None:
            for number, branch in enumerate(group.branches):
                problems = Problems(group, quest.resident, quest.room, branch=branch, fetched=quest.fetched)
                yield Placing(problems), self.nested_books(number)
        for within in Eased(group, self.books, self.within).sets(quest):
            yield from self.parted(within).towards(group.goal)._turns(quest)

    def _turns(self, quest: Quest) -> Iterator[tuple[Placing, Iterator[PatternBook]]]:
        """Layers in turns, or as a pipeline."""
        group, room = self.group, (quest.resident, quest.room)
        yield Placing(Problems(group, *room, None, self._live, fetched=quest.fetched)), self.books()
        pipelined = group.space.pipeline and group.goal.timed and not group.profiler.apart
        if group.fused and pipelined and group.inside is None:
            problems = Problems(group, *room, self._schedules, self._live, fetched=quest.fetched)
            yield Placing(problems), self.books()

    def collect(
        self,
        resident: frozenset[str],
        capacity: float,
        below: float,
        until: float = math.inf,
        effort: float = math.inf,
        fetched: frozenset[str] = frozenset(),
        known: Sequence[Sequence[float]] = (),
    ) -> Collected:
        """All designs with an objective below a value that no other one beats in all metrics that the goal limits.

        Args:
            resident, capacity, until, effort, fetched: as for `search`.
            known: metrics of designs that are known, in the order of the limits; those that one of them beats are not
                looked for.
        """
        tally = Tally(groups=1)
        room = capacity - self.group.resident_bytes(resident)
        if room < 0 or not self.group.possible:
            return Collected((), True, tally)
        goal = self.group.goal
        assert isinstance(goal, Gathering)
        beaten_by, found = goal.beaten_by, list[GroupDesign]()
        beaten_by[:] = map(list, known)
        quest, complete = Quest(resident, fetched, room, below, until, effort, tally), False
        with deadline(until), suppress(TimeUpError):
            for placing, books in self._ways(quest):
                branch = Gatherer(placing, 0.0, below, tally)
                try:
                    quest.saw(min((branch.search(book, until, effort) for book in books), default=math.inf))
                    quest.saw(branch.met.search(until, effort))
                finally:
                    found += branch.designs
            complete = math.isinf(quest.unseen)
        best = undominated(np.array(beaten_by[len(known) :])) if found else ()
        return Collected(tuple(found[i] for i in best), complete, tally)

    def smallest(self) -> tuple[float, dict[str, float]]:
        """The fewest bytes on chip with which a layer alone can do, and what each tensor takes of them."""
        if not self.group.possible:
            return math.inf, {}
        branch = BranchAndBound(Placing(Problems(self.group, frozenset(), math.inf)), 0.0, math.inf, Tally())
        least, rows = min((branch.least_room(book) for book in self.books()), key=lambda pair: pair[0])
        return least, dict(zip(self.group.tensors, rows.tolist(), strict=True))
