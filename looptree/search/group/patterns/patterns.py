"""The loop orders of one group, and where its intermediates may be kept below them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from looptree.errors import UnsupportedError
from looptree.model.box import Coupled, Key
from looptree.search.asked.loops import Loop, Positions, Rank, clashing_ranks, joined_positions
from looptree.search.asked.mirrors import Mirror, distinct
from looptree.search.asked.rules import TensorRule
from looptree.search.asked.space import ANY_PAIRS, Space
from looptree.search.group.loops.loop_tables import LoopTables
from looptree.search.group.loops.meeting import BLURRED, NOWHERE, Meeting, Meetings
from looptree.search.group.loops.profile import Profiler
from looptree.search.group.loops.reduced import Reductions
from looptree.search.group.loops.tables import Bases, Depth, InseparableError, LoopTable, RelevanceError
from looptree.search.group.patterns.joining import Joining
from looptree.search.group.patterns.pattern import Nesting, Pattern
from looptree.workload import Workload


class Patterns:
    """All patterns of one group, whatever its goal and capacity.

    Args:
        tensors, layers: names of the rows of its tables. inner: rows of the intermediates that stay inside, from the
            sinks upwards. rules: what may be done with each tensor. ordered: the segment whose loops these are; see
            `looptree.search.group.parted`. mirrors: loop orders that they map to an earlier one are left out.
    """

    def __init__(
        self,
        profiler: Profiler,
        space: Space,
        tensors: Sequence[str],
        layers: Sequence[str],
        inner: Sequence[int],
        rules: Sequence[TensorRule],
        ordered: Workload,
        mirrors: Sequence[Mirror] = (),
    ) -> None:
        self.mirrors = mirrors
        self.part = profiler.part
        self.ordered = ordered
        self.profiler = profiler
        self.space = space
        self.tensors = tensors
        self.layers = layers
        self.inner = inner
        self.rules = rules
        self.meetings = Meetings(profiler, tensors, layers)
        self.reductions = Reductions(self.meetings, space.restrictions)
        self.loops = LoopTables(profiler, tensors, layers, space.restrictions)
        self._joining = Joining(self.meetings, self.loops, inner)
        self._known: dict[Positions, list[Pattern]] = {}
        self._meetings: dict[tuple[int, ...], Meeting] = {}
        self._without: dict[tuple[int, Meeting], LoopTable] = {}
        self.nesting: Nesting | None = None

    @cached_property
    def orders(self) -> dict[Positions, list[tuple[Rank, ...]]]:
        """Every loop order, by the positions of the loops that move one dimension of a tensor of the sinks."""
        clashes = clashing_ranks(self.part, self.profiler.sinks)
        found: dict[Positions, list[tuple[Rank, ...]]] = {}
        listed = list(self.space.orders(self.ordered))
        for number in distinct(listed, self.mirrors) if self.mirrors else range(len(listed)):
            order = listed[number]
            found.setdefault(joined_positions(order, clashes), []).append(order)
        return found

    def loop_orders(self, positions: Positions) -> list[tuple[Loop, ...]]:
        """Loop orders with loops joined at these positions, one for each way in which they are relevant to tensors."""
        return [
            chosen
            for order in self.orders[positions]
            for chosen in itertools.product(*(self.loops_of(order, own) for own in positions))
        ]

    def loops_of(self, order: Sequence[Rank], own: Sequence[int]) -> list[Loop]:
        """Those at some positions of a loop order, one for each way in which they are relevant to tensors."""
        return self.loops.of(tuple(order[at] for at in own))

    @cached_property
    def driven(self) -> Mapping[str, frozenset[Key]]:
        """Ranks of each layer that follow some loop that the group may have, or are cut without loops."""
        ranks = dict.fromkeys(rank for orders in self.orders.values() for order in orders for rank in order)
        found = {name: self.profiler.cut(name) for name in self.layers}
        for loop in (loop for rank in ranks for loop in self.loops.of((rank,))):
            try:
                (table,) = self.loops.tables([loop], ((0,),), (frozenset(),))
            except InseparableError:
                return {name: frozenset(self.part.einsum(name).ranks) for name in self.layers}
            found = {name: found[name] | moved for name, moved in zip(self.layers, table.ranks, strict=True)}
        return found

    def of(self, positions: Positions) -> list[Pattern]:
        """These loop orders, nothing decided; those whose counts are no products of tables are left out."""
        if positions not in self._known:
            self._known[positions] = self._find_patterns(positions)
        return self._known[positions]

    @cached_property
    def complete(self) -> bool:
        """Whether there are patterns of every loop order, for all of its tile shapes."""
        tilings = self.space.restrictions.tilings
        return all(
            sum(math.prod(len(loop.tiles) for loop in pattern.loops) for pattern in self.of(positions))
            == sum(
                math.prod(len(tilings(self.part, tuple(order[at] for at in own))) for own in positions)
                for order in orders
            )
            for positions, orders in self.orders.items()
        )

    def _find_patterns(self, positions: Positions) -> list[Pattern]:
        found = []
        known: dict[frozenset[Loop], tuple[Meeting, Bases] | None] = {}
        nothing = (frozenset[str](),) * sum(map(len, positions))
        for chosen in self.loop_orders(positions):
            together = frozenset(chosen)
            if together not in known:
                known[together] = self._counted(chosen, positions)
            counted = known[together]
            if counted is not None:
                met, bases = counted
                tables = self.loops.tables(chosen, positions, nothing)
                undecided = tuple(row for row in self.inner if row not in met.tensors)
                pattern = Pattern(chosen, positions, tables, bases, nothing, {}, undecided, met, nesting=self.nesting)
                found.append(self._bounded(pattern))
        return found

    def _bounded(self, pattern: Pattern) -> Pattern:
        """A pattern with tables that bound it from below where loops meet."""
        if not pattern.met:
            return pattern
        known = pattern.loops, pattern.positions, pattern.forgotten, pattern.tables, pattern.met
        reduced = self.reductions.of(*known) if self._may_be_reduced(pattern) else None
        if reduced is None:
            return replace(pattern, tables=self._tables_without(pattern.tables, pattern.met))
        return replace(pattern, tables=reduced.tables, bases=reduced.bases, reduced=True)

    def _may_be_reduced(self, pattern: Pattern) -> bool:
        return not any(self.rules[row].given for row in pattern.met.tensors)

    def others(self, pattern: Pattern) -> list[Pattern]:
        """A pattern in which loops meet, bounded by each of its reduced segments.

        Each is a bound of all its designs, also with what is then supposed in it; see `_supposed`.
        """
        base = pattern.base or pattern
        if base.met.blurred or not self._may_be_reduced(base):
            return []
        known, found = (base.loops, base.positions, base.forgotten), []
        tables = self.loops.tables(*known)
        for segment in self.reductions.every(*known, base.met):
            reduced = self.reductions.of(*known, tables, base.met, segment=segment)
            if reduced is not None:
                other = replace(base, tables=reduced.tables, bases=reduced.bases, reduced=True, segment=segment)
                found.append(other)
        return found

    def _counted(self, loops: Sequence[Loop], positions: Positions) -> tuple[Meeting, Bases] | None:
        """Where these loops meet, and what they do not change; `None` where that is in no space."""
        try:
            tables = self.loops.tables(loops, positions, (frozenset(),) * sum(map(len, positions)))
            met = self._meeting(loops, tables)
            return met, self.meetings.bases(tables, met)
        except (InseparableError, UnsupportedError, Coupled):
            return None

    def _meeting(self, loops: Sequence[Loop], tables: Sequence[LoopTable]) -> Meeting:
        """Where some loops meet, if they may."""
        count = sum(len(loop.ranks) for loop in loops)
        if not self.profiler.meet or len(self.layers) < 2 or count > self.space.joined_loops:
            return NOWHERE
        key = tuple(map(id, tables))
        if key not in self._meetings:
            self._meetings[key] = self.meetings.of(tables) if self._may_meet(loops, tables) else NOWHERE
        return self._meetings[key]

    def _may_meet(self, loops: Sequence[Loop], tables: Sequence[LoopTable]) -> bool:
        """Whether no two loops that meet have more pairs of tile shapes than may be."""
        most, tilings = self.space.joined_pairs, self.space.restrictions.tilings
        return most == ANY_PAIRS or all(
            len(tilings(self.part, (*loops[i].ranks, *loops[j].ranks))) <= most for i, j in self.meetings.pairs(tables)
        )

    def _tables_without(self, tables: Sequence[LoopTable], met: Meeting) -> tuple[LoopTable, ...]:
        """Tables with what every design takes at least where loops meet."""
        if not met:
            return tuple(tables)
        for table in tables:
            if (id(table), met) not in self._without:
                self._without[id(table), met] = self.meetings.without(table, met)
        return tuple(self._without[id(table), met] for table in tables)

    def joined(self, pattern: Pattern, columns: Sequence[Sequence[int]]) -> list[Pattern]:
        """A pattern for some choices of tile shapes, so that its counts are exact; see `Joining.of`."""
        return self._joining.of(pattern, columns)

    def decided(self, pattern: Pattern) -> list[Pattern]:
        """The pattern with one more intermediate decided, in each way; empty where all are.

        An intermediate with one place only is decided already. Where relevance then depends on the tile shapes, the
        tables stay as they are, which is a bound, and single choices of tile shapes have tables of their own.

        Those at which loops meet come last; see `_supposed`.
        """
        left = list(pattern.undecided)
        while left and len(pattern.depths(left[0])) == 1 and not self.rules[left[0]].given:
            left.pop(0)
        if not left:
            return self._supposed(pattern)
        row, *rest = left
        found = []
        for index, depth in enumerate(self._depths(pattern, row)):
            lost, places = self._with(pattern, row, depth, kept=index == 0)
            try:
                tables = self.loops.tables(pattern.loops, pattern.positions, lost)
                met = self._meeting(pattern.loops, tables)
                bases = self._bases_with(pattern, tables, met)
            except RelevanceError:
                blurred = replace(pattern, forgotten=lost, places=places, undecided=(), met=BLURRED, reduced=False)
                found.append(blurred)
                continue
            except (InseparableError, UnsupportedError, Coupled):
                continue
            left_now = {*rest, *(pattern.met.tensors - met.tensors)} - met.tensors
            undecided = tuple(other for other in self.inner if other in left_now)
            child = replace(pattern, tables=tables, bases=bases, forgotten=lost, places=places, undecided=undecided)
            found.append(self._bounded(replace(child, met=met, reduced=False)))
        return found

    def _with(
        self, pattern: Pattern, row: int, depth: Depth, *, kept: bool
    ) -> tuple[tuple[frozenset[str], ...], dict[int, tuple[int, bool]]]:
        """What the loops forget, and the places, with one more intermediate decided; `kept`: nothing starts anew."""
        sweep = 0 if kept else depth.sweep
        lost = tuple(f | {self.tensors[row]} if i < sweep else f for i, f in enumerate(pattern.forgotten))
        return lost, {**pattern.places, row: (depth.loops, kept)}

    def _supposed(self, pattern: Pattern) -> list[Pattern]:
        """The pattern with one more intermediate decided that loops meet at, as in the reduced segment.

        That bounds designs; what is decided in them is left to the tables of the loops that meet.
        """
        base = pattern.base or pattern
        if not pattern.reduced:
            return []
        tables = self.loops.tables(base.loops, base.positions, base.forgotten)
        for row in self.inner:
            depths = self._depths(pattern, row) if row in pattern.met.tensors and row not in pattern.places else []
            if len(depths) < 2:
                continue
            found = []
            for index, depth in enumerate(depths):
                lost, places = self._with(pattern, row, depth, kept=index == 0)
                known = {self.tensors[other] for other in (*pattern.places, row)}
                reduced = self.reductions.of(
                    pattern.loops, pattern.positions, lost, tables, pattern.met, known, pattern.segment
                )
                if reduced is None:
                    return []
                child = replace(pattern, tables=reduced.tables, bases=reduced.bases, forgotten=lost, places=places)
                found.append(replace(child, base=base))
            return found
        return []

    def _bases_with(self, pattern: Pattern, tables: Sequence[LoopTable], met: Meeting) -> Bases:
        """What the loops of a pattern do not change with other tables.

        Computing a tensor anew can make its readers active at the same steps, so that a loop changes one dimension
        less, or loops do not meet any more.
        """
        if (
            not pattern.reduced
            and met == pattern.met
            and all(
                a.dimensions == b.dimensions and a.ranks == b.ranks
                for a, b in zip(pattern.tables, self._tables_without(tables, met), strict=True)
            )
        ):
            return pattern.bases
        return self.meetings.bases(tables, met)

    def _depths(self, pattern: Pattern, row: int) -> list[Depth]:
        """Places of an intermediate that are worth trying, as far as they are allowed."""
        rule = self.rules[row]
        return pattern.depths(row, rule)[: None if self.space.recompute and rule.recompute else 1]
