"""What an Einsum does at each iteration, what it needs for that, and what has to be done for an output.

Assumption: the operations of one iteration are a box of ranks, or a slab of one where an output
dimension is written through several ranks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array, Axis
from looptree.model.box import Box, Coupled, Key, Mask, Track, exact_sum, product
from looptree.model.slab import Slab, attained
from looptree.workload import Access, Affine, Einsum, Interval


@dataclass(frozen=True, eq=False, slots=True)
class Operations:
    """The operations of an Einsum at each iteration of a chain.

    Attributes:
        einsum: whose operations.
        box: hull interval of each rank.
        slabs: restrictions that cut the box down.
    """

    einsum: Einsum
    box: Box
    slabs: tuple[Slab, ...] = ()

    @classmethod
    def full(cls, einsum: Einsum) -> Operations:
        """The whole rank space at the only iteration."""
        return cls(einsum, Box({rank: (0, extent) for rank, extent in einsum.ranks.items()}, {}))

    def total(self, axes: Mapping[int, Axis]) -> int:
        """Operations over all iterations."""
        if not self.slabs:
            return self.box.total(axes)
        result = 1
        loose = {rank for slab in self.slabs for rank in slab.form.ranks}
        for rank, (start, stop) in self.box.fixed.items():
            if rank not in loose:
                result *= stop - start
        for slab in self.slabs:
            if slab.axis is None:
                result *= int(slab.count(self._spans(slab, 1))[0])
        for key, axis in axes.items():
            result *= self._total_along(key, axis, loose)
        return result

    def _total_along(self, key: int, axis: Axis, loose: set[str]) -> int:
        track = self.box.tracks.get(key)
        factors = [slab.count(self._spans(slab, axis.size)) for slab in self.slabs if slab.axis == key]
        if track is not None:
            factors += [high - low for rank, (low, high) in track.spans.items() if rank not in loose]
            if track.active is not None:
                factors.append(track.active.astype(np.int64))
        return exact_sum(product(factors)) if factors else axis.size

    def _spans(self, slab: Slab, size: int) -> dict[str, tuple[Array, Array]]:
        axis = -1 if slab.axis is None else slab.axis
        return {rank: self.box.span(rank, axis, size) for rank in slab.form.ranks}

    def tiled(self, key: int, axis: Axis, parent: Array, rank: str | None, tile: int) -> Operations:
        """The operations below one more loop of an axis.

        Args:
            key: the axis; `axis`: it with the loop already in; `parent`: old own step of each new one.
            rank: the rank of this Einsum that the loop tiles; `None` if it names none.
            tile: tile shape below the loop.
        """
        tracks = dict(self.box.tracks)
        fixed = dict(self.box.fixed)
        old = tracks.get(key)
        track = old.at(parent) if old is not None else None
        step = axis.ordinals[-1]
        if rank is None:
            first: Mask = step == 0
            active = first if track is None or track.active is None else track.active & first
            tracks[key] = Track(track.spans if track else {}, active, track.count if track else None)
            return Operations(self.einsum, Box(fixed, tracks), self._slabs_at(key, parent, None))
        if track is not None and track.count is not None:
            raise UnsupportedError(
                f"einsum {self.einsum.name!r}: its loop over {rank!r} would cut a tile that is not a box",
                hint="move the loop above the branch, or keep the overlap further out",
            )
        spans = dict(track.spans) if track else {}
        low, high = spans[rank] if rank in spans else (np.int64(fixed[rank][0]), np.int64(fixed.pop(rank)[1]))
        start = np.minimum(low + step * tile, high)
        stop = np.minimum(start + tile, high)
        spans[rank] = (start, stop)
        tracks[key] = Track(spans, _both(track.active if track else None, start < stop))
        tiled = Operations(self.einsum, Box(fixed, tracks), self._slabs_at(key, parent, rank))
        return tiled._tightened(key, axis.size) if tiled.slabs else tiled

    def _slabs_at(self, key: int, parent: Array, rank: str | None) -> tuple[Slab, ...]:
        found = []
        for slab in self.slabs:
            if rank in slab.form.ranks and slab.axis not in (None, key):
                raise Coupled({slab.axis or 0, key})
            moves = slab.axis == key or rank in slab.form.ranks
            found.append(slab.at(key, parent) if moves else slab)
        return tuple(found)

    def _tightened(self, key: int, size: int) -> Operations:
        """The ranks of the slabs on an axis cut down to what the slabs leave of them."""
        fixed = dict(self.box.fixed)
        track = self.box.tracks[key]
        spans, active = dict(track.spans), track.active
        for slab in self.slabs:
            if slab.axis == key:
                whole = self._spans(slab, size)
                for rank in slab.form.ranks:
                    spans[rank] = slab.hull(Affine(((rank, 1),)), whole)
                    fixed.pop(rank, None)
                    active = _both(active, spans[rank][0] < spans[rank][1])
        return Operations(self.einsum, Box(fixed, {**self.box.tracks, key: Track(spans, active)}), self.slabs)

    def touched(self, access: Access, shape: tuple[int, ...]) -> Box:
        """The hull of what an access touches, not yet clipped to the tensor."""
        fixed: dict[Key, tuple[int, int]] = {}
        spans: dict[int, dict[Key, tuple[Array, Array]]] = {}
        overhang: list[tuple[Key, int]] = []
        for dimension, (form, extent) in enumerate(zip(access.projection, shape, strict=True)):
            axis, low, high = self._hull(form)
            if axis is None:
                fixed[dimension] = (int(low), int(high))
            else:
                spans.setdefault(axis, {})[dimension] = (low, high)
            if not _stays_inside(form, self.einsum, extent):
                overhang.append((dimension, extent))
        found: dict[int, Track] = {}
        for axis in {**self.box.tracks, **spans}:
            track = self.box.tracks.get(axis)
            active = track.active if track is not None else None
            if axis in spans or active is not None:
                found[axis] = Track(spans.get(axis, {}), active)
        return Box(fixed, found, tuple(overhang))

    def _hull(self, form: Affine) -> tuple[int | None, Array, Array]:
        """Axis (if any) and ends of the hull of a form over the operations."""
        for slab in self.slabs:
            if any(rank in slab.form.ranks for rank in form.ranks):
                return self._hull_in(slab, form)
        axis: int | None = None
        low: Array = form.constant  # type: ignore[assignment]
        high: Array = form.constant + 1  # type: ignore[assignment]
        for rank, coefficient in form.terms:
            interval = self.box.fixed.get(rank)
            if interval is None:
                on = self.box.axis_of(rank)
                if axis is not None and on != axis:
                    raise Coupled({axis, on or 0})
                axis = on
                start, stop = self.box.tracks[on or 0].spans[rank]
            else:
                start, stop = interval  # type: ignore[assignment]
            if coefficient > 0:
                low, high = low + coefficient * start, high + coefficient * (stop - 1)
            else:
                low, high = low + coefficient * (stop - 1), high + coefficient * start
        return axis, low, high

    def _hull_in(self, slab: Slab, form: Affine) -> tuple[int | None, Array, Array]:
        inside = Affine(tuple(t for t in form.terms if t[0] in slab.form.ranks), form.constant)
        outside = Affine(tuple(t for t in form.terms if t[0] not in slab.form.ranks))
        rest = Operations(self.einsum, self.box, tuple(s for s in self.slabs if s is not slab))
        axis, low, high = rest._hull(outside)
        size = len(slab.low)
        if slab.axis is not None and axis not in (None, slab.axis):
            raise Coupled({slab.axis, axis or 0})
        slab_low, slab_high = slab.hull(inside, self._spans(slab, size))
        if slab.axis is None:
            slab_low, slab_high = slab_low[0], slab_high[0]
        return slab.axis if slab.axis is not None else axis, slab_low + low, slab_high + high - 1


def _both(a: Mask | None, b: Mask | None) -> Mask | None:
    if a is None:
        return b
    return a if b is None else a & b


def _stays_inside(form: Affine, einsum: Einsum, extent: int) -> bool:
    """Whether the form never leaves `[0, extent)`, whatever the tile."""
    low, high = form.hull(einsum.box)
    return low >= 0 and high <= extent


def writing(einsum: Einsum, fresh: Box, shape: tuple[int, ...]) -> tuple[Operations, Box] | None:
    """The operations that write a fresh box, and the points of the output they write; `None` if none ever.

    A dimension written through one rank fixes an interval of that rank; one written through several
    a slab. Ranks that the output does not index are worked through completely.
    """
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
                active[axis] = _both(active[axis], mask)
    tracks = {}
    for key, track in fresh.tracks.items():
        if track.count is not None and not exact:
            raise UnsupportedError(
                f"einsum {einsum.name!r}: a fresh region that is not a box cannot be traced through {einsum.output}"
            )
        tracks[key] = Track(spans[key], active[key], track.count)
    operations = Operations(einsum, Box(fixed, tracks), tuple(slabs))
    for slab in slabs:
        operations = _with_slab_hulls(operations, slab)
    return operations, fresh


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
    """Cut one rank down; a rank that already indexes another dimension must agree."""
    if rank not in fixed:
        raise UnsupportedError(f"rank {rank!r} indexes two dimensions of an output inside a fusion group")
    if axis is None:
        fixed[rank] = (max(int(start[0]), fixed[rank][0]), min(int(stop[0]), fixed[rank][1]))
    else:
        del fixed[rank]
        spans[axis][rank] = (start, stop)


def _with_slab_hulls(operations: Operations, slab: Slab) -> Operations:
    if slab.axis is not None:
        return operations._tightened(slab.axis, len(slab.low))
    fixed = dict(operations.box.fixed)
    whole = {rank: operations.box.span(rank, -1, 1) for rank in slab.form.ranks}
    for rank in slab.form.ranks:
        low, high = slab.hull(Affine(((rank, 1),)), whole)
        fixed[rank] = (int(low[0]), int(high[0]))
    return Operations(operations.einsum, Box(fixed, operations.box.tracks), operations.slabs)


def points_written(operations: Operations, fresh: Box, axes: Mapping[int, Axis], shape: tuple[int, ...]) -> int:
    """Distinct output points that inferred operations write, over all iterations."""
    einsum = operations.einsum
    result = 1
    holes: dict[int, list[Array]] = {}
    loose: set[Key] = set()
    for dimension, form in enumerate(einsum.output.projection):
        if len(form.terms) > 1:
            loose.add(dimension)
            reached = attained(form, tuple(einsum.ranks[r] for r in form.ranks), shape[dimension])
            axis = fresh.axis_of(dimension)
            if axis is None:
                start, stop = fresh.fixed[dimension]
                result *= int(reached[stop] - reached[start])
            else:
                low, high = fresh.tracks[axis].spans[dimension]
                holes.setdefault(axis, []).append(reached[high] - reached[low])
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
    result = 1
    for form, extent in zip(einsum.output.projection, shape, strict=True):
        if len(form.terms) > 1:
            result *= int(attained(form, tuple(einsum.ranks[r] for r in form.ranks), extent)[-1])
        elif form.terms:
            start, stop = _solve(np.array([-form.constant]), np.array([extent - form.constant]), form.terms[0][1])
            result *= max(0, min(int(stop[0]), einsum.ranks[form.ranks[0]]) - max(int(start[0]), 0))
    return result


def combined(needs: list[Box]) -> Box:
    """The hull of several needs of one tensor, iteration by iteration.

    Raises:
        Coupled: the needs are active at different steps and differ along other axes, so that the hull
            is no product; those axes have to be tabulated together.
    """
    if len(needs) == 1:
        return needs[0]
    result = needs[0]
    for need in needs[1:]:
        result = _pair(result, need)
    return result


def _pair(a: Box, b: Box) -> Box:
    keys = {**a.tracks, **b.tracks}
    sizes = {key: _size(a, b, key) for key in keys}
    differ_in_mask: set[int] = set()
    differ_in_span: set[int] = set()
    moving: dict[Key, int] = {}
    for key in keys:
        for box in (a, b):
            track = box.tracks.get(key)
            for coordinate in track.spans if track is not None else ():
                if moving.setdefault(coordinate, key) != key:
                    raise Coupled({moving[coordinate], key})
    masks = {key: (_mask(a, key, sizes[key]), _mask(b, key, sizes[key])) for key in keys}
    for key, (mask_a, mask_b) in masks.items():
        if not np.array_equal(mask_a, mask_b):
            differ_in_mask.add(key)
    for coordinate, key in moving.items():
        (low_a, high_a), (low_b, high_b) = (box.span(coordinate, key, sizes[key]) for box in (a, b))
        both = masks[key][0] & masks[key][1]
        if (((low_a != low_b) | (high_a != high_b)) & both).any():
            differ_in_span.add(key)
    loose = {c for c in a.fixed if c not in moving and a.fixed[c] != b.fixed[c]}
    if not differ_in_mask:
        home = None
    else:
        for outer, inner in ((a, b), (b, a)):
            if _dominates(outer, inner, masks, moving, sizes, swap=outer is b):
                return outer
        together = differ_in_mask | differ_in_span
        if len(together) > 1:
            raise Coupled(together)
        (home,) = differ_in_mask
    return _hulls(a, b, masks, moving, sizes, loose, home)


def _size(a: Box, b: Box, key: int) -> int:
    for box in (a, b):
        track = box.tracks.get(key)
        if track is not None:
            if track.active is not None:
                return len(track.active)
            for low, _ in track.spans.values():
                return len(low)
    return 1


def _mask(box: Box, key: int, size: int) -> Mask:
    track = box.tracks.get(key)
    return track.mask(size) if track is not None else np.ones(size, dtype=bool)


def _dominates(
    outer: Box,
    inner: Box,
    masks: Mapping[int, tuple[Mask, Mask]],
    moving: Mapping[Key, int],
    sizes: Mapping[int, int],
    *,
    swap: bool,
) -> bool:
    """Whether one need contains the other wherever that one is active."""
    for mask_a, mask_b in masks.values():
        mask_outer, mask_inner = (mask_b, mask_a) if swap else (mask_a, mask_b)
        if (mask_inner & ~mask_outer).any():
            return False
    for coordinate, key in moving.items():
        low, high = outer.span(coordinate, key, sizes[key])
        inner_low, inner_high = inner.span(coordinate, key, sizes[key])
        active = masks[key][0 if swap else 1]
        if ((inner_low < low) & active).any() or ((inner_high > high) & active).any():
            return False
    return all(
        outer.fixed[c][0] <= inner.fixed[c][0] and inner.fixed[c][1] <= outer.fixed[c][1]
        for c in outer.fixed
        if c not in moving
    )


def _hulls(
    a: Box,
    b: Box,
    masks: Mapping[int, tuple[Mask, Mask]],
    moving: Mapping[Key, int],
    sizes: Mapping[int, int],
    loose: set[Key],
    home: int | None,
) -> Box:
    """Hull coordinate by coordinate; what differs while the masks differ goes to the axis `home`."""
    where = dict(moving)
    if home is not None:
        where |= dict.fromkeys(loose, home)
    fixed: dict[Key, tuple[int, int]] = {}
    for c, (start, stop) in a.fixed.items():
        if c not in where:
            fixed[c] = (min(start, b.fixed[c][0]), max(stop, b.fixed[c][1]))
    tracks: dict[int, Track] = {}
    for key, (mask_a, mask_b) in masks.items():
        spans: dict[Key, tuple[Array, Array]] = {}
        for c, axis in where.items():
            if axis == key:
                (low_a, high_a), (low_b, high_b) = (box.span(c, key, sizes[key]) for box in (a, b))
                low = np.where(mask_a & (~mask_b | (low_a < low_b)), low_a, low_b)
                high = np.where(mask_a & (~mask_b | (high_a > high_b)), high_a, high_b)
                spans[c] = (low, np.maximum(low, high))
        either = mask_a | mask_b
        active = None if either.all() else either
        if spans or active is not None:
            tracks[key] = Track(spans, active)
    return Box(fixed, tracks)


def contains(outer: Box, inner: Box) -> bool:
    """Whether at every iteration one box contains the other."""
    keys = {**outer.tracks, **inner.tracks}
    sizes = {key: _size(outer, inner, key) for key in keys}
    moving = {c: key for box in (outer, inner) for key, track in box.tracks.items() for c in track.spans}
    masks = {key: (_mask(outer, key, sizes[key]), _mask(inner, key, sizes[key])) for key in keys}
    return _dominates(outer, inner, masks, moving, sizes, swap=False)
