"""What a search needs to know of one group: its loop orders, their tables, and where its intermediates may be kept."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np

from looptree.architecture import Architecture
from looptree.errors import UnsupportedError
from looptree.model.axis import Array
from looptree.model.box import Coupled
from looptree.search.bounds import complete_layers, compulsory_words
from looptree.search.goal import EVERYTHING, Goal
from looptree.search.inside import Inside, Shared
from looptree.search.leaf import Known, Streamer
from looptree.search.listing import Listing
from looptree.search.loops import (
    Loop,
    Positions,
    clashing_ranks,
    joined_positions,
    merged,
    sinks_of,
)
from looptree.search.metrics import Totals
from looptree.search.prices import Prices, Role, role_of
from looptree.search.profile import Profiler, Rank, Tiles
from looptree.search.restrictions import TensorRule
from looptree.search.space import Space
from looptree.search.tables import Bases, Depth, InseparableError, LoopTable, bases_of, depths_of
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
    """

    loops: tuple[Loop, ...]
    positions: Positions
    tables: tuple[LoopTable, ...]
    bases: Bases
    forgotten: tuple[frozenset[str], ...]
    places: Mapping[int, tuple[int, bool]]
    undecided: tuple[int, ...]

    @property
    def separable(self) -> bool:
        """Whether the counts are products of the tables."""
        return separable(self.tables)

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


def separable(tables: Sequence[LoopTable]) -> bool:
    """Whether counts are products of tables.

    They may not be where readers of one tensor rest at different steps of a loop: what is needed along one loop can
    then depend on the step of another. It does not if one reader covers the needs of all others along every loop,
    or if the readers differ along one loop only.
    """
    if len(tables) < 2:
        return True
    for tensor in frozenset[str]().union(*(t.uneven for t in tables)):
        covered = frozenset.intersection(*(t.covering[tensor] for t in tables))
        if not covered and sum(tensor not in t.alike for t in tables) > 1:
            return False
    return True


class Group:
    """One segment, with all that holds for any capacity and any tensors that stay on chip.

    Args:
        part: the segment. level: the on-chip level. space: what is searched. streams, nests: shared between groups.

    Attributes:
        goal: what is made small; see `towards`. everything: a goal with which all metrics of a design are known.
        listings: what its tensors may do, by what that depends on; see `looptree.search.offers`.
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
        self.profiler = Profiler(part, self.sinks, architecture.compute.spatial)
        self.layers = [e.name for e in part.einsums]
        self.fused = len(self.layers) > 1
        self._tables: dict[tuple[Loop, tuple[frozenset[str], ...]], LoopTable] = {}
        self._patterns: dict[Positions, list[Pattern]] = {}
        self._met: dict[frozenset[Rank], bool] = {}
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
                self.part, layer, self.space.leaf_loops, self.profiler.spatial, self._streams, rule
            )
        return self._streamers[layer]

    def resident_bytes(self, resident: frozenset[str]) -> int:
        """What tensors that stay on chip take."""
        return sum(self.part.tensors[t].size_bytes for t in resident)

    # -- loop orders -----------------------------------------------------------------------

    @cached_property
    def orders(self) -> dict[Positions, list[tuple[Rank, ...]]]:
        """Every loop order, by the positions of the loops that are joined.

        Loops are joined if they move one dimension of a tensor of the sinks. Further up, loops over different ranks may
        meet again (a tensor that is split, or read by layers that rest at different steps): these are joined as well,
        if there are no more loops than may be, and few enough pairs of tile shapes.
        """
        clashes = clashing_ranks(self.part, self.sinks)
        found: dict[Positions, list[tuple[Rank, ...]]] = {}
        for order in self.space.orders(self.part):
            positions = joined_positions(order, clashes)
            if self.fused and 1 < len(order) <= self.space.joined_loops:
                pairs = itertools.combinations(range(len(order)), 2)
                positions = merged(positions, [(i, j) for i, j in pairs if self._meet(order[i], order[j])])
            found.setdefault(positions, []).append(order)
        return found

    def _meet(self, one: Rank, other: Rank) -> bool:
        """Whether loops over two ranks move the same dimension somewhere, or readers of a tensor differ along both."""
        key = frozenset((one, other))
        tilings = self.space.restrictions.tilings
        if key not in self._met and len(tilings(self.part, (one, other))) > self.space.joined_pairs:
            self._met[key] = False
        if key not in self._met:
            pairs = itertools.product(self._loops((one,)), self._loops((other,)))
            self._met[key] = len(key) > 1 and any(self._tables_meet(*pair) for pair in pairs)
        return self._met[key]

    def _tables_meet(self, one: Loop, other: Loop) -> bool:
        try:
            tables = [self._table(loop, (frozenset(),)) for loop in (one, other)]
        except (InseparableError, UnsupportedError, Coupled):
            return False
        first, second = tables
        moved = zip((*first.dimensions, *first.ranks), (*second.dimensions, *second.ranks), strict=True)
        return any(a & b for a, b in moved) or not separable(tables)

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
        bases: dict[frozenset[Loop], Bases | None] = {}
        nothing = (frozenset[str](),) * sum(map(len, positions))
        for chosen in self.loop_orders(positions):
            together = frozenset(chosen)
            if together not in bases:
                bases[together] = self._bases(chosen)
            known = bases[together]
            if known is not None:
                tables = self.tables(chosen, positions, nothing)
                found.append(Pattern(chosen, positions, tables, known, nothing, {}, self.inner))
        return found

    def _bases(self, loops: Sequence[Loop]) -> Bases | None:
        """What these loops do not change; `None` where the counts are no products."""
        try:
            tables = [self._table(loop, (frozenset(),) * len(loop.ranks)) for loop in loops]
            return bases_of(self.profiler, self.tensors, self.layers, tables)
        except (InseparableError, UnsupportedError, Coupled):
            return None

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
        moves = np.stack([moving for f in (*run.tensors.values(), *run.writes.values()) for moving in f.moves.values()])
        kinds: dict[bytes, list[Tiles]] = {}
        for column, tile in enumerate(tiles):
            kinds.setdefault(moves[:, column].tobytes(), []).append(tile)
        return [Loop(ranks, tuple(listed)) for listed in kinds.values()]

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

        An intermediate with one place only is decided already.
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
            lost = tuple(f | {self.tensors[row]} if i < sweep else f for i, f in enumerate(pattern.forgotten))
            try:
                tables = self.tables(pattern.loops, pattern.positions, lost)
                bases = self._bases_with(pattern, tables)
            except (InseparableError, UnsupportedError, Coupled):
                continue
            places = {**pattern.places, row: (depth.loops, index == 0)}
            found.append(Pattern(pattern.loops, pattern.positions, tables, bases, lost, places, tuple(rest)))
        return found

    def _bases_with(self, pattern: Pattern, tables: tuple[LoopTable, ...]) -> Bases:
        """What the loops of a pattern do not change with other tables.

        Computing a tensor anew can make its readers active at the same steps, so that a loop changes one dimension
        less.
        """
        if all(
            a.dimensions == b.dimensions and a.ranks == b.ranks for a, b in zip(pattern.tables, tables, strict=True)
        ):
            return pattern.bases
        return bases_of(self.profiler, self.tensors, self.layers, tables)

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
