"""What a search makes as small as possible."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from looptree.errors import InputError, nearest
from looptree.model import Evaluation
from looptree.search.metrics import METRICS

OBJECTIVES = METRICS


def checked(objective: str, known: Sequence[str] = OBJECTIVES) -> str:
    """The objective, if it is one.

    Raises:
        InputError: listing the known ones.
    """
    if objective not in known:
        raise InputError(
            f"expected one of {', '.join(known)} as objective, found {objective!r}", hint=nearest(objective, known)
        )
    return objective


def value(objective: str, result: Evaluation) -> Fraction:
    """The objective of an evaluation: pJ, bytes, cycles or operations."""
    if objective == "offchip":
        return Fraction(result.offchip_bytes)
    if objective == "operations":
        return Fraction(result.total_operations)
    return result.energy.total if objective == "energy" else result.latency.overlapped
