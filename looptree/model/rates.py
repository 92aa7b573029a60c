"""How long the words of a tensor keep the memory levels busy."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from looptree.architecture import Architecture, Level


class Rate(NamedTuple):
    """Cycles that one word takes of a resource, when it is read and when it is written."""

    read: Fraction
    write: Fraction


def rates(level: Level, bits: int) -> tuple[Rate, ...]:
    """What one word of so many bits takes of each resource of a level; none where all are unlimited.

    >>> rates(Level("GLB", bandwidth_bytes_per_cycle=Fraction(4)), bits=16)
    (Rate(read=Fraction(1, 2), write=Fraction(1, 2)),)
    """
    amount = Fraction(bits, 8) if level.ports is None else level.accesses(bits)
    return tuple(Rate(limit.cycles(amount, 0), limit.cycles(0, amount)) for limit in level.limits)


def resources(architecture: Architecture) -> tuple[str, ...]:
    """The component of every resource: the compute units, then the levels from the outside in."""
    levels = [level.name for level in architecture.levels for _ in level.limits]
    return (architecture.compute.name, *levels)
