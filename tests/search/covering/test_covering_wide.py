"""Sums taken apart say the same as the sums."""

from __future__ import annotations

import itertools
import random

import pytest

from looptree.search.covering.wide import Digit, digits, leading


def holds(rows: list[Digit], chosen: tuple[int, ...], coming: int = 0) -> bool:
    """Whether there are carries with which every row holds: the least ones are as good as any."""
    row, *others = rows
    total = sum(c * x for c, x in zip(row.coefficients, chosen, strict=True)) + coming
    if not row.base:
        return total <= row.most
    carry = max(0, -(-(total - row.most) // row.base))
    assert carry <= row.most_carry
    return holds(others, chosen, carry)


@pytest.mark.parametrize("room", [1 << 5, 1 << 9, 1 << 20])
@pytest.mark.parametrize("largest", [10, 1000, 10**9])
def test_digits_say_what_the_sum_says(room: int, largest: int) -> None:
    draw = random.Random(largest)
    for _ in range(60):
        coefficients = [draw.randint(-largest // 3, largest) for _ in range(6)]
        sums = [sum(itertools.compress(coefficients, chosen)) for chosen in itertools.product((0, 1), repeat=6)]
        for most in {draw.choice(sums) + draw.randint(-1, 1) for _ in range(5)}:
            rows = digits(coefficients, most, room)
            for chosen, total in zip(itertools.product((0, 1), repeat=6), sums, strict=True):
                assert holds(rows, chosen) == (total <= most)


@pytest.mark.parametrize("largest", [10, 10**18, 10**60])
def test_the_numbers_of_every_row_fit(largest: int) -> None:
    draw = random.Random(0)
    coefficients = [draw.randint(-largest, largest) for _ in range(500)]
    for row in digits(coefficients, largest):
        assert sum(map(abs, row.coefficients)) + row.base * row.most_carry < 1 << 62


@pytest.mark.parametrize("largest", [10, 10**18, 10**60])
def test_leading_digits_are_rounded_down(largest: int) -> None:
    coefficients = [-largest, -1, 0, 1, largest // 2, largest]
    short, unit = leading(coefficients)
    assert sum(map(abs, short)) <= 1 << 60
    assert all(c - unit < unit * s <= c for c, s in zip(coefficients, short, strict=True))
    assert unit == 1 or sum(abs(2 * c // unit) for c in coefficients) > 1 << 60
