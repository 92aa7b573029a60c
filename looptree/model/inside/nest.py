"""Nests, and what they are judged by.

What a word that comes in or goes out costs is the same for all nests of a layer at a level, so a nest is judged by the
words of each tensor that enter its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from looptree.model.axis import Array
from looptree.model.inside.part import Order
from looptree.model.inside.served import further_out
from looptree.model.inside.ways import Block


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
            if it has a place, and if it has none. steps: of each step more than without a nest. together: of each word
            that passes the level further out, which serves the places of several instances together.
    """

    entered: Mapping[str, float]
    kept: Mapping[str, float]
    bypassed: Mapping[str, float]
    steps: float = 0.0
    together: Mapping[str, float] = field(default_factory=dict)

    def of(self, kept: Sequence[str], entered: Mapping[str, Any], steps: Any) -> Any:
        """The sum for nests that keep some tensors, given the words that enter their places and the steps they add."""
        total: Any = sum(self.kept[t] if t in kept else self.bypassed[t] for t in self.kept)
        for tensor in kept:
            total = total + self.entry(tensor, entered)
        return total + self.steps * steps if self.steps else total

    def entry(self, tensor: str, words: Mapping[str, Any]) -> Any:
        """What the words that enter the place of a tensor count, at all its ends."""
        own = self.entered[tensor] * words[tensor]
        return own + self.together[tensor] * words[further_out(tensor)] if tensor in self.together else own


@dataclass(frozen=True, eq=False, slots=True)
class Place:
    """What a sum counts for one tensor that has a place at some levels and at no others.

    Attributes:
        entered: of each word that enters its place, by the number of the level. fixed: of all else.
    """

    tensor: str
    entered: tuple[tuple[int, float], ...]
    fixed: float


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
    def rank(self) -> tuple[object, ...]:
        """What decides among nests."""
        return self.sums, self.second, self.bytes, len(self.nest.loops)

    @property
    def nests(self) -> tuple[Nest, ...]:
        """Of all levels, from the outside in."""
        return (self.nest, *(self.inner.nests if self.inner is not None else ()))

    def priced(self, price: Price) -> float:
        """What it takes of another sum."""
        return float(price.of(self.nest.kept, self.entered, self.steps))


Judged = TypeVar("Judged", "Found", "Partial")


@dataclass(frozen=True, eq=False, slots=True)
class Options:
    """Nests with the same loop order that keep the same tensors.

    Attributes:
        block: how they cut the tile. order: of the loops. steps: of each. entered: words that enter the place of each
            tensor; none where no loop moves it, since that depends on the loops further out.
    """

    block: Block
    order: Order
    entered: Mapping[str, Array]
    steps: Array

    def at(self, some: Array) -> Options:
        """Some of them."""
        words = {tensor: table[some] for tensor, table in self.entered.items()}
        return Options(self.block.at(some), self.order, words, self.steps[some])

    def priced(self, price: Price) -> Array:
        """What each takes of a sum."""
        return np.broadcast_to(price.of(self.block.kept, self.entered, self.steps), self.block.bytes.shape)


def all_of(options: Options) -> Array:
    """Each of some nests, as one that is worth trying."""
    return np.ones(len(options.steps), dtype=bool)


@dataclass(frozen=True, eq=False, slots=True)
class Partial:
    """A nest, but for the tensors that none of its loops moves.

    Attributes:
        options, at: which one. stays: tensors that are kept and not moved. sums, second: see `Found`, without these.
    """

    options: Options
    at: int
    stays: tuple[str, ...]
    sums: tuple[float, ...]
    second: float

    def within(self, outer: Mapping[str, float], prices: Sequence[Price], tie: Price) -> Partial:
        """The whole nest, by the words of each tensor that enter a place below the loops further out."""
        if not self.stays:
            return self
        sums, second = (
            [known + sum(price.entry(t, outer) for t in self.stays) for known, price in zip(sums, by, strict=True)]
            for sums, by in ((self.sums, prices), ((self.second,), (tie,)))
        )
        return replace(self, sums=tuple(sums), second=second[0])

    @property
    def rank(self) -> tuple[object, ...]:
        """What decides among nests."""
        return self.sums, self.second, int(self.options.block.bytes[self.at])


def fronts(sums: Array, second: Array, taken: Array, group: Array) -> list[int]:
    """The best of each group: of one sum the least, of several all that no other one beats in all of them."""
    if len(sums) == 1:
        least = np.full(int(group.max()) + 1, np.inf)
        np.minimum.at(least, group, sums[0])
        near = np.flatnonzero(sums[0] <= (least + 1e-12 * np.abs(least))[group])  # what stays may be left out of a sum
        order = near[np.lexsort((taken[near], second[near], group[near]))]
        best: list[int] = order[np.flatnonzero(np.diff(group[order], prepend=-1))].tolist()
        return best
    found: list[int] = []
    for number in np.unique(group).tolist():
        of = np.flatnonzero(group == number)
        left = of[np.lexsort((taken[of], second[of], *sums[::-1, of]))]
        while len(left):
            found.append(int(left[0]))
            left = left[(sums[:, left] < sums[:, left[:1]]).any(axis=0)]
    return found


def undominated(found: Sequence[Judged]) -> list[Judged]:
    """Those that no other one matches or beats in every sum; of equal ones the first."""
    best: list[Judged] = []
    for one in sorted(found, key=lambda known: known.rank):
        if not any(all(a <= b for a, b in zip(other.sums, one.sums, strict=True)) for other in best):
            best.append(one)
    return best
