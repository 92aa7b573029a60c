"""Linear inequalities over columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from looptree.search.covering.precedence import bits


@dataclass(frozen=True, slots=True)
class Row:
    """sum of coefficient * x[place] <= most. All integers; no coefficient is negative.

    Attributes:
        entries: place and coefficient of the columns in it, by place.
        most: the right-hand side.
    """

    entries: tuple[tuple[int, int], ...]
    most: int


def holders_of(layers: int, masks: Sequence[int]) -> list[list[int]]:
    """For each layer the places of the columns that have it as a member.

    >>> holders_of(3, [0b011, 0b110])
    [[0], [0, 1], [1]]
    """
    holders: list[list[int]] = [[] for _ in range(layers)]
    for place, mask in enumerate(masks):
        for layer in bits(mask):
            holders[layer].append(place)
    return holders
