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

from looptree.architecture import Architecture
from looptree.model.axis import Array
from looptree.search.group import Group
from looptree.search.survey.flows import EXACT, Flow, Flows, outer_sums
from looptree.search.survey.grid import INNER, Branch

METRICS = ("capacity", "offchip_reads", "offchip_writes", "offchip", "operations", "energy", "latency")
BLOCK = 8192  # designs: seven arrays of so many float64 take half of an L2 cache of 1 MiB
SLAB = 16384  # outer combinations times tile shapes that are summed up at once
TABLED = 4096  # tile shapes that are tabulated at once
OUTER = 128  # combinations in the outer factor, at most; a plain loop goes over the rest
CAPACITY, READS, WRITES, BUFFER, ENERGY = range(5)

Metrics = dict[str, Array]
"""Metrics by name. Operations depend on the tile shapes alone and are of their shape."""


@dataclass(frozen=True, eq=False, slots=True)
class _Fixed:
    """What depends on the tile shapes alone; `scale` energy units are 1 pJ."""

    cycles: Array
    operations: Array
    scale: float

    def at(self, some: Array | slice) -> _Fixed:
        """At some of the tile shapes."""
        return _Fixed(self.cycles[some], self.operations[some], self.scale)


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
    fixed: _Fixed
    tile: int
    combination: int

    def blocks(self) -> Iterator[Metrics]:
        """The metrics of all designs, some at a time, of shape (outer, inner, tile shapes).

        The arrays are overwritten by those of the next block.
        """
        _, inner, tiles = self.right.shape
        width = min(tiles, BLOCK // inner)
        step = max(1, BLOCK // (inner * width))
        for first in range(0, tiles, width):
            some = slice(first, first + width)
            right, fixed = self.right[:, None, :, some], self.fixed.at(some)
            for start in range(0, self.left.shape[1], step):
                yield self.meter.metrics(self.left[:, start : start + step, None, some], right, fixed)

    def bounds(self) -> Metrics:
        """What no useful design undercuts, of shape (useful outer combinations, tile shapes)."""
        outer, inner = self.useful
        left = self.left[:, outer]
        least = self.right[:, inner].min(axis=1, keepdims=True)
        return self.meter.metrics(left, least, self.fixed, np.empty((7, left[0].size)))

    def some(self, outer: Array, tile: Array) -> Metrics:
        """The metrics of useful designs with some of the outer combinations, each at a tile shape.

        Of shape (useful inner combinations, these).
        """
        left = self.left[:, None, self.useful[0][outer], tile]
        right = self.right[:, self.useful[1]][:, :, tile]
        return self.meter.metrics(left, right, self.fixed.at(tile), np.empty((7, right[0].size)))


class Meter:
    """Evaluates the designs of a group on one architecture.

    Args:
        level: the on-chip level.
    """

    def __init__(self, group: Group, architecture: Architecture, level: str) -> None:
        self.group = group
        outer, inner = architecture.off_chip, architecture.level(level)
        self.bandwidths = [known.bandwidth_bytes_per_cycle for known in (outer, inner)]
        self.per_bit = [
            pj / 8
            for pj in (outer.read_pj_per_byte, outer.write_pj_per_byte, inner.read_pj_per_byte, inner.write_pj_per_byte)
        ]
        self.per_operation = [architecture.compute.energy_pj(e.operation) for e in group.part.einsums]
        self.bits = [group.part.tensors[t].bits for t in group.tensors]
        self._buffers = np.empty((7, BLOCK))

    def slabs(self, branch: Branch, begin: int, end: int) -> Iterator[Slab]:
        """The designs of a branch at some tile shapes."""
        for start in range(begin, end, TABLED):
            stop = min(start + TABLED, end)
            flows = Flows(self.group, branch, start, stop)
            tables, scale = self._tables(flows)
            fixed = _Fixed(flows.cycles, flows.operations.sum(axis=0), float(scale))
            yield from self._combined([tables[row] for row in branch.rows], fixed, start)

    def _tables(self, flows: Flows) -> tuple[list[Array], int]:
        """What each tensor adds, of shape (sums, options, tile shapes), and the energy units per pJ.

        In these units all energies are integers. If they could exceed 2^53 the unit is 1 pJ, and energies are rounded.
        """
        prices = [pj * bits for pj in self.per_bit for bits in self.bits]
        scale = math.lcm(*(pj.denominator for pj in (*prices, *self.per_operation)))
        tables = self._scaled(flows, scale)
        exact = sum(float(table[ENERGY].max()) for table in tables) < EXACT
        return (tables, scale) if exact else (self._scaled(flows, 1), 1)

    def _scaled(self, flows: Flows, scale: int) -> list[Array]:
        tables = [self._table(flow, bits, scale) for flow, bits in zip(flows.tensors, self.bits, strict=True)]
        tables[0][ENERGY] += np.array([float(pj * scale) for pj in self.per_operation]) @ flows.operations
        return tables

    def _table(self, flow: Flow, bits: int, scale: int) -> Array:
        listed = (flow.reads, flow.writes, flow.fetched, flow.stored)
        reads, writes, fetched, stored = (np.ceil(words * (bits / 8)) for words in listed)
        energy = np.zeros(reads.shape)
        for pj, words in zip(self.per_bit, listed, strict=True):
            energy += float(pj * bits * scale) * words
        return np.stack([flow.room, reads, writes, fetched + stored, energy])

    def _combined(self, tables: Sequence[Array], fixed: _Fixed, tile: int) -> Iterator[Slab]:
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
                yield Slab(self, outer, right, which, fixed.at(some), tile + first, index * designs)

    def metrics(self, left: Array, right: Array, fixed: _Fixed, out: Array | None = None) -> Metrics:
        """The metrics of outer sums."""
        shape = np.broadcast_shapes(left.shape, right.shape)[1:]
        room, reads, writes, offchip, energy, latency, buffer = (
            spare[: math.prod(shape)].reshape(shape) for spare in (self._buffers if out is None else out)
        )
        for row, total in ((CAPACITY, room), (READS, reads), (WRITES, writes), (ENERGY, energy)):
            np.add(left[row], right[row], out=total)
        np.add(reads, writes, out=offchip)
        if fixed.scale != 1:
            np.divide(energy, fixed.scale, out=energy)
        outer, inner = self.bandwidths
        if outer is None:
            latency[...] = fixed.cycles
        else:
            _over(offchip, outer.numerator, outer.denominator, latency)
            np.maximum(latency, fixed.cycles, out=latency)
        if inner is not None:
            np.add(left[BUFFER], right[BUFFER], out=buffer)
            _over(buffer, inner.numerator, inner.denominator, buffer)
            np.maximum(latency, buffer, out=latency)
        return dict(zip(METRICS, (room, reads, writes, offchip, fixed.operations, energy, latency), strict=True))


def _over(moved: Array, numerator: int, denominator: int, out: Array) -> None:
    """Cycles for so many bytes, rounded once."""
    if denominator == 1:
        np.divide(moved, float(numerator), out=out)
    else:
        np.multiply(moved, float(denominator), out=out)
        np.divide(out, float(numerator), out=out)


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
