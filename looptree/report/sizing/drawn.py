"""Which points of a curve are drawn."""

from __future__ import annotations

from collections.abc import Sequence

from looptree.sizing import Point, Sizing

FAR = 16
"""How many times smaller than the next one a smallest capacity is that would crowd all others at the right edge."""


def drawn(points: Sequence[Point]) -> Sequence[Point]:
    """The points of a curve without a smallest one that lies far to the left of all others."""
    if len(points) > 2 and points[1].capacity_bytes > FAR * points[0].capacity_bytes:
        return points[1:]
    return points


def left_of_picture(sizing: Sizing) -> Point | None:
    """The fused point that is not drawn, if there is one."""
    return None if len(drawn(sizing.fused)) == len(sizing.fused) else sizing.fused[0]
