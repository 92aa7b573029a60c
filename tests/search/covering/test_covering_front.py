"""Fronts against all covers of small instances, and against dynamic programming on a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from looptree.search.covering import Front, epsilon_front
from tests.search.covering.covering_cases import (
    Instance,
    check,
    column,
    crossed_instance,
    front_by_ideals,
    network,
    prices,
    random_instance,
)


def front(instance: Instance, quantities: Sequence[int]) -> Front:
    """Its front, each point checked."""
    found = epsilon_front(
        instance.layers, instance.edges, instance.columns, quantities=quantities, limits=instance.limits
    )
    for point in found.points:
        check(instance, point)
        assert (point.status, point.bound) == ("optimal", point.cost)
    return found


def values(found: Front, quantities: Sequence[int]) -> list[tuple[int, ...]]:
    """Cost and quantities of each point."""
    assert [point.cost for point in found.points] == sorted(point.cost for point in found.points)
    return sorted((point.cost, *(point.uses[quantity] for quantity in quantities)) for point in found.points)


def expected(instance: Instance, quantities: Sequence[int]) -> list[tuple[int, ...]]:
    """The same by comparing all covers."""
    known = {(cost, *(uses[quantity] for quantity in quantities)) for cost, *uses in prices(instance)}
    return sorted(
        one
        for one in known
        if not any(other != one and all(a <= b for a, b in zip(other, one, strict=True)) for other in known)
    )


@pytest.mark.parametrize("draw", [random_instance, crossed_instance])
@pytest.mark.parametrize(("drawn", "quantities"), [(1, [0]), (2, [0, 1]), (3, [2, 0]), (2, [1]), (1, [])])
def test_every_point_is_found_and_no_other(
    draw: Callable[[int, int], Instance], drawn: int, quantities: list[int]
) -> None:
    longest = 0
    for seed in range(15):
        instance = draw(seed, drawn)
        found = front(instance, quantities)
        assert found.status == "complete"
        assert values(found, quantities) == expected(instance, quantities)
        longest = max(longest, len(found.points))
    assert longest > (2 if quantities else 0)


def test_points_that_no_weighing_finds_are_found() -> None:
    """(0, 10), (6, 6), (10, 0): the middle one lies above the line between the others."""
    columns = [column("0", 0, 10), column("0", 6, 6), column("0", 10, 0)]
    assert values(epsilon_front(1, [], columns, quantities=[0]), [0]) == [(0, 10), (6, 6), (10, 0)]


def test_of_equal_costs_the_thriftier_one_is_on_the_front() -> None:
    columns = [column("0", 5, 3, 9), column("0", 5, 2, 9), column("0", 5, 2, 1)]
    found = epsilon_front(1, [], columns, quantities=[0, 1])
    assert [point.uses for point in found.points] == [(2, 1)]


def test_huge_costs_and_amounts() -> None:
    """All four sums are on the front; they differ in the last digit."""
    unit = 10**20
    columns = [column(i, unit + k * (int(i) + 1), unit - k * (int(i) + 1)) for i in "01" for k in (0, 1)]
    found = epsilon_front(2, [(0, 1)], columns, quantities=[0])
    assert values(found, [0]) == [(2 * unit + k, 2 * unit - k) for k in range(4)]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_front_with_more_points_than_asked_for_is_truncated(most: int) -> None:
    columns = [column("0", 0, 10), column("0", 6, 6), column("0", 10, 0)]
    found = epsilon_front(1, [], columns, quantities=[0], max_points=most)
    assert values(found, [0]) == [(0, 10), (6, 6), (10, 0)][:most]
    assert found.status == ("complete" if most == 3 else "truncated")


def test_nothing_within_the_limits() -> None:
    found = epsilon_front(1, [], [column("0", 0, 10)], quantities=[0], limits=[9])
    assert (found.points, found.status) == ((), "complete")


def test_nothing_to_cover() -> None:
    assert [point.chosen for point in epsilon_front(0, [], [], quantities=[]).points] == [()]


def test_the_front_of_a_network() -> None:
    instance = network(2, 4, 0, ways=2, quantities=1)
    found = front(instance, [0])
    assert found.status == "complete"
    assert values(found, [0]) == front_by_ideals(instance)
    assert len(found.points) > 10
