"""What the readers of a tensor need along one axis, compared with sets of points."""

from __future__ import annotations

import random

import numpy as np

from looptree.model.axis import Axis
from looptree.model.box import Box, Track
from looptree.search.group.loops.boxes import hulls
from looptree.search.group.loops.factors import AXIS

Drawn = list[tuple[list[tuple[int, int]], list[bool], tuple[int, int]]]


def test_hulls_are_compared_with_the_points_of_boxes() -> None:
    draw, seen = random.Random(3), set[tuple[bool, bool]]()
    axis, _ = Axis.root().extended(np.array([1]), 1)
    axis, _ = axis.extended(np.array([2]), 2)
    for _ in range(600):
        drawn = [
            (
                [span(draw) for _ in range(axis.size)],
                [draw.random() < 0.8 for _ in range(axis.size)],
                draw.choice(((0, 2), (0, 2), (1, 3))),
            )
            for _ in range(draw.choice((1, 2, 2, 3)))
        ]
        turns, beside = hulls([box(*one) for one in drawn], axis)
        covered, filled = zip(*(compared_at(drawn, step) for step in range(axis.size)), strict=True)
        assert turns == all(covered)
        assert beside <= all(filled)
        assert not turns or beside
        seen.add((turns, beside))
    assert seen == {(True, True), (False, True), (False, False)}


def span(draw: random.Random) -> tuple[int, int]:
    low = draw.randrange(4)
    return low, low + draw.choice((1, 2, 3))


def box(spans: list[tuple[int, int]], active: list[bool], fixed: tuple[int, int]) -> Box:
    low, high = (np.array(ends) for ends in zip(*spans, strict=True))
    return Box({1: fixed}, {AXIS: Track({0: (low, high)}, np.array(active))})


def compared_at(drawn: Drawn, step: int) -> tuple[bool, bool]:
    """Whether one box has all points of the hull at a step; and whether all of them have."""
    points = [
        {(x, y) for x in range(*spans[step]) for y in range(*fixed)} for spans, active, fixed in drawn if active[step]
    ]
    every = set[tuple[int, int]]().union(*points)
    sides = [range(min(side), max(side) + 1) for side in zip(*every, strict=True)]
    hull = {(x, y) for x in sides[0] for y in sides[1]} if every else set()
    return any(hull <= some for some in points) or not every, hull <= every
