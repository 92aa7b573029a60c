"""Slabs: operations that write an interval of an output dimension read through several ranks.

A transposed convolution writes `y = 2*p + r`; a merge of heads writes `y = 64*h + e`. The
operations that write `low <= y < high` are then no box of ranks but a slab of one. Counts and hulls
over a slab are exact: all ranks but one are enumerated, the last one is solved for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array
from looptree.workload import Affine

MAX_POINTS = 1 << 24
POINTS_AT_ONCE = 1 << 16
Spans = Mapping[str, tuple[Array, Array]]


@dataclass(frozen=True, eq=False, slots=True)
class Slab:
    """The operations with `low <= form < high`.

    Attributes:
        form: the output projection, over two or more ranks.
        extents: extent of each rank of the form.
        axis: the axis that the ends follow; `None` if they are fixed.
        low: lower end at each own step of the axis (one entry if fixed).
        high: upper end, exclusive.
    """

    form: Affine
    extents: tuple[int, ...]
    axis: int | None
    low: Array
    high: Array

    def at(self, axis: int, steps: Array) -> Slab:
        """The same slab at other own steps, or spread over the steps of an axis if it was fixed."""
        steps = np.zeros(len(steps), dtype=np.int64) if self.axis is None else steps
        return Slab(self.form, self.extents, axis, self.low[steps], self.high[steps])

    def count(self, spans: Spans) -> Array:
        """Points of the slab inside the given intervals of its ranks, per step."""
        total = np.zeros(len(self.low), dtype=np.int64)
        for _, start, stop in self._solutions(spans):
            total += np.maximum(stop - start, 0).sum(axis=0)
        return total

    def hull(self, form: Affine, spans: Spans) -> tuple[Array, Array]:
        """The hull of another form over the slab, per step; ends meet where the slab is empty."""
        most, least = np.iinfo(np.int64).max, np.iinfo(np.int64).min
        low, high = np.full(len(self.low), most), np.full(len(self.low), least)
        coefficients = dict(form.terms)
        along = coefficients.get(self._main, 0)
        for others, start, stop in self._solutions(spans):
            rest = form.constant + sum(coefficients.get(rank, 0) * values for rank, values in others.items())
            first, last = rest + along * start, rest + along * (stop - 1)
            valid = start < stop
            low = np.minimum(low, np.where(valid, np.minimum(first, last), most).min(axis=0))
            high = np.maximum(high, np.where(valid, np.maximum(first, last) + 1, least).max(axis=0))
        empty = low > high
        return np.where(empty, 0, low), np.where(empty, 0, high)

    @property
    def _main(self) -> str:
        """The rank that is solved for: the one with the largest extent."""
        return max(zip(self.extents, self.form.ranks, strict=True))[1]

    def _solutions(self, spans: Spans) -> Iterator[tuple[dict[str, Array], Array, Array]]:
        """The interval of the main rank inside slab and spans, per value of the other ranks (axis 0) and step (axis 1).

        The values of the other ranks come in parts that fit a cache.
        """
        main = self._main
        coefficient = dict(self.form.terms)[main]
        others = [(r, c, e) for (r, c), e in zip(self.form.terms, self.extents, strict=True) if r != main]
        count = math.prod(e for _, _, e in others)
        if count * len(self.low) > MAX_POINTS:
            raise UnsupportedError(f"the output projection {self.form} joins too many ranks to be tiled")
        at_once = max(1, POINTS_AT_ONCE // max(1, len(self.low)))
        for begin in range(0, count, at_once):
            indices = np.unravel_index(np.arange(begin, min(begin + at_once, count)), [e for _, _, e in others])
            values = {r: index[:, None] for (r, _, _), index in zip(others, indices, strict=True)}
            rest = self.form.constant + sum(c * values[r] for r, c, _ in others)
            near, far = self.low - rest, self.high - 1 - rest
            if coefficient < 0:
                near, far = -far, -near
            start = np.maximum(-(-near // abs(coefficient)), spans[main][0])
            stop = np.minimum(far // abs(coefficient) + 1, spans[main][1])
            for rank, value in values.items():
                stop = np.where((spans[rank][0] <= value) & (value < spans[rank][1]), stop, start)
            yield values, start, stop


@lru_cache(maxsize=256)
def attained(form: Affine, extents: tuple[int, ...]) -> Array:
    """The coordinates that a form reaches, each once, in rising order."""
    if math.prod(extents) > MAX_POINTS:
        raise UnsupportedError(f"the output projection {form} joins too many ranks to be tiled")
    values = np.full((1,) * len(extents), form.constant)
    for dimension, ((_, coefficient), extent) in enumerate(zip(form.terms, extents, strict=True)):
        shape = [1] * len(extents)
        shape[dimension] = extent
        values = values + (coefficient * np.arange(extent)).reshape(shape)
    found: Array = np.unique(values)
    return found


def attained_in(form: Affine, extents: tuple[int, ...], low: Array, high: Array) -> Array:
    """How many coordinates of each interval `[low, high)` a form reaches."""
    reached = attained(form, extents)
    count: Array = np.searchsorted(reached, high) - np.searchsorted(reached, low)
    return count
