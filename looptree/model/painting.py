"""Fresh points of windows that move to and fro, found by painting the windows of each sweep over each other.

Windows are painted from the last step to the first one: each point keeps the first step that asks for it. Coordinates
are cut into cells wherever a window begins or ends, so that a large tile costs no more than a small one. Of sweeps
whose windows are the same but for where they are, one is painted. Where windows have few cells, the cells of all of
them are listed instead, and the first of equal ones is taken.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array, Axis
from looptree.model.box import Track, product

MAX_CELLS = 1 << 25
MAX_WAITING = 1 << 20  # cells that are counted together
SPARSE = 8  # as many cells for each one that is listed, from which sorting those listed takes less time
SMALL = 100  # cells of a window, up to which listing those of all windows takes less time than painting one by one


def painted(track: Track, axis: Axis, own: int, *, backwards: bool) -> Track:
    """Fresh (or, backwards, retired) points of each own step; a sweep keeps the outermost `own` loops still.

    Raises:
        UnsupportedError: windows are cut into too many cells.
    """
    found = _Fresh(track, axis.size)
    active = np.flatnonzero(track.mask(axis.size))
    if not len(active):
        return found.track()
    bounds = np.searchsorted(active, np.append(axis.starts(own), axis.size))
    lengths = np.where(found.repeats(active, bounds), 0, np.diff(bounds))
    apart = np.searchsorted(bounds, np.searchsorted(active, axis.starts(min(1, own))))
    for first, last in zip(apart.tolist(), [*apart[1:].tolist(), len(lengths)], strict=True):
        painted = np.repeat(lengths[first:last] > 0, np.diff(bounds[first : last + 1]))
        if painted.any():
            sweeps = lengths[first:last][lengths[first:last] > 0]
            steps = active[bounds[first] : bounds[last]][painted]
            found.add(steps, np.append(0, np.cumsum(sweeps)), backwards=backwards)
    return found.track()


class _Fresh:
    """Fresh points of each own step: how many, and the least spans that hold them."""

    def __init__(self, track: Track, size: int) -> None:
        self.spans = track.spans
        self.first = [np.full(size, np.iinfo(np.int64).max) for _ in track.spans]
        self.last = [np.full(size, -1, dtype=np.int64) for _ in track.spans]
        self.count = np.zeros(size, dtype=np.int64)
        self._waiting: list[tuple[Array, ...]] = []
        self._cells = 0
        self._repeated: list[tuple[Array, Array, Array]] = []

    def repeats(self, steps: Array, bounds: Array) -> Array:
        """Which of some sweeps are an earlier one somewhere else; what is found of that one then counts for them, too.

        Args:
            steps: of all sweeps. bounds: where each begins and ends.
        """
        ends = np.stack([end[steps] for pair in self.spans.values() for end in pair])
        lengths = np.diff(bounds)
        found = np.zeros(len(lengths), dtype=bool)
        for length in np.unique(lengths[lengths > 1]).tolist():
            some = np.flatnonzero(lengths == length)
            at = bounds[some][:, None] + np.arange(length)
            windows = ends[:, at]
            begin = windows[::2].min(axis=2)
            windows -= np.repeat(begin, 2, axis=0)[:, :, None]
            rows = np.ascontiguousarray(windows.swapaxes(0, 1)).reshape(len(some), -1)
            known: dict[bytes, int] = {}
            like = np.array([known.setdefault(row.tobytes(), number) for number, row in enumerate(rows)])
            again = np.flatnonzero(like < np.arange(len(some)))
            found[some[again]] = True
            moved = np.repeat(begin[:, again] - begin[:, like[again]], length, axis=1)
            self._repeated.append((steps[at[like[again]]].ravel(), steps[at[again]].ravel(), moved))
        return found

    def add(self, steps: Array, bounds: Array, *, backwards: bool) -> None:
        """Those of some sweeps, whose steps begin and end at these bounds."""
        if (np.diff(bounds) < 2).all():
            return self._take(steps)
        ends = [(low[steps], high[steps]) for low, high in self.spans.values()]
        edges = [np.unique(np.concatenate(pair)) for pair in ends]
        if math.prod(len(cut) - 1 for cut in edges) > MAX_CELLS:
            extents = [int(high.max(initial=0)) for _, high in self.spans.values()]
            raise UnsupportedError(
                f"windows of {' x '.join(map(str, extents))} words that move to and fro are too large to track",
                hint="change the loop order, or use larger tiles",
            )
        corners = [
            (np.searchsorted(cut, low), np.searchsorted(cut, high))
            for cut, (low, high) in zip(edges, ends, strict=True)
        ]
        sizes = product([high - low for low, high in corners])
        if int(sizes.sum()) <= min(SMALL * len(steps), MAX_WAITING):
            return self._list(steps, bounds[:-1][np.diff(bounds) > 0], corners, edges, backwards=backwards)
        listed, cells = bounds.tolist(), [(low.tolist(), high.tolist()) for low, high in corners]
        for first, last in itertools.pairwise(listed):
            if first < last:
                order = range(first, last) if backwards else range(last - 1, first - 1, -1)
                self._paint(order, steps, cells, edges)
        return None

    def _list(
        self,
        steps: Array,
        starts: Array,
        corners: Sequence[tuple[Array, Array]],
        edges: Sequence[Array],
        *,
        backwards: bool,
    ) -> None:
        """What the steps of some sweeps ask for, cell by cell; of a point that several do, the first one gets it."""
        sweep = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(steps))))
        begin = [np.minimum.reduceat(low, starts) for low, _ in corners]
        shape = [np.maximum.reduceat(high, starts) - b for (_, high), b in zip(corners, begin, strict=True)]
        cells = product(shape)
        window, at, stride = np.arange(len(steps)), (np.cumsum(cells) - cells)[sweep], np.ones_like(cells)
        listed = []
        for (low, high), b, extent in zip(corners, begin, shape, strict=True):
            lengths = (high - low)[window]
            whose = np.repeat(np.arange(len(window)), lengths)
            place = np.arange(len(whose)) - (np.cumsum(lengths) - lengths - low[window])[whose]
            window = window[whose]
            at = at[whose] + (place - b[sweep][window]) * stride[sweep][window]
            stride = stride * extent
            listed.append((whose, place))
        some, places = _last_of_each(at) if backwards else _first_of_each(at), list[Array]()
        owner = steps[window[some]]
        for whose, place in reversed(listed):
            places.insert(0, place[some])
            some = whose[some]
        self._wait(owner, places, edges)

    def _take(self, steps: Array) -> None:
        """All that these steps ask for."""
        for (low, high), first, last in zip(self.spans.values(), self.first, self.last, strict=True):
            first[steps], last[steps] = low[steps], high[steps]
        self.count[steps] = math.prod(high[steps] - low[steps] for low, high in self.spans.values())

    def _paint(
        self, order: range, steps: Array, corners: Sequence[tuple[list[int], list[int]]], edges: Sequence[Array]
    ) -> None:
        """What the steps of one sweep ask for; of a point that several do, the last one of them gets it."""
        ends = (min(order), max(order) + 1)
        begin = [min(low[slice(*ends)]) for low, _ in corners]
        shape = [max(high[slice(*ends)]) - b for (_, high), b in zip(corners, begin, strict=True)]
        owners = np.full(shape, -1, dtype=np.int64)
        shifted = list(zip(corners, begin, strict=True))
        for step in order:
            owners[tuple([slice(low[step] - b, high[step] - b) for (low, high), b in shifted])] = step
        at = np.nonzero(owners >= 0)
        self._wait(steps[owners[at]], [place + b for place, b in zip(at, begin, strict=True)], edges)

    def _wait(self, owner: Array, places: Sequence[Array], edges: Sequence[Array]) -> None:
        """Cells with the steps that get them, which are counted later, many at a time."""
        low = [cut[place] for cut, place in zip(edges, places, strict=True)]
        high = [cut[place + 1] for cut, place in zip(edges, places, strict=True)]
        self._waiting.append((owner, *low, *high))
        self._cells += len(owner)
        if self._cells > MAX_WAITING:
            self._count()

    def _count(self) -> None:
        """Count what was painted."""
        if self._waiting:
            owner, *ends = map(np.concatenate, zip(*self._waiting, strict=True))
            size = np.ones(len(owner), dtype=np.int64)
            low, high = ends[: len(self.spans)], ends[len(self.spans) :]
            for first, last, begin, end in zip(self.first, self.last, low, high, strict=True):
                np.minimum.at(first, owner, begin)
                np.maximum.at(last, owner, end)
                size *= end - begin
            np.add.at(self.count, owner, size)
        self._waiting, self._cells = [], 0

    def track(self) -> Track:
        """All of them, with a count where they do not fill their spans."""
        self._count()
        for source, target, moved in self._repeated:
            self.count[target] = self.count[source]
            there = self.count[source] > 0
            for ends, by in itertools.product((self.first, self.last), range(len(moved))):
                ends[by][target[there]] = ends[by][source[there]] + moved[by][there]
        some = self.count > 0
        spans = {
            key: (np.where(some, first, low), np.where(some, last, low))
            for (key, (low, _)), first, last in zip(self.spans.items(), self.first, self.last, strict=True)
        }
        filled = Track(spans, None if some.all() else some)
        return filled if np.array_equal(filled.sizes(), self.count) else Track(spans, filled.active, self.count)


def _first_of_each(numbers: Array) -> Array:
    """Where each number that is listed is listed first."""
    size = int(numbers.max(initial=-1)) + 1
    if size > SPARSE * len(numbers):
        return np.unique(numbers, return_index=True)[1]
    first = np.full(size, len(numbers))
    np.minimum.at(first, numbers, np.arange(len(numbers)))
    return first[first < len(numbers)]


def _last_of_each(numbers: Array) -> Array:
    """Where each number that is listed is listed last."""
    return len(numbers) - 1 - _first_of_each(numbers[::-1])
