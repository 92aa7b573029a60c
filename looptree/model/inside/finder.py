"""The best nests of a layer at one memory level, of all that are worth trying.

A nest is a set of tensors that are kept, a loop order and a tile shape for every rank. What a word that comes in or
goes out costs is the same for all nests, so a nest is judged by the words of each tensor that enter its place. These
are products of the tables of the layer's parts (`looptree.model.inside.part`), as all totals of the model are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, combinations
from typing import Any

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array
from looptree.model.inside.leaf import Leaf, Problems
from looptree.model.inside.orders import kinds_of, loop_orders, seen_by
from looptree.model.inside.part import Order, Part
from looptree.model.inside.pinned import FREE, Pinned
from looptree.model.inside.tiles import keeps_full, useful_tiles

AT_ONCE = 1 << 16
MOST = 1 << 24  # nests of one set of tensors


@dataclass(frozen=True, slots=True)
class Nest:
    """A loop nest inside the tile of a layer.

    Attributes:
        loops: rank and tile shape, outermost first. kept: tensors with a place below all of them.
    """

    loops: tuple[tuple[str, int], ...] = ()
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Room:
    """What a level can hold.

    Attributes:
        bits: of a word of each tensor, those that may not be there left out. parts: tensors and bytes of each
            partition, `None` if unlimited. copies: 2 where it is double-buffered.
    """

    bits: Mapping[str, int]
    parts: Sequence[tuple[frozenset[str], int | None]]
    copies: int = 1

    def bytes(self, tensor: str, words: Array) -> Array:
        """Bytes of so many words."""
        return np.asarray(-(-words * self.bits[tensor] // 8) * self.copies)


@dataclass(frozen=True, eq=False, slots=True)
class Price:
    """What a sum counts for one layer.

    Attributes:
        entered: of each word of a tensor that enters its place. kept, bypassed: of all else that is done with a tensor
            if it has a place, and if it has none.
    """

    entered: Mapping[str, float]
    kept: Mapping[str, float]
    bypassed: Mapping[str, float]

    def of(self, kept: Sequence[str], entered: Mapping[str, Any]) -> Any:
        """The sum for nests that keep some tensors, given the words that enter their places."""
        total: Any = sum(self.kept[t] if t in kept else self.bypassed[t] for t in self.kept)
        for tensor in kept:
            total = total + self.entered[tensor] * entered[tensor]
        return total


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
        sums: what it takes of each sum. bytes: that it holds. entered: words that enter the place of each tensor kept.
        fits: whether the level can hold it.
    """

    nest: Nest
    sums: tuple[float, ...]
    bytes: int
    entered: Mapping[str, float]
    fits: bool = True

    def priced(self, price: Price) -> float:
        """What it takes of another sum."""
        return float(price.of(self.nest.kept, self.entered))


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
        limits = [self._most(t) for t, a in self.leaf.accesses.items() if any(rank in f.ranks for f in a.projection)]
        most = max((limit for limit in limits if limit is not None), default=0)
        return [largest, *(t for t in known if None in limits or t <= most)]

    def _most(self, tensor: str) -> int | None:
        """The most words of a tensor that the level can hold; `None` if unlimited."""
        if tensor not in self.room.bits:
            return 0
        sizes = [size for holds, size in self.room.parts if tensor in holds]
        if not sizes or sizes[0] is None:
            return None
        return sizes[0] * 8 // self.room.bits[tensor]

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
        found: list[tuple[float, Found]] = []
        for some in self.kept():
            for block in self._blocks(some):
                found += self._best_of(block, prices, tie)
            found = _undominated(found)
        return [one for _, one in found] or [replace(self._smallest(prices, tie), fits=False)]

    def _best_of(self, block: _Block, prices: Sequence[Price], tie: Price) -> list[tuple[float, Found]]:
        found: list[tuple[float, Found]] = []
        known: dict[object, Array] = {}
        best = float("inf")
        for order, seen in self._orders(block.kept):
            for tensor, key in seen.items():
                if key not in known:
                    known[key] = self._entered(tensor, order, block.ways)
            entered = {tensor: known[key] for tensor, key in seen.items()}
            if len(prices) == 1:
                least = float(np.min(prices[0].of(block.kept, entered)))
                if least > best:
                    continue
                best = least
            *sums, second = (np.broadcast_to(p.of(block.kept, entered), block.bytes.shape) for p in (*prices, tie))
            for at in _front(np.stack(sums), second, block.bytes):
                nest = self._nest(order, [int(ways[at]) for ways in block.ways], block.kept)
                words = {t: float(table[at]) for t, table in entered.items()}
                one = Found(nest, tuple(float(s[at]) for s in sums), int(block.bytes[at]), words)
                found.append((float(second[at]), one))
        return found

    def _nest(self, order: Order, chosen: Sequence[int], kept: tuple[str, ...]) -> Nest:
        tiles = {
            rank: tile
            for part, way in zip(self.parts, chosen, strict=True)
            for rank, tile, whole in zip(part.ranks, part.tiles[way].tolist(), part.whole[way], strict=True)
            if not whole
        }
        return Nest(tuple((rank, tiles[rank]) for rank in order if rank in tiles), kept)

    # -- orders and ways ---------------------------------------------------------------------

    def _orders(self, kept: tuple[str, ...]) -> list[tuple[Order, dict[str, object]]]:
        """Loop orders, with what each of them is to each tensor that is kept."""
        cut = tuple(rank for part in self.parts for rank in part.ranks)
        key = self.leaf.einsum.name, kept, cut, self.pins.stays, self.pins.innermost
        if key not in self.memory.orders:
            self.memory.orders[key] = self._all_orders(kept, cut)
        return self.memory.orders[key]

    def _all_orders(self, kept: tuple[str, ...], cut: tuple[str, ...]) -> list[tuple[Order, dict[str, object]]]:
        access = self.leaf.accesses.get(self.pins.stays or "")
        indexing = frozenset(access.ranks) if access is not None else frozenset()
        orders = loop_orders(self.leaf.einsum, kinds_of(self.leaf.einsum, cut, kept))
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

    def _blocks(self, kept: tuple[str, ...]) -> Iterator[_Block]:
        """All combinations of ways that fit, some at a time; ranks that index nothing that is kept are not cut."""
        useful = {rank for ranks in kinds_of(self.leaf.einsum, self.leaf.einsum.ranks, kept).values() for rank in ranks}
        useful |= set(self.pins.tiles or {})
        rows = {t: self.tensors.index(t) for t in kept}
        ways = [part.ways_cutting(useful) for part in self.parts]
        windows = {
            t: [part.window[row][w] for part, w in zip(self.parts, ways, strict=True)] for t, row in rows.items()
        }
        chosen: list[Array] = []
        words = {t: np.ones(1, dtype=np.int64) for t in kept}
        for number, options in enumerate(ways):
            size = len(next(iter(words.values()))) if kept else (len(chosen[0]) if chosen else 1)
            old, new = np.divmod(np.arange(size * len(options)), len(options))
            words = {t: words[t][old] * windows[t][number][new] for t in kept}
            least = {t: int(np.prod([w.min() for w in windows[t][number + 1 :]])) for t in kept}
            fits = np.flatnonzero(self._fits({t: words[t] * least[t] for t in kept}, len(old)))
            words = {t: table[fits] for t, table in words.items()}
            chosen = [*(c[old[fits]] for c in chosen), options[new[fits]]]
            if len(fits) > MOST:
                raise UnsupportedError(
                    f"einsum {self.leaf.einsum.name!r}: more than {MOST} ways to cut its tile",
                    hint="write the nest into its branch, or use smaller tiles",
                )
        largest = self._largest(kept, chosen, words, useful)
        chosen, words = [c[largest] for c in chosen], {t: table[largest] for t, table in words.items()}
        if not len(largest):
            return
        taken = sum((self.room.bytes(t, words[t]) for t in kept), np.zeros(len(chosen[0]), dtype=np.int64))
        for start in range(0, len(taken), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            yield _Block(kept, [c[some] for c in chosen], taken[some])

    def _largest(
        self, kept: Sequence[str], chosen: Sequence[Array], words: Mapping[str, Array], useful: Collection[str]
    ) -> Array:
        """Combinations in which no tile may be larger: a larger one that fits brings no tensor in more often."""
        size = len(chosen[0])
        beaten = np.zeros(size, dtype=bool)
        for part, ways in zip(self.parts, chosen, strict=True):
            for rank, wider in zip(part.ranks, part.wider, strict=True):
                more = wider[ways]
                if rank in useful and (more >= 0).any():
                    rows = {t: part.window[self.tensors.index(t)] for t in kept}
                    grown = {t: words[t] // rows[t][ways] * rows[t][more] for t in kept}
                    beaten |= (more >= 0) & self._fits(grown, size)
        return np.flatnonzero(~beaten)

    def _fits(self, words: Mapping[str, Array], size: int) -> Array:
        fits = np.ones(size, dtype=bool)
        for holds, most in self.room.parts:
            taken = [self.room.bytes(t, table) for t, table in words.items() if t in holds]
            if most is not None and taken:
                fits &= np.sum(taken, axis=0) <= most
        return fits

    def _smallest(self, prices: Sequence[Price], tie: Price) -> Found:
        """The nest of fewest bytes with what has to be kept."""
        kept = min(self.kept(), key=len)
        ways = [
            np.array([min(range(len(part.tiles)), key=lambda way: part.window[:, way].sum())]) for part in self.parts
        ]
        taken = sum(
            int(
                self.room.bytes(
                    t,
                    np.array(
                        np.prod([p.window[self.tensors.index(t), w[0]] for p, w in zip(self.parts, ways, strict=True)])
                    ),
                )
            )
            for t in kept
        )
        return self._best_of(_Block(kept, ways, np.array([taken])), prices, tie)[0][1]


@dataclass(frozen=True, eq=False, slots=True)
class _Block:
    """Combinations of ways: what is kept, the number of the way of each part, and bytes."""

    kept: tuple[str, ...]
    ways: Sequence[Array]
    bytes: Array


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


def _undominated(found: Sequence[tuple[float, Found]]) -> list[tuple[float, Found]]:
    """Those that no other one matches or beats in every sum; of equal ones the first."""
    ordered = sorted(found, key=lambda pair: (pair[1].sums, pair[0], pair[1].bytes, len(pair[1].nest.loops)))
    best: list[tuple[float, Found]] = []
    for second, one in ordered:
        if not any(all(a <= b for a, b in zip(other.sums, one.sums, strict=True)) for _, other in best):
            best.append((second, one))
    return best
