"""What an Einsum does at each iteration, and what it touches for that.

Assumption: the operations of one iteration are a box of ranks, or a slab of one where an output
dimension is written through several ranks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array, Axis
from looptree.model.box import Box, Coupled, Key, Mask, Track, both, exact_sum, product, table_of
from looptree.model.slab import Slab
from looptree.workload import Access, Affine, Einsum


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
        result, along = self.factors(axes)
        for key, axis in axes.items():
            result *= exact_sum(along[key]) if key in along else axis.size
        return result

    def factors(self, axes: Mapping[int, Axis]) -> tuple[int, dict[int, Array]]:
        """Operations of each iteration: a factor, and one table per axis."""
        loose = {rank for slab in self.slabs for rank in slab.form.ranks}
        fixed = 1
        for rank, (start, stop) in self.box.fixed.items():
            if rank not in loose:
                fixed *= stop - start
        for slab in self.slabs:
            if slab.axis is None:
                fixed *= int(slab.count(self._spans(slab, 1))[0])
        along = {key: self._along(key, axis, loose) for key, axis in axes.items()}
        return fixed, {key: table_of(table, axes[key].size) for key, table in along.items() if table.ndim}

    def _along(self, key: int, axis: Axis, loose: set[str]) -> Array:
        track = self.box.tracks.get(key)
        if track is not None and not loose:
            return track.sizes()
        factors = [slab.count(self._spans(slab, axis.size)) for slab in self.slabs if slab.axis == key]
        if track is not None:
            if track.count is not None:
                factors.append(track.count)
            else:
                factors += [high - low for rank, (low, high) in track.spans.items() if rank not in loose]
            if track.active is not None:
                factors.append(track.active.astype(np.int64))
        return product(factors)

    def _spans(self, slab: Slab, size: int) -> dict[str, tuple[Array, Array]]:
        axis = -1 if slab.axis is None else slab.axis
        return {rank: self.box.span(rank, axis, size) for rank in slab.form.ranks}

    def tiled(self, key: int, axis: Axis, parent: Array, rank: str | None, tile: int | Array) -> Operations:
        """The operations below one more loop of an axis.

        Args:
            key: the axis; `axis`: it with the loop already in; `parent`: old own step of each new one.
            rank: the rank of this Einsum that the loop tiles; `None` if it names none.
            tile: tile shape below the loop, the same at all steps or one per step.
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
        inside = start < stop
        tracks[key] = Track(spans, both(track.active if track else None, None if inside.all() else inside))
        tiled = Operations(self.einsum, Box(fixed, tracks), self._slabs_at(key, parent, rank))
        return tiled.tightened(key, axis.size) if tiled.slabs else tiled

    def _slabs_at(self, key: int, parent: Array, rank: str | None) -> tuple[Slab, ...]:
        found = []
        for slab in self.slabs:
            if rank in slab.form.ranks and slab.axis not in (None, key):
                raise Coupled({slab.axis or 0, key})
            moves = slab.axis == key or rank in slab.form.ranks
            found.append(slab.at(key, parent) if moves else slab)
        return tuple(found)

    def tightened(self, key: int, size: int) -> Operations:
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
                    active = both(active, spans[rank][0] < spans[rank][1])
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
        if not form.constant and len(form.terms) == 1 and form.terms[0][1] == 1:  # a rank by itself
            return self._span(form.terms[0][0])
        axis: int | None = None
        low: Array = form.constant  # type: ignore[assignment]
        high: Array = form.constant + 1  # type: ignore[assignment]
        for rank, coefficient in form.terms:
            interval = self.box.fixed.get(rank)
            if interval is None:
                on = self.box.axis_of(rank)
                if axis is not None and on != axis:
                    raise Coupled({axis, on or 0})
                track = self.box.tracks[on or 0]
                if track.count is not None and axis is not None:
                    raise UnsupportedError(
                        f"einsum {self.einsum.name!r}: a tile that is not a box is read through {form}",
                        hint="change the loop order, or keep the overlap further out",
                    )
                axis = on
                start, stop = track.spans[rank]
            else:
                start, stop = interval  # type: ignore[assignment]
            if coefficient > 0:
                low, high = low + coefficient * start, high + coefficient * (stop - 1)
            else:
                low, high = low + coefficient * (stop - 1), high + coefficient * start
        return axis, low, high

    def _span(self, rank: str) -> tuple[int | None, Array, Array]:
        """Axis (if any) and ends of the interval of a rank."""
        if rank in self.box.fixed:
            low, high = self.box.fixed[rank]
            return None, low, high  # type: ignore[return-value]
        on = self.box.axis_of(rank)
        return on, *self.box.tracks[on or 0].spans[rank]

    def _hull_in(self, slab: Slab, form: Affine) -> tuple[int | None, Array, Array]:
        """The same over a slab; beside another axis it must not follow that of the slab."""
        inside = Affine(tuple(t for t in form.terms if t[0] in slab.form.ranks), form.constant)
        outside = Affine(tuple(t for t in form.terms if t[0] not in slab.form.ranks))
        rest = Operations(self.einsum, self.box, tuple(s for s in self.slabs if s is not slab))
        axis, low, high = rest._hull(outside)
        slab_low, slab_high = slab.hull(inside, self._spans(slab, len(slab.low)))
        if slab.axis is not None and axis in (None, slab.axis):
            return slab.axis, slab_low + low, slab_high + high - 1
        if slab.axis is not None and not _constant(slab_low, slab_high):
            raise Coupled({slab.axis, axis or 0})
        return axis, slab_low[0] + low, slab_high[0] + high - 1


def _constant(low: Array, high: Array) -> bool:
    """Whether an interval is the same at all steps, and not empty."""
    return bool(len(low) and low[0] < high[0] and (low == low[0]).all() and (high == high[0]).all())


def _stays_inside(form: Affine, einsum: Einsum, extent: int) -> bool:
    """Whether the form never leaves `[0, extent)`, whatever the tile."""
    low, high = form.hull(einsum.box)
    return low >= 0 and high <= extent
