"""What is new at a step: the sweep along one axis.

A sweep is a run of steps over which a buffer forgets nothing. Within it the *fresh* part of a track
is what no earlier step asked for, and the *retired* part what no later step asks for. Because the
axes of a box are independent, the fresh part of the box is the product of the fresh parts:
an earlier iteration differs from this one first in a loop of some axis, and all iterations that
do so together cover everything along the other axes.

Where intervals only move upwards, or leave no gap above where the sweep began, fresh is what lies beyond
the furthest coordinate so far; else (several coordinates on one axis, gaps that are filled later) windows are
painted over each other.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from looptree.model.axis import SAFE, Array, Axis
from looptree.model.box import Box, Core, Coupled, Key, Mask, Track
from looptree.model.independent import parts_of, product
from looptree.model.painting import painted


def fresh_box(box: Box, axes: Mapping[int, Axis], depth: int) -> Box:
    """The fresh part of a box in sweeps over the loops beyond the outermost `depth`."""
    tracks = dict(box.tracks)
    for key, axis in axes.items():
        own = axis.own(depth)
        if own < len(axis.depths):
            track = box.tracks.get(key)
            if track is not None:
                tracks[key] = fresh_track(track, axis, own)
            elif axis.size > 1:
                tracks[key] = _first_steps(axis, own)
    if box.core is not None:
        _check_settled(tracks, axes, box.core)
    return Box(box.fixed, tracks)


def _check_settled(tracks: Mapping[int, Track], axes: Mapping[int, Axis], core: Core) -> None:
    """Outside the core nothing may be fresh along any axis: then earlier steps of the core asked for all of it."""
    for key, steps in core.steps.items():
        sizes = np.broadcast_to(tracks[key].sizes(), (axes[key].size,))
        if sizes[~steps].any():
            raise Coupled(set(core.ties))


def _first_steps(axis: Axis, own: int) -> Track:
    """What is fresh of what no loop of an axis moves: all of it, at the first step of each sweep."""
    key = "first steps", own
    if key not in axis.known:
        axis.known[key] = Track({}, axis.first(own))
    track: Track = axis.known[key]
    return track


def fresh_track(track: Track, axis: Axis, own: int) -> Track:
    """The fresh part along one axis; a sweep keeps the outermost `own` of its loops still."""
    key = axis, own, "fresh"
    if key not in track.known:
        track.known[key] = _fresh(track, axis, own)
    fresh: Track = track.known[key]
    return fresh


def _fresh(track: Track, axis: Axis, own: int) -> Track:
    if not track.spans:
        return Track({}, _first_active(track.mask(axis.size), axis, own))
    if len(track.spans) == 1 and track.count is None:
        ((key, (low, high)),) = track.spans.items()
        furthest = _furthest(high, track.active, axis, own)
        if _rising(low, track.active, axis, own) or _gapless(low, furthest, track.mask(axis.size), axis, own):
            return _beyond(key, low, high, track.active, furthest)
    parts = parts_of(track, axis) if own and track.count is None else None
    if parts is not None:
        fresh = [(p, fresh_track(t, p.axis, sum(loop < own for loop in p.loops))) for p, t in parts]
        return product(fresh, track)
    return painted(track, axis, own, backwards=False)


def retired_sizes(track: Track, axis: Axis, own: int) -> Array:
    """Points per own step that no later step of the same sweep asks for."""
    key = axis, own, "retired"
    if key not in track.known:
        track.known[key] = _retired(track, axis, own)
    sizes: Array = track.known[key]
    return sizes


def _retired(track: Track, axis: Axis, own: int) -> Array:
    if not track.spans:
        mask = _first_active(track.mask(axis.size)[::-1], axis, own, backwards=True)
        return mask[::-1].astype(np.int64)
    if len(track.spans) == 1 and track.count is None:
        ((_, (low, high)),) = track.spans.items()
        if _rising(low, track.active, axis, own) and _rising(high, track.active, axis, own):
            return _before_nearest(low, high, track.active, axis, own)
    return painted(track, axis, own, backwards=True).sizes()


def rises(track: Track, axis: Axis, own: int) -> bool:
    """Whether no end of any interval ever falls within a sweep (steps that ask for nothing aside)."""
    return track.count is None and all(
        _rising(end, track.active, axis, own) for ends in track.spans.values() for end in ends
    )


def _rising(ends: Array, active: Mask | None, axis: Axis, own: int) -> bool:
    """Whether an end of the interval never falls within a sweep (steps that ask for nothing aside)."""
    if active is None:
        fallen = ends[1:] < ends[:-1]
        if own:
            group = axis.group(own)
            fallen &= group[1:] == group[:-1]
    else:
        kept = ends[active]
        fallen = kept[1:] < kept[:-1]
        if own:
            group = axis.group(own)[active]
            fallen &= group[1:] == group[:-1]
    return not fallen.any()


def _first_active(mask: Mask, axis: Axis, own: int, *, backwards: bool = False) -> Mask:
    """The first active step of each sweep; `backwards`: `mask` and the result run from the end."""
    steps = np.flatnonzero(mask)
    result = np.zeros(len(mask), dtype=bool)
    if not len(steps):
        return result
    if own:
        group = axis.group(own)
        group = (group[::-1] if backwards else group)[steps]
        steps = steps[np.concatenate(([True], group[1:] != group[:-1]))]
    else:
        steps = steps[:1]
    result[steps] = True
    return result


def _furthest(high: Array, active: Mask | None, axis: Axis, own: int) -> Array:
    """How far earlier steps of the same sweep have reached; negative where there was none."""
    reach = high if active is None else np.where(active, high, -1)
    furthest = np.empty_like(reach)
    furthest[:1] = -1
    if own:
        offset = _offsets(axis, own, int(high.max(initial=0)) + 2)
        furthest[1:] = np.maximum.accumulate(reach + offset)[:-1] - offset[1:]
    else:
        np.maximum.accumulate(reach[:-1], out=furthest[1:])
    return furthest


def _gapless(low: Array, furthest: Array, active: Mask, axis: Axis, own: int) -> bool:
    """Whether earlier steps of each sweep cover one interval, from the lowest coordinate of the sweep on."""
    begun = furthest > 0
    if (active & begun & (low > furthest)).any():
        return False
    starts = axis.starts(own)
    lowest = np.minimum.reduceat(np.where(active, low, int(low.max()) + 1), starts)
    of_sweep = np.repeat(lowest, np.diff(np.append(starts, axis.size)))
    return not (active & ~begun & (low > of_sweep)).any()


def _beyond(key: Key, low: Array, high: Array, active: Mask | None, furthest: Array) -> Track:
    start = np.minimum(np.maximum(low, furthest), high)
    something = start < high
    if active is not None:
        something &= active
    return Track({key: (start, high)}, None if something.all() else something)


def _before_nearest(low: Array, high: Array, active: Mask | None, axis: Axis, own: int) -> Array:
    """Sizes of what lies before the next interval of the sweep (intervals rise)."""
    far = int(high.max(initial=0)) + 1
    begin = low if active is None else np.where(active, low, far)
    nearest = np.empty_like(begin)
    nearest[-1:] = far
    if own:
        offset = _offsets(axis, own, far + 1)
        nearest[:-1] = np.minimum.accumulate((begin + offset)[::-1])[::-1][1:] - offset[:-1]
    else:
        nearest[:-1] = np.minimum.accumulate(begin[::-1])[::-1][1:]
    sizes: Array = np.maximum(np.minimum(high, nearest) - low, 0)
    return sizes if active is None else np.where(active, sizes, 0)


def _offsets(axis: Axis, own: int, stride: int) -> Array:
    """A shift per sweep that keeps the coordinates of different sweeps apart."""
    group = axis.group(own)
    if float(group[-1:].max(initial=0)) * stride >= SAFE:
        group = group.astype(object)
    shifted: Array = group * stride
    return shifted
