"""What CP-SAT is asked and what is made of its answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from looptree.search.covering.master import optimise
from looptree.search.covering.program import Answer, Program
from looptree.search.covering.rows import Row

SINGLES_AND_PAIR = Program([5, 5, 7], [[0], [1], [0, 1]], [[0, 2], [1, 2]], cuts=[], limits=[], most_weight=None)
CROSSED = Program(
    weights=[1, 1, 2, 2, 2, 2],
    members=[[0, 3], [1, 2], [0], [1], [2], [3]],
    holders=[[0, 2], [1, 3], [1, 4], [0, 5]],
    cuts=[],
    limits=[],
    most_weight=None,
)
"""Two pairs and four single layers."""


def bound(program: Program) -> int | None:
    """The proven optimum."""
    answer = optimise(program, None)
    assert answer.complete
    return answer.bound


def test_a_choice_no_heavier_than_asked_for() -> None:
    assert bound(replace(SINGLES_AND_PAIR, most_weight=7)) == 7
    assert optimise(replace(SINGLES_AND_PAIR, most_weight=6), None) == Answer((), None, True)


@pytest.mark.parametrize("room", [1 << 4, 1 << 60])
def test_weights_may_be_negative(room: int) -> None:
    """With short sums the weight is bounded from below, and a choice as heavy as the optimum is still allowed."""
    negative = replace(SINGLES_AND_PAIR, weights=[-50, -50, -70], room=room)
    found = optimise(replace(negative, most_weight=-100), None)
    assert found.solutions[-1] == (0, 1)
    assert found.bound is not None
    assert -100 - 3 * 16 < found.bound <= -100
    assert optimise(replace(negative, most_weight=-101), None).bound is None
    assert optimise(replace(negative, most_weight=-171), None).bound is None


def test_a_layer_that_no_column_has() -> None:
    assert bound(replace(SINGLES_AND_PAIR, holders=[[0, 2], [1, 2], []])) is None


def test_cuts_are_kept() -> None:
    assert bound(CROSSED) == 2
    assert bound(replace(CROSSED, cuts=[Row(((0, 1), (1, 1)), 1)])) == 5


def test_cuts_with_coefficients_are_kept() -> None:
    assert bound(replace(CROSSED, cuts=[Row(((0, 2), (1, 1), (2, 1)), 2)])) == 5


def test_limits_are_kept() -> None:
    limit = Row(((0, 3), (1, 4)), 4)
    assert bound(replace(CROSSED, limits=[limit])) == 5
    assert bound(replace(CROSSED, limits=[replace(limit, most=3)])) == 5
    assert bound(replace(CROSSED, limits=[replace(limit, most=2)])) == 8


def test_an_order_is_kept() -> None:
    assert bound(replace(CROSSED, order=[(0, 1)])) == 2
    assert bound(replace(CROSSED, order=[(0, 1), (2, 3)])) == 5


def test_no_time_proves_nothing() -> None:
    answer = optimise(replace(SINGLES_AND_PAIR, weights=[-5, -5, -7]), 0.0)
    assert not answer.complete
    assert answer.bound is not None
    assert answer.bound <= -10
