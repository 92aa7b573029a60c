"""Axes: the loops that one coordinate depends on, tabulated together.

Loops over different ranks do not interact, so nothing is ever enumerated over all of them. The
loops of one axis (usually the one or two loops over one rank) are unrolled into *own steps*; every
quantity of the model is a table over the own steps of each axis, and totals are products of sums.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import numpy as np
from numpy.typing import NDArray

from looptree.errors import UnsupportedError

MAX_STEPS = 1 << 22

# Products and sums of int64 tables are exact up to here; beyond it tables turn into Python integers.
SAFE = 2**62

# int64, or Python integers (dtype object) where int64 could overflow
Array = NDArray[Any]


class Axis:
    """Loops unrolled into own steps, in the order in which they are visited.

    Attributes:
        depths: position of each own loop on the path (1 = outermost), outermost first.
        groups: for each own loop, per own step, the id of the values of the own loops so far;
            non-decreasing. `groups[t]` are the own steps that the axis had before loop `t + 1` came.
        ordinals: for each own loop, per own step, the value (step number) of that loop.
        size: number of own steps.
        known: what was found out about its sweeps.
    """

    __slots__ = ("_starts", "depths", "groups", "known", "ordinals", "size")

    def __init__(self, depths: tuple[int, ...], groups: tuple[Array, ...], ordinals: tuple[Array, ...]) -> None:
        self.depths = depths
        self.groups = groups
        self.ordinals = ordinals
        self.size = len(groups[-1]) if groups else 1
        self.known: dict[Any, Any] = {}
        self._starts: dict[int, Array] = {}

    @classmethod
    def root(cls) -> Axis:
        """An axis without loops: one step."""
        return cls((), (), ())

    def extended(self, trips: Array, depth: int) -> tuple[Axis, Array]:
        """The axis with one more loop inside, and for each new step the old one it belongs to.

        Args:
            trips: number of steps of the new loop at each own step; 0 leaves the step out.
            depth: position of the new loop on the path.
        """
        total = int(trips.sum())
        if total > MAX_STEPS:
            raise UnsupportedError(
                f"loops over one rank make {total} steps; at most {MAX_STEPS} are tabulated",
                hint="use a larger tile",
            )
        parent = np.repeat(np.arange(self.size), trips)
        first = np.cumsum(trips) - trips
        steps = np.arange(total)
        axis = Axis(
            (*self.depths, depth),
            (*(g[parent] for g in self.groups), steps),
            (*(o[parent] for o in self.ordinals), steps - first[parent]),
        )
        return axis, parent

    def own(self, depth: int) -> int:
        """How many of the own loops are among the outermost `depth` loops of the path."""
        return bisect_right(self.depths, depth)

    def group(self, own: int) -> Array:
        """Per own step, the id of the values of the outermost `own` of its loops (`own` >= 1)."""
        return self.groups[own - 1]

    def starts(self, own: int) -> Array:
        """Own steps at which a new group of the outermost `own` loops begins."""
        if own not in self._starts:
            if own == 0:
                found = np.zeros(min(1, self.size), dtype=np.int64)
            else:
                group = self.group(own)
                found = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1]))) if self.size else group
            self._starts[own] = found
        return self._starts[own]

    def inner(self, own: int) -> Array:
        """Of each group of the outermost `own` loops the first group with one loop more, and the number of all."""
        key = "inner", own
        if key not in self.known:
            starts = self.starts(own + 1)
            self.known[key] = np.append(np.searchsorted(starts, self.starts(own)), len(starts))
        found: Array = self.known[key]
        return found

    def first(self, own: int) -> NDArray[np.bool_]:
        """Mask of the own steps at which a group of the outermost `own` loops begins."""
        mask = np.zeros(self.size, dtype=bool)
        mask[self.starts(own)] = True
        return mask


def gathered(table: Array, axis: Axis, outer: Axis | None) -> Array:
    """Sums of a table over the loops of its axis that the outer axis does not have."""
    if outer is axis:
        return table
    if float(table.max(initial=0)) * len(table) >= SAFE:
        table = table.astype(object)
    if outer is None or not outer.depths:
        return np.array([table.sum()], dtype=table.dtype)
    result = np.zeros(outer.size, dtype=table.dtype)
    np.add.at(result, axis.group(len(outer.depths)), table)
    return result
