"""Boxes that change from step to step, kept as one table per axis.

A `Box` says what a tensor needs, or what an Einsum does, at every iteration of a chain. Its
coordinates (tensor dimensions by number, ranks by name) are either fixed, or follow one axis, where
a `Track` holds the interval at each own step. The box of an iteration is the product of what its
tracks say, and empty where one of them is inactive.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from looptree.model.axis import SAFE, Array, Axis

Key = int | str
FEW = 64  # entries that Python adds up faster than numpy
Mask = NDArray[np.bool_]


class Coupled(Exception):
    """Two axes have to be tabulated together (their loops determine one interval jointly)."""

    def __init__(self, axes: set[int]) -> None:
        super().__init__(f"axes {sorted(axes)}")
        self.axes = axes


@dataclass(frozen=True, eq=False, slots=True)
class Core:
    """Where a hull of several needs is exact.

    Attributes:
        steps: per axis, the steps at which all needs are active.
        ties: the axes to tabulate together where the rest cannot be shown to do no harm.
    """

    steps: Mapping[int, Mask]
    ties: frozenset[int]


class Track:
    """What a box is along one axis.

    Attributes:
        spans: per coordinate that follows the axis, lower and upper end at each own step.
        active: where the box is not empty; `None` if everywhere.
        count: points at each own step, where they do not fill the spans; `None` if they do.
        known: what was found out about the sweeps of the track.
    """

    __slots__ = ("_largest", "_sizes", "active", "count", "known", "spans")

    def __init__(
        self, spans: Mapping[Key, tuple[Array, Array]], active: Mask | None = None, count: Array | None = None
    ) -> None:
        self.spans = spans
        self.active = active
        self.count = count
        self.known: dict[Any, Any] = {}
        self._sizes: Array | None = None
        self._largest: int | None = None

    def sizes(self) -> Array:
        """Points at each own step: the product of the spans, 0 where inactive."""
        if self._sizes is None:
            sizes = self.count
            if sizes is None:
                sizes = product([high - low for low, high in self.spans.values()])
            if self.active is not None:
                sizes = sizes * self.active
            self._sizes = sizes
        return self._sizes

    def largest(self) -> int:
        """The most points at any own step."""
        if self._largest is None:
            self._largest = int(self.sizes().max())
        return self._largest

    def at(self, steps: Array) -> Track:
        """The same track at other own steps (`steps[i]` is the old step of new step `i`)."""
        return Track(
            {key: (low[steps], high[steps]) for key, (low, high) in self.spans.items()},
            None if self.active is None else self.active[steps],
            None if self.count is None else self.count[steps],
        )

    def clipped(self, key: Key, extent: int) -> Track:
        """The track with one coordinate cut to `[0, extent)`."""
        low, high = self.spans[key]
        low = np.minimum(np.maximum(low, 0), extent)
        high = np.maximum(np.minimum(high, extent), low)
        inside = low < high
        active = inside if self.active is None else self.active & inside
        return Track({**self.spans, key: (low, high)}, None if active.all() else active)

    def length(self) -> int:
        """Number of own steps that the tables have (1 if it has none)."""
        if self.active is not None:
            return len(self.active)
        return max((len(low) for low, _ in self.spans.values()), default=1)

    def mask(self, size: int) -> Mask:
        """Where the box is not empty, written out."""
        return np.ones(size, dtype=bool) if self.active is None else self.active


class Box:
    """A product of fixed intervals and tracks.

    Attributes:
        fixed: coordinates that no loop changes, as non-empty `(start, stop)`.
        tracks: per axis; an axis without a track does not matter to the box.
        overhang: coordinates that may lie outside the tensor, with its extent there.
        core: `None` where the box says exactly what is asked for; else it may say more outside the core, and is
            as good as exact only if nothing is fresh there (see `looptree.model.hull`).
    """

    __slots__ = ("core", "fixed", "overhang", "tracks")

    def __init__(
        self,
        fixed: dict[Key, tuple[int, int]],
        tracks: dict[int, Track],
        overhang: tuple[tuple[Key, int], ...] = (),
    ) -> None:
        self.fixed = fixed
        self.tracks = tracks
        self.overhang = overhang
        self.core: Core | None = None

    def clipped(self) -> Box | None:
        """The box without what lies outside the tensor; `None` if nothing is left at any step."""
        if not self.overhang:
            return self
        fixed = dict(self.fixed)
        tracks = dict(self.tracks)
        for key, extent in self.overhang:
            if key in fixed:
                start, stop = fixed[key]
                fixed[key] = (max(start, 0), min(stop, extent))
                if fixed[key][0] >= fixed[key][1]:
                    return None
                continue
            axis = self.axis_of(key)
            if axis is not None:
                tracks[axis] = tracks[axis].clipped(key, extent)
                active = tracks[axis].active
                if active is not None and not active.any():
                    return None
        return Box(fixed, tracks)

    def fixed_size(self) -> int:
        """Points along the fixed coordinates."""
        return math.prod(stop - start for start, stop in self.fixed.values())

    def total(self, axes: Mapping[int, Axis]) -> int:
        """Points over all iterations: the product over axes of the sum over own steps."""
        result = self.fixed_size()
        for key, axis in axes.items():
            track = self.tracks.get(key)
            result *= axis.size if track is None else exact_sum(track.sizes())
        return result

    def span(self, key: Key, axis: int, size: int) -> tuple[Array, Array]:
        """The interval of a coordinate along an axis, a fixed one repeated."""
        track = self.tracks.get(axis)
        if track is not None and key in track.spans:
            return track.spans[key]
        start, stop = self.fixed[key]
        return np.full(size, start), np.full(size, stop)

    def axis_of(self, key: Key) -> int | None:
        """The axis that a coordinate follows; `None` if it is fixed."""
        if key in self.fixed:
            return None
        return next(axis for axis, track in self.tracks.items() if key in track.spans)


def product(factors: list[Array]) -> Array:
    """Element-wise product, exact; no factors give 1 (int64 scalar array)."""
    if not factors:
        return np.ones((), dtype=np.int64)
    result = factors[0]
    for factor in factors[1:]:
        if result.dtype != object and result.size and float(result.max()) * float(factor.max()) >= SAFE:
            result = result.astype(object)
        result = result * factor
    return result


def table_of(entries: Array, size: int) -> Array:
    """One entry for each own step of an axis with so many, a single one repeated."""
    return entries if entries.shape == (size,) else np.broadcast_to(entries, (size,))


def exact_sum(table: Array) -> int:
    """The sum of a table of non-negative integers, exact."""
    if table.size <= FEW:
        return int(sum(table.tolist()))
    if table.dtype != object and float(table.max()) * table.size >= SAFE:
        table = table.astype(object)
    return int(table.sum())


def exact_product(factor: int, table: Array) -> Array:
    """`factor * table` of non-negative integers, exact, and so are the sums of the result."""
    if factor * max(int(table.max(initial=0)), 1) * len(table) >= SAFE:
        return factor * table.astype(object)
    return factor * table


def both(a: Mask | None, b: Mask | None) -> Mask | None:
    """Where both masks hold; `None` stands for everywhere."""
    if a is None:
        return b
    return a if b is None else a & b
