"""Affine projections: how a tensor dimension is read through ranks.

A small closed algebra of frozen values: an `Interval` of integers and an `Affine` form
`2*p + r - 1` over named ranks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Interval(NamedTuple):
    """The integers `start <= x < stop`; empty where `stop <= start`.

    >>> Interval(2, 5).size, Interval(2, 5).clip(4)
    (3, Interval(start=2, stop=4))
    """

    start: int
    stop: int

    def __bool__(self) -> bool:
        return self.stop > self.start

    @property
    def size(self) -> int:
        """How many integers it holds."""
        return max(0, self.stop - self.start)

    def clip(self, extent: int) -> Interval:
        """What lies in `[0, extent)`."""
        start = min(max(self.start, 0), extent)
        return Interval(start, max(start, min(self.stop, extent)))

    def hull(self, other: Interval) -> Interval:
        """The smallest interval that holds both; an empty one adds nothing."""
        if not self:
            return other
        if not other:
            return self
        return Interval(min(self.start, other.start), max(self.stop, other.stop))


@dataclass(frozen=True, slots=True)
class Affine:
    """`sum(coefficient * rank) + constant`, with integer coefficients.

    Attributes:
        terms: pairs of rank and coefficient, each rank once, no coefficient zero.
        constant: the offset.

    >>> form = Affine((("p", 2), ("r", 1)), -1)
    >>> str(form), form.hull({"p": Interval(0, 4), "r": Interval(0, 3)})
    ('2*p+r-1', Interval(start=-1, stop=8))
    """

    terms: tuple[tuple[str, int], ...]
    constant: int = 0

    def __post_init__(self) -> None:
        ranks = [rank for rank, _ in self.terms]
        if len(set(ranks)) != len(ranks) or any(c == 0 for _, c in self.terms):
            raise ValueError(f"each rank once and no zero coefficient: {self.terms}")

    @property
    def ranks(self) -> tuple[str, ...]:
        """The ranks it depends on, as written."""
        return tuple(rank for rank, _ in self.terms)

    def hull(self, box: Mapping[str, Interval]) -> Interval:
        """The smallest interval that holds every value over a non-empty box of ranks."""
        low = high = self.constant
        for rank, coefficient in self.terms:
            start, stop = box[rank]
            if coefficient > 0:
                low += coefficient * start
                high += coefficient * (stop - 1)
            else:
                low += coefficient * (stop - 1)
                high += coefficient * start
        return Interval(low, high + 1)

    def renamed(self, names: Mapping[str, str]) -> Affine:
        """The same form over renamed ranks."""
        return Affine(tuple((names.get(r, r), c) for r, c in self.terms), self.constant)

    def __str__(self) -> str:
        text = ""
        for rank, coefficient in self.terms:
            sign = "-" if coefficient < 0 else "+"
            factor = "" if abs(coefficient) == 1 else f"{abs(coefficient)}*"
            text += f"{sign}{factor}{rank}"
        if self.constant or not text:
            text += f"{self.constant:+d}"
        return text.removeprefix("+")
