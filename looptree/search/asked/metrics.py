"""The sums that a plan is judged by, and weights of them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

METRICS = ("energy", "offchip", "latency", "operations")
"""Sums over the groups of a plan: pJ, bytes read and written off chip, cycles (overlapped), operations."""


class Totals(NamedTuple):
    """What a design of a group, or a whole plan, takes: pJ, bytes, cycles, operations."""

    energy: float
    offchip: float
    latency: float
    operations: float

    def plus(self, other: Totals) -> Totals:
        """Both together, one after the other."""
        return Totals(*(a + b for a, b in zip(self, other, strict=True)))

    def apart(self, pj_per_byte: float) -> Totals:
        """The same with the energy of bytes off chip taken out of the energy.

        >>> Totals(50.0, 7.0, 11.0, 2.0).apart(4.0)
        Totals(energy=22.0, offchip=7.0, latency=11.0, operations=2.0)
        """
        return self._replace(energy=self.energy - pj_per_byte * self.offchip) if pj_per_byte else self


NOTHING = Totals(0.0, 0.0, 0.0, 0.0)


class Weights(NamedTuple):
    """What a unit of each metric counts; none is negative.

    >>> Weights(energy=2.0, latency=3.0).of(Totals(5.0, 7.0, 11.0, math.inf))
    43.0
    """

    energy: float = 0.0
    offchip: float = 0.0
    latency: float = 0.0
    operations: float = 0.0

    @classmethod
    def only(cls, metric: str, weight: float = 1.0) -> Weights:
        """One metric alone."""
        return cls(**{metric: weight})

    def of(self, totals: Totals) -> float:
        """The weighted sum; what has no weight does not count, even if it is infinite."""
        return math.fsum(w * x for w, x in zip(self, totals, strict=True) if w)

    def apart(self, pj_per_byte: float) -> Weights:
        """Weights of `Totals.apart` with the same sum.

        >>> weights, totals = Weights(energy=2.0, offchip=1.0), Totals(50.0, 7.0, 11.0, 2.0)
        >>> weights.apart(4.0).of(totals.apart(4.0)), weights.of(totals)
        (107.0, 107.0)
        """
        return self._replace(offchip=self.offchip + pj_per_byte * self.energy)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that count."""
        return tuple(name for name, weight in zip(METRICS, self, strict=True) if weight)


def shares(totals: Totals, names: Iterable[str]) -> Weights:
    """Weights by which each of some metrics counts as a share of an amount; one of which there is nothing does not.

    >>> shares(Totals(5.0, 0.0, 4.0, 8.0), ("offchip", "latency", "operations"))
    Weights(energy=0.0, offchip=0.0, latency=0.25, operations=0.125)
    """
    amounts = {name: totals[METRICS.index(name)] for name in names}
    return Weights(**{name: 1 / amount for name, amount in amounts.items() if 0 < amount < math.inf})
