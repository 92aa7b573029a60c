"""From what is fresh of an output to the operations that have to produce it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array, Axis
from looptree.model.box import Box, Key, Mask, Track, both, exact_sum, product
from looptree.model.operations import Operations
from looptree.model.slab import Slab, attained_in
from looptree.workload import Affine, Einsum, Interval


def writing(einsum: Einsum, fresh: Box, shape: tuple[int, ...]) -> tuple[Operations, Box] | None:
    """The operations that write a fresh box, and the points of the output they write; `None` if none ever.

    A dimension written through one rank fixes an interval of that rank; one written through several
    a slab. Ranks that the output does not index are worked through completely.
    """
    _check_output(einsum)
    fixed: dict[Key, tuple[int, int]] = {rank: (0, extent) for rank, extent in einsum.ranks.items()}
    spans: dict[int, dict[Key, tuple[Array, Array]]] = {key: {} for key in fresh.tracks}
    active = {key: track.active for key, track in fresh.tracks.items()}
    slabs: list[Slab] = []
    exact = True
    for dimension, form in enumerate(einsum.output.projection):
        axis = fresh.axis_of(dimension)
        low, high = (
            (np.array([fresh.fixed[dimension][0]]), np.array([fresh.fixed[dimension][1]]))
            if axis is None
            else fresh.tracks[axis].spans[dimension]
        )
        if len(form.terms) > 1:
            extents = tuple(einsum.ranks[rank] for rank in form.ranks)
            slabs.append(Slab(form, extents, axis, low, high))
            exact = False
            continue
        mask: Mask | None
        if not form.terms:
            mask = (low <= form.constant) & (form.constant < high)
            exact = exact and bool(mask.all())
        else:
            rank, coefficient = form.terms[0]
            extent = einsum.ranks[rank]
            start, stop = _solve(low - form.constant, high - form.constant, coefficient)
            plain = coefficient in (1, -1) and form.hull(einsum.box) == Interval(0, shape[dimension])
            exact = exact and plain
            if not plain:
                start = np.minimum(np.maximum(start, 0), extent)
                stop = np.maximum(np.minimum(stop, extent), start)
            mask = None if plain else start < stop
            _restrict(rank, axis, start, stop, fixed, spans)
        if mask is not None:
            if axis is None:
                if not mask[0]:
                    return None
            else:
                active[axis] = both(active[axis], mask)
    tracks = {}
    for key, track in fresh.tracks.items():
        if track.count is not None and not exact:
            raise UnsupportedError(
                f"einsum {einsum.name!r}: a fresh region that is not a box cannot be traced through {einsum.output}"
            )
        tracks[key] = Track(spans[key], active[key], track.count)
    operations: Operations | None = Operations(einsum, Box(fixed, tracks), tuple(slabs))
    for slab in slabs:
        operations = _with_slab_hulls(operations, slab) if operations is not None else None
    return None if operations is None else (operations, fresh)


def _check_output(einsum: Einsum) -> None:
    """Each rank of the output fixes what is written along one dimension."""
    ranks = [rank for form in einsum.output.projection for rank in form.ranks]
    for rank in ranks:
        if ranks.count(rank) > 1:
            raise UnsupportedError(f"einsum {einsum.name!r}: rank {rank!r} indexes two dimensions of {einsum.output}")


def _solve(low: Array, high: Array, coefficient: int) -> tuple[Array, Array]:
    """The integers x with low <= coefficient * x < high."""
    if coefficient < 0:
        low, high, coefficient = 1 - high, 1 - low, -coefficient
    if coefficient == 1:
        return low, high
    return -(-low // coefficient), -(-high // coefficient)


def _restrict(
    rank: str,
    axis: int | None,
    start: Array,
    stop: Array,
    fixed: dict[Key, tuple[int, int]],
    spans: dict[int, dict[Key, tuple[Array, Array]]],
) -> None:
    """Cut one rank down."""
    if axis is None:
        fixed[rank] = (max(int(start[0]), fixed[rank][0]), min(int(stop[0]), fixed[rank][1]))
    else:
        del fixed[rank]
        spans[axis][rank] = (start, stop)


def _with_slab_hulls(operations: Operations, slab: Slab) -> Operations | None:
    """The ranks of a slab cut down to what it leaves of them; `None` if that is nothing."""
    if slab.axis is not None:
        return operations.tightened(slab.axis, len(slab.low))
    fixed = dict(operations.box.fixed)
    whole = {rank: operations.box.span(rank, -1, 1) for rank in slab.form.ranks}
    for rank in slab.form.ranks:
        low, high = slab.hull(Affine(((rank, 1),)), whole)
        if low[0] >= high[0]:
            return None
        fixed[rank] = (int(low[0]), int(high[0]))
    return Operations(operations.einsum, Box(fixed, operations.box.tracks), operations.slabs)


def points_written(operations: Operations, fresh: Box, axes: Mapping[int, Axis]) -> int:
    """Distinct output points that inferred operations write, over all iterations."""
    einsum = operations.einsum
    result = 1
    holes: dict[int, list[Array]] = {}
    loose: set[Key] = set()
    for dimension, form in enumerate(einsum.output.projection):
        if len(form.terms) > 1:
            loose.add(dimension)
            extents = tuple(einsum.ranks[r] for r in form.ranks)
            axis = fresh.axis_of(dimension)
            if axis is None:
                result *= _reached(form, extents, *fresh.fixed[dimension])
            else:
                holes.setdefault(axis, []).append(attained_in(form, extents, *fresh.tracks[axis].spans[dimension]))
    indexed = {form.ranks[0] for form in einsum.output.projection if len(form.terms) == 1}
    for rank, (start, stop) in operations.box.fixed.items():
        if rank in indexed:
            result *= stop - start
    for key, axis_table in axes.items():
        track = operations.box.tracks.get(key)
        factors = holes.get(key, [])
        if track is not None:
            if track.count is not None:
                factors = [track.count]
            else:
                factors = factors + [high - low for rank, (low, high) in track.spans.items() if rank in indexed]
            if track.active is not None:
                factors.append(track.active.astype(np.int64))
        result *= exact_sum(product(factors)) if factors else axis_table.size
    return result


def all_points(einsum: Einsum, shape: tuple[int, ...]) -> int:
    """Distinct output points that the whole rank space writes inside the tensor."""
    _check_output(einsum)
    result = 1
    for form, extent in zip(einsum.output.projection, shape, strict=True):
        if len(form.terms) > 1:
            result *= _reached(form, tuple(einsum.ranks[r] for r in form.ranks), 0, extent)
        elif form.terms:
            start, stop = _solve(np.array([-form.constant]), np.array([extent - form.constant]), form.terms[0][1])
            result *= max(0, min(int(stop[0]), einsum.ranks[form.ranks[0]]) - max(int(start[0]), 0))
        elif not 0 <= form.constant < extent:
            return 0
    return result


def _reached(form: Affine, extents: tuple[int, ...], start: int, stop: int) -> int:
    return int(attained_in(form, extents, np.array([start]), np.array([stop]))[0])
