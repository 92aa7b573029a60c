"""What several consumers need together, iteration by iteration.

The hull of boxes that are active at the same steps is a box of hulls. Consumers that rest at
different steps break the product: where one rests along one axis, its part is missing along all of
them. Three things then save it, tried in this order:

* one need contains all others wherever they are active;
* all that differs lies along one axis;
* the box of hulls says too much only at steps outside its *core* (where all are active), and only of points
  that were asked for before. Whoever uses such a box checks that; see `Box.core`.

Else the axes have to be tabulated together (`Coupled`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from looptree.model.axis import Array
from looptree.model.box import Box, Core, Coupled, Key, Mask, Track


def combined(needs: Sequence[Box]) -> Box:
    """The hull of several needs of one tensor, iteration by iteration.

    Raises:
        Coupled: one coordinate follows different axes in different needs.
    """
    if len(needs) == 1:
        return needs[0]
    view = _View(needs)
    uneven = view.uneven
    if not uneven:
        return view.hull(None)
    for index, need in enumerate(needs):
        if view.contains_all(index):
            return need
    ties = uneven | view.differing
    if len(ties) == 1:
        return view.hull(next(iter(ties)))
    box = view.hull(None)
    box.core = Core({axis: np.logical_and.reduce(view.masks[axis]) for axis in uneven}, frozenset(ties))
    return box


def contains(outer: Box, inner: Box) -> bool:
    """Whether at every iteration one box contains the other."""
    for box in (outer, inner):
        if box.core is not None:
            raise Coupled(set(box.core.ties))
    return _View([outer, inner]).contains_all(0)


class _View:
    """Several needs side by side, axis by axis."""

    def __init__(self, needs: Sequence[Box]) -> None:
        self.needs = needs
        self.moving: dict[Key, int] = {}
        self.sizes: dict[int, int] = {}
        for box in needs:
            for axis, track in box.tracks.items():
                self.sizes[axis] = max(self.sizes.get(axis, 1), track.length())
                for coordinate in track.spans:
                    if self.moving.setdefault(coordinate, axis) != axis:
                        raise Coupled({self.moving[coordinate], axis})
        self.masks = {axis: [_mask(box, axis, size) for box in needs] for axis, size in self.sizes.items()}
        self.spans = {
            coordinate: [box.span(coordinate, axis, self.sizes[axis]) for box in needs]
            for coordinate, axis in self.moving.items()
        }

    @property
    def uneven(self) -> set[int]:
        """Axes along which not all needs are active at the same steps."""
        return {axis for axis, masks in self.masks.items() if any(not np.array_equal(masks[0], m) for m in masks[1:])}

    @property
    def differing(self) -> set[int]:
        """Axes along which two active needs differ."""
        found = set()
        for coordinate, axis in self.moving.items():
            (low, high), *others = self.spans[coordinate]
            everyone = np.logical_and.reduce(self.masks[axis])
            if any((((low != a) | (high != b)) & everyone).any() for a, b in others):
                found.add(axis)
        return found

    def contains_all(self, index: int) -> bool:
        """Whether one need contains the others wherever they are active."""
        own = self.needs[index]
        for masks in self.masks.values():
            if any((mask & ~masks[index]).any() for mask in masks):
                return False
        for coordinate, axis in self.moving.items():
            low, high = self.spans[coordinate][index]
            for mask, (other_low, other_high) in zip(self.masks[axis], self.spans[coordinate], strict=True):
                if (((other_low < low) | (other_high > high)) & mask).any():
                    return False
        return all(
            start <= other.fixed[c][0] and other.fixed[c][1] <= stop
            for other in self.needs
            for c, (start, stop) in own.fixed.items()
            if c not in self.moving
        )

    def hull(self, home: int | None) -> Box:
        """Hull coordinate by coordinate over the needs that are active along its axis.

        Args:
            home: axis that coordinates which no loop changes, but which differ, are tabulated on.
        """
        fixed: dict[Key, tuple[int, int]] = {}
        where = dict(self.moving)
        for coordinate in self.needs[0].fixed:
            if coordinate not in self.moving:
                found = {box.fixed[coordinate] for box in self.needs}
                fixed[coordinate] = (min(start for start, _ in found), max(stop for _, stop in found))
                if home is not None and len(found) > 1:
                    where[coordinate] = home
                    del fixed[coordinate]
        tracks: dict[int, Track] = {}
        for axis, masks in self.masks.items():
            spans = {c: self._hull(c, axis) for c, on in where.items() if on == axis}
            active = reduce(np.logical_or, masks)
            if spans or not active.all():
                tracks[axis] = Track(spans, None if active.all() else active)
        return Box(fixed, tracks)

    def _hull(self, coordinate: Key, axis: int) -> tuple[Array, Array]:
        spans = self.spans.get(coordinate) or [box.span(coordinate, axis, self.sizes[axis]) for box in self.needs]
        far = max(int(high.max(initial=0)) for _, high in spans) + 1
        low = np.full(self.sizes[axis], far)
        high = np.zeros(self.sizes[axis], dtype=np.int64)
        for mask, (start, stop) in zip(self.masks[axis], spans, strict=True):
            low = np.where(mask, np.minimum(low, start), low)
            high = np.where(mask, np.maximum(high, stop), high)
        return np.minimum(low, high), high


def _mask(box: Box, axis: int, size: int) -> Mask:
    track = box.tracks.get(axis)
    return track.mask(size) if track is not None else np.ones(size, dtype=bool)


def steady(box: Box) -> Box:
    """The part of a box where all its consumers are active: never more than is asked for."""
    if box.core is None:
        return box
    tracks = dict(box.tracks)
    for axis, mask in box.core.steps.items():
        track = tracks.get(axis, Track({}))
        active = mask if track.active is None else track.active & mask
        tracks[axis] = Track(track.spans, active, track.count)
    return Box(box.fixed, tracks)
