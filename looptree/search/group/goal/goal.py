"""What a search makes small: a weighted sum of metrics, made of sums over the tensors and layers of a group.

Every metric is a function of sums that grows with each of them. So the least of each sum gives a lower bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from looptree.architecture import Architecture
from looptree.model.axis import Array
from looptree.search.asked.metrics import METRICS, Totals, Weights
from looptree.search.group.goal.prices import Load, Prices, Sum
from looptree.search.group.goal.rooms import weight_bytes
from looptree.workload import Workload

ROUNDING = 1e-11  # of float64 sums of exact products; closer values count as equal
OFFCHIP = Sum(offchip=1.0)
FILLS = Sum(steps=1.0)
WEIGHTS = Sum(weights=1.0)


@dataclass(frozen=True, slots=True)
class Aim:
    """What is asked of a design.

    Attributes:
        weights: of the metrics whose sum is made small. limits: weights, and what a sum with these may be at most.
    """

    weights: Weights
    limits: tuple[tuple[Weights, float], ...] = ()


EVERYTHING = Aim(Weights.only(METRICS[0]), tuple((Weights.only(name), float("inf")) for name in METRICS))
"""Limits nothing: with it, every metric of a design is known."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A weighted sum of metrics: `scale` times a sum (by its number, if there is one), and `latency` per cycle."""

    number: int | None
    scale: float
    latency: float


class Goal:
    """An aim on one architecture.

    Args:
        aim: what is asked. level: the on-chip level.

    Attributes:
        sums: what has to be added up. Metrics that simply add up are one sum together, which gives tighter bounds than
            one sum each; latency is the largest of compute cycles and of what passes each resource of a memory level
            by its rate. Each step of a layer fills and drains a systolic array. Leakage is energy per cycle of it.
    """

    def __init__(self, aim: Aim, architecture: Architecture, level: str) -> None:
        self.aim = aim
        self.architecture = architecture
        self.level = level
        self.sums: list[Sum] = []
        self._forms = [self._form(weights) for weights in (aim.weights, *(weights for weights, _ in aim.limits))]
        self._ports = self._with_bandwidth() if self.timed else []
        self._filling = (0, 0)
        if self.timed and architecture.compute.fill_drain_cycles:
            self._filling = self._number(FILLS), architecture.compute.fill_drain_cycles
        known = weight_bytes(architecture.level(level))
        self._weights = None if known is None else (self._number(WEIGHTS), known)
        if not self.sums or self.sums == [WEIGHTS]:
            self._number(OFFCHIP)

    def _form(self, weights: Weights) -> _Form:
        added = (weights.energy, weights.offchip, weights.operations)
        latency = weights.latency + weights.energy * float(self.architecture.leakage_pj_per_cycle)
        if not any(added):
            return _Form(None, 0.0, latency)
        scale = max(added) if sum(map(bool, added)) == 1 else 1.0
        return _Form(self._number(Sum(added[0] / scale, added[1] / scale, added[2] / scale)), scale, latency)

    def _number(self, wanted: Sum) -> int:
        if wanted not in self.sums:
            self.sums.append(wanted)
        return self.sums.index(wanted)

    def _with_bandwidth(self) -> list[tuple[int, float]]:
        """Sums of what takes time to pass a resource of a memory level, with what passes per cycle."""
        levels = ((self.architecture.off_chip, True), *((level, False) for level in self.architecture.levels[1:]))
        loads = [Load(known, limit, outer) for known, outer in levels for limit in known.limits]
        return [(self._number(_sum_of(load)), float(load.limit.rate)) for load in loads]

    @property
    def timed(self) -> bool:
        """Whether the aim asks for latency."""
        return any(form.latency for form in self._forms)

    def prices(self, part: Workload, tensors: Sequence[str]) -> list[Prices]:
        """The prices of each sum."""
        return [Prices.of(wanted, part, self.architecture, self.level, tensors) for wanted in self.sums]

    def value(self, sums: Sequence[Array], cycles: Array) -> Array:
        """The objective from the sums and compute cycles, infinite beyond a limit, and where weights do not fit."""
        first, *others = self._amounts(sums, cycles)
        if self._weights is not None:
            number, capacity = self._weights
            first = np.where(sums[number] > capacity, np.inf, first)
        for amount, (_, most) in zip(others, self.aim.limits, strict=True):
            if most < float("inf"):
                first = np.where(amount > most * (1 + ROUNDING), np.inf, first)
        return first

    def totals(self, sums: Sequence[Array], cycles: Array) -> Totals:
        """All metrics of a single design; the goal has to ask for everything."""
        return Totals(*(float(amount) for amount in self._amounts(sums, cycles)[1:]))

    def _amounts(self, sums: Sequence[Array], cycles: Array) -> list[Array]:
        number, fill_drain = self._filling
        slowest = cycles + fill_drain * sums[number] if fill_drain else cycles
        for number, bandwidth in self._ports:
            slowest = np.maximum(slowest, sums[number] / bandwidth)
        return [self._amount(form, sums, slowest) for form in self._forms]

    @staticmethod
    def _amount(form: _Form, sums: Sequence[Array], slowest: Array) -> Array:
        if form.number is None:
            return slowest if form.latency == 1.0 else form.latency * slowest
        known = sums[form.number] if form.scale == 1.0 else form.scale * sums[form.number]
        return known + form.latency * slowest if form.latency else known


def _sum_of(load: Load) -> Sum:
    """The sum of a load; all bytes off chip are one that other metrics may ask for, too."""
    return OFFCHIP if load.in_bytes and load.limit.reads and load.limit.writes else Sum(load=load)


class Gathering(Goal):
    """A goal under which only designs count that no design found so far beats in all metrics that are limited.

    Attributes:
        beaten_by: metrics of the designs found so far, in the order of the limits.
    """

    def __init__(self, aim: Aim, architecture: Architecture, level: str) -> None:
        super().__init__(aim, architecture, level)
        self.beaten_by: list[list[float]] = []

    def value(self, sums: Sequence[Array], cycles: Array) -> Array:
        """The objective, infinite beyond a limit and where another design is as good in every metric."""
        value = super().value(sums, cycles)
        amounts = self._amounts(sums, cycles)[1:]
        for known in self.beaten_by:
            worse = np.isfinite(value)
            for amount, least in zip(amounts, known, strict=True):
                worse &= amount >= least * (1 - ROUNDING)
            value = np.where(worse, np.inf, value)
        return value
