"""What a search makes small: sums over the tensors and layers of a group, and the objective made of them.

Every objective is a function of sums that grows with each of them. So the least of each sum gives a lower bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from looptree.architecture import Architecture
from looptree.model.axis import Array
from looptree.search.objective import Price, price
from looptree.workload import Workload

ROUNDING = 1e-11  # of float64 sums of exact products; closer values count as equal
SUMS = {
    "offchip": ("offchip",),
    "energy": ("energy",),
    "latency": ("offchip", "buffer"),
}


@dataclass(frozen=True, eq=False)
class Role:
    """How the words of a tensor that enter its place become off-chip reads and writes.

    reads = max(entered - `less` * first, 0), writes = `drained` * entered + `made` * first

    Attributes:
        inner: an intermediate that does not leave the group.
    """

    less: float
    drained: float
    made: float
    inner: bool = False


INPUT = Role(0, 0, 0)
OUTPUT = Role(1, 1, 0)
LEAVING = Role(1, 0, 1)  # an intermediate that is needed outside, too, or spilled: written once, then fetched again
INNER = Role(1, 0, 1, inner=True)


def role_of(part: Workload, tensor: str) -> Role:
    """The role of a tensor in a group."""
    if part.producer(tensor) is None:
        return INPUT
    if not part.consumers(tensor):
        return OUTPUT
    return LEAVING if tensor in part.outputs else INNER


@dataclass(frozen=True, eq=False)
class Prices:
    """What one sum takes for a word of each tensor, and for an operation of each layer.

    Attributes:
        reads, writes: of one off-chip word of each tensor; rounded up to whole units if `whole`.
        operations, saved: of each operation, and what the first write of each output point saves.
    """

    reads: Array
    writes: Array
    operations: Array
    saved: Array
    whole: bool

    @classmethod
    def of(cls, name: str, part: Workload, architecture: Architecture, level: str, tensors: Sequence[str]) -> Prices:
        """The prices of one sum: `offchip` or `buffer` bytes, or `energy` in pJ."""
        layers = [e.name for e in part.einsums]
        if name == "offchip":
            width = np.array([part.tensors[t].bits / 8 for t in tensors])
            return cls(width, width, np.zeros(len(layers)), np.zeros(len(layers)), True)
        known: Price = price("latency" if name == "buffer" else "energy", part, architecture, level)
        return cls(
            np.array([known.reads[t] for t in tensors]),
            np.array([known.writes[t] for t in tensors]),
            np.array([known.operations[n] for n in layers]),
            np.array([known.points[n] for n in layers]),
            False,
        )

    def moved(self, row: int, reads: Array, writes: Array) -> Array:
        """What off-chip words of one tensor add to the sum."""
        if self.whole:
            return np.asarray(np.ceil(reads * self.reads[row]) + np.ceil(writes * self.writes[row]))
        return np.asarray(reads * self.reads[row] + writes * self.writes[row])

    def moved_all(self, reads: Array, writes: Array) -> Array:
        """What off-chip words of all tensors (the first axis) add to the sum."""
        shape = (-1, *([1] * (reads.ndim - 1)))
        read, write = reads * self.reads.reshape(shape), writes * self.writes.reshape(shape)
        return np.asarray(np.ceil(read) + np.ceil(write) if self.whole else read + write)


class Goal:
    """The objective of a search on one architecture.

    Args:
        objective: `energy` in pJ, `offchip` in bytes, `latency` in cycles. level: the on-chip level.
    """

    def __init__(self, objective: str, architecture: Architecture, level: str) -> None:
        self.objective = objective
        self.architecture = architecture
        self.level = level
        self.sums = SUMS[objective]
        self.bandwidths = [
            None if known.bandwidth_bytes_per_cycle is None else float(known.bandwidth_bytes_per_cycle)
            for known in (architecture.off_chip, architecture.level(level))
        ]

    def prices(self, part: Workload, tensors: Sequence[str]) -> list[Prices]:
        """The prices of each sum."""
        return [Prices.of(name, part, self.architecture, self.level, tensors) for name in self.sums]

    def value(self, sums: Sequence[Array], cycles: Array) -> Array:
        """The objective from the sums and compute cycles."""
        if self.objective != "latency":
            return sums[0]
        slowest = cycles
        for moved, bandwidth in zip(sums[-2:], self.bandwidths, strict=True):
            if bandwidth is not None:
                slowest = np.maximum(slowest, moved / bandwidth)
        return slowest


class Second(Goal):
    """What makes one design better than another of equal objective: latency, or energy where the objective is latency.

    Args:
        first: the objective. limit: its value, which no design may exceed.
    """

    def __init__(self, first: Goal, limit: float) -> None:
        other = "energy" if first.objective == "latency" else "latency"
        super().__init__(other, first.architecture, first.level)
        self.first = first
        self.limit = limit
        self.own = len(self.sums)
        self.sums = (*self.sums, *first.sums)

    def value(self, sums: Sequence[Array], cycles: Array) -> Array:
        """The second objective, infinite where the first exceeds its limit."""
        beyond = self.first.value(sums[self.own :], cycles) > self.limit * (1 + ROUNDING)
        return np.where(beyond, np.inf, super().value(sums[: self.own], cycles))
