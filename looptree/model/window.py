"""Windows: what a buffer holds while the loops above it stand still, and which loops move it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from looptree.model.axis import Array, Axis
from looptree.model.box import Box, Coupled, Key, Mask, Track

_FAR = 1 << 60


def hull_by_group(track: Track, axis: Axis, own: int) -> Track:
    """The hull of a track over all steps that share the outermost `own` loops: one entry per group."""
    if own == len(axis.depths):
        return track if track.count is None else Track(track.spans, track.active)
    starts = axis.starts(own)
    active = None if track.active is None else np.logical_or.reduceat(track.active, starts)
    spans: dict[Key, tuple[Array, Array]] = {}
    for key, (low, high) in track.spans.items():
        if track.active is not None:
            low, high = np.where(track.active, low, _FAR), np.where(track.active, high, 0)
        low, high = np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)
        spans[key] = (np.minimum(low, high), high)
    return Track(spans, active)


def windows(box: Box, axes: Mapping[int, Axis], depth: int) -> Box:
    """The window at each value of the outermost `depth` loops (one entry per group, per axis)."""
    tracks: dict[int, Track] = {}
    for key, axis in axes.items():
        if not axis.size:
            tracks[key] = Track({}, np.zeros(1, dtype=bool))
        elif key in box.tracks:
            tracks[key] = hull_by_group(box.tracks[key], axis, axis.own(depth))
    return Box(box.fixed, tracks)


def largest(window: Box) -> int:
    """Words of the largest window; axes do not interact, so it is a product of maxima."""
    size = window.fixed_size()
    for track in window.tracks.values():
        size *= track.largest()
    return size


def check_windows(box: Box, axes: Mapping[int, Axis], depth: int) -> None:
    """Whether the windows of a hull are as large, and move with the same loops, as what is really asked for.

    A window that reaches into the core is exact. So the largest one along each axis has to, and every loop above
    the node that could make a difference has to be relevant in any case.

    Raises:
        Coupled: otherwise.
    """
    if box.core is None:
        return
    window = windows(box, axes, depth)
    for key in box.core.ties:
        axis, track = axes[key], window.tracks.get(key)
        own = axis.own(depth)
        loops = [position for position in axis.depths[:own] if axis.ordinals[axis.depths.index(position)].any()]
        if loops and (track is None or not all(_moves(track, axis, position, depth) for position in loops)):
            raise Coupled(set(box.core.ties))
        if track is not None and key in box.core.steps:
            exact = np.logical_or.reduceat(box.core.steps[key], axis.starts(own))
            sizes = np.broadcast_to(track.sizes(), exact.shape)
            if not exact.any() or sizes[exact].max() < sizes.max():
                raise Coupled(set(box.core.ties))


def innermost_relevant(window: Box, axes: Mapping[int, Axis], depth: int) -> int:
    """The innermost of the outermost `depth` loops that moves the window; 0 if none does."""
    for position in range(depth, 0, -1):
        for key, track in window.tracks.items():
            axis = axes[key]
            if position in axis.depths and track.spans and _moves(track, axis, position, depth):
                return position
    return 0


def _moves(track: Track, axis: Axis, position: int, depth: int) -> bool:
    """Whether two non-empty windows that differ only in the loop at `position` are different."""
    own = axis.own(depth)
    loop = axis.depths.index(position)
    starts = axis.starts(own)
    keep = np.arange(len(starts)) if track.active is None else np.flatnonzero(track.active)
    if len(keep) < 2:
        return False
    ends = [end[keep] for span in track.spans.values() for end in span]
    if own == 1:
        return any(bool((end != end[0]).any()) for end in ends)
    if loop == own - 1:
        outside = axis.groups[loop - 1][starts][keep]
        same = outside[1:] == outside[:-1]
        return any(bool((same & (end[1:] != end[:-1])).any()) for end in ends)
    others = np.stack([axis.ordinals[t][starts][keep] for t in range(own) if t != loop])
    order = np.lexsort(others)
    same = (others[:, order[1:]] == others[:, order[:-1]]).all(axis=0)
    return any(bool((same & (end[order][1:] != end[order][:-1])).any()) for end in ends)


def outward(box: Box, inner: Mapping[int, Axis], outer: Mapping[int, Axis]) -> Box | None:
    """The hull of a box over loops that `outer` does not have yet; `None` if it is never active."""
    fixed = dict(box.fixed)
    tracks: dict[int, Track] = {}
    for key, axis in inner.items():
        track = box.tracks.get(key)
        target = outer.get(key)
        if target is axis:
            if track is not None:
                tracks[key] = track
        elif target is None:
            if track is not None and not _fix(track, axis, fixed):
                return None
            if axis.size == 0:
                return None
        else:
            reduced = _reduced(track if track is not None else Track({}), axis, target)
            if reduced.spans or reduced.active is not None:
                tracks[key] = reduced
    return Box(fixed, tracks, box.overhang)


def _fix(track: Track, axis: Axis, fixed: dict[Key, tuple[int, int]]) -> bool:
    """Turn a track on an axis that ends here into fixed coordinates; false if it is never active."""
    if not axis.size or (track.active is not None and not track.active.any()):
        return False
    for key, (low, high) in track.spans.items():
        if track.active is not None:
            low, high = low[track.active], high[track.active]
        fixed[key] = (int(low.min()), int(high.max()))
    return True


def _reduced(track: Track, axis: Axis, target: Axis) -> Track:
    """The hull over the loops that `axis` has beyond those of `target`, at the steps of `target`."""
    own = len(target.depths)
    if axis.size == 0:
        nothing = np.zeros(target.size, dtype=np.int64)
        return Track(dict.fromkeys(track.spans, (nothing, nothing)), np.zeros(target.size, dtype=bool))
    hull = hull_by_group(track, axis, own)
    steps = axis.group(own)[axis.starts(own)]
    if len(steps) == target.size:
        return hull
    active: Mask = np.zeros(target.size, dtype=bool)
    active[steps] = True if hull.active is None else hull.active
    spans: dict[Key, tuple[Array, Array]] = {}
    for key, (low, high) in hull.spans.items():
        wide_low, wide_high = np.zeros(target.size, dtype=np.int64), np.zeros(target.size, dtype=np.int64)
        wide_low[steps], wide_high[steps] = low, high
        spans[key] = (wide_low, wide_high)
    return Track(spans, active)
