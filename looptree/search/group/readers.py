"""What the readers of a tensor ask for at each step of some loops, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from looptree.model.axis import Array, Axis
from looptree.model.box import Box, Key, Track
from looptree.model.hull import contains
from looptree.search.group.factors import AXIS


def at_first(box: Box, asked: Mapping[Key, int], axis: Axis) -> tuple[frozenset[Key], Array]:
    """Dimensions along which less is needed at the first step than without loops, and words along them."""
    track, starts = box.tracks.get(AXIS), axis.starts(1)
    words, narrowed = np.ones(len(starts)), set[Key]()
    for key, (low, high) in ({} if track is None else track.spans).items():
        sizes = (high - low)[starts]
        if (sizes != asked[key]).any():
            narrowed.add(key)
            words = words * sizes
    return frozenset(narrowed), words * np.broadcast_to(_active(box, axis), (axis.size,))[starts]


def any_rests(boxes: Sequence[Box], axis: Axis) -> bool:
    """Whether some boxes are needed at steps at which others are not."""
    masks = [np.broadcast_to(_active(box, axis), (axis.size,)) for box in boxes]
    return any((mask != masks[0]).any() for mask in masks[1:])


def _active(box: Box, axis: Axis) -> Array:
    track = box.tracks.get(AXIS)
    return np.ones(axis.size, dtype=bool) if track is None else track.mask(axis.size)


def that_cover(boxes: Sequence[Box]) -> frozenset[int]:
    """Positions of the boxes that contain all others at every step."""
    inside = {i: clipped for i, box in enumerate(boxes) if (clipped := box.clipped()) is not None}
    return frozenset(i for i, box in inside.items() if all(contains(box, other) for other in inside.values()))


def inside(box: Box, steps: int) -> Box:
    """A box without what lies outside the tensor; with nothing at any of so many steps if all of it does."""
    clipped = box.clipped()
    return Box({-1: (0, 0)}, {AXIS: Track({}, np.zeros(steps, dtype=bool))}) if clipped is None else clipped
