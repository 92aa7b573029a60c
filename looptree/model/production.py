"""From what is fresh of an output to the operations that have to produce it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array, Axis
from looptree.model.box import Box, Key, Mask, Track, both, exact_sum, product
from looptree.model.operations import Operations
from looptree.model.slab import Slab, attained_in
from looptree.workload import Affine, Einsum, Interval, Workload


def writing(einsum: Einsum, fresh: Box, shape: tuple[int, ...]) -> tuple[Operations, Box] | None:
    """The operations that write a fresh box, and the points of the output they write; `None` if none ever.

    A dimension written through one rank fixes an interval of that rank; one written through several
    a slab. Ranks that the output does not index are worked through completely.
    """
    _check_output(einsum)
    inverse = _Inverse(einsum, fresh)
    for dimension, form in enumerate(einsum.output.projection):
        if len(form.terms) > 1:
            inverse.join(dimension, form)
        elif not inverse.solve(dimension, form, shape[dimension]):
            return None
    operations = inverse.operations()
    return None if operations is None else (operations, fresh)


def all_operations(workload: Workload, einsum: Einsum) -> Operations:
    """All that a layer does: everything, or what lies inside its output if that is read, now or later.

    >>> from looptree.workload.expression import parse_expression
    >>> out, ins, op = parse_expression("Y[2*p+r-1] = X[p] * W[r]")
    >>> up = Einsum("up", {"p": 4, "r": 3}, ins, out, op)
    >>> [all_operations(Workload("up", [up], read_later=later), up).total({}) for later in ([], ["Y"])]
    [12, 11]
    """
    tensor = einsum.output.tensor
    if tensor in workload.ragged and (tensor in workload.read_later or workload.consumers(tensor)):
        shape = workload.tensors[tensor].shape
        inside = Box({dimension: (0, extent) for dimension, extent in enumerate(shape)}, {})
        written = writing(einsum, inside, shape)
        if written is not None:
            return written[0]
    return Operations.full(einsum)


class _Inverse:
    """The ranks of an Einsum, cut down dimension by dimension to what writes a fresh box."""

    def __init__(self, einsum: Einsum, fresh: Box) -> None:
        self.einsum = einsum
        self.fresh = fresh
        self.fixed: dict[Key, tuple[int, int]] = {rank: (0, extent) for rank, extent in einsum.ranks.items()}
        self.spans: dict[int, dict[Key, tuple[Array, Array]]] = {key: {} for key in fresh.tracks}
        self.active = {key: track.active for key, track in fresh.tracks.items()}
        self.slabs: list[Slab] = []
        self.exact = True  # every point of the fresh box is written, by as many operations as any other

    def _interval(self, dimension: int) -> tuple[int | None, Array, Array]:
        axis = self.fresh.axis_of(dimension)
        if axis is None:
            start, stop = self.fresh.fixed[dimension]
            return None, np.array([start]), np.array([stop])
        return axis, *self.fresh.tracks[axis].spans[dimension]

    def join(self, dimension: int, form: Affine) -> None:
        """A dimension that is written through several ranks."""
        axis, low, high = self._interval(dimension)
        self.slabs.append(Slab(form, tuple(self.einsum.ranks[rank] for rank in form.ranks), axis, low, high))
        self.exact = False

    def solve(self, dimension: int, form: Affine, extent: int) -> bool:
        """A dimension that is written through one rank, or none; false if nothing is ever written."""
        axis, low, high = self._interval(dimension)
        if not form.terms:
            return self._keep(axis, (low <= form.constant) & (form.constant < high))
        rank, coefficient = form.terms[0]
        start, stop = _solve(low - form.constant, high - form.constant, coefficient)
        plain = coefficient in (1, -1) and form.hull(self.einsum.box) == Interval(0, extent)
        if not plain:
            start = np.minimum(np.maximum(start, 0), self.einsum.ranks[rank])
            stop = np.maximum(np.minimum(stop, self.einsum.ranks[rank]), start)
            self.exact = False
        if axis is None:
            self.fixed[rank] = (int(start[0]), int(stop[0]))
        else:
            del self.fixed[rank]
            self.spans[axis][rank] = (start, stop)
        return plain or self._keep(axis, start < stop)

    def _keep(self, axis: int | None, mask: Mask) -> bool:
        """Drop the steps at which nothing is written; false if that is all there are."""
        self.exact = self.exact and bool(mask.all())
        if axis is None:
            return bool(mask[0])
        self.active[axis] = both(self.active[axis], mask)
        return True

    def operations(self) -> Operations | None:
        """What is left; `None` if a slab leaves nothing."""
        tracks = {}
        for key, track in self.fresh.tracks.items():
            if track.count is not None and not self.exact:
                raise UnsupportedError(
                    f"einsum {self.einsum.name!r}: a fresh region that is not a box cannot be traced through "
                    f"{self.einsum.output}"
                )
            tracks[key] = Track(self.spans[key], self.active[key], track.count)
        found: Operations | None = Operations(self.einsum, Box(self.fixed, tracks), tuple(self.slabs))
        for slab in self.slabs:
            found = _with_slab_hulls(found, slab) if found is not None else None
        return found


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
