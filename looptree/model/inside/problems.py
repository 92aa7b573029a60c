"""The different tiles of a part of a layer: what it does along some ranks at the iterations of the loops around it.

A *problem* is what is done at one iteration of the loops that take turns: one tile, or one of each instance of spatial
loops that works then. Equal ones are one problem, with the number of such iterations.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from looptree.model.axis import Array, Axis
from looptree.model.box import Mask
from looptree.model.spatial import rearranged
from looptree.workload import Affine

Form = tuple[Affine, tuple[int, ...]]
"""A dimension that is written through several ranks, and their extents."""


@dataclass(frozen=True, eq=False, slots=True)
class Problems:
    """The different problems of a part.

    Attributes:
        ranks: of the part. forms: output projections of which a tile is a slab, and extents of their ranks. low, high:
        of each rank, then of each form, of shape (ranks and forms, tiles). times: of each problem. of: the problem of
        each tile, in order. loops: depths of the spatial loops that cut the ranks. at: where on them the instance of
        each tile is, of shape (loops, tiles).
    """

    ranks: tuple[str, ...]
    forms: tuple[Form, ...]
    low: Array
    high: Array
    times: Array
    of: Array
    loops: tuple[int, ...]
    at: Array

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for equal problems."""
        tables = self.low, self.high, self.times, self.of, self.at
        return self.ranks, self.forms, self.loops, *(table.tobytes() for table in tables)

    @property
    def starts(self) -> Array:
        """The first tile of each problem, and the number of all tiles at the end."""
        return np.searchsorted(self.of, np.arange(len(self.times) + 1))

    def largest(self, rank: str) -> int:
        """The largest extent of a rank."""
        row = self.ranks.index(rank)
        return int((self.high[row] - self.low[row]).max())

    def extents(self, rank: str) -> frozenset[int]:
        """Every extent of a rank."""
        row = self.ranks.index(rank)
        return frozenset((self.high[row] - self.low[row]).tolist())

    def has_largest(self, depths: Collection[int]) -> bool:
        """Whether, of instances that differ only in loops of these depths, one is the largest along every rank.

        Then it does the most in any nest: at each step as much of every rank as any other instance, or more.
        """
        others = [row for loop, row in zip(self.loops, self.at, strict=True) if loop not in depths]
        if len(others) == len(self.loops):
            return True
        if self.forms:
            return False
        order = np.lexsort([*others, self.of])
        keys = np.stack([self.of, *others])[:, order]
        starts = np.flatnonzero(np.append(True, (keys[:, 1:] != keys[:, :-1]).any(axis=0)))
        sizes = (self.high - self.low)[:, order]
        most = np.maximum.reduceat(sizes.prod(axis=0), starts)
        return bool((most == np.maximum.reduceat(sizes, starts, axis=1).prod(axis=0)).all())

    def cut(self, tiles: Mapping[str, int]) -> Problems:
        """Those below loops of a nest: rank and tile shape. Instances that have nothing left to do do not take part."""
        number = np.arange(len(self.of))
        ends = {rank: (self.low[row], self.high[row]) for row, rank in enumerate(self.ranks)}
        steps: list[Array] = []
        for rank, tile in tiles.items():
            low, high = ends[rank]
            trips = -((low - high) // tile)
            old = np.repeat(np.arange(len(number)), trips)
            step = np.arange(len(old)) - np.repeat(np.cumsum(trips) - trips, trips)
            ends = {other: (start[old], stop[old]) for other, (start, stop) in ends.items()}
            start = ends[rank][0] + step * tile
            ends[rank], number = (start, np.minimum(start + tile, ends[rank][1])), number[old]
            steps = [*(known[old] for known in steps), step]
        return self.at_steps(np.stack([end for rank in self.ranks for end in ends[rank]]), number, steps)

    def at_steps(self, rows: Array, number: Array, steps: Sequence[Array]) -> Problems:
        """The problems of the steps of more loops.

        Args:
            rows: low and high of each rank and form in turn. number: the tile that each is a part of. steps: of each
            loop, at which of its steps it is.
        """
        if not self.loops:
            of, times = np.arange(len(number)), self.times[self.of[number]]
        else:
            order = np.lexsort([number, *steps[::-1], self.of[number]])
            rows, number, keys = rows[:, order], number[order], np.stack([self.of[number], *steps])[:, order]
            new = np.append(True, (keys[:, 1:] != keys[:, :-1]).any(axis=0))
            of, times = np.cumsum(new) - 1, self.times[self.of[number[new]]]
        return replace(self, low=rows[::2], high=rows[1::2], times=times, of=of, at=self.at[:, number])


def of_iterations(
    ranks: tuple[str, ...],
    forms: tuple[Form, ...],
    ends: Sequence[Array],
    axis: Axis,
    spatial: Collection[int],
    active: Mask | None,
) -> Problems:
    """A problem for each iteration.

    Args:
        ends: lower and upper end of each rank and form, at each own step of the axis. spatial: depths of the loops
            whose steps run at once. active: own steps at which something is done; `None`: at all of them.
    """
    tail = [t for t, depth in enumerate(axis.depths) if depth in spatial]
    if not tail:
        rows = np.stack(ends) if active is None else np.stack(ends)[:, active]
        count = rows.shape[1]
        none = np.zeros((0, count), dtype=np.int64)
        times = np.ones(count, dtype=np.int64)
        return Problems(ranks, forms, rows[::2], rows[1::2], times, np.arange(count), (), none)
    middle = [t for t in range(len(axis.depths)) if t not in tail]
    moved, steps = rearranged(axis, [*middle, *tail], list(range(len(axis.depths))))
    works = np.arange(axis.size) if active is None else np.flatnonzero(active[steps])
    iteration = moved.group(len(middle)) if middle else np.zeros(axis.size, dtype=np.int64)
    known, of = np.unique(iteration[works], return_inverse=True)
    rows, at = np.stack(ends)[:, steps[works]], np.stack(moved.ordinals[len(middle) :])[:, works]
    times, loops = np.ones(len(known), dtype=np.int64), tuple(axis.depths[t] for t in tail)
    return Problems(ranks, forms, rows[::2], rows[1::2], times, of, loops, at)


def different(problems: Problems, *, fixed: bool) -> Problems:
    """The different ones of some problems.

    Args:
        fixed: whether only their extents matter, and where instances lie next to each other; not where they lie.
    """
    low, high = problems.low, problems.high
    if fixed:
        base = np.minimum.reduceat(low, problems.starts[:-1], axis=1)[:, problems.of] if problems.loops else low
        low, high = low - base, high - base
    if len(problems.times) == 1:
        return replace(problems, low=low, high=high)
    fields = np.stack([low, high], axis=1).reshape(-1, low.shape[1])
    table = _instances_side_by_side(problems, fields) if problems.loops else fields
    order = np.lexsort(table[::-1])
    table = table[:, order]
    firsts = np.flatnonzero(np.append(True, (table[:, 1:] != table[:, :-1]).any(axis=0)))[: len(order)]
    times, chosen = np.add.reduceat(problems.times[order], firsts), order[firsts]
    of, tiles = np.arange(len(chosen)), chosen
    if problems.loops:
        counts = np.diff(problems.starts)[chosen]
        of = np.repeat(of, counts)
        tiles = np.repeat(problems.starts[chosen] - np.cumsum(counts) + counts, counts) + np.arange(len(of))
    return replace(problems, low=low[:, tiles], high=high[:, tiles], times=times, of=of, at=problems.at[:, tiles])


def _instances_side_by_side(problems: Problems, fields: Array) -> Array:
    """A column for each problem: what its instances are and do, and -1 where it has fewer than another one."""
    fields = np.concatenate([fields, problems.at])
    slot = np.arange(len(problems.of)) - problems.starts[problems.of]
    table = np.full((len(fields), int(slot.max(initial=0)) + 1, len(problems.times)), -1, dtype=np.int64)
    table[:, slot, problems.of] = fields
    return table.reshape(-1, len(problems.times))
