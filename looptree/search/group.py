"""What a search needs to know of one group: its loop orders, their tables, and where its intermediates may be kept."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from looptree.architecture import Architecture
from looptree.errors import UnsupportedError
from looptree.model.axis import Array
from looptree.model.box import Coupled
from looptree.search.bounds import complete_layers, compulsory_words
from looptree.search.goal import EVERYTHING, Goal
from looptree.search.inside import Inside, Shared
from looptree.search.leaf import Known, Streamer
from looptree.search.loops import Loop, candidate_ranks, clashing_ranks, orders, sinks_of
from looptree.search.metrics import Totals
from looptree.search.prices import Prices, Role, role_of
from looptree.search.profile import Profiler, Rank
from looptree.search.restrictions import TensorRule
from looptree.search.space import Space
from looptree.search.tables import Bases, Depth, InseparableError, LoopTable, bases_of, depths_of
from looptree.workload import Workload


@dataclass(frozen=True, eq=False, slots=True)
class Pattern:
    """A loop order and where some of its intermediates are kept.

    Attributes:
        loops: outermost first. tables: of each loop, with what it forgets. bases: what no loop changes.
        forgotten: per loop, the intermediates that each of its steps starts anew.
        places: per intermediate that is decided, loops above its node and whether nothing is computed again.
        undecided: rows of the intermediates that are left, from the sinks upwards.
    """

    loops: tuple[Loop, ...]
    tables: tuple[LoopTable, ...]
    bases: Bases
    forgotten: tuple[frozenset[str], ...]
    places: Mapping[int, tuple[int, bool]]
    undecided: tuple[int, ...]

    @property
    def separable(self) -> bool:
        """Whether the counts are products of the tables.

        They may not be where readers of one tensor rest at different steps of a loop: what is needed along one loop can
        then depend on the step of another. It does not if one reader covers the needs of all others along every loop,
        or if the readers differ along one loop only.
        """
        if len(self.loops) < 2:
            return True
        for tensor in frozenset[str]().union(*(t.uneven for t in self.tables)):
            covered = frozenset.intersection(*(t.covering[tensor] for t in self.tables))
            if not covered and sum(tensor not in t.alike for t in self.tables) > 1:
                return False
        return True

    def depths(self, row: int) -> list[Depth]:
        """Places of a tensor that are worth trying."""
        return depths_of([bool(t.moves[row]) for t in self.tables], [bool(t.forgets[row]) for t in self.tables])


class Group:
    """One segment, with all that holds for any capacity and any tensors that stay on chip.

    Args:
        part: the segment. level: the on-chip level. space: what is searched. streams, nests: shared between groups.

    Attributes:
        goal: what is made small; see `towards`. everything: a goal with which all metrics of a design are known.
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
        self._tables: dict[tuple[Loop, frozenset[str]], LoopTable] = {}
        self._streams: Known = {} if streams is None else streams
        self._streamers: dict[str, Streamer] = {}

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
    def loop_orders(self) -> list[tuple[Loop, ...]]:
        """Every loop order, one for each way in which its loops are relevant to the tensors."""
        ranks, clashes = candidate_ranks(self.part, self.sinks), clashing_ranks(self.part, self.sinks)
        loops = {rank: self._loops(rank) for rank in ranks}
        most = self.space.loops if self.fused else self.space.lone_loops
        counts = range(int(self.fused), most + 1)
        listed = itertools.chain.from_iterable(orders(ranks, clashes, count) for count in counts)
        return [chosen for order in listed for chosen in itertools.product(*(loops[rank] for rank in order))]

    @cached_property
    def patterns(self) -> list[Pattern]:
        """Every loop order, nothing decided; those whose counts are no products of tables are left out."""
        found = []
        bases: dict[frozenset[Loop], Bases | None] = {}
        for chosen in self.loop_orders:
            together = frozenset(chosen)
            if together not in bases:
                bases[together] = self._bases(chosen)
            known = bases[together]
            if known is not None:
                tables = tuple(self.table(loop, frozenset()) for loop in chosen)
                nothing = (frozenset[str](),) * len(chosen)
                found.append(Pattern(chosen, tables, known, nothing, {}, self.inner))
        return found

    def _bases(self, loops: Sequence[Loop]) -> Bases | None:
        """What these loops do not change; `None` where the counts are no products."""
        try:
            tables = [self.table(loop, frozenset()) for loop in loops]
            return bases_of(self.profiler, self.tensors, self.layers, tables)
        except (InseparableError, UnsupportedError, Coupled):
            return None

    def _loops(self, rank: Rank) -> list[Loop]:
        """The useful tile shapes of a rank, apart where the loop is relevant to different tensors."""
        listed = [
            self.space.restrictions.layer(einsum).shapes(name, self.part.einsum(einsum).ranks[name])
            for einsum, name in rank
        ]
        tiles = [tile for tile in listed[0] if all(tile in others for others in listed)]
        if not tiles:
            return []
        try:
            run = self.profiler.run(rank, tiles, frozenset())
        except (UnsupportedError, Coupled):
            return []
        moves = np.stack([f.moves for f in (*run.tensors.values(), *run.writes.values())])
        kinds: dict[bytes, list[int]] = {}
        for column, tile in enumerate(tiles):
            kinds.setdefault(moves[:, column].tobytes(), []).append(tile)
        return [Loop(rank, tuple(listed)) for listed in kinds.values()]

    def table(self, loop: Loop, forgotten: frozenset[str]) -> LoopTable:
        """The table of a loop whose steps start some intermediates anew."""
        key = (loop, forgotten)
        if key not in self._tables:
            run = self.profiler.run(loop.rank, loop.tiles, forgotten)
            self._tables[key] = LoopTable.of(run, self.profiler, self.tensors, self.layers)
        return self._tables[key]

    def decided(self, pattern: Pattern) -> list[Pattern]:
        """The pattern with one more intermediate decided, in each way; empty where all are.

        An intermediate with one place only is decided already.
        """
        left = list(pattern.undecided)
        while left and len(pattern.depths(left[0])) == 1 and not self.rules[left[0]].whole:
            left.pop(0)
        if not left:
            return []
        row, *rest = left
        found = []
        for index, depth in enumerate(self._depths(pattern, row)):
            sweep = depth.sweep if index else 0
            lost = tuple(f | {self.tensors[row]} if i < sweep else f for i, f in enumerate(pattern.forgotten))
            try:
                tables = tuple(self.table(loop, names) for loop, names in zip(pattern.loops, lost, strict=True))
                bases = self._bases_with(pattern, tables)
            except (InseparableError, UnsupportedError, Coupled):
                continue
            places = {**pattern.places, row: (depth.loops, index == 0)}
            found.append(Pattern(pattern.loops, tables, bases, lost, places, tuple(rest)))
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
        if rule.whole:
            return [Depth(0, 0)]
        return pattern.depths(row)[: None if self.space.recompute and rule.recompute else 1]

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
        return moved, np.array(spent), float(done[:, 1].sum())

    def least(self, resident: frozenset[str] = frozenset()) -> Totals:
        """What no design undercuts: compulsory transfers, nothing recomputed, the array as full as without tiles."""
        if not self.possible:
            return Totals(math.inf, math.inf, math.inf, math.inf)
        moved, spent, cycles = self._compulsory
        free = np.array([t not in resident for t in self.tensors])
        return self.everything.totals(list(moved @ free + spent), np.asarray(cycles))
