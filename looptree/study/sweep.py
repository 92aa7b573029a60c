"""Every design of one fusion group over some loop orders and tile shapes, each counted by the model.

A *flow* is a loop order, a tile shape for each loop and a place for each intermediate: it fixes what is computed. What
an input, weight or output then takes and moves depends on its own place alone; so one design with such a tensor at
every depth at once, each on a memory level of its own, gives the counts of all places. Only what the studies need is
counted (buffer, transfers, operations), which is quicker than an evaluation.

Assumptions made here:

* All layers are one group whose branches take turns; nothing is spilled, and there are no loops inside the branches.
* The buffer is as large as it has to be.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from looptree.architecture import Architecture, Level
from looptree.model.inference import infer
from looptree.taxonomy.binding import bind
from looptree.taxonomy.tree import Branch, Chain, Compute, Inner, LoopTree, RankRef, Storage, Temporal
from looptree.workload import Workload

Tiles = Callable[[int], Sequence[int]]
"""Tile shapes to try for a rank of some extent."""


@dataclass(frozen=True, slots=True)
class Option:
    """A place of one tensor: loops above its node, bytes on chip, bytes moved off chip."""

    depth: int
    room: int
    moved: int


@dataclass(frozen=True, slots=True)
class Flow:
    """What is computed when.

    Attributes:
        order, tiles: ranks of the sink and their tile shapes, outermost first.
        places: loops above the node of each intermediate; rooms: the bytes that each takes.
        operations: multiply-accumulates done once. recomputed: done again.
        options: places of the other tensors, from the outermost inwards.
    """

    order: tuple[str, ...]
    tiles: tuple[int, ...]
    places: Mapping[str, int]
    rooms: Mapping[str, int]
    operations: int
    recomputed: int
    options: Mapping[str, tuple[Option, ...]]

    @property
    def extra(self) -> float:
        """Operations done again, as a part of those done once."""
        return self.recomputed / self.operations

    @property
    def least_room(self) -> int:
        """Fewest bytes on chip with which every tensor is moved as little as it can be."""
        return sum(self.rooms.values()) + sum(best_option(options).room for options in self.options.values())

    @property
    def least_moved(self) -> int:
        """Fewest bytes that can pass off chip."""
        return sum(best_option(options).moved for options in self.options.values())

    def room_within(self, moved: float) -> int | None:
        """Fewest bytes on chip with which at most so many pass off chip; `None` if that cannot be."""
        chosen = itertools.product(*self.options.values())
        rooms = [sum(o.room for o in places) for places in chosen if sum(o.moved for o in places) <= moved]
        return sum(self.rooms.values()) + min(rooms) if rooms else None

    def uniform_room(self) -> int | None:
        """The same where all tensors have their nodes below equally many loops; `None` if that moves more."""
        depths = set(self.places.values())
        found = []
        for depth in range(len(self.order) + 1):
            chosen = [next(o for o in options if o.depth == depth) for options in self.options.values()]
            least = [best_option(options).moved for options in self.options.values()]
            if depths <= {depth} and [option.moved for option in chosen] == least:
                found.append(sum(self.rooms.values()) + sum(option.room for option in chosen))
        return min(found, default=None)

    @property
    def label(self) -> str:
        """The loops as text, such as `p:1 q:4`."""
        return " ".join(f"{rank}:{tile}" for rank, tile in zip(self.order, self.tiles, strict=True))


def best_option(options: Iterable[Option]) -> Option:
    """The smallest place of those that move least."""
    return min(options, key=lambda option: (option.moved, option.room))


def orders_of(ranks: Sequence[str], most: int) -> list[tuple[str, ...]]:
    """Every order of one to `most` ranks.

    >>> orders_of(["p", "q"], 2)
    [('p',), ('q',), ('p', 'q'), ('q', 'p')]
    """
    return [order for count in range(1, most + 1) for order in itertools.permutations(ranks, count)]


def spread_tiles(count: int) -> Tiles:
    """Up to so many tile shapes from 1 on, each about as many times larger than the one before.

    >>> spread_tiles(4)(56), spread_tiles(2)(7)
    ((1, 3, 9, 28), (1, 4))
    """

    def tiles(extent: int) -> Sequence[int]:
        half = max(1, -(-extent // 2))
        steps = range(count)
        found = {round(half ** (step / max(1, count - 1))) for step in steps} if count > 1 else {1}
        return tuple(sorted(found))

    return tiles


def flows(workload: Workload, orders: Iterable[tuple[str, ...]], tiles: Tiles) -> Iterator[Flow]:
    """All flows of a workload whose layers are one group."""
    sink = workload.einsums[-1]
    for order in orders:
        for shapes in itertools.product(*(tiles(sink.ranks[rank]) for rank in order)):
            for depths in itertools.product(range(len(order) + 1), repeat=len(workload.intermediates)):
                yield _flow(workload, order, shapes, dict(zip(workload.intermediates, depths, strict=True)))


def _flow(workload: Workload, order: tuple[str, ...], tiles: tuple[int, ...], places: Mapping[str, int]) -> Flow:
    loops = tuple(Temporal((RankRef(rank),), tile) for rank, tile in zip(order, tiles, strict=True))
    architecture = _levels(len(order) + 1)
    design = bind(workload, architecture, _everywhere(workload, architecture, loops, places))
    inferred = infer(design, live=False)
    rooms: dict[str, int] = {}
    options: dict[str, list[Option]] = {tensor: [] for tensor in workload.tensors if tensor not in places}
    for place in design.places:
        tensor, counts = workload.tensors[place.tensor], inferred.places[place.id]
        if place.tensor in places:
            rooms[place.tensor] = tensor.bytes(counts.window)
        elif place.parent is not None:
            again = 0 if place.consumed else counts.entered - counts.first
            moved = tensor.bytes(counts.entered) + tensor.bytes(again)
            options[place.tensor].append(Option(place.depth, tensor.bytes(counts.window), moved))
    counted = [inferred.einsums[einsum.name] for einsum in workload.einsums if einsum.operation == "mac"]
    once = sum(count.distinct for count in counted)
    again = sum(count.operations for count in counted) - once
    ordered = {tensor: tuple(sorted(found, key=lambda option: option.depth)) for tensor, found in options.items()}
    return Flow(order, tiles, places, rooms, once, again, ordered)


@cache
def _levels(count: int) -> Architecture:
    """A memory level for each depth, since a tensor has one place at a level."""
    return Architecture("unlimited", (Level("DRAM"), *(Level(f"below {depth}") for depth in range(count))))


def _everywhere(
    workload: Workload, architecture: Architecture, loops: Sequence[Temporal], places: Mapping[str, int]
) -> LoopTree:
    """All layers in one group; each intermediate at its place, each other tensor at every depth."""
    off_chip, *levels = (level.name for level in architecture.levels)
    others = tuple(tensor for tensor in workload.tensors if tensor not in places)
    inner: list[Inner] = [Storage(off_chip, others)]
    for depth, level in enumerate(levels):
        here = tuple(tensor for tensor, place in places.items() if place == depth)
        inner += [Storage(level, others + here), *loops[depth : depth + 1]]
    layers = tuple(Chain((), Compute(einsum.name)) for einsum in workload.einsums)
    return LoopTree(Chain(tuple(inner), Branch("sequential", layers)))


def frontier(points: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Points that no other point undercuts in one coordinate without exceeding it in the other.

    >>> frontier([(1, 5), (2, 5), (3, 1), (2, 3)])
    ((1, 5), (2, 3), (3, 1))
    """
    kept: list[tuple[float, float]] = []
    for x, y in sorted(set(points)):
        if not kept or y < kept[-1][1]:
            kept.append((x, y))
    return tuple(kept)
