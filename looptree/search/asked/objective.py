"""What a search makes as small as possible."""

from __future__ import annotations

import math
from fractions import Fraction

from looptree.errors import InputError, close
from looptree.model import Evaluation
from looptree.search.asked.metrics import METRICS
from looptree.units import format_count, format_energy, format_size

OBJECTIVES = (*METRICS, "edp", "capacity")
"""`edp`: the product of energy and latency of the whole plan. `capacity`: the bytes on chip that it needs."""


def checked(objective: str) -> str:
    """The objective, if it is one.

    Raises:
        InputError: listing the known ones.
    """
    if objective not in OBJECTIVES:
        raise InputError(
            f"expected one of {', '.join(OBJECTIVES)} as objective, found {objective!r}",
            hint=close(objective, OBJECTIVES),
        )
    return objective


def amount(objective: str, value: float) -> str:
    """A value of an objective with its unit.

    >>> amount("energy", 2.5e9), amount("offchip", 65536.0), amount("latency", 1000.0), amount("latency", math.inf)
    ('2.5 mJ', '64 KiB', '1,000 cycles', 'unknown')
    >>> amount("edp", 3.7294e15)
    '3.729e+15 pJ cycles'
    """
    if not math.isfinite(value):
        return "unknown"
    if objective == "energy":
        return format_energy(Fraction(value))
    if objective in ("offchip", "capacity"):
        return format_size(round(value))
    if objective == "edp":
        return f"{value:.4g} pJ cycles"
    return f"{format_count(Fraction(value))} {'cycles' if objective == 'latency' else objective}"


def value(objective: str, result: Evaluation) -> Fraction:
    """The objective of an evaluation: pJ, bytes, cycles, operations, pJ times cycles, or bytes on chip."""
    if objective == "edp":
        return result.energy.total * result.latency.overlapped
    if objective == "capacity":
        level = next(name for name in result.occupancy if name != result.off_chip)
        return Fraction(result.occupancy[level].window_bytes)
    if objective == "offchip":
        return Fraction(result.offchip_bytes)
    if objective == "operations":
        return Fraction(result.total_operations)
    return result.energy.total if objective == "energy" else result.latency.overlapped
