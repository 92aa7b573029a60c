"""What a search makes small: sums over the tensors and layers of a group, and the objective made of them.

Every objective is a function of sums that grows with each of them. So the least of each sum gives a lower bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from looptree.architecture import Architecture, Level, Limit
from looptree.model.axis import Array
from looptree.search.objective import Price, energy_of, load_of, nothing, price
from looptree.workload import Workload

ROUNDING = 1e-11  # of float64 sums of exact products; closer values count as equal


@dataclass(frozen=True, slots=True)
class Load:
    """A sum: what passes through one resource of a memory level.

    Attributes:
        level: the memory level. limit: its resource. outer: it is off chip.
    """

    level: Level
    limit: Limit
    outer: bool


Sum = Load | str
"""What is added up over tensors and layers: bytes that pass `offchip`, `energy` in pJ, or a `Load`."""


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
    def of(cls, what: Sum, part: Workload, architecture: Architecture, level: str, tensors: Sequence[str]) -> Prices:
        """The prices of one sum. What passes off chip in bytes is rounded up per tensor, as the model does."""
        layers = [e.name for e in part.einsums]
        bytes_off_chip = isinstance(what, Load) and what.outer and what.level.ports is None
        if what == "offchip" or bytes_off_chip:
            reads, writes = (what.limit.reads, what.limit.writes) if isinstance(what, Load) else (True, True)
            width = np.array([part.tensors[t].bits / 8 for t in tensors])
            return cls(width * reads, width * writes, np.zeros(len(layers)), np.zeros(len(layers)), True)
        known = _price(what, part, architecture, level)
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


def _price(what: Sum, part: Workload, architecture: Architecture, level: str) -> Price:
    if isinstance(what, Load):
        load = load_of(what.level, what.limit)
        return price(part, load if what.outer else nothing, nothing if what.outer else load, lambda kind: 0.0)
    outer, inner = energy_of(architecture.off_chip), energy_of(architecture.level(level))
    return price(part, outer, inner, lambda kind: float(architecture.compute.energy_pj(kind)))


class Goal:
    """The objective of a search on one architecture.

    Args:
        objective: `energy` in pJ, `offchip` in bytes, `latency` in cycles. level: the on-chip level.
    """

    def __init__(self, objective: str, architecture: Architecture, level: str) -> None:
        self.objective = objective
        self.architecture = architecture
        self.level = level
        ends = (architecture.off_chip, True), (architecture.level(level), False)
        self.loads = [Load(known, limit, outer) for known, outer in ends for limit in known.limits]
        self.leakage = float(architecture.leakage_pj_per_cycle) if objective == "energy" else 0.0
        self.sums: tuple[Sum, ...] = () if objective == "latency" else (objective,)
        if objective == "latency" or self.leakage:
            self.sums = (*self.sums, *self.loads)

    def prices(self, part: Workload, tensors: Sequence[str]) -> list[Prices]:
        """The prices of each sum."""
        return [Prices.of(what, part, self.architecture, self.level, tensors) for what in self.sums]

    def value(self, sums: Sequence[Array], cycles: Array) -> Array:
        """The objective from the sums and compute cycles."""
        if self.objective == "latency":
            return self._slowest(sums, cycles)
        return sums[0] + self.leakage * self._slowest(sums[1:], cycles) if self.leakage else sums[0]

    def _slowest(self, loads: Sequence[Array], cycles: Array) -> Array:
        slowest = cycles
        for load, moved in zip(self.loads, loads, strict=True):
            slowest = np.maximum(slowest, moved / float(load.limit.rate))
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
