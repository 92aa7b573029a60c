"""The best nests of a layer at several memory levels, all of them together.

A nest at an outer level makes tiles, and the nests further in work inside these. So a nest of the outermost level is
judged by what it moves itself and by the best nests further in for it. These take no less than those of a layer that is
not cut further out: with equal tiles inside them, one loop in the place of two over the same rank brings no tensor in
more often. So every nest has a bound. They are tried from the least bound on, until no bound is better than what is
known.

Each level has the nests of `looptree.model.inside.finder`: those in which no tile could be larger within its room.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from looptree.architecture import Level
from looptree.model.axis import Array
from looptree.model.inside.costs import Cost, price
from looptree.model.inside.finder import Finder, Found, Memory, Nest, Options, Price, undominated
from looptree.model.inside.leaf import Leaf
from looptree.model.inside.pinned import FREE, Pinned
from looptree.model.inside.ways import Room
from looptree.workload import Tensor

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
        sums. spatial, memory: see `Finder`. pins: what is not free to choose at the innermost level.
    """

    levels: Sequence[tuple[Level, Room]]
    tensors: Mapping[str, Tensor]
    counts: tuple[int, int, int]
    spatial: Mapping[str, int]
    pins: Pinned
    memory: Memory

    def least(self, leaf: Leaf, outer: Outer, wanted: Sequence[Wanted], tie: Wanted) -> list[Found]:
        """The nests that no others beat in all sums; of equal ones that of the least other sum, then least room."""
        finder = self._finder(leaf)
        prices, second = [self._price(leaf, outer, one) for one in wanted], self._price(leaf, outer, tie)
        if len(self.levels) == 1:
            return finder.least(prices, second)
        best: list[Found] = []
        too_large: list[Found] = []
        bounds = _Bounds(self, leaf, outer, wanted)
        for tried in _sorted(self._tries(finder, leaf, outer, wanted, prices)):
            if _beaten(best, tried.bound):
                continue
            options, at = tried.options, tried.at
            own = finder.found(options, at, tried.sums, float(options.priced(second)[at]))
            if any(_beaten(best, tried.bound_with(least)) for least in bounds.of(own.nest)):
                continue
            listed = self.further.least(leaf.within(own.nest.loops), self.further_of(outer, own.nest.kept), wanted, tie)
            whole = [_together(own, inner) for inner in listed]
            best = undominated([*best, *(one for one in whole if one.fits)])
            too_large += whole if not best and not too_large else []
        return best or too_large

    def bounds(self, leaf: Leaf, outers: Sequence[Outer], wanted: Sequence[Wanted]) -> Array:
        """What no nests undercut, by places further out and by sum, at iterations of a leaf or if loops cut it further.

        Steps do not count: those of a nest may be those of a loop further out.
        """
        free = replace(self, pins=Pinned(self.pins.kept), spatial={})
        finder = free._finder(leaf, gaps=True)
        pairs = [(outer, one) for outer in outers for one in wanted]
        prices = [self._price(leaf, outer, replace(one, steps=0.0)) for outer, one in pairs]
        found = np.full(len(pairs), np.inf)
        every = list(finder.kept())
        further = np.zeros((len(every), len(outers), len(wanted)))
        if len(self.levels) > 1:
            within = [self.further_of(outer, kept) for kept in every for outer in outers]
            further = self.further.bounds(leaf, within, wanted).reshape(further.shape)
        for kept, least in zip(every, further.reshape(len(every), -1), strict=True):
            for options in finder.options(kept, all_orders=False):
                own = [float(options.priced(known).min()) for known in prices]
                found = np.minimum(found, own + least)
        if np.isinf(found).any():  # nothing that is pinned fits
            found = np.zeros_like(found)
        return np.where([one.steps > 0 for _, one in pairs], 0.0, found).reshape(len(outers), len(wanted))

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

    def _finder(self, leaf: Leaf, *, gaps: bool = False) -> Finder:
        pins = self.pins if len(self.levels) == 1 else FREE
        return Finder(leaf, self.levels[0][1], self.spatial, pins, gaps=gaps, memory=self.memory)

    def _price(self, leaf: Leaf, outer: Outer, wanted: Wanted) -> Price:
        last = len(self.levels) == 1
        inner = self.levels[0][0]
        return price(leaf.einsum, self.tensors, outer, inner, self.counts, wanted.cost, wanted.steps, last=last)

    def further_of(self, outer: Outer, kept: Sequence[str]) -> Outer:
        """The next places further out, as the levels further in see them."""
        return {**outer, **dict.fromkeys(kept, self.levels[0][0])}

    def _tries(
        self, finder: Finder, leaf: Leaf, outer: Outer, wanted: Sequence[Wanted], prices: Sequence[Price]
    ) -> list[tuple[Options, Array, Array]]:
        """All nests of the outermost level, with what they take of each sum and what is left for those further in."""
        every = list(finder.kept())
        bounds = self.further.bounds(leaf, [self.further_of(outer, kept) for kept in every], wanted)
        return [
            (options, np.stack([options.priced(p) for p in prices]), least)
            for kept, least in zip(every, bounds, strict=True)
            for options in finder.options(kept)
        ]


@dataclass(frozen=True, eq=False, slots=True)
class _Try:
    """A nest of the outermost level: one of some options, what it takes, and what it takes with all further in."""

    options: Options
    at: int
    sums: list[float]
    bound: list[float]

    def bound_with(self, further: Sequence[float]) -> list[float]:
        """With another bound of what is further in."""
        return [a + b for a, b in zip(self.sums, further, strict=True)]


def _sorted(tries: Sequence[tuple[Options, Array, Array]]) -> Iterator[_Try]:
    """Nests of least bound first."""
    every = [(number, at) for number, (_, sums, _) in enumerate(tries) for at in range(sums.shape[1])]
    bounds = np.concatenate([sums + least[:, None] for _, sums, least in tries], axis=1)
    for index in np.lexsort(bounds[::-1]).tolist():
        number, at = every[index]
        options, sums, _ = tries[number]
        yield _Try(options, at, sums[:, at].tolist(), bounds[:, index].tolist())


def _together(own: Found, inner: Found) -> Found:
    """A nest with those further in."""
    sums = tuple(a + b for a, b in zip(own.sums, inner.sums, strict=True))
    return replace(own, sums=sums, second=own.second + inner.second, fits=own.fits and inner.fits, inner=inner)


def _beaten(known: Sequence[Found], bound: Sequence[float]) -> bool:
    """Whether nests that are known are no worse than a bound in every sum."""
    return any(all(a <= b for a, b in zip(found.sums, bound, strict=True)) for found in known)


class _Bounds:
    """What nests further in take at least below the outermost loops of a nest: the more loops, the tighter."""

    def __init__(self, joint: Joint, leaf: Leaf, outer: Outer, wanted: Sequence[Wanted]) -> None:
        self.joint, self.leaf, self.outer, self.wanted = joint, leaf, outer, wanted
        self._known: dict[object, list[float]] = {}

    def of(self, nest: Nest) -> Iterator[list[float]]:
        """Below its outermost loop, its outermost two, and so on."""
        for count in range(1, len(nest.loops)):
            key = nest.kept, nest.loops[:count]
            if key not in self._known:
                within = self.joint.further_of(self.outer, nest.kept)
                cut = self.leaf.within(nest.loops[:count])
                self._known[key] = self.joint.further.bounds(cut, [within], self.wanted)[0].tolist()
            yield self._known[key]
