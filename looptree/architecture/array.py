"""The array of compute units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType

from looptree.errors import InputError

MOST_AXES = 8


@dataclass(frozen=True)
class Array:
    """Compute units in a row or a grid.

    Attributes:
        axes: units along each axis, by name; more than two where memories further out have instances of their own.
        systolic: operands and results pass from unit to unit, one per cycle. The last unit starts, and its result
            arrives, as many cycles later as it is steps away: every tile takes the sum of (extent - 1) over the axes
            longer. The tiles of a step follow each other without a gap.

    >>> grid = Array({"x": 16, "y": 16}, systolic=True)
    >>> grid.units, grid.fill_drain_cycles
    (256, 30)
    """

    axes: Mapping[str, int]
    systolic: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "axes", MappingProxyType(dict(self.axes)))
        if not 1 <= len(self.axes) <= MOST_AXES:
            raise InputError(f"expected an array of 1 to {MOST_AXES} axes, found {len(self.axes)}", where="array")
        for axis, extent in self.axes.items():
            if extent < 1:
                raise InputError(f"expected at least 1 unit along axis {axis!r}, found {extent}", where="array")

    def __reduce__(self) -> tuple[object, ...]:
        return Array, (dict(self.axes), self.systolic)

    @property
    def units(self) -> int:
        """Units of the whole array."""
        return prod(self.axes.values())

    @property
    def fill_drain_cycles(self) -> int:
        """Cycles that each step takes to fill and to drain the array: sum of (extent - 1); 0 unless systolic."""
        return sum(extent - 1 for extent in self.axes.values()) if self.systolic else 0
