"""Cores: several copies of all that is further in than one memory level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType

from looptree.errors import InputError


@dataclass(frozen=True)
class Cores:
    """Cores in a row or a grid, below a memory level that they share.

    Attributes:
        axes: cores along each axis, by name.
        below: the innermost memory level that they share; each core has all levels further in, and an array, of its
            own.

    >>> Cores({"x": 2, "y": 4}, below="L2").count
    8
    """

    axes: Mapping[str, int]
    below: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "axes", MappingProxyType(dict(self.axes)))
        if not 1 <= len(self.axes) <= 2:
            raise InputError(f"expected cores along one or two axes, found {len(self.axes)}", where="cores")
        for axis, extent in self.axes.items():
            if extent < 1:
                raise InputError(f"expected at least 1 core along axis {axis!r}, found {extent}", where="cores")

    def __reduce__(self) -> tuple[object, ...]:
        return Cores, (dict(self.axes), self.below)

    @property
    def count(self) -> int:
        """Cores in all."""
        return prod(self.axes.values())
