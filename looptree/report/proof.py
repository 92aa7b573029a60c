"""What was searched and what is proven of the plan that was found, in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType

from looptree.report.text import counted
from looptree.search import SPACES, Space, Statistics
from looptree.search.asked.limits import Limit
from looptree.search.asked.objective import amount
from looptree.units import format_percent

NOUNS: Mapping[str, str] = MappingProxyType(
    {
        "energy": "energy",
        "offchip": "off-chip transfers",
        "latency": "latency",
        "operations": "operations",
        "edp": "energy-delay product",
        "capacity": "capacity",
    }
)
"""What each objective makes small."""


def percent(share: float) -> str:
    """A share in percent."""
    return format_percent(Fraction(share), 1) if math.isfinite(share) else "unknown"


def verdict(statistics: Statistics) -> str:
    """What is proven of the plan."""
    if statistics.status == "optimal":
        return "proven optimal"
    bound = amount(statistics.objective, statistics.bound)
    return (
        f"stopped with a gap of {percent(statistics.gap)} (it takes "
        f"{amount(statistics.objective, statistics.value)}, no plan of the space less than {bound})"
    )


def space_name(space: Space) -> str:
    """The name of a space; `custom` if it has none."""
    return next((name for name, known in SPACES.items() if known == space), "custom")


def space_sentences(space: Space) -> str:
    """The space in words, and what it leaves out."""
    left_out = space.leaves_out()
    less = f" Narrower than the default space in {'; '.join(left_out)}." if left_out else ""
    return f"Space {space_name(space)}: {space.described()}.{less}"


def effort(statistics: Statistics) -> str:
    """How much was looked at."""
    return (
        f"{counted(statistics.groups, 'group')} of layers of {counted(statistics.shapes, 'shape')}, "
        f"{counted(statistics.designs_evaluated, 'design')} computed, {counted(statistics.ranges_bounded, 'range')} of "
        "designs bounded as a whole; the plan is evaluated by the exact model."
    )


def limits_text(limits: Sequence[Limit]) -> str:
    """Limits in words."""
    return " and ".join(limit.described for limit in limits)


def proof(statistics: Statistics) -> str:
    """What was searched for how long, what is proven, in which space, with how much work."""
    within = f" within {limits_text(statistics.limits)}" if statistics.limits else ""
    return (
        f"Searched for the least {NOUNS[statistics.objective]}{within} in {statistics.seconds:.1f} s: "
        f"{verdict(statistics)}.\n"
        f"{space_sentences(statistics.space)}\n{effort(statistics)}"
    )
