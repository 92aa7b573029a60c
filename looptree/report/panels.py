"""Charts as plain data, whoever draws them: lines and Pareto fronts (`Panel`), and bars (`BarPanel`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from looptree.units import BYTES, COUNTS, PICOJOULES, Units, scale

_UNITS: dict[str, Units] = {"B": BYTES, "pJ": PICOJOULES}


@dataclass(frozen=True, slots=True)
class Quantity:
    """What an axis shows. Attributes: title: in words. unit: `B`, `pJ`, `cycles`, another one, or nothing."""

    title: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point. Attributes: x, y: where. label: the design in a few words. details: lines about it."""

    x: float
    y: float
    label: str = ""
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """Marks from left to right, and what they have in common."""

    name: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines over one pair of axes.

    Attributes:
        key: names it in files and links. title: what it shows. caption: what to see in it. x, y: its axes.
        lines: by name. behind: marks that are faint. steps: a line is the lower left edge of what can be reached.
        joined: marks of a line hang together.
    """

    key: str
    title: str
    caption: str
    x: Quantity
    y: Quantity
    lines: tuple[Line, ...]
    behind: tuple[Mark, ...] = ()
    steps: bool = False
    joined: bool = True


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. Attributes: name: beside it. value: its length. note: the design behind it, in a few words."""

    name: str
    value: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class BarPanel:
    """Bars below each other; see `Panel`."""

    key: str
    title: str
    caption: str
    value: Quantity
    bars: tuple[Bar, ...]


def in_its_unit(values: Sequence[float], unit: str) -> tuple[float, str]:
    """By what values are divided for the unit in which the largest reads best, and the name of that unit.

    >>> in_its_unit([1024.0, 65536.0], "B"), in_its_unit([2e6], "cycles"), in_its_unit([12.5], "")
    ((1024.0, 'KiB'), (1000000.0, 'million cycles'), (1.0, ''))
    """
    finite = [Fraction(value) for value in values]
    if unit not in (*_UNITS, "cycles", "operations") or not finite:
        return 1.0, unit
    found = scale(finite, _UNITS.get(unit, COUNTS))
    return float(found.factor), f"{found.unit} {unit}".strip() if unit not in _UNITS else found.unit
