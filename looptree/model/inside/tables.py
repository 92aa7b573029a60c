"""Tables of all nests of a layer at a memory level, for several shapes of its tiles at once.

The words of each tensor that enter its place are products of the tables of the layer's parts
(`looptree.model.inside.part`), as all totals of the model are.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, combinations

import numpy as np

from looptree.model.axis import Array
from looptree.model.inside.larger import NONE, Further, larger_ways
from looptree.model.inside.leaf import Leaf, Shape
from looptree.model.inside.nest import Nest, Options
from looptree.model.inside.orders import kinds_of, loop_orders, seen_by
from looptree.model.inside.part import Order, Part
from looptree.model.inside.pinned import FREE, Pinned
from looptree.model.inside.problems import Problems
from looptree.model.inside.served import further_out
from looptree.model.inside.tiles import keeps_full, useful_tiles
from looptree.model.inside.ways import Block, Room, Ways


@dataclass(frozen=True, eq=False, slots=True)
class Memory:
    """What finders of the layers of one workload share.

    Attributes:
        parts: by layer, extents and tile shapes. orders: by layer and what is kept, with what each order is to each
            tensor.
    """

    parts: dict[object, Part] = field(default_factory=dict)
    orders: dict[object, list[tuple[Order, dict[str, object]]]] = field(default_factory=dict)


class Tables:
    """What the nests of one layer do.

    Shapes that nests cut alike (`Shape.key`) are one *case*: their nests differ in the words of tensors that no loop of
    the nest moves, and in nothing else.

    Args:
        leaf: the layer. spatial: operations done at once along each rank. pins: what is not free to choose.
        shapes: of its tiles; those of the leaf if not given. gaps: whether ranks may be cut along which a tile skips
        coordinates. further: the levels further in. memory: shared with other tables.

    Attributes:
        rows: what is counted: words of the tensors, then those that pass the level further out. cases: each as a shape,
        with the fewest words of all its shapes that enter where no loop moves a tensor. outer: these, by row. case: of
        each shape the number of its case. problems: of each part, for each case, the number of its problem. elsewhere:
        of each case, passing: of each row and case; see `Shape`.
    """

    def __init__(
        self,
        leaf: Leaf,
        room: Room,
        spatial: Mapping[str, int],
        pins: Pinned = FREE,
        *,
        shapes: Sequence[Shape] = (),
        gaps: bool = False,
        further: Further = NONE,
        memory: Memory | None = None,
    ) -> None:
        self.memory = Memory() if memory is None else memory
        self.leaf, self.room, self.spatial, self.pins, self.gaps = leaf, room, spatial, pins, gaps
        self.further = further
        self.shapes = shapes or (leaf.shape,)
        self.tensors = list(leaf.accesses)
        self.rows = [*self.tensors, *map(further_out, leaf.together)]
        own = {t: room.most(t) for t in self.tensors}
        self.most = {t: max(math.inf if words is None else words, further.most(t)) for t, words in own.items()}
        numbers: dict[object, int] = {}
        self.case = [numbers.setdefault(shape.key, len(numbers)) for shape in self.shapes]
        every = [[s for s, own in zip(self.shapes, self.case, strict=True) if own == n] for n in range(len(numbers))]
        self.cases = [
            replace(of[0], entered={row: min(shape.entered[row] for shape in of) for row in self.rows}) for of in every
        ]
        self.elsewhere = np.array([shape.elsewhere for shape in self.cases])
        self.passing = {
            row: np.array([shape.passing.get(row, shape.elsewhere) for shape in self.cases]) for row in self.rows
        }
        self.outer = {row: np.array([float(shape.entered[row]) for shape in self.cases]) for row in self.rows}
        self.parts: list[Part] = []
        self.problems: list[Array] = []
        for at in range(len(leaf.parts)):
            self._add([shape.problems[at] for shape in self.cases])

    def _add(self, problems: Sequence[Problems]) -> None:
        """The tables of one more part, by the problem of each case."""
        numbers: dict[object, int] = {}
        own = [numbers.setdefault(known.key, len(numbers)) for known in problems]
        different = [problems[own.index(number)] for number in range(len(numbers))]
        options = [self._tiles(known) for known in different]
        cut = tuple(
            rank
            for rank in different[0].ranks
            if any(
                tile < known.largest(rank) for known, of in zip(different, options, strict=True) for tile in of[rank]
            )
        )
        parts = []
        for known, of in zip(different, options, strict=True):
            key = self.leaf.einsum.name, known.key, cut, tuple(map(tuple, of.values()))
            if key not in self.memory.parts:
                self.memory.parts[key] = Part.of(self.leaf, known, cut, of)
            parts.append(self.memory.parts[key])
        self.parts.append(Part.joined(parts))
        self.problems.append(np.array(own))

    def _tiles(self, problems: Problems) -> dict[str, list[int]]:
        uncut = frozenset() if self.gaps else self.leaf.with_gaps(problems)
        return {rank: self._shapes_of(rank, problems, uncut=rank in uncut) for rank in problems.ranks}

    def _shapes_of(self, rank: str, problems: Problems, *, uncut: bool) -> list[int]:
        """Tile shapes of a rank: those that keep the array as full as it is."""
        largest, extents = problems.largest(rank), problems.extents(rank)
        if uncut:
            return [largest]
        given = (self.pins.tiles or {}).get(rank)
        if given is not None:
            return [min(given or largest, largest)]
        wide = self.spatial.get(rank, 1)
        known = [t for t in useful_tiles(largest) if all(keeps_full(t, extent, wide) for extent in extents if extent)]
        most = max((self.most[t] for t, a in self.leaf.accesses.items() if rank in a.ranks), default=0)
        return [largest, *(t for t in known if t <= most)]

    def kept(self) -> Iterator[tuple[str, ...]]:
        """Sets of tensors that may have a place, and that have to."""
        may = [t for t in self.tensors if t in self.room.bits]
        must = self.pins.kept & set(may)
        for some in chain.from_iterable(combinations(may, count) for count in range(len(may) + 1)):
            if must <= set(some):
                yield some

    def options_of(self, block: Block, orders: Iterable[tuple[Order, dict[str, object]]]) -> Iterator[Options]:
        known: dict[object, Array] = {}
        steps = self._steps(block)
        for order, seen in orders:
            entered = {}
            for tensor, key in seen.items():
                for row in self.leaf.rows(tensor):
                    if (row, key) not in known:
                        known[row, key] = self._entered(tensor, row, order, block)
                    entered[row] = known[row, key]
            yield Options(block, order, entered, steps)

    def least_of(self, block: Block) -> Options:
        """The fewest words that enter the place of each tensor in any order of the loops, where one moves it."""
        words = {}
        for number, row in enumerate(self.rows):
            words[row] = self.passing[row][block.case].astype(np.float64)
            for part, chosen in zip(self.parts, block.ways, strict=True):
                words[row] = words[row] * part.least[number, chosen]
        return Options(block, (), words, self._steps(block))

    def nest(self, order: Order, chosen: Sequence[int], kept: tuple[str, ...]) -> Nest:
        tiles = {
            rank: tile
            for part, way in zip(self.parts, chosen, strict=True)
            for rank, tile, whole in zip(part.ranks, part.tiles[way].tolist(), part.whole[way], strict=True)
            if not whole
        }
        return Nest(tuple((rank, tiles[rank]) for rank in order if rank in tiles), kept)

    def orders(
        self, kept: tuple[str, ...], apart: Collection[str] | None, ways: Sequence[Array]
    ) -> list[tuple[Order, dict[str, object]]]:
        """Loop orders that differ for tensors that are kept, or for others, with what each is to each that is kept.

        They are of the ranks that some of the ways cut: where a rank is whole there is no loop. Only where an innermost
        loop is pinned the order of all ranks matters, because those of a kind stand together.
        """
        every = tuple(rank for part in self.parts for rank in part.ranks)
        cut = self._loops(ways) if self.pins.innermost is None else every
        key = self.leaf.einsum.name, kept, cut, self.pins.stays, self.pins.innermost, apart is None
        if key not in self.memory.orders:
            self.memory.orders[key] = self._all_orders(kept, cut, kept if apart is None else apart)
        return self.memory.orders[key]

    def _loops(self, ways: Sequence[Array]) -> tuple[str, ...]:
        return tuple(
            rank
            for part, chosen in zip(self.parts, ways, strict=True)
            for rank, whole in zip(part.ranks, np.all(part.whole[chosen], axis=0), strict=True)
            if not whole
        )

    def _all_orders(
        self, kept: tuple[str, ...], cut: tuple[str, ...], apart: Collection[str]
    ) -> list[tuple[Order, dict[str, object]]]:
        access = self.leaf.accesses.get(self.pins.stays or "")
        indexing = frozenset(access.ranks) if access is not None else frozenset()
        einsum = self.leaf.einsum
        pinned = () if self.pins.stays is None else (self.pins.stays,)
        orders = loop_orders(einsum, kinds_of(einsum, cut, {*apart, *pinned}))
        accesses = self.leaf.accesses
        return [
            (order, {tensor: (tensor, seen_by(accesses[tensor], order)) for tensor in apart})
            for order in orders
            if self.pins.allows(order, indexing)
        ]

    def moved(self, tensor: str, ways: Sequence[Array]) -> Array:
        """Which combinations of ways have a loop that moves a tensor."""
        row = self.tensors.index(tensor)
        moved = np.zeros(len(ways[0]), dtype=bool)
        for part, chosen in zip(self.parts, ways, strict=True):
            moved |= part.moves[part.ranks][row].any(axis=0)[chosen]
        return moved

    def _entered(self, tensor: str, row: str, order: Order, block: Block) -> Array:
        """Words of a row of a tensor that enter its place, by combination of ways; none where no loop moves it."""
        number, ways = self.tensors.index(tensor), block.ways
        inner = [
            (*(r for r in order if r in part.ranks), *(r for r in part.ranks if r not in order)) for part in self.parts
        ]
        home = {rank: number for number, part in enumerate(self.parts) for rank in part.ranks}
        moved = np.zeros(len(ways[0]), dtype=bool)
        standing = [np.zeros(len(ways[0]), dtype=np.int64) for _ in self.parts]
        for rank in reversed(order):
            at = home[rank]
            standing[at] = standing[at] + moved
            moves = self.parts[at].moves[inner[at]][number, inner[at].index(rank)]
            if moves.any():
                moved = moved | moves[ways[at]]
        entered = self.passing[row][block.case] * moved.astype(np.float64)
        for at, part in enumerate(self.parts):
            entered = entered * part.entered[inner[at]][self.rows.index(row)][standing[at], ways[at]]
        return entered

    def _steps(self, block: Block) -> Array:
        """Steps of the layer that each combination of ways adds."""
        steps = before = self.elsewhere[block.case]
        for part, chosen in zip(self.parts, block.ways, strict=True):
            steps, before = steps * part.steps[chosen], before * part.visits[chosen]
        return np.asarray(steps - before)

    def ways(self, kept: tuple[str, ...], *, every: bool = False) -> Ways:
        """Ways to cut the tile in which no tile could be larger.

        Ranks that index nothing that is kept are not cut.

        Args:
            every: of one shape, all ways that may be best with nests further in; see `looptree.model.inside.larger`.
        """
        einsum = self.leaf.einsum
        cut = kinds_of(einsum, einsum.ranks, self.tensors if every else kept)
        useful = {rank for ranks in cut.values() for rank in ranks} | set(self.pins.tiles or {})
        rows = {tensor: self.tensors.index(tensor) for tensor in kept}
        if not every:
            return Ways(self.parts, self.problems, rows, self.room, useful, [part.wider for part in self.parts])
        staying = [(row, self.leaf.accesses[t].ranks, self.further.most(t)) for row, t in enumerate(self.tensors)]
        return Ways(self.parts, self.problems, rows, self.room, useful, self._larger, staying)

    @cached_property
    def _larger(self) -> list[Array]:
        (case,) = self.cases
        return [
            larger_ways(self.leaf, part, problems, self.spatial, self.further)
            for part, problems in zip(self.parts, case.problems, strict=True)
        ]
