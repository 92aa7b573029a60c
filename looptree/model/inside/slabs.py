"""Tiles that are slabs, below the loops of a nest.

A layer that writes a dimension through several ranks (a transposed convolution writes `2*p + r`) and is fused does what
writes an interval of that dimension: no box of ranks, but a slab of one. A loop over one of these ranks makes the hulls
of the others smaller, so a loop further in has fewer steps. The model's own functions say so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from looptree.model.axis import Array, Axis
from looptree.model.box import Box, Key, Track
from looptree.model.inside.problems import Problems
from looptree.model.operations import Operations
from looptree.model.slab import Slab
from looptree.workload import Einsum

AXIS = 0
Loops = Sequence[tuple[str, Callable[[Axis], int | Array]]]
"""Rank and tile shape, which may be another one at each step of the axis."""


def operations_of(einsum: Einsum, problems: Problems, tiles: Array) -> Operations:
    """The operations of some tiles, by their numbers, as the steps of an axis."""
    count = len(problems.ranks)
    fixed: dict[Key, tuple[int, int]] = {r: (0, e) for r, e in einsum.ranks.items() if r not in problems.ranks}
    ends = list(zip(problems.low[:, tiles], problems.high[:, tiles], strict=True))
    slabs = [Slab(form, own, AXIS, *end) for (form, own), end in zip(problems.forms, ends[count:], strict=True)]
    spans: dict[Key, tuple[Array, Array]] = dict(zip(problems.ranks, ends[:count], strict=True))
    return Operations(einsum, Box(fixed, {AXIS: Track(spans)}), tuple(slabs)).tightened(AXIS, len(tiles))


def below(operations: Operations, axis: Axis, tiles: Array, loops: Loops) -> tuple[Operations, Axis, Array]:
    """The operations below some loops, with their axis and the tile of each of its steps."""
    for rank, tile in loops:
        low, high = operations.box.span(rank, AXIS, axis.size)
        axis, parent = axis.extended(-((low - high) // tile(axis)), 1 + axis.depths[-1])
        operations, tiles = operations.tiled(AXIS, axis, parent, rank, tile(axis)), tiles[parent]
    return operations, axis, tiles


def cut(einsum: Einsum, problems: Problems, tiles: Mapping[str, int]) -> Problems:
    """The problems below loops of a nest: rank and tile shape."""
    every = np.arange(len(problems.of))
    axis, _ = Axis.root().extended(np.array([len(every)]), 1)
    loops: Loops = [(rank, lambda _, tile=tile: tile) for rank, tile in tiles.items()]  # type: ignore[misc]
    done, axis, number = below(operations_of(einsum, problems, every), axis, every, loops)
    track = done.box.tracks[AXIS]
    works = np.flatnonzero(track.mask(axis.size))
    ends = [end[works] for rank in problems.ranks for end in track.spans[rank]]
    ends += [end[works] for slab in done.slabs for end in (slab.low, slab.high)]
    return problems.at_steps(np.stack(ends), number[works], [ordinal[works] for ordinal in axis.ordinals[1:]])
