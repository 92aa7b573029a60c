"""What a search needs to know of one group: its loop orders, their tables, and where its intermediates may be kept."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from looptree.architecture import Architecture
from looptree.errors import UnsupportedError
from looptree.model.axis import Array
from looptree.model.box import Coupled
from looptree.search.asked.loops import (
    Loop,
    Positions,
    Rank,
    clashing_ranks,
    joined_positions,
    merged,
    sinks_of,
)
from looptree.search.asked.metrics import Totals
from looptree.search.asked.restrictions import TensorRule
from looptree.search.asked.space import ANY_PAIRS, Space
from looptree.search.group.bounds import complete_layers, compulsory_words
from looptree.search.group.goal import EVERYTHING, Goal
from looptree.search.group.inside import Inside, Shared
from looptree.search.group.leaf import Known, Streamer
from looptree.search.group.listing import Listing
from looptree.search.group.meeting import BLURRED, NOWHERE, Meeting, Meetings, differing
from looptree.search.group.prices import Prices, Role, direct, role_of
from looptree.search.group.profile import Pass, Profiler, kinds_of
from looptree.search.group.rooms import apart
from looptree.search.group.tables import Bases, Depth, InseparableError, LoopTable, RelevanceError, bases_of, depths_of
from looptree.workload import Workload

Item = TypeVar("Item")
ANYWHERE = TensorRule()


@dataclass(frozen=True, eq=False, slots=True)
class Pattern:
    """A loop order and where some of its intermediates are kept.

    Attributes:
        loops: those that have a table of their own, and joined ones. positions: of each in the loop order.
        tables: of each of them, with what it forgets. bases: what no loop changes.
        forgotten: per loop of the order, the intermediates that each of its steps starts anew.
        places: per intermediate that is decided, loops above its node and whether nothing is computed again.
        undecided: rows of the intermediates that are left, from the sinks upwards.
        met: what the tables only bound from below, because loops meet.
    """

    loops: tuple[Loop, ...]
    positions: Positions
    tables: tuple[LoopTable, ...]
    bases: Bases
    forgotten: tuple[frozenset[str], ...]
    places: Mapping[int, tuple[int, bool]]
    undecided: tuple[int, ...]
    met: Meeting = NOWHERE

    @property
    def separable(self) -> bool:
        """Whether the counts are products of the tables."""
        return not self.met and not differing(self.tables)

    def depths(self, row: int, rule: TensorRule = ANYWHERE) -> list[Depth]:
        """Places of a tensor that are worth trying; at the first one nothing starts anew.

        Where a rule allows no such place, the first one is above all loops: there only a spilled tensor may be kept.
        """
        sweeps, forgets = self.sweeps(row), self.forgets(row)
        if rule.drop:
            sweeps = self.sweeps(row, drop=True)
        found = depths_of(sweeps, forgets, rule.depths(len(self.forgotten)))
        if not found or any(forgets[: found[0].sweep]):
            found.insert(0, Depth(0, 0))
        return found

    def forgets(self, row: int) -> list[bool]:
        """Per loop of the order, whether it matters to a tensor that its steps start anew."""
        return self._in_order([[bool(lost[row]) for lost in t.forgets] for t in self.tables])

    def sweeps(self, row: int, *, drop: bool = False) -> list[int]:
        """Of a node of a tensor below so many loops, those above the innermost relevant one: they stand still.

        Where overlap is dropped, that one stands still, too.
        """
        count = len(self.forgotten)
        found = [0] * (count + 1)
        for table, own in zip(self.tables, self.positions, strict=True):
            for above in range(1, count + 1):
                inside = sum(position < above for position in own)
                for loop in range(inside):
                    if table.moves[inside, loop][row]:
                        found[above] = max(found[above], own[loop] + drop)
        return found

    def picked(self, columns: Sequence[int]) -> tuple[tuple[Rank, int], ...]:
        """The loops of the order with their tile shapes, given the column of each table."""
        loops = [zip(loop.ranks, loop.tiles[at], strict=True) for loop, at in zip(self.loops, columns, strict=True)]
        return tuple(self._in_order([list(listed) for listed in loops]))

    def _in_order(self, listed: Sequence[Sequence[Item]]) -> list[Item]:
        """What belongs to the loops of each table, in the loop order."""
        by_position = {
            position: item
            for items, own in zip(listed, self.positions, strict=True)
            for position, item in zip(own, items, strict=True)
        }
        return [by_position[position] for position in sorted(by_position)]


class Group:
    """One segment, with all that holds for any capacity and any tensors that stay on chip.

    Args:
        part: the segment. level: the on-chip level. space: what is searched. streams, nests: shared between groups.

    Attributes:
        goal: what is made small; see `towards`. everything: a goal with which all metrics of a design are known.
        listings: what its tensors may do, by what that depends on; see `looptree.search.group.offers`.
    """

    def __init__(
        self,
        part: Workload,
        architecture: Architecture,
        level: str,
        space: Space,
        streams: Known | None = None,
        nests: Shared | None = None,
    ) -> None:
        self.part = part
        self.everything = self.goal = Goal(EVERYTHING, architecture, level)
        self.space = space
        depth = architecture.depth(level)
        self.inside = Inside(part, architecture, level, nests) if depth + 1 < len(architecture.levels) else None
        self.copies = 2 if architecture.level(level).double_buffered else 1
        self.sinks = sinks_of(part)
        self.direct = direct(part, architecture.level(level))
        self.apart = apart(part, architecture.level(level))
        self.fills = bool(architecture.compute.fill_drain_cycles)
        self.profiler = Profiler(
            part,
            self.sinks,
            architecture.compute.spatial,
            fills=self.fills,
            meet=space.joined_pairs > 0 and space.joined_loops > 1,
        )
        self.layers = [e.name for e in part.einsums]
        self.fused = len(self.layers) > 1
        self._tables: dict[tuple[Loop, tuple[frozenset[str], ...]], LoopTable] = {}
        self._patterns: dict[Positions, list[Pattern]] = {}
        self._meetings: dict[tuple[int, ...], Meeting] = {}
        self._without: dict[tuple[int, Meeting, bool], LoopTable] = {}
        self._known_loops: dict[tuple[Rank, ...], list[Loop]] = {}
        self._streams: Known = {} if streams is None else streams
        self._streamers: dict[str, Streamer] = {}
        self.listings: dict[object, Listing] = {}

    def towards(self, goal: Goal) -> Group:
        """The same group for another goal; tables are shared."""
        other = copy.copy(self)
        other.goal = goal
        other.__dict__.pop("prices", None)
        return other

    @cached_property
    def possible(self) -> bool:
        """Whether tile inference can express the segment at all."""
        try:
            return self.profiler.leaves_whole
        except (UnsupportedError, Coupled):
            return False

    @cached_property
    def tensors(self) -> list[str]:
        """Tensors that are touched, the rows of all tables."""
        whole = self.profiler.whole
        return [t for t in self.part.tensors if t in whole.writes or t in whole.tensors]

    @cached_property
    def roles(self) -> list[Role]:
        """What each tensor is to the group."""
        return [role_of(self.part, t) for t in self.tensors]

    @cached_property
    def width(self) -> Array:
        """Bytes per word of each tensor."""
        return np.array([self.part.tensors[t].bits / 8 for t in self.tensors])

    @cached_property
    def meetings(self) -> Meetings:
        """Where loops meet."""
        return Meetings(self.profiler, self.tensors, self.layers)

    @cached_property
    def prices(self) -> list[Prices]:
        """Prices of each sum."""
        return self.goal.prices(self.part, self.tensors)

    @cached_property
    def inner(self) -> tuple[int, ...]:
        """Rows of the intermediates that stay inside, from the sinks upwards."""
        rows = {t: i for i, t in enumerate(self.tensors)}
        made = [e.output.tensor for e in reversed(self.part.einsums)]
        return tuple(rows[t] for t in made if t in rows and self.roles[rows[t]].inner)

    @cached_property
    def users(self) -> dict[str, list[str]]:
        """Layers that read or write each tensor."""
        found: dict[str, list[str]] = {t: [] for t in self.tensors}
        for e in self.part.einsums:
            for tensor in {*e.reads, e.output.tensor}:
                if tensor in found:
                    found[tensor].append(e.name)
        return found

    def streamer(self, layer: str) -> Streamer:
        """The ways to stream the tensors of one layer."""
        if layer not in self._streamers:
            rule = self.space.restrictions.layer(layer)
            self._streamers[layer] = Streamer(
                self.part, layer, self.space.leaf_loops, self.profiler.spatial, self._streams, rule, fills=self.fills
            )
        return self._streamers[layer]

    def resident_bytes(self, resident: frozenset[str]) -> int:
        """What tensors that stay on chip take."""
        return sum(self.part.tensors[t].size_bytes for t in resident)

    # -- loop orders -----------------------------------------------------------------------

    @cached_property
    def orders(self) -> dict[Positions, list[tuple[Rank, ...]]]:
        """Every loop order, by the positions of the loops that move one dimension of a tensor of the sinks."""
        clashes = clashing_ranks(self.part, self.sinks)
        found: dict[Positions, list[tuple[Rank, ...]]] = {}
        for order in self.space.orders(self.part):
            found.setdefault(joined_positions(order, clashes), []).append(order)
        return found

    def loop_orders(self, positions: Positions) -> list[tuple[Loop, ...]]:
        """Loop orders with loops joined at these positions, one for each way in which they are relevant to tensors."""
        return [
            chosen
            for order in self.orders[positions]
            for chosen in itertools.product(*(self._loops(tuple(order[at] for at in own)) for own in positions))
        ]

    def patterns(self, positions: Positions) -> list[Pattern]:
        """These loop orders, nothing decided; those whose counts are no products of tables are left out."""
        if positions not in self._patterns:
            self._patterns[positions] = self._find_patterns(positions)
        return self._patterns[positions]

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
                tables = self._tables_without(self.tables(chosen, positions, nothing), met)
                undecided = tuple(row for row in self.inner if row not in met.tensors)
                found.append(Pattern(chosen, positions, tables, bases, nothing, {}, undecided, met))
        return found

    def _counted(self, loops: Sequence[Loop], positions: Positions) -> tuple[Meeting, Bases] | None:
        """Where these loops meet, and what they do not change; `None` where that is in no space."""
        try:
            tables = self.tables(loops, positions, (frozenset(),) * sum(map(len, positions)))
            met = self._meeting(loops, tables)
            return met, self.meetings.bases(tables, met)
        except (InseparableError, UnsupportedError, Coupled):
            return None

    def _meeting(self, loops: Sequence[Loop], tables: Sequence[LoopTable]) -> Meeting:
        """Where some loops meet, if they may."""
        count = sum(len(loop.ranks) for loop in loops)
        if not self.profiler.meet or not self.fused or count > self.space.joined_loops:
            return NOWHERE
        key = tuple(map(id, tables))
        if key not in self._meetings:
            self._meetings[key] = self.meetings.of(tables) if self._may_meet(loops, tables) else NOWHERE
        return self._meetings[key]

    def _may_meet(self, loops: Sequence[Loop], tables: Sequence[LoopTable]) -> bool:
        """Whether no two loops that meet have more pairs of tile shapes than may be."""
        most, tilings = self.space.joined_pairs, self.space.restrictions.tilings
        return most == ANY_PAIRS or all(
            len(tilings(self.part, (*loops[i].ranks, *loops[j].ranks))) <= most for i, j in self._pairs(tables)
        )

    def _pairs(self, tables: Sequence[LoopTable]) -> list[tuple[int, int]]:
        """Which of some tables are of loops that meet."""
        return [
            (i, j) for i, j in itertools.combinations(range(len(tables)), 2) if self.meetings.of([tables[i], tables[j]])
        ]

    def _tables_without(self, tables: Sequence[LoopTable], met: Meeting) -> tuple[LoopTable, ...]:
        """Tables with what every design takes at least where loops meet."""
        if not met:
            return tuple(tables)
        found = []
        for at, table in enumerate(tables):
            key = (id(table), met, at == 0)
            if key not in self._without:
                self._without[key] = self.meetings.without(table, met, first=at == 0)
            found.append(self._without[key])
        return tuple(found)

    def joined(self, pattern: Pattern, columns: Sequence[Sequence[int]]) -> list[Pattern]:
        """A pattern for some choices of tile shapes, with the loops that meet joined, so that its counts are exact.

        Other choices may be among those of the result.

        Args:
            columns: of the tables of the pattern, for each choice.
        """
        tables = () if pattern.met.blurred else self.tables(pattern.loops, pattern.positions, pattern.forgotten)
        whole = (tuple(range(len(pattern.forgotten))),)
        firsts = [own[0] for own in pattern.positions]
        for positions in (merged(pattern.positions, [(firsts[i], firsts[j]) for i, j in self._pairs(tables)]), whole):
            try:
                found = [
                    self._joined_with(pattern, positions, loops) for loops in self._some(pattern, columns, positions)
                ]
            except (InseparableError, UnsupportedError, Coupled):
                return []
            if all(p.separable or positions == whole for p in found):
                return found
        return []

    def _some(
        self, pattern: Pattern, columns: Sequence[Sequence[int]], positions: Positions
    ) -> Iterator[tuple[tuple[Loop, LoopTable], ...]]:
        """The loops of a pattern, joined at these positions, with their tables, for some choices of tile shapes."""
        chosen = [pattern.picked(column) for column in columns]
        listed = []
        for own in positions:
            ranks = tuple(chosen[0][at][0] for at in own)
            tiles = sorted({tuple(loops[at][1] for at in own) for loops in chosen}, reverse=True)
            lost = tuple(pattern.forgotten[at] for at in own)
            run = self.profiler.run(ranks, tiles, lost)
            kinds = kinds_of(run)
            listed.append(
                [
                    (
                        Loop(ranks, tuple(tiles[column] for column in some)),
                        LoopTable.of(run, self.profiler, self.tensors, self.layers, some),
                    )
                    for some in kinds
                ]
            )
        return itertools.product(*listed)

    def _joined_with(self, pattern: Pattern, positions: Positions, loops: Sequence[tuple[Loop, LoopTable]]) -> Pattern:
        tables = tuple(table for _, table in loops)
        bases = bases_of(self.profiler, self.tensors, self.layers, tables)
        left = tuple(row for row in self.inner if row not in pattern.places)
        chosen = tuple(loop for loop, _ in loops)
        return Pattern(chosen, positions, tables, bases, pattern.forgotten, pattern.places, left)

    def _loops(self, ranks: tuple[Rank, ...]) -> list[Loop]:
        """The useful tile shapes of some ranks, apart where the loops are relevant to different tensors."""
        if ranks not in self._known_loops:
            self._known_loops[ranks] = self._find_loops(ranks)
        return self._known_loops[ranks]

    def _find_loops(self, ranks: tuple[Rank, ...]) -> list[Loop]:
        tiles = self.space.restrictions.tilings(self.part, ranks)
        if not tiles:
            return []
        try:
            run = self.profiler.run(ranks, tiles, (frozenset(),) * len(ranks))
        except (UnsupportedError, Coupled):
            return []
        whole = self._leave_whole(run, len(tiles))
        kinds = [[column for column in columns if whole[column]] for columns in kinds_of(run)]
        return [Loop(ranks, tuple(tiles[column] for column in columns)) for columns in kinds if columns]

    def _leave_whole(self, run: Pass, choices: int) -> Array:
        """For which tile shapes no point of an intermediate that leaves the group is left out between tiles."""
        found = np.ones(choices, dtype=bool)
        for tensor in set(self.part.intermediates) & set(self.part.outputs):
            if tensor not in run.tensors:
                return np.zeros(choices, dtype=bool)
            factors, extents = run.tensors[tensor], self.profiler.whole.extents(tensor)
            found &= factors.fresh[0] >= math.prod(extents[d] for d in factors.dimensions)
        return found

    def tables(
        self, loops: Sequence[Loop], positions: Positions, forgotten: Sequence[frozenset[str]]
    ) -> tuple[LoopTable, ...]:
        """The tables of loops; `forgotten` are, per loop of the order, the intermediates that its steps start anew."""
        return tuple(
            self._table(loop, tuple(forgotten[at] for at in own)) for loop, own in zip(loops, positions, strict=True)
        )

    def _table(self, loop: Loop, forgotten: tuple[frozenset[str], ...]) -> LoopTable:
        key = (loop, forgotten)
        if key not in self._tables:
            run = self.profiler.run(loop.ranks, loop.tiles, forgotten)
            self._tables[key] = LoopTable.of(run, self.profiler, self.tensors, self.layers)
        return self._tables[key]

    def decided(self, pattern: Pattern) -> list[Pattern]:
        """The pattern with one more intermediate decided, in each way; empty where all are.

        An intermediate with one place only is decided already. Where relevance then depends on the tile shapes, the
        tables stay as they are, which is a bound, and single choices of tile shapes have tables of their own.
        """
        left = list(pattern.undecided)
        while left and len(pattern.depths(left[0])) == 1 and not self.rules[left[0]].given:
            left.pop(0)
        if not left:
            return []
        row, *rest = left
        found = []
        for index, depth in enumerate(self._depths(pattern, row)):
            sweep = depth.sweep if index else 0
            places = {**pattern.places, row: (depth.loops, index == 0)}
            lost = tuple(f | {self.tensors[row]} if i < sweep else f for i, f in enumerate(pattern.forgotten))
            try:
                tables = self.tables(pattern.loops, pattern.positions, lost)
                met = self._meeting(pattern.loops, tables)
                bases = self._bases_with(pattern, tables, met)
            except RelevanceError:
                found.append(replace(pattern, forgotten=lost, places=places, undecided=(), met=BLURRED))
                continue
            except (InseparableError, UnsupportedError, Coupled):
                continue
            left_now = {*rest, *(pattern.met.tensors - met.tensors)} - met.tensors
            undecided = tuple(other for other in self.inner if other in left_now)
            tables = self._tables_without(tables, met)
            found.append(Pattern(pattern.loops, pattern.positions, tables, bases, lost, places, undecided, met))
        return found

    def _bases_with(self, pattern: Pattern, tables: Sequence[LoopTable], met: Meeting) -> Bases:
        """What the loops of a pattern do not change with other tables.

        Computing a tensor anew can make its readers active at the same steps, so that a loop changes one dimension
        less, or loops do not meet any more.
        """
        if met == pattern.met and all(
            a.dimensions == b.dimensions and a.ranks == b.ranks
            for a, b in zip(pattern.tables, self._tables_without(tables, met), strict=True)
        ):
            return pattern.bases
        return self.meetings.bases(tables, met)

    def _depths(self, pattern: Pattern, row: int) -> list[Depth]:
        """Places of an intermediate that are worth trying, as far as they are allowed."""
        rule = self.rules[row]
        return pattern.depths(row, rule)[: None if self.space.recompute and rule.recompute else 1]

    @cached_property
    def rules(self) -> list[TensorRule]:
        """What may be done with each tensor."""
        return [self.space.restrictions.tensor(t) for t in self.tensors]

    # -- bounds that hold for all designs --------------------------------------------------

    def floors(self, goal: Goal) -> Array:
        """What nests inside the tiles of all layers add at least to each sum of a goal."""
        return np.zeros(len(goal.sums)) if self.inside is None else self.inside.floors(goal)

    @cached_property
    def _compulsory(self) -> tuple[Array, Array, float]:
        """Sums of compulsory transfers per tensor, those of the operations, and least cycles."""
        words, complete = compulsory_words(self.part), complete_layers(self.part)
        count = np.array([float(words.get(t, 0)) for t in self.tensors])
        reads = np.where([t in self.part.inputs for t in self.tensors], count, 0.0)
        writes = np.where([t in self.part.outputs for t in self.tensors], count, 0.0)
        work = [self.profiler.untiled_work(n, ()) if n in complete else None for n in self.layers]
        done = np.array([w or (0.0, 0.0, 0.0) for w in work])
        prices = self.everything.prices(self.part, self.tensors)
        spent = [float(p.operations @ done[:, 0] - p.saved @ done[:, 2]) for p in prices]
        steps = 0 if self.space.pipeline else sum(w is not None for w in work)
        spent = [a + p.steps * steps for a, p in zip(spent, prices, strict=True)]
        spent = [a + float(b) for a, b in zip(spent, self.floors(self.everything), strict=True)]
        moved = np.stack([p.moved_all(reads, writes) for p in prices])
        slowest = done[:, 1].max() if self.space.pipeline else done[:, 1].sum()
        return moved, np.array(spent), float(slowest)

    def least(self, resident: frozenset[str] = frozenset()) -> Totals:
        """What no design undercuts: compulsory transfers, nothing recomputed, the array as full as without tiles."""
        if not self.possible:
            return Totals(math.inf, math.inf, math.inf, math.inf)
        moved, spent, cycles = self._compulsory
        free = np.array([t not in resident for t in self.tensors])
        return self.everything.totals(list(moved @ free + spent), np.asarray(cycles))
