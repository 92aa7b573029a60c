"""The best nests of a layer at several memory levels, all of them together.

A nest at an outer level makes tiles, and the nests further in work inside these. So a nest of the outermost level is
judged by what it moves itself and by the best nests further in for it. These take no less than those of a layer that is
not cut further out: with equal tiles inside them, one loop in the place of two over the same rank brings no tensor in
more often. So every nest has a bound. They are tried from the least bound on, more and more at a time, until no bound
is better than what is known. The nests further in for all that are tried at a time are found at once: many nests of an
outer level leave tiles of the same shape.

The nests of the innermost level are those in which no tile could be larger within its room. Further out a larger tile
may be worse: a smaller one may leave a tile of some tensor that fits the next level and stays there. Which ones are
left out there, and why they are no better, is in `looptree.model.inside.larger`. The tiles that could not be larger
are tried first: they are few, and what is best with them bounds all others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from looptree.architecture import Level
from looptree.model.axis import Array
from looptree.model.inside.costs import Cost, price
from looptree.model.inside.finder import Finder
from looptree.model.inside.larger import Further
from looptree.model.inside.leaf import Leaf, Shape
from looptree.model.inside.nest import Found, Nest, Options, Price, undominated
from looptree.model.inside.pinned import FREE, Pinned
from looptree.model.inside.tables import Memory, Tables
from looptree.model.inside.ways import Room
from looptree.workload import Tensor

MOST_AT_ONCE = 64

Outer = Mapping[str, Level]
"""The level of the next place further out of each tensor."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A sum: what reading and writing a word adds to it, and a step of the layer more than without nests."""

    cost: Cost
    steps: float = 0.0


@dataclass(frozen=True, eq=False, slots=True)
class Joint:
    """Finds the nests of one layer.

    Attributes:
        levels: with what each can hold of the layer, outermost first. tensors: of the workload.
        counts: operations, output points, and words of the output that enter for the first time in the life of their
        sums. spatial, memory: see `Tables`. pins: what is not free to choose at the innermost level.
    """

    levels: Sequence[tuple[Level, Room]]
    tensors: Mapping[str, Tensor]
    counts: tuple[int, int, int]
    spatial: Mapping[str, int]
    pins: Pinned
    memory: Memory

    def least(
        self, leaf: Leaf, outer: Outer, wanted: Sequence[Wanted], tie: Wanted, shapes: Sequence[Shape] = ()
    ) -> list[list[Found]]:
        """The nests that no others beat in all sums; of equal ones that of the least other sum, then least room.

        Args:
            outer: the level of the next place further out of each tensor. wanted: the sums. tie: the other sum.
            shapes: of the tiles of the layer, those of the leaf if not given. The result has the nests of each.
        """
        prices = [self._price(leaf, outer, one) for one in wanted]
        second = prices[0] if [tie] == wanted else self._price(leaf, outer, tie)
        if len(self.levels) == 1:
            return self._finder(leaf, shapes).least(prices, second)
        return [self._least(leaf, outer, wanted, tie, shape) for shape in shapes or (leaf.shape,)]

    def _least(self, leaf: Leaf, outer: Outer, wanted: Sequence[Wanted], tie: Wanted, shape: Shape) -> list[Found]:
        finder = self._finder(leaf, (shape,))
        second = self._price(leaf, outer, tie)
        best: list[Found] = []
        too_large: list[Found] = []
        for every in (False, True):
            for tries in _batches(self._tries(finder, leaf, outer, wanted, best, every=every)):
                hopeful = [tried for tried in tries if not _beaten(best, tried.bound)]
                for kept in dict.fromkeys(tried.options.block.kept for tried in hopeful):
                    some = [tried for tried in hopeful if tried.options.block.kept == kept]
                    own, shapes = zip(*(finder.chosen(tried.options, tried.at) for tried in some), strict=True)
                    listed = self.further.least(leaf, self.further_of(outer, kept), wanted, tie, shapes)
                    for tried, nest, inner in zip(some, own, listed, strict=True):
                        whole = [tried.with_nests(nest, second, one) for one in inner]
                        best = undominated([*best, *(one for one in whole if one.fits)])
                        too_large += whole if not best and not too_large else []
        return best or too_large

    def bounds(
        self, leaf: Leaf, outers: Sequence[Outer], wanted: Sequence[Wanted], shapes: Sequence[Shape] = ()
    ) -> Array:
        """What no nests undercut, by places further out, by sum and by shape, also if loops further out cut the tiles.

        Steps do not count: those of a nest may be those of a loop further out. Nor do words that a level serves to
        several instances together, of which there may be more with the tiles of one loop in the place of two.
        """
        shapes = shapes or (leaf.shape,)
        free = replace(self, pins=Pinned(self.pins.kept), spatial={})
        finder = free._finder(leaf, shapes, gaps=True)
        pairs = [(outer, one) for outer in outers for one in wanted]
        alone = [self._price(leaf, outer, replace(one, steps=0.0)) for outer, one in pairs]
        prices = [replace(price, together={}) for price in alone]
        every = list(finder.tables.kept())
        further = np.zeros((len(every), len(outers), len(wanted), len(finder.tables.cases)))
        if len(self.levels) > 1:
            within = [self.further_of(outer, kept) for kept in every for outer in outers]
            further = self.further.bounds(leaf, within, wanted, finder.tables.cases).reshape(further.shape)
        found = finder.fewest(prices, further.reshape(len(every), len(pairs), -1))
        found = np.where(np.isinf(found), 0.0, found)  # nothing that is pinned fits
        found[[one.steps > 0 for _, one in pairs]] = 0.0
        return found[:, finder.tables.case].reshape(len(outers), len(wanted), len(shapes))

    def priced(self, leaf: Leaf, outer: Outer, found: Found, wanted: Wanted) -> float:
        """What nests take of another sum."""
        own = found.priced(self._price(leaf, outer, wanted))
        if found.inner is None:
            return own
        return own + self.further.priced(leaf, self.further_of(outer, found.nest.kept), found.inner, wanted)

    # -- one level ---------------------------------------------------------------------------

    @property
    def further(self) -> Joint:
        """The same for the levels further in."""
        return replace(self, levels=self.levels[1:])

    def _finder(self, leaf: Leaf, shapes: Sequence[Shape] = (), *, gaps: bool = False) -> Finder:
        pins, room = self.pins if len(self.levels) == 1 else FREE, self.levels[0][1]
        further = Further(len(self.levels) - 1, self._most(leaf), self.pins)
        tables = Tables(leaf, room, self.spatial, pins, shapes=shapes, gaps=gaps, further=further, memory=self.memory)
        return Finder(tables)

    def _price(self, leaf: Leaf, outer: Outer, wanted: Wanted) -> Price:
        last = len(self.levels) == 1
        served = {t: known for t, known in leaf.served.items() if outer[t].name == known.level}
        return price(
            leaf.einsum,
            self.tensors,
            outer,
            self.levels[0][0],
            self.counts,
            wanted.cost,
            wanted.steps,
            last=last,
            served=served,
            begun=leaf.begun_further_out if served else 0,
        )

    def further_of(self, outer: Outer, kept: Sequence[str]) -> Outer:
        """The next places further out, as the levels further in see them."""
        return {**outer, **dict.fromkeys(kept, self.levels[0][0])}

    def _most(self, leaf: Leaf) -> dict[str, float]:
        """The most words of each tensor that a level further in can hold."""
        limits = {t: [room.most(t) for _, room in self.levels[1:]] for t in leaf.accesses}
        return {
            t: max((math.inf if words is None else words for words in known), default=0) for t, known in limits.items()
        }

    def _tries(
        self,
        finder: Finder,
        leaf: Leaf,
        outer: Outer,
        wanted: Sequence[Wanted],
        best: Sequence[Found],
        *,
        every: bool,
    ) -> list[_Tries]:
        """Nests of the outermost level that may be better than the best ones, with all further in.

        Args:
            every: or only nests in which no tile could be larger.
        """
        sets = list(finder.tables.kept())
        within = [self.further_of(outer, kept) for kept in sets]
        bounds = self.further.bounds(leaf, within, wanted, finder.tables.shapes)[:, :, 0]
        prices = [self._price(leaf, outer, one) for one in wanted]
        found = []
        for kept, further_out, least in zip(sets, within, bounds, strict=True):
            inner = [self.further._price(leaf, further_out, one) for one in wanted]
            for options in finder.options(kept, every=every):
                sums = np.stack([options.priced(price) for price in prices])
                further = np.broadcast_to(least[:, None], sums.shape)
                if len(self.levels) == 2:
                    further = np.maximum(further, finder.floor(options, inner))
                bound = sums + further
                left = np.ones(sums.shape[1], dtype=bool)
                for known in best:
                    left &= (bound < np.array(known.sums)[:, None]).any(axis=0)
                if left.any():
                    some = np.flatnonzero(left)
                    found.append(_Tries(options.at(some), sums[:, some], bound[:, some]))
        return found


@dataclass(frozen=True, eq=False, slots=True)
class _Tries:
    """Nests of the outermost level, what they take of each sum, and what they take with all further in at least."""

    options: Options
    sums: Array
    bound: Array


@dataclass(frozen=True, eq=False, slots=True)
class _Try:
    """A nest of the outermost level: one of some options, what it takes, and what it takes with all further in."""

    options: Options
    at: int
    sums: list[float]
    bound: list[float]

    def with_nests(self, nest: Nest, second: Price, inner: Found) -> Found:
        """Together with those further in."""
        at, options = self.at, self.options
        sums = tuple(a + b for a, b in zip(self.sums, inner.sums, strict=True))
        words = {row: float(table[at]) for row, table in options.entered.items()}
        steps = int(options.steps[at])
        other = inner.second + float(second.of(nest.kept, words, steps))
        return Found(nest, sums, other, int(options.block.bytes[at]), words, steps, inner.fits, inner)


def _batches(tries: Sequence[_Tries]) -> Iterator[list[_Try]]:
    """Nests of least bound first, more and more at a time; together those with the same tiles that keep the same."""
    if not tries:
        return
    first = np.cumsum([0, *(some.bound.shape[1] for some in tries)])
    order = np.lexsort(np.concatenate([some.bound for some in tries], axis=1)[::-1])
    _, earliest, group = np.unique(_tiles(tries)[order], return_index=True, return_inverse=True)
    place = earliest[group]
    order = order[np.argsort(place, kind="stable")]
    starts = np.append(np.flatnonzero(np.diff(np.sort(place), prepend=-1)), len(order))
    start, size = 0, 1
    while start < len(starts) - 1:
        chosen = order[starts[start] : starts[min(start + size, len(starts) - 1)]]
        numbers = np.searchsorted(first, chosen, side="right") - 1
        yield [
            _Try(tries[number].options, at, tries[number].sums[:, at].tolist(), tries[number].bound[:, at].tolist())
            for number, at in zip(numbers.tolist(), (chosen - first[numbers]).tolist(), strict=True)
        ]
        start, size = start + size, min(4 * size, MOST_AT_ONCE)


def _tiles(tries: Sequence[_Tries]) -> Array:
    """A number for each nest, equal for those with the same tiles that keep the same tensors."""
    blocks = [some.options.block for some in tries]
    kept = {known: number for number, known in enumerate(dict.fromkeys(block.kept for block in blocks))}
    found = np.concatenate([np.full(len(block.bytes), kept[block.kept]) for block in blocks])
    for ways in zip(*(block.ways for block in blocks), strict=True):
        column = np.concatenate(ways)
        found = found * (int(column.max()) + 1) + column
    return found


def _beaten(known: Sequence[Found], bound: Sequence[float]) -> bool:
    """Whether nests that are known are no worse than a bound in every sum."""
    return any(all(a <= b for a, b in zip(found.sums, bound, strict=True)) for found in known)
