"""What a search needs to know of one group, whatever the capacity: tensors, their roles and prices, patterns."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from looptree.architecture import Architecture
from looptree.errors import UnsupportedError
from looptree.model.axis import Array
from looptree.model.box import Coupled
from looptree.search.asked.loops import sinks_of
from looptree.search.asked.metrics import Totals
from looptree.search.asked.mirrors import mirrors
from looptree.search.asked.rules import TensorRule
from looptree.search.asked.space import Space
from looptree.search.group.goal.goal import EVERYTHING, Goal
from looptree.search.group.goal.prices import Prices, Role, direct, role_of
from looptree.search.group.goal.rooms import apart
from looptree.search.group.inside.below import Below, Shared
from looptree.search.group.inside.floors import Rows
from looptree.search.group.inside.nests import Inside
from looptree.search.group.loops.bounds import complete_layers, compulsory_words, operations_per_word
from looptree.search.group.loops.profile import Profiler
from looptree.search.group.own.divided import Divider
from looptree.search.group.own.leaf import Known, Streamer
from looptree.search.group.own.listing import Block, Listing
from looptree.search.group.parting import Parting
from looptree.search.group.patterns.branches import NestedBranch, neighbours
from looptree.search.group.patterns.nested_patterns import NestedPatterns
from looptree.search.group.patterns.patterns import Patterns
from looptree.workload import Workload


class Group:
    """One segment, with all that holds for any capacity and any tensors that stay on chip.

    Args:
        part: the segment. level: the on-chip level. space: what is searched. streams, nests: shared between groups.
        mirrored: whether loop orders are among its patterns of which others are the mirror images.

    Attributes:
        goal: what is made small; see `towards`. everything: a goal with which all metrics of a design are known.
        listings, blocks: what its tensors may do, all of them and those of one layer, by what that depends on; see
            `looptree.search.group.bound.offers`.
        origin: tensors that are only stored inside branches, with the one that each of them is; see `parted`.
        ordered: the segment whose loops it has, in which these are one tensor each. tied: see `parting.Parting`.
    """

    def __init__(
        self,
        part: Workload,
        architecture: Architecture,
        level: str,
        space: Space,
        streams: Known | None = None,
        nests: Shared | None = None,
        *,
        mirrored: bool = True,
        parting: Parting | None = None,
    ) -> None:
        self.part = self.ordered = part
        self.tied = part if parting is None else parting.tied
        self.origin: Mapping[str, str] = {} if parting is None else parting.origin
        self.everything = self.goal = Goal(EVERYTHING, architecture, level)
        self.space = space
        depth = architecture.depth(level)
        right_below = depth + 1 == len(architecture.levels)
        self.inside = None if right_below else Inside(Below(part, architecture, level, nests))
        self.copies = 2 if architecture.level(level).double_buffered else 1
        self.sinks = sinks_of(self.tied)
        self.direct = direct(part, architecture.level(level))
        self.apart = apart(part, architecture.level(level))
        self.fills = bool(architecture.compute.fill_drain_cycles)
        self.profiler = Profiler(
            self.tied,
            self.sinks,
            architecture.compute.spatial,
            fills=self.fills,
            meet=space.joined_pairs > 0 and space.joined_loops > 1,
            reads=self.inside is not None,
            apart={} if parting is None else parting.users,
        )
        self.layers = [e.name for e in part.einsums]
        self.fused = len(self.layers) > 1
        told_apart = space.restrictions.names_ranks or architecture.dataflow == "row_stationary"
        self.mirrors = [] if mirrored or told_apart else mirrors(part, architecture.compute.spatial)
        self._streams = streams or Known()
        self._streamers: dict[str, Streamer] = {}
        self._dividers: dict[str, Divider] = {}
        self.listings: dict[object, Listing] = {}
        self.blocks: dict[object, Block] = {}
        self._branches: list[NestedBranch] | None = None
        self._nested: dict[tuple[int, int], NestedPatterns] = {}

    def towards(self, goal: Goal) -> Group:
        """The same group for another goal; patterns and their tables are shared."""
        if self.possible:
            self.patterns  # noqa: B018 - computed here, so that both have the same
        other = copy.copy(self)
        other.goal = goal
        other.__dict__.pop("prices", None)
        return other

    def of(self, parting: Parting) -> Group:
        """The group with some tensors only stored inside branches; see `looptree.search.group.parted`."""
        architecture, level = self.everything.architecture, self.everything.level
        return Group(parting.part, architecture, level, self.space, self._streams, parting=parting)

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
    def patterns(self) -> Patterns:
        """Its loop orders, and where its intermediates may be kept."""
        rows = self.tensors, self.layers, self.inner, self.rules
        return Patterns(self.profiler, self.space, *rows, self.ordered, self.mirrors)

    @property
    def branches(self) -> list[NestedBranch]:
        """Its layers that may have a branch of their own."""
        if self._branches is None:
            names = self.tensors if self.fused and self.space.nested and self.inside is None else []
            held = {
                t
                for t, rule in zip(names, self.rules, strict=False)
                if not rule.given and t not in self.apart | self.direct
            }
            listed = neighbours(self.part) if held else ()
            rows = self.tensors, self.layers, self.space, held
            found = (NestedBranch(self.part, chosen, self.profiler, *rows) for chosen in listed)
            self._branches = [branch for branch in found if branch.possible]
        return self._branches

    def nested_patterns(self, number: int, outer: int) -> NestedPatterns:
        """Loop orders with so many loops of the group, and some of a nested branch."""
        if (number, outer) not in self._nested:
            self._nested[number, outer] = NestedPatterns(self.patterns, self.branches[number], outer)
        return self._nested[number, outer]

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
    def making(self) -> tuple[Array, Array]:
        """The row of the layer that makes each tensor, and its operations per word (0 where that may differ)."""
        makers, each = np.zeros(len(self.tensors), dtype=np.int64), np.zeros(len(self.tensors))
        for row in self.inner:
            einsum = self.part.producer(self.tensors[row])
            assert einsum is not None, "an intermediate"
            makers[row], each[row] = self.layers.index(einsum.name), operations_per_word(einsum)
        return makers, each

    @cached_property
    def users(self) -> dict[str, list[str]]:
        """Layers that read or write each tensor."""
        found: dict[str, list[str]] = {t: [] for t in self.tensors}
        for e in self.part.einsums:
            for tensor in {*e.reads, e.output.tensor}:
                if tensor in found:
                    found[tensor].append(e.name)
        return found

    @cached_property
    def told(self) -> Rows:
        """Where tables say what one layer does with a tensor."""
        found = {(name, t): (True, row) for row, (t, _, name) in enumerate(self.profiler.readers)}
        for row, tensor in enumerate(self.tensors):
            readers = [e.name for e in self.part.einsums for access in e.inputs if access.tensor == tensor]
            made = self.part.producer(tensor)
            for name in readers if readers or made is None else [made.name]:
                if len(readers) < 2:
                    found[name, tensor] = False, row
                elif readers.count(name) > 1:
                    found.pop((name, tensor), None)
        return found

    def streamer(self, layer: str) -> Streamer:
        """The ways to stream the tensors of one layer."""
        if layer not in self._streamers:
            rule = self.space.restrictions.layer(layer)
            self._streamers[layer] = Streamer(
                self.part, layer, self.space.leaf_loops, self.profiler.spatial, self._streams, rule, fills=self.fills
            )
        return self._streamers[layer]

    def divider(self, layer: str) -> Divider:
        """The ways to stream the tensors of one layer that are found for single designs."""
        if layer not in self._dividers:
            driven, complete = self.patterns.driven[layer], layer in self._complete
            self._dividers[layer] = Divider(self.profiler, self.streamer(layer), driven, complete=complete)
        return self._dividers[layer]

    def resident_bytes(self, resident: frozenset[str]) -> int:
        """What tensors that stay on chip take."""
        return sum(self.part.tensors[t].size_bytes for t in resident)

    def least_bytes(self, elsewhere: frozenset[str]) -> float:
        """What windows of other tensors take at least: a word of each one that is not streamed inside a branch.

        Those are the intermediates that stay inside; of a layer alone all tensors.

        Args:
            elsewhere: tensors that stay on chip anyway, or that may be stored inside branches.
        """
        rows = self.inner if self.fused else range(len(self.tensors))
        elsewhere = elsewhere if self.fused else elsewhere | self.direct | self.apart
        return float(np.ceil(self.width[[row for row in rows if self.tensors[row] not in elsewhere]]).sum())

    @cached_property
    def rules(self) -> list[TensorRule]:
        """What may be done with each tensor."""
        return [self.space.restrictions.tensor(t) for t in self.tensors]

    def floors(self, goal: Goal) -> Array:
        """What nests inside the tiles of all layers add at least to each sum of a goal."""
        return np.zeros(len(goal.sums)) if self.inside is None else self.inside.floors.total(goal)

    @cached_property
    def _complete(self) -> frozenset[str]:
        return complete_layers(self.tied)

    @cached_property
    def words(self) -> Array:
        """Words of each tensor that every design reads from off chip, or writes there."""
        known = compulsory_words(self.part, self._complete)
        return np.array([float(known.get(t, 0)) for t in self.tensors])

    @cached_property
    def _compulsory(self) -> tuple[Array, Array, float]:
        """Sums of compulsory transfers per tensor, those of the operations, and least cycles."""
        count, complete = self.words, self._complete
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
        cycles = [self.profiler.fewest_cycles(n) if n in complete else 0.0 for n in self.layers]
        return moved, np.array(spent), float(max(cycles) if self.space.pipeline else sum(cycles))

    def fetching(self, goal: Goal, fetched: frozenset[str]) -> Array:
        """What fetching all of some tensors once, or writing them out if the group makes them, adds to each sum."""
        tensors = sorted(fetched)
        words = np.array([float(self.part.tensors[t].size) for t in tensors])
        read = np.where([t in self.part.inputs for t in tensors], words, 0.0)
        return np.array([p.moved_all(read, words - read).sum() for p in goal.prices(self.part, tensors)])

    def least(
        self,
        resident: frozenset[str] = frozenset(),
        fetched: frozenset[str] = frozenset(),
        further: Array | None = None,
    ) -> Totals:
        """What no design undercuts: compulsory transfers, nothing recomputed, the array as full as without tiles.

        Args:
            resident, fetched: tensors on chip; see `looptree.search.group.group_search.GroupSearch.search`.
            further: what is added to each sum of `everything` in any case.
        """
        if not self.possible:
            return Totals(math.inf, math.inf, math.inf, math.inf)
        moved, spent, cycles = self._compulsory
        if further is not None:
            spent = spent + further
        free = np.array([t not in resident for t in self.tensors])
        if fetched:
            spent = spent + self.fetching(self.everything, fetched)
        return self.everything.totals(list(moved @ free + spent), np.asarray(cycles))
