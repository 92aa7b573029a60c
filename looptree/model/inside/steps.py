"""The steps of the ways to cut a part of a layer, and what each tensor needs at each of them.

The ways stand side by side as the steps of one more loop outside those of the nest, so that the model's own functions
count all of them at once. Instances of spatial loops are loops between the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from looptree.model.axis import Array, Axis
from looptree.model.box import Box, Key, Track
from looptree.model.inside import slabs
from looptree.model.inside.leaf import Leaf
from looptree.model.inside.problems import Problems
from looptree.model.inside.served import Served
from looptree.model.inside.slabs import AXIS
from looptree.model.operations import Operations
from looptree.model.product import Product
from looptree.model.sweep import fresh_box


class Steps:
    """All steps of all ways to cut a part, with the loops in one order.

    Args:
        tiles: of each rank that may be cut, the tile shape of each way. ways: how many. order: of the loops.

    Attributes:
        window, entered, moves: see `looptree.model.inside.part.Part`.
    """

    def __init__(
        self, leaf: Leaf, problems: Problems, tiles: Mapping[str, Array], ways: int, order: Sequence[str]
    ) -> None:
        self.problems, self.tiles, self.ways, self.order = problems, tiles, ways, order
        axis, own = _instances(problems, ways)
        self.outer = len(axis.depths)
        if problems.forms:
            done = slabs.operations_of(leaf.einsum, problems, own)
            done, self.axis, _ = slabs.below(done, axis, own, [(rank, partial(self._tile, rank)) for rank in order])
        else:
            done, self.axis = self._boxes(leaf, axis, own)
        asked = [done.touched(access, leaf.shapes[tensor]).clipped() for tensor, access in leaf.accesses.items()]
        idle = Track({}, np.zeros(self.axis.size, dtype=bool))
        tracks = [idle if box is None else box.tracks.get(AXIS) for box in asked]
        of = dict(zip(leaf.accesses, tracks, strict=True))
        further = [self._entered(of[tensor], leaf.served[tensor]) for tensor in leaf.together]
        self.window = np.stack([self._largest(track) for track in tracks])
        self.entered = np.stack([*(self._entered(track) for track in tracks), *further])
        self.moves = np.stack([self._moves(track) for track in tracks])

    def _tile(self, rank: str, axis: Axis) -> Array:
        """The tile shape of a rank at each step of an axis, by the way that it belongs to."""
        found: Array = self.tiles[rank][axis.ordinals[0] % self.ways]
        return found

    def _boxes(self, leaf: Leaf, axis: Axis, own: Array) -> tuple[Operations, Axis]:
        """The operations below the loops where tiles are boxes; the quick way to what `slabs.below` does."""
        problems = self.problems
        at = {rank: row for row, rank in enumerate(problems.ranks)}
        for number, rank in enumerate(self.order):
            length = (problems.high - problems.low)[at[rank]][own]
            axis, parent = axis.extended(-(-length // self._tile(rank, axis)), 1 + self.outer + number)
            own = own[parent]
        spans: dict[Key, tuple[Array, Array]] = {}
        for rank, row in at.items():
            low, high = problems.low[row][own], problems.high[row][own]
            if rank in self.order:
                tile = self._tile(rank, axis)
                low = low + axis.ordinals[self.outer + self.order.index(rank)] * tile
                high = np.minimum(low + tile, high)
            spans[rank] = (low, high)
        fixed: dict[Key, tuple[int, int]] = {
            rank: (0, extent) for rank, extent in leaf.einsum.ranks.items() if rank not in at
        }
        return Operations(leaf.einsum, Box(fixed, {AXIS: Track(spans)})), axis

    def _largest(self, track: Track | None) -> Array:
        sizes = np.broadcast_to(1 if track is None else track.sizes(), (self.axis.size,))
        return np.asarray(np.maximum.reduceat(sizes, self.axis.starts(1)).reshape(-1, self.ways).max(axis=0))

    def _entered(self, track: Track | None, served: Served | None = None) -> Array:
        """Words that enter the places of all instances, or, of these, those that pass the level that serves them."""
        box, axes = Box({}, {} if track is None else {AXIS: track}), {AXIS: self.axis}
        together = [
            2 + at for at, loop in enumerate(self.problems.loops) if served is not None and loop in served.together
        ]
        found = []
        for standing in range(len(self.order) + 1):
            fresh = fresh_box(box, axes, self.outer + standing)
            words = Product.of(fresh, axes) if served is None else served.passing(fresh, axes, together)
            sizes = np.broadcast_to(words.tables.get(AXIS, 1), (self.axis.size,)).astype(np.float64)
            each = np.add.reduceat(sizes, self.axis.starts(1)).reshape(-1, self.ways)
            found.append(self.problems.times @ each)
        return np.stack(found)

    def _moves(self, track: Track | None) -> Array:
        found = np.zeros((len(self.order), self.ways), dtype=bool)
        if track is not None and track.spans:
            for loop in range(len(self.order)):
                found[loop, _moved(track, self.axis, self.outer + loop) % self.ways] = True
        return found


def _instances(problems: Problems, ways: int) -> tuple[Axis, Array]:
    """An axis of every way of every problem, and of the instances in it; the tile of each step."""
    cases = np.arange(len(problems.times) * ways)
    if not problems.loops:
        return Axis((1,), (cases,), (cases,)), cases // ways
    starts = problems.starts
    counts = np.diff(starts)[cases // ways]
    case = np.repeat(cases, counts)
    tile = np.arange(len(case)) - np.repeat(np.cumsum(counts) - counts, counts) + starts[case // ways]
    ordinals = [case, *problems.at[:, tile]]
    changed = np.zeros(len(case), dtype=bool)
    groups = []
    for ordinal in ordinals:
        changed = changed | np.append(True, ordinal[1:] != ordinal[:-1])
        groups.append(np.cumsum(changed) - 1)
    return Axis(tuple(range(1, 1 + len(ordinals))), tuple(groups), tuple(ordinals)), tile


def _moved(track: Track, axis: Axis, loop: int) -> Array:
    """Cases (steps of the outermost loop) in which two steps that differ only in one loop ask for different boxes."""
    keep = np.flatnonzero(track.mask(axis.size))
    others = np.stack([axis.ordinals[t][keep] for t in range(len(axis.depths)) if t != loop])
    order = np.lexsort(others)
    one, other = keep[order[1:]], keep[order[:-1]]
    same = (others[:, order[1:]] == others[:, order[:-1]]).all(axis=0)
    differ = np.zeros(len(one), dtype=bool)
    for low, high in track.spans.values():
        differ |= (low[one] != low[other]) | (high[one] != high[other])
    return np.asarray(axis.ordinals[0][one[same & differ]])
