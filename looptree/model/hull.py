"""What several consumers need together, iteration by iteration."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from looptree.model.axis import Array
from looptree.model.box import Box, Coupled, Key, Mask, Track


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
    moving = _moving(a, b)
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


def _moving(a: Box, b: Box) -> dict[Key, int]:
    """The axis of every coordinate that follows one in either box."""
    moving: dict[Key, int] = {}
    for box in (a, b):
        for key, track in box.tracks.items():
            for coordinate in track.spans:
                if moving.setdefault(coordinate, key) != key:
                    raise Coupled({moving[coordinate], key})
    return moving


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
    moving = _moving(outer, inner)
    masks = {key: (_mask(outer, key, sizes[key]), _mask(inner, key, sizes[key])) for key in keys}
    return _dominates(outer, inner, masks, moving, sizes, swap=False)
