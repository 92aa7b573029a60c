"""Bounds and reduced costs hold whatever the prices were made from."""

from __future__ import annotations

import random

import pytest

from looptree.search.covering.precedence import mask_of
from looptree.search.covering.pricing import price
from looptree.search.covering.relaxation import Fractional, Relaxation, solve
from looptree.search.covering.rows import Row
from tests.search.covering.covering_cases import Instance, partitions, random_instance


def relaxed(instance: Instance) -> Relaxation:
    """Its relaxation, with its limits."""
    masks = [mask_of(column.members) for column in instance.columns]
    rows = [
        Row(tuple((place, column.uses[k]) for place, column in enumerate(instance.columns) if column.uses[k]), limit)
        for k, limit in enumerate(instance.limits)
        if limit is not None
    ]
    return Relaxation.of(instance.layers, masks, [column.cost for column in instance.columns], rows)


def within(instance: Instance) -> list[tuple[int, tuple[int, ...]]]:
    """Cost and columns of every partition within the limits."""
    found = []
    for chosen in partitions(instance):
        columns = [instance.columns[number] for number in chosen]
        uses = [sum(column.uses[k] for column in columns) for k in range(len(instance.limits))]
        if all(limit is None or used <= limit for used, limit in zip(uses, instance.limits, strict=True)):
            found.append((sum(column.cost for column in columns), chosen))
    return found


def guesses(relaxation: Relaxation, seed: int) -> list[Fractional | None]:
    """Duals: the right ones, none, and nonsense."""
    draw = random.Random(seed)
    nonsense = [
        Fractional(
            tuple(0.0 for _ in relaxation.masks),
            tuple(draw.uniform(-size, size) for _ in relaxation.holders),
            tuple(draw.uniform(0, size) for _ in relaxation.rows),
        )
        for size in (1e-12, 0.3, 7.0)
    ]
    return [solve(relaxation, None), None, *nonsense]


@pytest.mark.parametrize("quantities", [0, 2])
def test_no_cover_costs_less_than_the_bound_with_its_columns(quantities: int) -> None:
    for seed in range(120):
        instance = random_instance(seed, quantities)
        relaxation = relaxed(instance)
        covers = within(instance)
        for guess in guesses(relaxation, seed):
            priced = price(relaxation, guess)
            assert min(priced.reduced, default=0) >= 0
            for cost, chosen in covers:
                assert priced.least <= cost
                assert priced.bound + sum(priced.reduced[number] for number in chosen) <= cost * priced.unit


def test_the_bound_is_the_value_of_the_linear_program() -> None:
    """Three columns of two layers cost 3 each: half of each is 4 1/2, and no cover of integers costs less than 5."""
    triangle = Relaxation.of(3, [0b011, 0b110, 0b101, 0b111], [3, 3, 3, 9])
    priced = price(triangle, solve(triangle, None))
    assert (2 * priced.bound, priced.least) == (9 * priced.unit, 5)
    assert (2 * priced.reduced[3], priced.slack(9)) == (9 * priced.unit, priced.reduced[3])


@pytest.mark.parametrize("scale", [1, 10**18, 10**40])
def test_a_limit_has_a_price(scale: int) -> None:
    """Half cheap and half thrifty, 1/2 (0 + 10); the limit is in other units than the cost."""
    relaxation = Relaxation.of(1, [1, 1], [0, 10], [Row(((0, 2 * scale),), scale)])
    assert price(relaxation, solve(relaxation, None)).least == 5


def test_prices_are_raised_without_a_linear_program() -> None:
    """Layer 0 takes min(4, 6), layer 1 what is left, min(6 - 4, 5)."""
    priced = price(Relaxation.of(2, [0b01, 0b11, 0b10], [4, 6, 5]), None)
    assert [value // priced.unit for value in priced.layers] == [4, 2]
    assert [value // priced.unit for value in priced.reduced] == [0, 0, 3]
    assert priced.least == 6
