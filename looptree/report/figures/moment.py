"""Where the loops of a chain are at a step, and what was needed before it: boxes looked up in tables per axis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from looptree.model.axis import Axis
from looptree.model.box import Box, Key, Track

Span = tuple[int, int]
Spans = Mapping[Key, Span]
Ranges = Mapping[int, Span]
"""Own steps [from, to) of each axis."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One step of a chain.

    Attributes:
        own: own step of each axis. values: of each loop, counted from 0.
        earlier: per loop the own steps of its earlier values, while the loops around it stand still.
    """

    own: Mapping[int, int]
    values: tuple[int, ...]
    earlier: tuple[Ranges, ...]


def moment_of(axes: Mapping[int, Axis], depths: Sequence[int], step: int) -> Moment:
    """The step of that number, counted from 0.

    Args:
        axes: of the chain. depths: of its loops, outside in.
    """
    ranges = {key: (0, axis.size) for key, axis in axes.items()}
    values, earlier = [], []
    rest = step
    for depth in depths:
        key, axis = next((key, axis) for key, axis in axes.items() if depth in axis.depths)
        begin, end = ranges[key]
        others = prod(to - since for name, (since, to) in ranges.items() if name != key)
        at = begin + rest // others
        value, first, last = _value(axis, axis.depths.index(depth), at)
        earlier.append({**ranges, key: (begin, first)})
        rest -= (first - begin) * others
        ranges[key] = (first, min(last, end))
        values.append(value)
    return Moment({key: since for key, (since, _) in ranges.items()}, tuple(values), tuple(earlier))


def _value(axis: Axis, level: int, at: int) -> tuple[int, int, int]:
    """The value of an own loop of an axis at an own step, and the own steps [first, last) of that value."""
    if level + 1 == len(axis.depths):
        return int(axis.ordinals[level][at]), at, at + 1
    starts = axis.starts(level + 1)
    index = int(np.searchsorted(starts, at, side="right")) - 1
    last = int(starts[index + 1]) if index + 1 < len(starts) else axis.size
    return int(axis.ordinals[level][starts[index]]), int(starts[index]), last


def box_at(box: Box, own: Mapping[int, int]) -> Spans | None:
    """The interval of each dimension at a step; `None` where the box is empty."""
    found: dict[Key, Span] = dict(box.fixed)
    for key, track in box.tracks.items():
        spans = _spans(track, own[key])
        if spans is None:
            return None
        found |= spans
    return found


def before(box: Box, moment: Moment, still: int) -> Iterator[Spans]:
    """Boxes that together are all that was needed earlier, while the outermost `still` loops stood where they are."""
    for ranges in moment.earlier[still:]:
        if all(since < to for since, to in ranges.values()):
            parts = []
            for key, track in box.tracks.items():
                asked = (_spans(track, own) for own in range(*ranges[key]))
                parts.append({tuple(spans.items()) for spans in asked if spans is not None})
            for chosen in product(*parts):
                yield {**box.fixed, **dict(entry for spans in chosen for entry in spans)}


def _spans(track: Track, own: int) -> dict[Key, Span] | None:
    if (track.active is not None and not track.active[own]) or (track.count is not None and not track.count[own]):
        return None
    spans: dict[Key, Span] = {name: (int(low[own]), int(high[own])) for name, (low, high) in track.spans.items()}
    return None if any(low >= high for low, high in spans.values()) else spans
