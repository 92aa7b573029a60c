"""Single designs and sets of them as problems: options of each tensor, of which one has to be chosen."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

import numpy as np

from looptree.model.axis import Array
from looptree.search.asked.loops import Rank
from looptree.search.group.bound.assign import Problem
from looptree.search.group.bound.book import PatternBook
from looptree.search.group.bound.live_room import LiveRooms
from looptree.search.group.bound.nodes import Nodes
from looptree.search.group.bound.offers import Kinds, Offer, Offers
from looptree.search.group.bound.pipelined import Schedules
from looptree.search.group.bound.places import NONE_WITHIN, UNDECIDED, Places, Within
from looptree.search.group.bound.relax import NEVER, Relaxation
from looptree.search.group.bound.tensors import streamed_rows, tensors_of
from looptree.search.group.goal.goal import Gathering
from looptree.search.group.group import Group
from looptree.search.group.loops.ledger import Columns
from looptree.search.group.own.division import Steps
from looptree.search.group.own.streaming import ALIKE, FULL, Idle
from looptree.search.group.own.wide import ChosenLoops, own_loops
from looptree.search.group.patterns.branches import NestedBranch
from looptree.search.group.patterns.pattern import Pattern

MOST_TOGETHER = 5
"""Tensors of one layer of which all ways to place them together are listed; see `looptree.search.group.own.wide`."""


@dataclass(frozen=True, eq=False, slots=True)
class Single:
    """The problem of one design with all intermediates decided.

    Attributes:
        problem: see `assign.Problem`. offers: of each item. places: of the intermediates. loops: own loops of
            layers with very many tensors.
    """

    problem: Problem
    offers: Sequence[Offer]
    places: Places
    loops: Mapping[str, ChosenLoops]


class Problems:
    """What placing the tensors of one group means, design by design.

    Args:
        resident: tensors that stay on chip anyway. capacity: bytes left for all others.
        schedules: of the pipelines of the group, if its layers work at once. live: what is live in its designs, if that
            counts. branch: a nested one, if there is one. fetched: those that stay on chip and are fetched first.
        own: per layer the rows of what it may stream, if that is known.
        within: what several layers may store inside their branches; then the designs are only bounded.
    """

    def __init__(
        self,
        group: Group,
        resident: frozenset[str],
        capacity: float,
        schedules: Schedules | None = None,
        live: LiveRooms | None = None,
        branch: NestedBranch | None = None,
        fetched: frozenset[str] = frozenset(),
        own: Mapping[str, Sequence[int]] | None = None,
        within: Within = NONE_WITHIN,
    ) -> None:
        self.schedules = schedules
        self.live = live
        self.branch = branch
        self.group = group
        self.resident = resident
        self.fetched = fetched
        self.capacity = capacity
        self.held = group.resident_bytes(resident)
        self.free = [row for row, t in enumerate(group.tensors) if t not in resident | group.direct]
        streams = group.fused and group.space.leaf_loops > 0 and group.inside is None
        scheduled = schedules is not None and group.fills  # how long their steps take depends on what is streamed
        self.timed = group.goal.timed and schedules is None
        if own is None and streams and not scheduled:
            own = streamed_rows(group, self.free, capacity, branch, timed=self.timed)
        self.streamed: Mapping[str, Sequence[int]] = own or {}
        self.own = {layer: rows for layer, rows in self.streamed.items() if len(rows) <= MOST_TOGETHER}
        self.wide = {layer: rows for layer, rows in self.streamed.items() if layer not in self.own}
        shares = {layer: group.divider(layer).leasts.cycles for layer in self.streamed if self.timed}
        fewest = {layer: share for layer, share in shares.items() if share < 1}
        self.nested = [row for row in self.free if branch is not None and row in branch.rows]
        pipelined = schedules is not None
        self.fewest = fewest
        rows = self.own, self.nested, self.wide
        few = {layer: share for layer, share in fewest.items() if layer in self.own}
        self.offers = Offers(
            group, self.free, *rows, within.added, pipelined=pipelined, timed=group.goal.timed, fewest=few
        )
        self.settled = not isinstance(group.goal, Gathering)
        self._known: tuple[PatternBook, object, Single] | None = None
        self.relaxation = Relaxation(
            tensors_of(group, self.free, self.streamed, self.nested, within),
            group.inner,
            group.prices,
            group.goal,
            capacity,
            pipelined=schedules is not None,
            live=live is not None,
            fetching=group.fetching(group.goal, fetched) if fetched else None,
            fewest=np.array([fewest.get(layer, 1.0) for layer in group.layers]) if fewest else None,
        )

    @cached_property
    def divides(self) -> bool:
        """Whether some layer may have own loops that are found for single designs only."""
        wide = bool(self.wide)
        return wide or self.idles or any(self.group.divider(layer).leasts.possible for layer in self.own)

    @cached_property
    def idles(self) -> bool:
        """Whether some layer may have own loops that leave parts of an array idle, and cycles count."""
        timed = self.offers.timed and not self.offers.pipelined
        return timed and any(self.group.streamer(layer).idles for layer in self.own)

    @cached_property
    def full(self) -> Mapping[str, Idle]:
        """No ways that leave parts of an array idle."""
        return dict.fromkeys(self.own, FULL)

    def towards(self, group: Group) -> Problems:
        """The same of the group with another goal."""
        known = self.schedules, self.live, self.branch, self.fetched, self.streamed
        found = Problems(group, self.resident, self.capacity, *known)
        found.settled, found.offers.timed = self.settled, self.offers.timed
        return found

    def divided(self, node: Nodes) -> bool:
        """Whether own loops that are found for single designs may make one better."""
        return self.divides and not (node.exact[0] and self.settled)

    def single(
        self,
        book: PatternBook,
        node: Nodes,
        idle: Mapping[str, Idle] | None = None,
        own: Mapping[str, ChosenLoops] = MappingProxyType({}),
        *,
        bounding: bool = False,
    ) -> Single:
        """The problem of a single design with all intermediates decided, with what no table of loops says of it.

        Args:
            idle, bounding: see `Offers.of`. own: see `own_loops`.
        """
        ways = None if idle is None else tuple(idle.values())
        looped = tuple(known.loops for known in own.values())
        key = (int(node.pattern[0]), tuple(node.start[0].tolist()), bounding, ways, looped, self.divided(node))
        if self._known is None or self._known[:2] != (book, key):
            self._known = book, key, self._found(book, node, idle, own, bounding=bounding)
        return self._known[2]

    def own_loops(self, book: PatternBook, node: Nodes) -> Iterator[Mapping[str, ChosenLoops]]:
        """All own loops that layers with very many tensors may have together in a single design."""
        pattern = book.patterns[int(node.pattern[0])]
        loops = pattern.picked(node.start[0].tolist())
        steps = self.seen_steps(pattern, loops, book.outer) if self.divided(node) else None
        idle = ALIKE if self.schedules is not None else Idle(counted=self.offers.timed)
        listed = []
        for layer, rows in self.wide.items():
            kinds, sets = book.driven(layer, node.pattern)
            divider, names = self.group.divider(layer), [self.group.tensors[row] for row in rows]
            moving = None if steps is None else divider.moving(steps[layer])
            listed.append(own_loops(divider, names, sets[int(kinds[0])], moving, idle))
        for chosen in itertools.product(*listed):
            yield dict(zip(self.wide, chosen, strict=True))

    def _found(
        self,
        book: PatternBook,
        node: Nodes,
        idle: Mapping[str, Idle] | None,
        own: Mapping[str, ChosenLoops],
        *,
        bounding: bool,
    ) -> Single:
        pattern = book.patterns[int(node.pattern[0])]
        loops, tensors = pattern.picked(node.start[0].tolist()), self.group.tensors
        decided = {row: pattern.places.get(row, (book.outer, True)) for row in self.group.inner}
        inner = {tensors[row]: depth for row, (depth, _) in decided.items()}
        rooms = None
        if self.live is not None:
            may = self.relaxation.tensors.spill
            rooms = self.live.of(
                loops, inner, [tensors[row] for row, (_, first) in decided.items() if first and may[row]]
            )
        columns, places = book.columns(node.pattern, node.start, node.stop)
        steps = self.seen_steps(pattern, loops, book.outer) if self.divided(node) else None
        open_ = places.loops == UNDECIDED
        settled = Places(np.where(open_, book.outer, places.loops), places.first | open_)
        room, sums = self.relaxation.options(columns, settled, rooms)
        problem, offers = self.problem(
            book,
            node.pattern,
            columns,
            settled,
            room,
            np.stack(sums),
            np.arange(1),
            steps,
            bounding=bounding,
            idle=idle,
            own=own,
        )
        if self.schedules is not None:
            cycles = self.schedules.cycles(loops, inner)
            problem = replace(problem, cycles=np.array([math.inf if cycles is None else cycles]))
        return Single(problem, offers, settled, own)

    def seen_steps(self, pattern: Pattern, loops: Sequence[tuple[Rank, int]], outer: int) -> dict[str, Sequence[Steps]]:
        """The loops of the group of a single design, as each layer sees them.

        Loops that are joined because they meet are apart for a layer which is not upstream of the place where they do:
        what it does is a product over them.
        """
        found: dict[str, Sequence[Steps]] = dict.fromkeys(self.streamed, _steps(pattern, loops, outer))
        if pattern.apart is not None:
            alone = _steps(pattern.apart, loops, outer)
            for layer in self.streamed:
                met = self.group.layers.index(layer) in pattern.apart.met.layers
                if not met and self.group.divider(layer).sees_apart(alone):
                    found[layer] = alone
        return found

    def problem(
        self,
        book: PatternBook,
        number: Array,
        columns: Columns,
        places: Places,
        room: Array,
        sums: Array,
        some: Array,
        steps: Mapping[str, Sequence[Steps]] | None = None,
        *,
        bounding: bool = False,
        idle: Mapping[str, Idle] | None = None,
        own: Mapping[str, ChosenLoops] = MappingProxyType({}),
    ) -> tuple[Problem, list[Offer]]:
        """The problem of some designs, of patterns with these numbers, and what each item offers.

        Args:
            steps, bounding, idle: see `Offers.of`. own: loops of layers with very many tensors.
        """
        driven = {layer: book.driven(layer, number) for layer in self.streamed}
        if steps is not None:
            driven = {layer: (np.zeros(1, dtype=np.int64), [sets[kind[0]]]) for layer, (kind, sets) in driven.items()}
        kinds = Kinds({at: kind for at, (kind, _) in driven.items()}, {at: sets for at, (_, sets) in driven.items()})
        within = {
            row: loops[some] > book.outer
            for row, loops in zip(self.group.inner, places.loops, strict=True)
            if row in self.nested
        }
        known = columns, kinds, room, sums, some, within, steps
        offers = self.offers.of(*known, bounding=bounding, idle=idle, loops=own)
        fixed = np.stack([row[some] for row in self.relaxation.fixed(columns)])
        cycles, capacity = self.relaxation.cycles(columns)[some], min(self.capacity, NEVER / 2)
        if self.wide and not bounding:
            further, idle_cycles = self._wide_work(columns, some, own)
            fixed, cycles = fixed + further, cycles + idle_cycles
        problem = Problem([offer.item for offer in offers], fixed, cycles, capacity, self.group.goal.value)
        return problem, offers

    def _wide_work(self, columns: Columns, some: Array, own: Mapping[str, ChosenLoops]) -> tuple[Array, Array]:
        """What own loops of layers with very many tensors add to each sum, and to the cycles."""
        sums, cycles = np.zeros((len(self.group.prices), len(some))), np.zeros(len(some))
        for layer in self.wide:
            row, trips, share = self.group.layers.index(layer), 1.0, 1.0
            if layer in own:
                trips, share = own[layer].trips, own[layer].cycles
            cycles = cycles + columns.work("cycles")[row, some] * (share - self.fewest.get(layer, 1.0))
            for added, prices in zip(sums, self.group.prices, strict=True):
                if prices.steps:
                    added += prices.steps * columns.work("steps")[row, some] * (trips - 1)
        return sums, cycles


def _steps(pattern: Pattern, loops: Sequence[tuple[Rank, int]], outer: int) -> list[Steps]:
    """The loops of the group of a single design, the outermost ones, those that move one dimension together."""
    return [
        Steps(
            tuple(loops[at][0] for at in own),
            tuple(loops[at][1] for at in own),
            tuple(pattern.forgotten[at] for at in own),
            own,
        )
        for own in pattern.positions
        if own[0] < outer
    ]
