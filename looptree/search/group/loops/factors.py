"""What some loops by themselves contribute to the counts of one tensor, and to the work of one layer.

The loops are an axis whose outermost loop is the choice of tile shapes: all of these are counted at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from looptree.model.axis import SAFE, Array, Axis
from looptree.model.box import Box, Key, Track
from looptree.model.operations import Operations
from looptree.model.slab import attained_in
from looptree.model.window import hull_by_group
from looptree.search.group.loops.unions import swept_words

AXIS = 0


@dataclass(frozen=True, eq=False, slots=True)
class Factors:
    """What some loops contribute to the counts of one tensor, per choice of tile shapes (float64 tables).

    Attributes:
        dimensions: coordinates of the tensor that follow the loops.
        fresh: words over all steps where each step of so many of the outermost loops starts anew, and what was there
            stays along all others; `fresh[0]` is the least.
        held: the largest window below so many of the outermost loops; `held[0]` is all steps together.
        moves: for a window below so many of the loops (first number), whether one of these (second number, counted
            from 0) is relevant to the tensor.
    """

    dimensions: frozenset[Key]
    fresh: tuple[Array, ...]
    held: tuple[Array, ...]
    moves: Mapping[tuple[int, int], Array]


@dataclass(frozen=True, eq=False, slots=True)
class Work:
    """What some loops contribute to the work of one Einsum, per choice of tile shapes (float64 tables).

    Attributes:
        ranks: those that follow the loops.
        operations, points, cycles: over all steps; points are output points of these ranks.
        steps: those at which something is done.
    """

    ranks: frozenset[Key]
    operations: Array
    points: Array
    cycles: Array
    steps: Array


def work_of(done: Operations, axis: Axis, spatial: Mapping[str, int], *, sink: bool) -> Work:
    """The work of one Einsum; output points of a sink are counted once, whatever the loops."""
    track = done.box.tracks.get(AXIS)
    ones = _sum(axis.first(1), axis)
    if track is None:
        steps = _sum(np.ones(axis.size), axis)
        return Work(frozenset(), steps, ones if sink else steps, steps, steps)
    working = cycles = points = track.mask(axis.size).astype(np.float64)
    slabs = [slab for slab in done.slabs if slab.axis == AXIS]
    joined = {rank for slab in slabs for rank in slab.form.ranks}
    for rank, (low, high) in track.spans.items():
        cycles = cycles * -((low - high) // spatial.get(str(rank), 1))
        if rank in done.einsum.output.ranks and rank not in joined:
            points = points * (high - low)
    for slab in slabs:
        points = points * attained_in(slab.form, slab.extents, slab.low, slab.high)
    operations = _sum(_operations(done, track, axis), axis)
    points = ones if sink else _sum(points, axis)
    return Work(frozenset(track.spans), operations, points, _sum(cycles, axis), _sum(working, axis))


def no_work(choices: int) -> Work:
    """The work of an Einsum of which no step asks for anything."""
    nothing = np.zeros(choices)
    return Work(frozenset(), nothing, nothing, nothing, nothing)


def _operations(done: Operations, track: Track, axis: Axis) -> Array:
    """Operations per step; those that a slab restricts are counted in it, not in its hull."""
    sizes = track.mask(axis.size).astype(np.int64)
    slabs = [slab for slab in done.slabs if slab.axis == AXIS]
    joined = {rank for slab in slabs for rank in slab.form.ranks}
    for slab in slabs:
        sizes = sizes * slab.count({rank: done.box.span(rank, AXIS, axis.size) for rank in slab.form.ranks})
    for rank, (low, high) in track.spans.items():
        if rank not in joined:
            sizes = sizes * (high - low)
    return sizes


def factors_of(need: Box, near: Neighbours, *, least: bool = False) -> Factors:
    """The counts of one tensor of which so much is needed at each step.

    Args:
        least: only the smallest ones: of `fresh` the first, of `held` the last, and no `moves`.
    """
    track = need.tracks.get(AXIS)
    if track is None:
        return near.still
    ends = [end for span in track.spans.values() for end in span]
    known = (least, *(None if table is None else table.tobytes() for table in (track.active, track.count, *ends)))
    if known not in near.counted:
        near.counted[known] = _counted(track, near, least=least)
    return replace(near.counted[known], dimensions=frozenset(track.spans))


def _counted(track: Track, near: Neighbours, *, least: bool) -> Factors:
    axis, outer = near.axis, near.outer
    every = range(outer + 1, len(axis.depths) + 1)
    loops = every[-1:] if least else every
    held = [hull_by_group(track, axis, own) for own in loops]
    return Factors(
        frozenset(track.spans),
        tuple(swept_words(track, axis, outer)[: 1 if least else None]),
        tuple(
            _of_choices(_sizes(window, axis, own), axis, own, np.maximum)
            for own, window in zip(loops, held, strict=True)
        ),
        {
            (k, t): near.moved(window, ends, outer + k + 1, outer + t + 1)
            for k, (window, ends) in enumerate(zip(held, map(_told_apart, held), strict=True))
            for t in range(k)
        },
    )


def _sizes(window: Track, axis: Axis, own: int) -> Array:
    return np.broadcast_to(window.sizes(), (len(axis.starts(own)),)).astype(np.float64)


def _of_choices(table: Array, axis: Axis, own: int, gather: np.ufunc) -> Array:
    """What a table over the values of the outermost `own` loops makes of each choice."""
    return np.asarray(gather.reduceat(table, np.searchsorted(axis.starts(own), axis.starts(1))))


class Neighbours:
    """Steps of an axis next to each other that differ in one loop only.

    Args:
        outer: loops, the outermost ones, for which nothing is counted: `Factors` are of the loops inside them.

    Attributes:
        counted: what was counted along the axis, by intervals at each step: many tensors of a group are cut alike.
    """

    def __init__(self, axis: Axis, outer: int = 0) -> None:
        self.axis = axis
        self.outer = outer
        self.counted: dict[tuple[bytes | bool | None, ...], Factors] = {}
        self._known: dict[tuple[int, int], tuple[Array, Array]] = {}

    @cached_property
    def still(self) -> Factors:
        """The counts of a tensor that does not follow the loops."""
        axis = self.axis
        loops = range(self.outer + 1, len(axis.depths) + 1)
        steps = tuple(_of_choices(np.ones(len(axis.starts(own))), axis, own, np.add) for own in loops)
        one, never = np.ones(len(axis.starts(1))), np.zeros(len(axis.starts(1)), dtype=bool)
        moves = dict.fromkeys(((k, t) for k in range(1, len(loops)) for t in range(k)), never)
        return Factors(frozenset(), steps, (one,) * len(loops), moves)

    def of(self, own: int, loop: int) -> tuple[Array, Array]:
        """The values of the outermost `own` loops in an order, and numbers that are equal where all but one loop are.

        The values are numbered as the starts of their steps are.
        """
        if (own, loop) not in self._known:
            starts = self.axis.starts(own)
            if loop == own - 1:
                found = np.arange(len(starts)), self.axis.group(own - 1)[starts]
            else:
                others = [self.axis.ordinals[t][starts] for t in range(own) if t != loop]
                order = np.lexsort(others[::-1])
                changed = np.logical_or.reduce([values[order[1:]] != values[order[:-1]] for values in others])
                numbers = np.zeros(len(starts), dtype=np.int64)
                numbers[order[1:]] = np.cumsum(changed)
                found = order, numbers
            self._known[own, loop] = found
        return self._known[own, loop]

    def moved(self, window: Track, ends: Sequence[Array], own: int, loop: int) -> Array:
        """For which choices two windows that are not empty, and differ in one loop only, are different.

        Args:
            ends: tables that are equal where windows are; see `_told_apart`.
        """
        keep, numbers = self.of(own, loop)
        if window.active is not None:
            keep = keep[window.active[keep]]
        groups = numbers[keep]
        alike, differ = groups[1:] == groups[:-1], np.zeros(max(0, len(keep) - 1), dtype=bool)
        for end in ends:
            values = end[keep]
            differ |= values[1:] != values[:-1]
        found = np.zeros(len(self.axis.starts(1)), dtype=bool)
        found[self.axis.groups[0][self.axis.starts(own)][keep[1:][alike & differ]]] = True
        return found


def _told_apart(window: Track) -> list[Array]:
    """As few tables as may be, which are equal where all ends of two windows are: a number each, of all its ends."""
    found, count = list[Array](), SAFE
    for end in (end for span in window.spans.values() for end in span):
        if not len(end) or end.dtype == object:
            found.append(end)
            continue
        least = int(end.min())
        size = int(end.max()) - least + 1
        if count * size < SAFE:
            found[-1] = found[-1] * size + (end - least)
            count *= size
        else:
            found.append(end - least)
            count = size
    return found


def _sum(table: Array, axis: Axis) -> Array:
    return np.add.reduceat(np.asarray(table, dtype=np.float64), axis.starts(1))
