"""The designs of a group that no other one beats, and how they are combined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.search.asked.metrics import METRICS


@dataclass(frozen=True, slots=True)
class Designs:
    """Designs of a group that no other one beats.

    Attributes:
        rows: of each the bytes above the branch and inside it, pJ, bytes that pass off chip and the buffer, cycles and
        operations.
    """

    rows: Array

    def totals(self, capacity: float, bandwidths: Sequence[float]) -> Array:
        """The metrics of those that fit in so many bytes, in the order of `METRICS`."""
        fitting = self.rows[self.rows[:, :2].sum(axis=1) <= capacity]
        _, _, energy, offchip, buffer, cycles, operations = fitting.T
        slowest = np.maximum(cycles, np.maximum(offchip / bandwidths[0], buffer / bandwidths[1]))
        return undominated(np.stack([energy, offchip, slowest, operations], axis=1))

    def least(self, objective: str, capacity: float, bandwidths: Sequence[float]) -> float:
        """The least objective in so many bytes, infinite if nothing fits."""
        column = self.totals(capacity, bandwidths)[:, METRICS.index(objective)]
        return float(column.min(initial=math.inf))


def together(one: Array, other: Array) -> Array:
    """Every combination of two items: the larger room inside, where layers take turns, all else added up."""
    rows = (one[:, None] + other[None]).reshape(-1, one.shape[1])
    rows[:, 1] = np.maximum(one[:, None, 1], other[None, :, 1]).reshape(-1)
    return undominated(rows)


def undominated(rows: Array) -> Array:
    """Rows that no other row matches or beats in every column."""
    rows = np.unique(rows, axis=0)
    beaten = (rows[None] <= rows[:, None]).all(axis=2).sum(axis=1) > 1
    return np.asarray(rows[~beaten])
