"""The best nests of a layer at one memory level, of all that are worth trying.

A nest is a set of tensors that are kept, a loop order and a tile shape for every rank. What a word that comes in or
goes out costs is the same for all nests, so a nest is judged by the words of each tensor that enter its place. These
are products of the tables of the layer's parts (`looptree.model.inside.part`), as all totals of the model are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, combinations
from typing import Any

import numpy as np

from looptree.model.axis import Array
from looptree.model.inside.leaf import Leaf, Problems
from looptree.model.inside.orders import kinds_of, loop_orders, seen_by
from looptree.model.inside.part import Order, Part
from looptree.model.inside.pinned import FREE, Pinned
from looptree.model.inside.tiles import keeps_full, useful_tiles
from looptree.model.inside.ways import Block, Room, Ways


@dataclass(frozen=True, slots=True)
class Nest:
    """A loop nest inside the tile of a layer.

    Attributes:
        loops: rank and tile shape, outermost first. kept: tensors with a place below all of them.
    """

    loops: tuple[tuple[str, int], ...] = ()
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Price:
    """What a sum counts for one layer.

    Attributes:
        entered: of each word of a tensor that enters its place. kept, bypassed: of all else that is done with a tensor
            if it has a place, and if it has none. steps: of each step more than without a nest.
    """

    entered: Mapping[str, float]
    kept: Mapping[str, float]
    bypassed: Mapping[str, float]
    steps: float = 0.0

    def of(self, kept: Sequence[str], entered: Mapping[str, Any], steps: Any) -> Any:
        """The sum for nests that keep some tensors, given the words that enter their places and the steps they add."""
        total: Any = sum(self.kept[t] if t in kept else self.bypassed[t] for t in self.kept)
        for tensor in kept:
            total = total + self.entered[tensor] * entered[tensor]
        return total + self.steps * steps if self.steps else total


@dataclass(frozen=True, eq=False, slots=True)
class Memory:
    """What finders of the layers of one workload share.

    Attributes:
        parts: by layer, extents and tile shapes. orders: by layer and what is kept, with what each order is to each
            tensor.
    """

    parts: dict[object, Part] = field(default_factory=dict)
    orders: dict[object, list[tuple[Order, dict[str, object]]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """A nest that was found.

    Attributes:
        sums: what it takes of each sum. second: of the one that decides among equal nests. bytes: that it holds.
        entered: words that enter the place of each tensor kept. steps: that its loops add. fits: whether the level can
        hold it. inner: the nest at the next level further in, whose sums and steps count in `sums` and `second`, too.
    """

    nest: Nest
    sums: tuple[float, ...]
    second: float
    bytes: int
    entered: Mapping[str, float]
    steps: int
    fits: bool = True
    inner: Found | None = None

    @property
    def nests(self) -> tuple[Nest, ...]:
        """Of all levels, from the outside in."""
        return (self.nest, *(self.inner.nests if self.inner is not None else ()))

    def priced(self, price: Price) -> float:
        """What it takes of another sum."""
        return float(price.of(self.nest.kept, self.entered, self.steps))


@dataclass(frozen=True, eq=False, slots=True)
class Options:
    """Nests with the same loop order that keep the same tensors.

    Attributes:
        block: how they cut the tile. order: of the loops. entered, steps: of each; see `Found`.
    """

    block: Block
    order: Order
    entered: Mapping[str, Array]
    steps: Array

    def priced(self, price: Price) -> Array:
        """What each takes of a sum."""
        return np.broadcast_to(price.of(self.block.kept, self.entered, self.steps), self.block.bytes.shape)


class Finder:
    """The nests of one layer.

    Args:
        leaf: the layer. spatial: operations done at once along each rank. pins: what is not free to choose.
        gaps: whether ranks may be cut along which a tile skips coordinates. memory: shared with other finders.
    """

    def __init__(
        self,
        leaf: Leaf,
        room: Room,
        spatial: Mapping[str, int],
        pins: Pinned = FREE,
        *,
        gaps: bool = False,
        memory: Memory | None = None,
    ) -> None:
        self.memory = Memory() if memory is None else memory
        self.leaf, self.room, self.pins = leaf, room, pins
        self.tensors = list(leaf.accesses)
        self.outer = {t: leaf.entered(t) for t in self.tensors}
        self.spatial = spatial
        self.parts: list[Part] = []
        for ranks in leaf.parts:
            problems = leaf.problems(ranks)
            uncut = frozenset() if gaps else leaf.with_gaps(problems)
            options = {rank: self._options(rank, problems, uncut=rank in uncut) for rank in ranks}
            key = leaf.einsum.name, problems.key, tuple(map(tuple, options.values()))
            if key not in self.memory.parts:
                self.memory.parts[key] = Part.of(leaf, problems, options)
            self.parts.append(self.memory.parts[key])

    def _options(self, rank: str, problems: Problems, *, uncut: bool) -> list[int]:
        """Tile shapes of a rank: those that keep the array as full as it is."""
        largest, extents = problems.largest(rank), problems.extents(rank)
        if uncut:
            return [largest]
        given = (self.pins.tiles or {}).get(rank)
        if given is not None:
            return [min(given or largest, largest)]
        wide = self.spatial.get(rank, 1)
        known = [t for t in useful_tiles(largest) if all(keeps_full(t, extent, wide) for extent in extents if extent)]
        limits = [
            self.room.most(t) for t, a in self.leaf.accesses.items() if any(rank in f.ranks for f in a.projection)
        ]
        most = max((limit for limit in limits if limit is not None), default=0)
        return [largest, *(t for t in known if None in limits or t <= most)]

    # -- what is kept ------------------------------------------------------------------------

    def kept(self) -> Iterator[tuple[str, ...]]:
        """Sets of tensors that may have a place, and that have to."""
        may = [t for t in self.tensors if t in self.room.bits]
        must = self.pins.kept & set(may)
        for some in chain.from_iterable(combinations(may, count) for count in range(len(may) + 1)):
            if must <= set(some):
                yield some

    def least(self, prices: Sequence[Price], tie: Price) -> list[Found]:
        """The nests that no other one beats in all sums; among equal ones that of the least other sum, then least room.

        Where nothing fits that a pinned dataflow asks for, the smallest nest.
        """
        found: list[Found] = []
        for some in self.kept():
            for block in self._ways(some).blocks():
                found += self._best_of(block, prices, tie)
            found = undominated(found)
        if found:
            return found
        smallest = self._ways(min(self.kept(), key=len)).smallest()
        return [replace(self._best_of(smallest, prices, tie)[0], fits=False)]

    def _best_of(self, block: Block, prices: Sequence[Price], tie: Price) -> list[Found]:
        found: list[Found] = []
        best = float("inf")
        for options in self._options_of(block, self._orders(block.kept, None, block.ways)):
            if len(prices) == 1:
                least = float(np.min(options.priced(prices[0])))
                if least > best:
                    continue
                best = least
            sums, second = [options.priced(p) for p in prices], options.priced(tie)
            found += [
                self.found(options, at, [float(s[at]) for s in sums], float(second[at]))
                for at in _front(np.stack(sums), second, block.bytes)
            ]
        return found

    def options(self, kept: tuple[str, ...], *, all_orders: bool = True) -> Iterator[Options]:
        """All nests that keep some tensors and fit, in all orders that differ for these, or for any of the layer."""
        apart = self.tensors if all_orders else None
        for block in self._ways(kept).blocks():
            yield from self._options_of(block, self._orders(kept, apart, block.ways))

    def found(self, options: Options, at: int, sums: Sequence[float], second: float) -> Found:
        """One of some nests."""
        block = options.block
        nest = self._nest(options.order, [int(ways[at]) for ways in block.ways], block.kept)
        words = {t: float(table[at]) for t, table in options.entered.items()}
        return Found(nest, tuple(sums), second, int(block.bytes[at]), words, int(options.steps[at]))

    def _options_of(self, block: Block, orders: Iterable[tuple[Order, dict[str, object]]]) -> Iterator[Options]:
        known: dict[object, Array] = {}
        steps = self._steps(block.ways)
        for order, seen in orders:
            for tensor, key in seen.items():
                if key not in known:
                    known[key] = self._entered(tensor, order, block.ways)
            yield Options(block, order, {tensor: known[key] for tensor, key in seen.items()}, steps)

    def _nest(self, order: Order, chosen: Sequence[int], kept: tuple[str, ...]) -> Nest:
        tiles = {
            rank: tile
            for part, way in zip(self.parts, chosen, strict=True)
            for rank, tile, whole in zip(part.ranks, part.tiles[way].tolist(), part.whole[way], strict=True)
            if not whole
        }
        return Nest(tuple((rank, tiles[rank]) for rank in order if rank in tiles), kept)

    # -- orders and ways ---------------------------------------------------------------------

    def _orders(
        self, kept: tuple[str, ...], apart: Collection[str] | None, ways: Sequence[Array]
    ) -> list[tuple[Order, dict[str, object]]]:
        """Loop orders that differ for tensors that are kept, or for others, with what each is to each that is kept.

        They are of the ranks that some of the ways cut: where a rank is whole there is no loop. Only where an innermost
        loop is pinned the order of all ranks matters, because those of a kind stand together.
        """
        every = tuple(rank for part in self.parts for rank in part.ranks)
        cut = self._cut(ways) if self.pins.innermost is None else every
        key = self.leaf.einsum.name, kept, cut, self.pins.stays, self.pins.innermost, apart is None
        if key not in self.memory.orders:
            self.memory.orders[key] = self._all_orders(kept, cut, kept if apart is None else apart)
        return self.memory.orders[key]

    def _cut(self, ways: Sequence[Array]) -> tuple[str, ...]:
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
        useful = [rank for ranks in kinds_of(einsum, cut, kept).values() for rank in ranks]
        orders = loop_orders(einsum, kinds_of(einsum, [rank for rank in cut if rank in useful], apart))
        accesses = self.leaf.accesses
        return [
            (order, {tensor: (tensor, seen_by(accesses[tensor], order)) for tensor in kept})
            for order in orders
            if self.pins.allows(order, indexing)
        ]

    def _entered(self, tensor: str, order: Order, ways: Sequence[Array]) -> Array:
        """Words that enter the place of a tensor, for each combination of ways."""
        row = self.tensors.index(tensor)
        inner = [
            (*(r for r in order if r in part.ranks), *(r for r in part.ranks if r not in order)) for part in self.parts
        ]
        home = {rank: number for number, part in enumerate(self.parts) for rank in part.ranks}
        moved = np.zeros(len(ways[0]), dtype=bool)
        standing = [np.zeros(len(ways[0]), dtype=np.int64) for _ in self.parts]
        for rank in reversed(order):
            number = home[rank]
            standing[number] = standing[number] + moved
            moves = self.parts[number].moves[inner[number]][row, inner[number].index(rank)]
            if moves.any():
                moved = moved | moves[ways[number]]
        entered = np.full(len(ways[0]), float(self.leaf.elsewhere))
        for number, part in enumerate(self.parts):
            entered = entered * part.entered[inner[number]][row][standing[number], ways[number]]
        return np.where(moved, entered, float(self.outer[tensor]))

    def _steps(self, ways: Sequence[Array]) -> Array:
        """Steps of the layer that each combination of ways adds."""
        steps, before = np.full(len(ways[0]), self.leaf.elsewhere), self.leaf.elsewhere
        for part, chosen in zip(self.parts, ways, strict=True):
            steps, before = steps * part.steps[chosen], before * part.visits
        return np.asarray(steps - before)

    def _ways(self, kept: tuple[str, ...]) -> Ways:
        """Ways to cut the tile; ranks that index nothing that is kept are not cut."""
        einsum = self.leaf.einsum
        useful = {rank for ranks in kinds_of(einsum, einsum.ranks, kept).values() for rank in ranks}
        rows = {tensor: self.tensors.index(tensor) for tensor in kept}
        return Ways(self.parts, rows, self.room, useful | set(self.pins.tiles or {}))


def _front(sums: Array, second: Array, taken: Array) -> list[int]:
    """The best combinations: of one sum the least, of several all that no other one beats in all of them."""
    if len(sums) == 1:
        near = np.flatnonzero(sums[0] <= sums[0].min() * (1 + 1e-12))
        return [int(near[np.lexsort((taken[near], second[near]))[0]])]
    left = np.lexsort((taken, second, *sums[::-1]))
    found: list[int] = []
    while len(left):
        found.append(int(left[0]))
        left = left[(sums[:, left] < sums[:, left[:1]]).any(axis=0)]
    return found


def undominated(found: Sequence[Found]) -> list[Found]:
    """Those that no other one matches or beats in every sum; of equal ones the first."""
    best: list[Found] = []
    for one in sorted(found, key=lambda known: (known.sums, known.second, known.bytes, len(known.nest.loops))):
        if not any(all(a <= b for a, b in zip(other.sums, one.sums, strict=True)) for other in best):
            best.append(one)
    return best
