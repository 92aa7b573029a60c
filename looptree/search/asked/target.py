"""What is asked of a plan as a whole: the least of one metric or of a product of two, within limits of others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.search.asked.metrics import METRICS, Totals

ROUNDING = 1e-9  # share by which a plan may seem to exceed a limit

FACTORS = {name: (name,) for name in METRICS} | {"edp": ("energy", "latency")}
"""The metrics whose product an objective is."""


@dataclass(frozen=True)
class Target:
    """An objective that is a product of metrics, and limits.

    Attributes:
        objective: one of `FACTORS`. limits: most of each metric that is limited.
    """

    objective: str
    limits: Mapping[str, float]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that count."""
        return tuple(name for name in METRICS if name in FACTORS[self.objective] or name in self.limits)

    def value(self, totals: Totals) -> float:
        """The objective of a plan."""
        return math.prod(totals[METRICS.index(name)] for name in FACTORS[self.objective])

    def values(self, points: Array) -> Array:
        """The objective of points, of shape (points, metrics)."""
        columns = [self.metrics.index(name) for name in FACTORS[self.objective]]
        return np.asarray(points[:, columns].prod(axis=1))

    def keeps(self, totals: Totals) -> bool:
        """Whether a plan keeps all limits."""
        return all(totals[METRICS.index(name)] <= most * (1 + ROUNDING) for name, most in self.limits.items())

    def most(self, weights: Sequence[float], value: float, least: Sequence[float]) -> float:
        """The largest weighted sum of the metrics that a plan within limits has whose objective is below a value.

        Args:
            weights, least: per metric of `metrics`; no plan undercuts `least`.
        """
        bound = [self.limits.get(name, math.inf) for name in self.metrics]
        factors = [self.metrics.index(name) for name in FACTORS[self.objective]]
        if len(factors) == 1:
            bound[factors[0]] = min(bound[factors[0]], value)
            return _sum(weights, bound)
        one, other = factors
        rest = [0.0 if i in factors else b for i, b in enumerate(bound)]
        for i, j in ((one, other), (other, one)):
            bound[i] = min(bound[i], value / least[j] if least[j] else math.inf)
        ends = [
            (bound[one], min(bound[other], _ratio(value, bound[one]))),
            (min(bound[one], _ratio(value, bound[other])), bound[other]),
        ]
        return _sum(weights, rest) + max(_sum((weights[one], weights[other]), end) for end in ends)


def _ratio(value: float, by: float) -> float:
    return value / by if by else math.inf


def _sum(weights: Sequence[float], amounts: Sequence[float]) -> float:
    return sum(w * x for w, x in zip(weights, amounts, strict=True) if w)
