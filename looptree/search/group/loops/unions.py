"""Words of a tensor that are fresh in sweeps, all together: what the windows of each sweep cover.

Each point is fresh at the first step of a sweep that asks for it. So all steps of a sweep together ask for as many
points as the union of their windows has, and which step is the first does not matter. Where the windows of an innermost
loop fill a box at each step of the loops outside it, they are as good as one window there, and the loop is as good as
none. They fill their hull

- if one of them is all of it, or
- if they change along one coordinate only, and each touches or overlaps the one before along it: then what they cover
  of it grows from an interval to an interval.

Where they do not, the fresh part of each step is found as the model does it (`looptree.model.sweep`).
"""

from __future__ import annotations

import numpy as np

from looptree.model.axis import Array, Axis
from looptree.model.box import Key, Track, table_of
from looptree.model.painting import MAX_CELLS
from looptree.model.sweep import fresh_track
from looptree.model.window import hull_by_group


def swept_words(track: Track, axis: Axis, outer: int) -> list[Array]:
    """Words over all steps of each choice (a value of the outermost loop of the axis), of shape (choices,) each.

    Args:
        track: windows at each step, without what lies outside the tensor. outer: of the loops of the axis.

    Returns:
        Words where each step of the outermost `outer` + 1 loops starts anew, of one more loop, and so on up to all.
    """
    loops, every = len(axis.depths), _sum(track, axis)
    if loops <= outer + 1:
        return [every]
    if track.count is not None or _too_large(track):
        return [*_fresh_words(track, axis, outer), every]
    window = hull_by_group(track, axis, loops - 1)
    first = np.searchsorted(axis.starts(loops - 1), axis.starts(1))
    filled = np.logical_and.reduceat(_filled(track, window, axis), first)
    if filled.all():
        return [*swept_words(window, _without_innermost(axis), outer), every]
    if not filled.any():
        return [*_fresh_words(track, axis, outer), every]
    found = np.zeros((loops - 1 - outer, len(filled)))
    groups = np.repeat(filled, np.diff(np.append(first, len(axis.starts(loops - 1)))))
    shorter = _without_innermost(axis)
    found[:, filled] = swept_words(window.at(np.flatnonzero(groups)), _some_of(shorter, groups), outer)
    left = ~np.repeat(filled, np.diff(np.append(axis.starts(1), axis.size)))
    found[:, ~filled] = _fresh_words(track.at(np.flatnonzero(left)), _some_of(axis, left), outer)
    return [*found, every]


def _too_large(track: Track) -> bool:
    """Whether windows may have more cells than the model can track; then it is left to the model to say so."""
    extents = [int(high.max(initial=0) - low.min(initial=0)) for low, high in track.spans.values()]
    return float(np.prod(extents, dtype=np.float64)) > MAX_CELLS


def _fresh_words(track: Track, axis: Axis, outer: int) -> list[Array]:
    """The same for all but the innermost loop, as the sum of what is fresh at each step."""
    loops = len(axis.depths)
    if track.count is None and not _too_large(track):
        track, axis = _in_runs(track, axis)
    return [_sum(fresh_track(track, axis, own), axis) for own in range(outer + 1, loops)]


def _in_runs(track: Track, axis: Axis) -> tuple[Track, Axis]:
    """The same windows with one step for each run along the innermost loop that fills a box."""
    steps = np.arange(axis.size) if track.active is None else np.flatnonzero(track.active)
    after, before, group = steps[1:], steps[:-1], _group_of_step(axis)
    changes, along, begins = (
        np.zeros(len(after), dtype=np.int64),
        np.full(len(after), -1),
        group[after] != group[before],
    )
    for number, (low, high) in enumerate(track.spans.values()):
        changed = (low[after] != low[before]) | (high[after] != high[before])
        changes += changed
        along[changed] = number
        begins |= (low[after] > high[before]) | (high[after] < low[before])
    begins |= changes > 1
    begins[1:] |= ~begins[:-1] & (along[1:] != along[:-1])
    first = np.flatnonzero(np.append(True, begins))[: len(steps)]
    kept = np.zeros(axis.size, dtype=bool)
    kept[axis.starts(1)] = True
    kept[steps[first]] = True
    shorter = _some_of(axis, kept)
    spans: dict[Key, tuple[Array, Array]] = {}
    place = np.cumsum(kept)[steps[first]] - 1
    for key, (low, high) in track.spans.items():
        least, most = low[kept], high[kept]
        least[place], most[place] = np.minimum.reduceat(low[steps], first), np.maximum.reduceat(high[steps], first)
        spans[key] = least, most
    active = np.zeros(shorter.size, dtype=bool)
    active[place] = True
    return Track(spans, None if active.all() else active), shorter


def _filled(track: Track, window: Track, axis: Axis) -> Array:
    """Whether the windows of the innermost loop are seen to fill their hull, per step of the loops outside it."""
    starts = axis.starts(len(axis.depths) - 1)
    group = _group_of_step(axis)
    whole = track.mask(axis.size).copy()
    for key, (low, high) in track.spans.items():
        least, most = window.spans[key]
        whole &= (low == least[group]) & (high == most[group])
    steps = np.arange(axis.size) if track.active is None else np.flatnonzero(track.active)
    after, before = steps[1:], steps[:-1]
    together = group[after] == group[before]
    after, before = after[together], before[together]
    moved, apart = np.zeros(len(starts), dtype=np.int64), np.zeros(len(starts), dtype=bool)
    for low, high in track.spans.values():
        changed = (low[after] != low[before]) | (high[after] != high[before])
        of_loop = np.zeros(len(starts), dtype=bool)
        of_loop[group[after[changed]]] = True
        moved += of_loop
        apart[group[after[(low[after] > high[before]) | (high[after] < low[before])]]] = True
    return np.logical_or.reduceat(whole, starts) | ((moved <= 1) & ~apart)


def _group_of_step(axis: Axis) -> Array:
    """The step of the loops outside the innermost one, per own step."""
    if "outside" not in axis.known:
        starts = axis.starts(len(axis.depths) - 1)
        axis.known["outside"] = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, axis.size)))
    found: Array = axis.known["outside"]
    return found


def _without_innermost(axis: Axis) -> Axis:
    """The axis without its innermost loop."""
    if "without innermost" not in axis.known:
        starts = axis.starts(len(axis.depths) - 1)
        groups, ordinals = ([table[starts] for table in tables[:-1]] for tables in (axis.groups, axis.ordinals))
        axis.known["without innermost"] = Axis(axis.depths[:-1], tuple(groups), tuple(ordinals))
    found: Axis = axis.known["without innermost"]
    return found


def _some_of(axis: Axis, chosen: Array) -> Axis:
    """The axis at some of its own steps."""
    key = "some", chosen.tobytes()
    if key not in axis.known:
        groups, ordinals = ([table[chosen] for table in tables] for tables in (axis.groups, axis.ordinals))
        axis.known[key] = Axis(axis.depths, tuple(groups), tuple(ordinals))
    found: Axis = axis.known[key]
    return found


def _sum(track: Track, axis: Axis) -> Array:
    """Points at all steps of each choice."""
    sizes = np.asarray(table_of(track.sizes(), axis.size), dtype=np.float64)
    return np.asarray(np.add.reduceat(sizes, axis.starts(1)))
