"""Fresh data of one loop at a time, in the common case that what was there before is one interval."""

from __future__ import annotations

import numpy as np

from looptree.model.axis import Axis
from looptree.model.box import Box, Track
from looptree.model.sweep import fresh_box


def fresh_along(track: Track, key: int, axis: Axis, own: int) -> Track:
    """The fresh part of a track on the axis `key` in sweeps that keep the outermost `own` of its loops still.

    The same as `fresh_box`, which marks points one by one where the lower end of an interval falls. Between
    layers with several consumers it often does fall, but not below where the sweep began, and no gap is left.
    Then fresh is what lies beyond the furthest coordinate so far.
    """
    quick = _beyond(track, axis, own) if own < len(axis.depths) else None
    return quick or fresh_box(Box({}, {key: track}), {key: axis}, own).tracks[key]


def _beyond(track: Track, axis: Axis, own: int) -> Track | None:
    """What lies beyond the furthest coordinate so far; `None` where that is not the answer, or not known to be."""
    if len(track.spans) != 1 or track.count is not None or not axis.size:
        return None
    ((key, (low, high)),) = track.spans.items()
    if low.dtype == object:
        return None
    active = track.mask(axis.size)
    far = int(high.max(initial=0)) + 1
    apart = axis.group(own) * far if own else np.zeros(axis.size, dtype=np.int64)
    furthest = np.full(axis.size, -1)
    furthest[1:] = np.maximum.accumulate(np.where(active, high, 0) + apart)[:-1] - apart[1:]
    lowest = np.minimum.reduceat(np.where(active, low, far), axis.starts(own))
    start_of = np.searchsorted(axis.starts(own), np.arange(axis.size), side="right") - 1
    begun = furthest > 0
    if (active & begun & (low > furthest)).any():
        return None
    if (active & ~begun & (low > lowest[start_of])).any():
        return None
    start = np.minimum(np.maximum(low, furthest), high)
    something = active & (start < high)
    return Track({key: (start, high)}, None if something.all() else something)
