"""Where the sums of a layer begin: output points that an iteration is the first to write.

The box that an iteration touches is a hull. It says which points are written only where the output projection leaves
no gaps in it: with coefficients of 1, or where smaller terms fill the strides of larger ones (`64*h + e`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array, Axis
from looptree.model.box import Box, Track
from looptree.model.inferred import Inferred
from looptree.model.operations import Operations
from looptree.model.product import Product
from looptree.model.slab import Slab
from looptree.model.spatial import around, fresh_at_once
from looptree.taxonomy.design import BoundChain, Design
from looptree.workload import Affine


def begun(design: Design, inferred: Inferred, chain: BoundChain) -> Product:
    """Output points written for the first time in the life of their sums, at each iteration of a leaf.

    Instances of the place where the output is summed up begin their own sums.

    Raises:
        UnsupportedError: the layer leaves gaps between the points that it writes.
    """
    (name,) = chain.einsums
    operations, axes = _leaf(inferred, name)
    counts, output = inferred.einsums[name], operations.einsum.output
    box = operations.touched(output, design.workload.tensors[output.tensor].shape).clipped()
    if box is None:
        return Product(0, {})
    place = design.innermost_place(output.tensor, chain)
    fresh = _with_counts(fresh_at_once(box, axes, place, chain, counts.lifetime), operations, axes, counts.lifetime)
    known = counts.points if not around(design, place, chain) else fresh.total(axes)
    if not is_gapless(design, inferred, chain) or fresh.total(axes) != known:
        problem = f"einsum {name!r} leaves gaps in {output}: when its sums begin is not known step by step"
        raise UnsupportedError(problem)
    return Product.of(fresh, axes)


def _with_counts(fresh: Box, operations: Operations, axes: Mapping[int, Axis], lifetime: int) -> Box:
    """The fresh part where operations are no box, but points that are counted.

    They are what is computed anew at an iteration of the loops that bound the life of the sums. So no other iteration
    of their axis adds to them.
    """
    counted = {key: track for key, track in operations.box.tracks.items() if track.count is not None}
    if any(depth > lifetime for key in counted for depth in axes[key].depths):
        raise UnsupportedError(f"einsum {operations.einsum.name!r}: its sums begin in tiles that are not boxes")
    tracks = {key: Track({}, track.active, track.count) for key, track in counted.items()}
    return Box(fresh.fixed, {**fresh.tracks, **tracks})


def is_gapless(design: Design, inferred: Inferred, chain: BoundChain) -> bool:
    """Whether a leaf writes every point between those it writes, at every iteration."""
    (name,) = chain.einsums
    operations, axes = _leaf(inferred, name)
    loops = [loop for part in design.path(chain) for loop in part.loops]
    cut = {rank for loop in loops for einsum, rank in loop.ranks if einsum == name}
    return all(_gapless(form, operations, axes, cut) for form in operations.einsum.output.projection)


def _leaf(inferred: Inferred, name: str) -> tuple[Operations, Mapping[int, Axis]]:
    leaf = inferred.einsums[name].leaf
    assert leaf is not None, "a leaf at which something is done"
    return leaf


def _gapless(form: Affine, operations: Operations, axes: Mapping[int, Axis], cut: set[str]) -> bool:
    """Whether a dimension takes every value between its smallest and its largest, at every iteration."""
    if not form.terms or (len(form.terms) == 1 and abs(form.terms[0][1]) == 1):
        return True
    if any(not set(slab.form.ranks).isdisjoint(form.ranks) and _cuts(slab, operations) for slab in operations.slabs):
        lengths: dict[str, Array] = {rank: np.array(operations.einsum.ranks[rank]) for rank in form.ranks}
        if not cut.isdisjoint(form.ranks):
            return False
    else:
        lengths = {rank: _length(operations, rank) for rank in form.ranks}
    reach: Array = np.array(0)
    for rank, coefficient in sorted(form.terms, key=lambda term: abs(term[1])):
        if ((abs(coefficient) > reach + 1) & (lengths[rank] > 1)).any():
            return False
        reach = reach + abs(coefficient) * np.maximum(lengths[rank] - 1, 0)
    return True


def _cuts(slab: Slab, operations: Operations) -> bool:
    """Whether a slab leaves out anything at any iteration."""
    whole = slab.form.hull(operations.einsum.box)
    return bool((slab.low > whole.start).any() or (slab.high < whole.stop).any())


def _length(operations: Operations, rank: str) -> Array:
    box = operations.box
    if rank in box.fixed:
        return np.array(box.fixed[rank][1] - box.fixed[rank][0])
    low, high = next(track.spans[rank] for track in box.tracks.values() if rank in track.spans)
    return high - low
