"""What the options of all tensors take and add, for many designs whose loops are known up to their tile shapes.

A tensor that only one layer of a fused group uses may also be stored inside the branch of that layer, together with
loops of that layer's own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np

from looptree.model.axis import Array
from looptree.model.box import Key
from looptree.search.group.bound.assign import Item
from looptree.search.group.bound.relax import NEVER
from looptree.search.group.bound.ways import ways_of, wide_ways
from looptree.search.group.group import Group
from looptree.search.group.loops.ledger import Columns
from looptree.search.group.own.division import Steps
from looptree.search.group.own.listing import Block, Listing, Option, Streams, listing, of_layer, of_tensor
from looptree.search.group.own.streaming import ALIKE, FREE, Idle
from looptree.search.group.own.wide import ChosenLoops, without_loops

MOST_BLOCKS = 512  # lists of options of a layer that are kept of a group: single designs each have their own


@dataclass(frozen=True, eq=False, slots=True)
class Kinds:
    """Which ranks of each layer follow the loops of some designs.

    Attributes:
        of: per layer, the kind of each design. sets: per layer, the ranks of each kind.
    """

    of: Mapping[str, Array]
    sets: Mapping[str, Sequence[frozenset[Key]]]


@dataclass(frozen=True, eq=False, slots=True)
class Offer:
    """One item of some designs.

    Attributes:
        item: what its options take and add. listing: where these are listed. numbers: theirs.
    """

    item: Item
    listing: Listing
    numbers: Array

    def option(self, at: int) -> Option:
        """What one of its options is."""
        return self.listing.option(int(self.numbers[at]))


class Offers:
    """The options of the tensors of one group.

    Args:
        free: rows of the tensors that do not stay on chip anyway. own: per layer the rows of those that it may stream.
        wide: the same of layers that have very many, each of which is an item by itself.
        nested: rows of those that may be stored inside a nested branch. within: of those that several layers may store
            inside their branches; see `places.Within`. pipelined: whether all layers work at once.
        timed: whether own loops that leave parts of an array idle are apart from others, because cycles count.
        fewest: of layers of which own loops may leave out cycles, the smallest share that they leave.
    """

    def __init__(
        self,
        group: Group,
        free: Sequence[int],
        own: Mapping[str, Sequence[int]],
        nested: Sequence[int] = (),
        wide: Mapping[str, Sequence[int]] = MappingProxyType({}),
        within: Collection[int] = (),
        *,
        pipelined: bool = False,
        timed: bool = False,
        fewest: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self.within = within
        self.fewest = fewest
        self.group = group
        self.timed = timed
        self.nested = nested
        self.own = own
        self.wide = wide
        self.pipelined = pipelined
        self.moved = np.array([(role.less, role.drained, role.made) for role in group.roles]).T
        self.alone = sorted(set(free) - {row for rows in (*own.values(), *wide.values()) for row in rows})

    def of(
        self,
        columns: Columns,
        kinds: Kinds,
        room: Array,
        sums: Array,
        some: Array,
        within: Mapping[int, Array],
        steps: Mapping[str, Sequence[Steps]] | None = None,
        *,
        bounding: bool = False,
        idle: Mapping[str, Idle] | None = None,
        loops: Mapping[str, ChosenLoops] = MappingProxyType({}),
    ) -> list[Offer]:
        """The items of some of the designs.

        Args:
            kinds: of all designs. room, sums: of each tensor in each place; see `Relaxation.options`.
            within: per row of an intermediate that may be kept in a nested branch, in which of the designs it is.
            steps: of a single design, as each layer sees it, whose own loops are wanted, too. bounding: whether one
                option stands for all of these (see `looptree.search.group.own.divided`). idle: per layer which ways
                that leave parts of an array idle are among them, if cycles count; `FREE` if not given.
            loops: of `wide` layers; none if not given.
        """
        known = self._listing(columns, kinds.sets, steps, self._idle(idle or {}), loops, bounding=bounding)
        every = len(some) == columns.size
        pick = slice(None) if every else some
        above = room[:, :, pick][known.rows, known.places]
        above[known.within] = 0
        above = np.add.reduceat(above, known.begins, axis=0)
        added = sums[..., pick][:, known.rows, known.places]
        added[:, known.within] = 0
        added = np.add.reduceat(added, known.begins, axis=1)
        inside = np.zeros_like(above)
        if known.streams.ways:
            taken, moved = self._streamed(known.streams, columns, kinds, some)
            inside = taken[known.way]
            added += moved[:, known.way]
        cycles = self._idling(known, columns, some)
        if self.nested:
            self._move_inside(known, columns.outer, within, above, inside)
        possible = np.asarray((np.maximum(above, inside) < NEVER).any(axis=1))
        if self.pipelined:
            above, inside = above + inside, np.zeros_like(inside)
        found = []
        branches = [*([None] * len(self.own)), *(layer for layer, rows in self.wide.items() for _ in rows)]
        branches += ["" if row in self.nested else None for row in self.alone]
        for own, branch in zip(known.items, branches, strict=True):
            at = own.start + (np.flatnonzero(possible[own]) if possible[own].any() else np.arange(1))
            further = None if cycles is None or not cycles[at].any() else cycles[at]
            found.append(Offer(Item(above[at], inside[at], added[:, at], branch, further), known, at))
        return found

    def _move_inside(
        self, known: Listing, outer: int, within: Mapping[int, Array], above: Array, inside: Array
    ) -> None:
        """What is stored inside a nested branch takes room there; its items have options of one tensor each."""
        for row, own in zip(self.alone, known.items[len(known.items) - len(self.alone) :], strict=True):
            for at in range(own.start, own.stop) if row in self.nested else ():
                place = known.places[known.begins[at]]
                there = within[row] if place == 0 else np.full(above.shape[1], place > outer + 1)
                inside[at] = np.where(there, above[at], inside[at])
                above[at] = np.where(there, 0.0, above[at])

    def _streamed(self, streams: Streams, columns: Columns, kinds: Kinds, some: Array) -> tuple[Array, Array]:
        """Room inside the branch that each way to stream takes, and what it adds; zero for one more, that is none."""
        group, rows = self.group, streams.rows
        less, drained, made = self.moved[:, rows, None]
        at = np.ix_(rows, some)
        first = columns.first[at]
        piece = np.round(columns.kept[-1][at] * streams.piece, 6)
        taken = np.ceil(piece * group.width[rows, None]) * group.copies
        entered = np.maximum(np.round(columns.apart[at] * streams.times, 6), group.words[rows, None])
        reads = np.maximum(entered - less * first, 0.0)
        writes = drained * entered + made * first
        valid = np.concatenate([valid[:, kinds.of[layer][some]] for layer, valid in streams.valid])
        room = np.zeros((len(valid) + 1, len(some)))
        added = np.zeros((len(group.prices), *room.shape))
        room[:-1] = np.where(valid, np.add.reduceat(taken, streams.begins, axis=0), NEVER)
        for table, prices in zip(added, group.prices, strict=True):
            table[:-1] = np.add.reduceat(prices.moved_rows(rows, reads, writes), streams.begins, axis=0)
            if prices.steps:
                trips = np.array([way.streaming.trips for way in streams.ways])
                table[:-1] += prices.steps * self._further("steps", trips, streams, columns, some)
        return room, added

    def _idle(self, asked: Mapping[str, Idle]) -> dict[str, Idle]:
        """Per layer which ways that leave parts of an array idle are listed; in a pipeline none are."""
        if not self.timed:
            return dict.fromkeys(self.own, FREE)
        return {layer: ALIKE if self.pipelined else asked.get(layer, FREE) for layer in self.own}

    def _idling(self, known: Listing, columns: Columns, some: Array) -> Array | None:
        """Cycles that each option adds to those of the design, if they count.

        These are as few as any own loops leave of each layer (`fewest`).
        """
        if not self.group.goal.timed:
            return None
        shares = np.array([way.streaming.cycles for way in known.streams.ways])
        fewest = np.array([self.fewest.get(way.layer, 1.0) for way in known.streams.ways])
        if (shares == 1).all() and not self.fewest:
            return None
        further = self._further("cycles", shares + 1 - fewest, known.streams, columns, some)
        added = np.vstack([further, np.zeros((1, len(some)))])[known.way]
        for layer, own in zip(self.own, known.items, strict=False):
            still = np.flatnonzero(known.way[own] == len(shares)) + own.start
            row = self.group.layers.index(layer)
            added[still] = columns.work("cycles")[row, some] * (1 - self.fewest.get(layer, 1.0))
        return added

    def _further(self, name: str, shares: Array, streams: Streams, columns: Columns, some: Array) -> Array:
        """`steps` or `cycles` that each way adds to those of its layer, which it multiplies by a share."""
        layers = np.array([self.group.layers.index(way.layer) for way in streams.ways], dtype=np.int64)
        return np.asarray(columns.work(name)[np.ix_(layers, some)] * (shares[:, None] - 1))

    def _listing(
        self,
        columns: Columns,
        sets: Mapping[str, Sequence[frozenset[Key]]],
        steps: Mapping[str, Sequence[Steps]] | None,
        idle: Mapping[str, Idle],
        chosen: Mapping[str, ChosenLoops],
        *,
        bounding: bool,
    ) -> Listing:
        """The options of designs with so many loops of these kinds."""
        if steps is not None or chosen:
            return listing(self._blocks(columns, sets, steps, idle, chosen, bounding=bounding))
        own = tuple((layer, *rows) for layer, rows in (*self.own.items(), *self.wide.items()))
        key = tuple(self.alone), tuple(self.within), own, columns.outer, tuple(self.nested), columns.count
        kinds = key, tuple(map(tuple, sets.values())), bounding, self.timed, tuple(idle.values())
        known = self.group.listings
        if kinds not in known:
            known[kinds] = listing(self._blocks(columns, sets, steps, idle, chosen, bounding=bounding))
        return known[kinds]

    def _blocks(
        self,
        columns: Columns,
        sets: Mapping[str, Sequence[frozenset[Key]]],
        steps: Mapping[str, Sequence[Steps]] | None,
        idle: Mapping[str, Idle],
        chosen: Mapping[str, ChosenLoops],
        *,
        bounding: bool,
    ) -> list[Block]:
        """The options of each item; what a layer may do is listed once for all designs whose loops move it alike."""
        loops, known, found = columns.outer, self.group.blocks, []
        for layer, rows in self.own.items():
            moving = None if steps is None else self.group.divider(layer).moving(steps[layer])
            key = layer, tuple(rows), loops, tuple(sets[layer]), moving, bounding, self.timed, idle[layer]
            if key not in known:
                if len(known) >= MOST_BLOCKS:
                    known.clear()
                ways = partial(
                    ways_of,
                    self.group,
                    layer,
                    sets=sets[layer],
                    moving=moving,
                    idle=idle[layer],
                    bounding=bounding,
                    timed=self.timed,
                )
                tensors, origin = self.group.tensors, self.group.origin
                within = [row for row in rows if tensors[row] in origin]
                known[key] = of_layer(rows, range(1, loops + 2), ways, tensors, within)
            found.append(known[key])
        for layer, rows in self.wide.items():
            moving = None if steps is None else self.group.divider(layer).moving(steps[layer])
            own = chosen.get(layer, without_loops([self.group.tensors[row] for row in rows]))
            chosen_own = None if bounding else own
            listed = partial(
                wide_ways, self.group, layer, sets=sets[layer], moving=moving, own=chosen_own, timed=self.timed
            )
            for row in rows:
                within = [row] if self.group.tensors[row] in self.group.origin else []
                found.append(of_layer([row], range(1, loops + 2), listed, self.group.tensors, within))
        for row in self.alone:
            first = 0 if self.group.roles[row].inner else 1
            inside = [*range(loops + 2, columns.count + 3)] if row in self.nested else []
            inside += [columns.count + 2] if row in self.within else []
            found.append(of_tensor(row, (*range(first, loops + 2), *inside)))
        return found
