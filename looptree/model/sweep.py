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

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import SAFE, Array, Axis
from looptree.model.box import Box, Core, Coupled, Key, Mask, Track
from looptree.model.independent import parts_of, product

MAX_MARKS = 1 << 25  # cells of a grid of windows
MAX_WAITING = 1 << 20  # points that are counted together


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
                tracks[key] = Track({}, axis.first(own))
    if box.core is not None:
        _check_settled(tracks, axes, box.core)
    return Box(box.fixed, tracks)


def _check_settled(tracks: Mapping[int, Track], axes: Mapping[int, Axis], core: Core) -> None:
    """Outside the core nothing may be fresh along any axis: then earlier steps of the core asked for all of it."""
    for key, steps in core.steps.items():
        sizes = np.broadcast_to(tracks[key].sizes(), (axes[key].size,))
        if sizes[~steps].any():
            raise Coupled(set(core.ties))


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
    return _marked(track, axis, own, backwards=False)


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
    return _marked(track, axis, own, backwards=True).sizes()


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


def _marked(track: Track, axis: Axis, own: int, *, backwards: bool) -> Track:
    """Fresh (or, walking backwards, retired) points, found by painting the windows of each sweep over each other.

    Windows are painted from the last step to the first one: each point keeps the first step that asks for it.
    """
    cells = [_Cells.of(low, high) for low, high in track.spans.values()]
    shape = [len(known.edges) - 1 for known in cells]
    if math.prod(shape) > MAX_MARKS:
        extents = [int(high.max(initial=0)) for _, high in track.spans.values()]
        raise UnsupportedError(
            f"windows of {' x '.join(map(str, extents))} words that move to and fro are too large to track",
            hint="change the loop order, or use larger tiles",
        )
    found = _Fresh(track, cells, axis.size)
    active = np.flatnonzero(track.mask(axis.size))
    bounds = np.searchsorted(active, np.append(axis.starts(own), axis.size))
    alone = np.flatnonzero(np.diff(bounds) == 1)
    found.take(active[bounds[alone]])
    steps, corners = active.tolist(), [(known.low.tolist(), known.high.tolist()) for known in cells]
    for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        if last - first > 1:
            found.paint(steps[first:last] if backwards else steps[first:last][::-1], corners)
    return found.track()


@dataclass(frozen=True, eq=False, slots=True)
class _Cells:
    """A coordinate cut wherever a window begins or ends.

    Attributes:
        edges: of the cells. low, high: the cells of each window, per own step.
    """

    edges: Array
    low: Array
    high: Array

    @classmethod
    def of(cls, low: Array, high: Array) -> _Cells:
        edges = np.unique(np.concatenate((low, high)))
        return cls(edges, np.searchsorted(edges, low), np.searchsorted(edges, high))


class _Fresh:
    """Fresh points of each own step: how many, and the least spans that hold them."""

    def __init__(self, track: Track, cells: Sequence[_Cells], size: int) -> None:
        self.spans = track.spans
        self.cells = cells
        self.first = [np.full(size, len(known.edges)) for known in cells]
        self.last = [np.zeros(size, dtype=np.int64) for _ in cells]
        self.count = np.zeros(size, dtype=np.int64)
        self._painted: list[tuple[Array, ...]] = []
        self._waiting = 0

    def take(self, steps: Array) -> None:
        """All that these steps ask for."""
        for known, first, last in zip(self.cells, self.first, self.last, strict=True):
            first[steps], last[steps] = known.low[steps], known.high[steps]
        self.count[steps] = math.prod(high[steps] - low[steps] for low, high in self.spans.values())

    def paint(self, steps: Sequence[int], corners: Sequence[tuple[list[int], list[int]]]) -> None:
        """What the steps of one sweep ask for; of a point that several do, the last one of them gets it."""
        begin = [min(map(low.__getitem__, steps)) for low, _ in corners]
        shape = [max(map(high.__getitem__, steps)) - b for (_, high), b in zip(corners, begin, strict=True)]
        painted = np.full(shape, -1, dtype=np.int64)
        shifted = list(zip(corners, begin, strict=True))
        for step in steps:
            painted[tuple([slice(low[step] - b, high[step] - b) for (low, high), b in shifted])] = step
        at = np.nonzero(painted >= 0)
        self._painted.append((painted[at], *(place + b for place, b in zip(at, begin, strict=True))))
        self._waiting += len(at[0])
        if self._waiting > MAX_WAITING:
            self._count()

    def _count(self) -> None:
        """Count what was painted."""
        if self._painted:
            owner, *places = map(np.concatenate, zip(*self._painted, strict=True))
            size = np.ones(len(owner), dtype=np.int64)
            for known, first, last, place in zip(self.cells, self.first, self.last, places, strict=True):
                np.minimum.at(first, owner, place)
                np.maximum.at(last, owner, place + 1)
                size *= np.diff(known.edges)[place]
            np.add.at(self.count, owner, size)
        self._painted, self._waiting = [], 0

    def track(self) -> Track:
        """All of them, with a count where they do not fill their spans."""
        self._count()
        some = self.count > 0
        spans = {
            key: (
                np.where(some, known.edges[np.minimum(first, len(known.edges) - 1)], low),
                np.where(some, known.edges[last], low),
            )
            for (key, (low, _)), known, first, last in zip(
                self.spans.items(), self.cells, self.first, self.last, strict=True
            )
        }
        filled = Track(spans, None if some.all() else some)
        return filled if np.array_equal(filled.sizes(), self.count) else Track(spans, filled.active, self.count)
