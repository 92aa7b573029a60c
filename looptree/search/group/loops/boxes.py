"""What the readers of a tensor need along one axis: where they rest, and whether they need the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array, Axis
from looptree.model.box import Box, Key, Track
from looptree.model.hull import contains
from looptree.search.group.loops.factors import AXIS

FAR = 1 << 40  # beyond every coordinate
NOWHERE = Box({0: (0, 0)}, {}, overhang=((0, 1),))  # what a layer reads that does nothing


def first_words(box: Box, asked: Mapping[Key, int], axis: Axis) -> tuple[frozenset[Key], Array]:
    """Dimensions along which less is needed at the first step than without loops, and words along them.

    These are all dimensions where nothing is needed at the first step: then it does not count what others narrow.
    """
    track, starts = box.tracks.get(AXIS), axis.starts(1)
    begins = np.broadcast_to(active_steps(within(box, axis.size), axis), (axis.size,))[starts]
    words, narrowed = np.ones(len(starts)), set[Key](() if begins.all() else asked)
    for key, (low, high) in ({} if track is None else track.spans).items():
        sizes = (high - low)[starts]
        if (sizes != asked[key]).any():
            narrowed.add(key)
            words = words * sizes
    return frozenset(narrowed), words * begins


def resting_apart(boxes: Sequence[Box], axis: Axis) -> bool:
    """Whether some boxes are needed at steps at which others are not."""
    masks = [np.broadcast_to(active_steps(within(box, axis.size), axis), (axis.size,)) for box in boxes]
    return any((mask != masks[0]).any() for mask in masks[1:])


def needing_alike(boxes: Sequence[Box], axis: Axis) -> bool:
    """Whether all boxes are the same at every step, along the coordinates that follow the axis."""
    inside = [within(box, axis.size) for box in boxes]
    active = np.broadcast_to(active_steps(inside[0], axis), (axis.size,))
    if resting_apart(boxes, axis):
        return False
    if not active.any():
        return True
    moved = {key for box in inside if AXIS in box.tracks for key in box.tracks[AXIS].spans}
    ends = [np.stack([box.span(key, AXIS, axis.size) for box in inside])[..., active] for key in moved]
    return all((each == each[:1]).all() for each in ends)


def active_steps(box: Box, axis: Axis) -> Array:
    """At which steps a box is not empty."""
    track = box.tracks.get(AXIS)
    return np.ones(axis.size, dtype=bool) if track is None else track.mask(axis.size)


def in_common(need: Box, boxes: Sequence[Box], axis: Axis) -> Box | None:
    """What is needed, at the steps at which all of some boxes are; `None` if there are none."""
    found = np.logical_and.reduce([np.broadcast_to(active_steps(within(b, axis.size), axis), axis.size) for b in boxes])
    track = need.tracks.get(AXIS, Track({}))
    active = found & track.mask(axis.size)
    if not active.any():
        return None
    return need if found.all() else Box(need.fixed, {**need.tracks, AXIS: Track(track.spans, active, track.count)})


def covering_all(boxes: Sequence[Box]) -> frozenset[int]:
    """Positions of the boxes that contain all others at every step."""
    inside = {i: clipped for i, box in enumerate(boxes) if (clipped := box.clipped()) is not None}
    return frozenset(i for i, box in inside.items() if all(contains(box, other) for other in inside.values()))


@dataclass(frozen=True, slots=True)
class Compared:
    """How what several readers need follows one another along loops.

    Attributes:
        leading: readers (by position) that have asked for all that any of them needs, at every step or before.
        inside: those that rest wherever any other does.
        turns: whether at every step one reader needs all that any of them needs. beside: whether at every step nothing
            is between what they need: their hull has no point that none of them needs.
    """

    leading: frozenset[int]
    inside: frozenset[int]
    turns: bool
    beside: bool


def compared(boxes: Sequence[Box], axis: Axis, loops: int) -> Compared:
    """How what readers need follows one another along so many loops."""
    leading = leading_all(boxes, axis) if loops == 1 else covering_all(boxes)
    return Compared(leading, resting_first(boxes, axis), *hulls(boxes, axis))


def all_of(known: Sequence[Compared]) -> Compared:
    """What holds in all of some runs."""
    leading, inside = zip(*((one.leading, one.inside) for one in known), strict=True)
    both = frozenset[int].intersection(*leading), frozenset[int].intersection(*inside)
    return Compared(*both, turns=all(one.turns for one in known), beside=all(one.beside for one in known))


def leading_all(boxes: Sequence[Box], axis: Axis) -> frozenset[int]:
    """Positions of the boxes that have contained all others at every step of one loop, so far.

    So far means since the first step of the loop, for each choice of tile shapes by itself.
    """
    inside = {i: clipped for i, box in enumerate(boxes) if (clipped := box.clipped()) is not None}
    active = {i: np.broadcast_to(active_steps(box, axis), axis.size) for i, box in inside.items()}
    keys = {key for box in inside.values() for key in (*box.fixed, *(box.tracks[AXIS].spans if box.tracks else ()))}
    ends = {(i, key): box.span(key, AXIS, axis.size) for i, box in inside.items() for key in keys}
    apart = axis.groups[0].astype(np.int64) * FAR
    found = set(inside)
    for i, key in ends:
        low, high = ends[i, key]
        low = np.minimum.accumulate(np.where(active[i], low, FAR // 4) - apart) + apart
        high = np.maximum.accumulate(np.where(active[i], high, -FAR // 4) + apart) - apart
        for other in inside:
            least, most = ends[other, key]
            if (((least < low) | (most > high)) & active[other]).any():
                found.discard(i)
    return frozenset(found)


def hulls(boxes: Sequence[Box], axis: Axis) -> tuple[bool, bool]:
    """Whether at every step one of the boxes contains all others; and whether their hull has no other points.

    It has none where one box contains all others, or where they differ in one coordinate only, and all overlap or touch
    along that.
    """
    inside = [clipped for box in boxes if (clipped := box.clipped()) is not None]
    if not inside:
        return True, True
    active = np.stack([np.broadcast_to(active_steps(box, axis), axis.size) for box in inside])
    keys = {key for box in inside for key in (*box.fixed, *(box.tracks[AXIS].spans if box.tracks else ()))}
    covers, differing = active.copy(), np.zeros(axis.size, dtype=np.int64)
    for key in keys:
        low, high = (np.stack(ends) for ends in zip(*(box.span(key, AXIS, axis.size) for box in inside), strict=True))
        first, latest = np.where(active, low, FAR).min(axis=0), np.where(active, high, -FAR).max(axis=0)
        last, soonest = np.where(active, low, -FAR).max(axis=0), np.where(active, high, FAR).min(axis=0)
        covers &= (low == first) & (high == latest)
        differing += np.where(last > soonest, 2, (first < last) | (soonest < latest))
    turns, beside = covers.any(axis=0) | ~active.any(axis=0), differing <= 1
    return bool(turns.all()), bool((turns | beside).all())


def resting_first(boxes: Sequence[Box], axis: Axis) -> frozenset[int]:
    """Positions of the boxes that are empty at every step at which any other one is."""
    masks = [np.broadcast_to(active_steps(within(box, axis.size), axis), axis.size) for box in boxes]
    common = np.logical_and.reduce(masks)
    return frozenset(i for i, mask in enumerate(masks) if not (mask & ~common).any())


def within(box: Box, steps: int) -> Box:
    """A box without what lies outside the tensor; with nothing at any of so many steps if all of it does."""
    clipped = box.clipped()
    return Box({-1: (0, 0)}, {AXIS: Track({}, np.zeros(steps, dtype=bool))}) if clipped is None else clipped


def extents_of(box: Box) -> dict[Key, int]:
    """Of a box that no loop changes."""
    return {key: stop - start for key, (start, stop) in box.fixed.items()}
