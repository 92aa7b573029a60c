"""All metrics of all designs of one branch, block by block.

With the tile shapes fixed, bytes and energy of a design are sums of one number per tensor. So a block is an outer sum:
`left[a, t] + right[b, t]` over combinations a and b of the options of some tensors and of the others, at tile shapes t.
What does not depend on b is summed up once outside. A block is small enough that its arrays stay in the L2 cache.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.search.survey.flows import outer_sums
from looptree.search.survey.grid import INNER, Branch
from looptree.search.survey.meter import ARRAYS, BLOCK, Fixed, Meter, Metrics

SLAB = 16384  # outer combinations times tile shapes that are summed up at once
TABLED = 4096  # tile shapes that are tabulated at once
OUTER = 128  # combinations in the outer factor, at most; a plain loop goes over the rest


@dataclass(frozen=True, eq=False, slots=True)
class Slab:
    """Designs of one branch: every combination of `left` and `right` at some tile shapes.

    Attributes:
        left, right: of shape (sums, combinations, tile shapes). useful: of each, combinations that may be worth
            keeping: for any other one there is one that has as little of every sum at each of these tile shapes.
        tile, combination: numbers of the first tile shape and of the first combination.
    """

    meter: Meter
    left: Array
    right: Array
    useful: tuple[Array, Array]
    fixed: Fixed
    tile: int
    combination: int

    def blocks(self) -> Iterator[tuple[int, Metrics]]:
        """The metrics of all designs, some at a time and on each hardware, of shape (outer, inner, tile shapes).

        The arrays are overwritten by those of the next block.
        """
        _, inner, tiles = self.right.shape
        width = min(tiles, BLOCK // inner)
        step = max(1, BLOCK // (inner * width))
        for first in range(0, tiles, width):
            some = slice(first, first + width)
            right, fixed = self.right[:, None, :, some], self.fixed.at(some)
            for start in range(0, self.left.shape[1], step):
                yield from self.meter.metrics(self.left[:, start : start + step, None, some], right, fixed)

    def bounds(self) -> Iterator[tuple[int, Metrics]]:
        """What no useful design undercuts on each hardware, of shape (useful outer combinations, tile shapes)."""
        left = self.left[:, self.useful[0]]
        least = self.right[:, self.useful[1]].min(axis=1, keepdims=True)
        return self.meter.metrics(left, least, self.fixed, np.empty((ARRAYS, left[0].size)))

    def some(self, hardware: int, outer: Array, tile: Array) -> Metrics:
        """The metrics of useful designs with some of the outer combinations, each at a tile shape, on one hardware.

        Of shape (useful inner combinations, these).
        """
        left = self.left[:, None, self.useful[0][outer], tile]
        right = self.right[:, self.useful[1]][:, :, tile]
        return self.meter.metrics_on(hardware, left, right, self.fixed.at(tile))


def slabs(meter: Meter, branch: Branch, begin: int, end: int) -> Iterator[Slab]:
    """The designs of a branch at some tile shapes."""
    for start in range(begin, end, TABLED):
        tables, fixed = meter.tables(branch, start, min(start + TABLED, end))
        yield from _combined(meter, [tables[row] for row in branch.rows], fixed, start)


def _combined(meter: Meter, tables: Sequence[Array], fixed: Fixed, tile: int) -> Iterator[Slab]:
    counts = [table.shape[1] for table in tables]
    cut = split(counts, INNER)
    middle = split(counts[:cut], OUTER)
    kept = [useful(table) for table in tables]
    masks = [_all_of(kept[cut:]), _all_of(kept[middle:cut]), _all_of(kept[:middle])]
    designs = math.prod(counts[middle:])
    width = max(1, SLAB // math.prod(counts[middle:cut]))
    for first in range(0, tables[0].shape[2], width):
        some = slice(first, first + width)
        listed = [table[:, :, some] for table in tables]
        right, left, rest = (_summed(part, listed) for part in (listed[cut:], listed[middle:cut], listed[:middle]))
        for index, worth in enumerate(masks[2]):
            which = (np.flatnonzero(masks[1] & worth), np.flatnonzero(masks[0]))
            outer = left + rest[:, index : index + 1]
            yield Slab(meter, outer, right, which, fixed.at(some), tile + first, index * designs)


def _summed(part: Sequence[Array], tables: Sequence[Array]) -> Array:
    """Every combination of some tables, of shape (sums, combinations, tile shapes); zero for no tables."""
    if not part:
        return np.zeros((len(tables[0]), 1, tables[0].shape[2]))
    return np.stack([outer_sums([table[row] for table in part]) for row in range(len(tables[0]))])


def split(counts: Sequence[int], most: int) -> int:
    """Where the last factors begin that multiply to at most so much.

    >>> split([4, 5, 2, 3], 8)
    2
    """
    product = 1
    for index in range(len(counts) - 1, -1, -1):
        product *= counts[index]
        if product > most:
            return index + 1
    return 0


def useful(table: Array) -> Array:
    """Which options may be worth keeping: of shape (sums, options, tile shapes), no other one matches or beats.

    Of options that are equal everywhere the first is useful.

    >>> useful(np.array([[[1, 5], [2, 5], [1, 5], [3, 4]]])).tolist()
    [True, False, False, True]
    """
    count = table.shape[1]
    beaten = np.zeros(count, dtype=bool)
    for index in range(count):
        below = (table[:, index : index + 1] <= table).all(axis=(0, 2))
        equal = below & (table[:, index : index + 1] >= table).all(axis=(0, 2))
        beaten |= below & (~equal | (np.arange(count) > index))
    return ~beaten


def _all_of(masks: Sequence[Array]) -> Array:
    """Which combinations consist of useful options."""
    found = np.ones(1, dtype=bool)
    for mask in masks:
        found = (found[:, None] & mask).reshape(-1)
    return found
