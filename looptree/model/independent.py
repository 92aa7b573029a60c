"""Loops of one axis that do not interact for one track: its fresh part is the product of theirs.

Loops share an axis because some tensor ties them. Another tensor may follow each of them with coordinates of its own;
for it they are as loops of different axes, and nothing has to be looked up step by step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array, Axis
from looptree.model.box import Key, Track


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """Some of the loops of an axis: the outermost one, and others.

    Attributes:
        loops: positions among the loops of the axis. axis: of these alone. steps: of the whole axis at which all other
            loops are at their first step. place: the own step of the part, per own step of the whole axis.
    """

    loops: tuple[int, ...]
    axis: Axis
    steps: Array
    place: Array


def part_of(axis: Axis, loops: Sequence[int]) -> Part | None:
    """Some loops of an axis, with its outermost one; `None` if the trips of a loop depend on another one."""
    known = axis.known.setdefault("parts", {})
    key = tuple(loops)
    if key not in known:
        known[key] = _part_of(axis, key)
    found: Part | None = known[key]
    return found


def _part_of(axis: Axis, loops: tuple[int, ...]) -> Part | None:
    starts, sizes = axis.starts(1), np.diff(np.append(axis.starts(1), axis.size))
    trips = [np.maximum.reduceat(o, starts) + 1 for o in axis.ordinals]
    if (np.prod(trips[1:], axis=0) != sizes).any():
        return None
    others = [axis.ordinals[t] for t in range(1, len(axis.depths)) if t not in loops]
    steps = np.flatnonzero(np.logical_and.reduce([o == 0 for o in others])) if others else np.arange(axis.size)
    outermost = np.repeat(np.arange(len(starts)), sizes)
    place = np.zeros(axis.size, dtype=np.int64)
    for t in loops[1:]:
        place = place * trips[t][outermost] + axis.ordinals[t]
    first = np.searchsorted(outermost[steps], np.arange(len(starts)))
    groups = [outermost[steps]]
    for t in loops[1:]:
        ordinals = axis.ordinals[t][steps]
        changed = (groups[-1][1:] != groups[-1][:-1]) | (ordinals[1:] != ordinals[:-1])
        groups.append(np.concatenate(([0], np.cumsum(changed))))
    own = Axis(tuple(axis.depths[t] for t in loops), tuple(groups), tuple(axis.ordinals[t][steps] for t in loops))
    return Part(loops, own, steps, place + first[outermost])


def parts_of(track: Track, axis: Axis) -> list[tuple[Part, Track]] | None:
    """The loops of an axis in parts that a track follows with different coordinates; `None` if there is one part only.

    The outermost loop is in each part. The track is the product of those of its parts: at every step its spans are
    theirs, and it is active where all of them are.
    """
    loops = range(1, len(axis.depths))
    if len(loops) < 2 or not axis.size:
        return None
    tied = [[t] for t in loops]
    for low, high in track.spans.values():
        followed = [t for t in loops if not _stays(axis, t, (low, high))]
        joined = [t for own in tied if set(own) & set(followed) for t in own]
        tied = [own for own in tied if not set(own) & set(followed)] + ([joined] if joined else [])
    found = [part_of(axis, (0, *sorted(own))) for own in sorted(tied)]
    if len(found) < 2 or None in found:
        return None
    return _tracks(track, axis, [part for part in found if part is not None])


def _stays(axis: Axis, loop: int, ends: Sequence[Array]) -> bool:
    """Whether no end changes along a loop."""
    part = part_of(axis, tuple(t for t in range(len(axis.depths)) if t != loop))
    return part is not None and all(np.array_equal(end, end[part.steps][part.place]) for end in ends)


def _tracks(track: Track, axis: Axis, parts: Sequence[Part]) -> list[tuple[Part, Track]] | None:
    """The track along each part; `None` if where it is active is no product."""
    active = [np.ones(part.axis.size, dtype=bool) for part in parts]
    if track.active is not None:
        active = [np.bincount(p.place[track.active], minlength=p.axis.size).astype(bool) for p in parts]
        together = np.logical_and.reduce([some[part.place] for some, part in zip(active, parts, strict=True)])
        if not np.array_equal(together, track.active):
            return None
    spans: list[dict[Key, tuple[Array, Array]]] = [{} for _ in parts]
    for key, ends in track.spans.items():
        moved = [at for at, part in enumerate(parts) if not all(_stays(axis, t, ends) for t in part.loops[1:])]
        at = moved[0] if moved else 0
        low, high = ends
        spans[at][key] = low[parts[at].steps], high[parts[at].steps]
    return [
        (part, Track(own, None if some.all() else some)) for part, own, some in zip(parts, spans, active, strict=True)
    ]


def product(tracks: Sequence[tuple[Part, Track]], track: Track) -> Track:
    """The track of a whole axis that is the product of some along its parts, with the coordinates of `track`."""
    spans = {key: (low[part.place], high[part.place]) for part, own in tracks for key, (low, high) in own.spans.items()}
    active = np.logical_and.reduce([own.mask(part.axis.size)[part.place] for part, own in tracks])
    count: Array | None = None
    if any(own.count is not None for _, own in tracks):
        count = np.prod([np.broadcast_to(t.sizes(), (p.axis.size,))[p.place] for p, t in tracks], axis=0)
    return Track({key: spans[key] for key in track.spans}, None if active.all() else active, count)
