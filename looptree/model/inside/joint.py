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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from looptree.architecture import Level
from looptree.model.axis import Array
from looptree.model.inside.costs import Cost, price
from looptree.model.inside.finder import Finder
from looptree.model.inside.larger import Further
from looptree.model.inside.leaf import Leaf, Shape
from looptree.model.inside.nest import Found, Nest, Options, Place, Price, undominated
from looptree.model.inside.pinned import FREE, Pinned
from looptree.model.inside.tables import Memory, Tables
from looptree.model.inside.tries import Tries, Try, batches, beaten, hopeful, prefixes
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
        return [self._least(leaf, outer, wanted, tie, shape, ()) for shape in shapes or (leaf.shape,)]

    def _least(
        self,
        leaf: Leaf,
        outer: Outer,
        wanted: Sequence[Wanted],
        tie: Wanted,
        shape: Shape,
        known: Sequence[Sequence[float]],
    ) -> list[Found]:
        """The best nests of one shape; some of them may be left out that are no better than sums that are known."""
        finder = self._finder(leaf, (shape,))
        second = self._price(leaf, outer, tie)
        best: list[Found] = []
        too_large: list[Found] = []
        for every in (True,) if known else (False, True):
            for tries in batches(self._tries(finder, leaf, outer, wanted, [*known, *_sums(best)], every=every)):
                for kept in dict.fromkeys(tried.options.block.kept for tried in tries):
                    better = [*known, *_sums(best)]
                    of = [t for t in tries if t.options.block.kept == kept and not beaten(better, t.bound)]
                    some = of if len(self.levels) == 2 else list(prefixes(of))
                    own = [finder.chosen(tried.options, tried.at) for tried in some]
                    inside = self._inside(leaf, self.further_of(outer, kept), wanted, tie, own, some, better)
                    for tried, (nest, _), listed in zip(some, own, inside, strict=True):
                        whole = [tried.with_nests(nest, second, one) for one in listed]
                        best = undominated([*best, *(one for one in whole if one.fits)])
                        too_large += whole if not best and not too_large else []
        return best or too_large

    def _inside(
        self,
        leaf: Leaf,
        outer: Outer,
        wanted: Sequence[Wanted],
        tie: Wanted,
        own: Sequence[tuple[Nest, Shape]],
        tries: Sequence[Try],
        known: Sequence[Sequence[float]],
    ) -> list[list[Found]]:
        """The best nests further in for some of the outermost level; none where these are no better than known sums."""
        shapes = [shape for _, shape in own]
        if len(self.levels) == 2 or not tries:
            return self.further.least(leaf, outer, wanted, tie, shapes) if tries else []
        bounds = self.further.bounds(leaf, [outer], wanted, shapes)[0].T + np.array([tried.sums for tried in tries])
        found: list[list[Found]] = [[] for _ in tries]
        for at in np.lexsort(bounds.T[::-1]).tolist():
            if not beaten(known, bounds[at]):
                taken = tries[at].sums
                left = [[a - b for a, b in zip(sums, taken, strict=True)] for sums in known]
                found[at] = self.further._least(leaf, outer, wanted, tie, shapes[at], left)
                known = [
                    *known,
                    *([a + b for a, b in zip(taken, one.sums, strict=True)] for one in found[at] if one.fits),
                ]
        return found

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
        further = Further([_most(leaf, inner) for _, inner in self.levels[1:]], self.pins)
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

    def _places(self, leaf: Leaf, outer: Outer, wanted: Wanted) -> list[Place]:
        """Every set of levels at which each tensor of a layer may have a place, below a place further out."""
        tensors = {*leaf.einsum.reads, leaf.einsum.output.tensor}
        found = []
        for sets in product((False, True), repeat=len(self.levels)):
            above, joint = outer, self
            fixed = dict.fromkeys(tensors, 0.0)
            entered: dict[str, tuple[tuple[int, float], ...]] = dict.fromkeys(tensors, ())
            for level, kept in enumerate(sets):
                price, room = joint._price(leaf, above, wanted), self.levels[level][1]
                for t in fixed:
                    holds = kept and t in leaf.accesses and room.most(t) != 0
                    fixed[t] += price.kept[t] if holds else math.inf if kept else price.bypassed[t]
                    entered[t] += ((level, price.entered[t]),) if holds else ()
                above = joint.further_of(above, tuple(tensors)) if kept else above
                joint = joint.further
            found += [Place(t, entered[t], known) for t, known in fixed.items() if known < math.inf]
        return found

    def _tries(
        self,
        finder: Finder,
        leaf: Leaf,
        outer: Outer,
        wanted: Sequence[Wanted],
        known: Sequence[Sequence[float]],
        *,
        every: bool,
    ) -> list[Tries]:
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
            if beaten(known, finder.floor_of(kept, prices)[:, 0] + least):
                continue
            places = [self.further._places(leaf, further_out, one) for one in wanted]
            judged = _Judged(finder, prices, places, least, known)
            for options in finder.options(kept, judged.hopeful, every=every):
                sums, bound = judged.of(options)
                some = np.flatnonzero(hopeful(bound, known))
                if len(some):
                    found.append(Tries(options.at(some), sums[:, some], bound[:, some]))
        return found


@dataclass(frozen=True, eq=False, slots=True)
class _Judged:
    """What nests that keep some tensors are judged by.

    Attributes:
        prices, places: of each sum, and further in. least: what any nests further in take. known: what is to be beaten.
    """

    finder: Finder
    prices: Sequence[Price]
    places: Sequence[Sequence[Place]]
    least: Array
    known: Sequence[Sequence[float]]

    def of(self, options: Options) -> tuple[Array, Array]:
        """What nests take of each sum, and what they take at least with all further in."""
        sums = np.stack([options.priced(price) for price in self.prices])
        return sums, sums + np.maximum(self.least[:, None], self.finder.floor(options, self.places))

    def hopeful(self, options: Options) -> Array:
        """Which of them may be better than what is known."""
        return hopeful(self.of(options)[1], self.known)


def _most(leaf: Leaf, room: Room) -> dict[str, float]:
    """The most words of each tensor that a level can hold."""
    limits = {t: room.most(t) for t in leaf.accesses}
    return {t: math.inf if words is None else words for t, words in limits.items()}


def _sums(found: Sequence[Found]) -> list[tuple[float, ...]]:
    return [one.sums for one in found]
