"""Against every partition, on hundreds of small instances; and against dynamic programming on networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from looptree.search.covering import Cover, cover, search
from looptree.search.covering.program import Program
from tests.search.covering.covering_cases import (
    Instance,
    check,
    crossed_instance,
    front_by_ideals,
    network,
    prices,
    random_instance,
)


def solved(instance: Instance) -> Cover:
    """The answer, checked against all covers."""
    known = prices(instance)
    found = cover(instance.layers, instance.edges, instance.columns, limits=instance.limits)
    if not known:
        assert found.status == "infeasible"
        assert found.chosen == ()
        return found
    check(instance, found)
    assert (found.status, found.cost, found.bound) == ("optimal", min(known)[0], min(known)[0])
    return found


@pytest.mark.parametrize("quantities", [0, 1, 2])
@pytest.mark.parametrize("draw", [random_instance, crossed_instance])
def test_the_optimum_is_found(draw: Callable[[int, int], Instance], quantities: int) -> None:
    answers = [solved(draw(seed, quantities)) for seed in range(100)]
    assert sum(found.status == "optimal" for found in answers) > 50
    if draw is crossed_instance:
        assert sum(found.cuts > 0 for found in answers) > 30


@pytest.mark.parametrize("room", [1 << 8, 1 << 20, 1 << 60])
@pytest.mark.parametrize("quantities", [0, 1, 2])
def test_integer_programs_find_it_alone(monkeypatch: pytest.MonkeyPatch, quantities: int, room: int) -> None:
    """No beam search, no cuts from linear programs, prices without them; sums taken apart where room is short."""
    monkeypatch.setattr(search, "construct", lambda *_: None)
    monkeypatch.setattr(search, "cuts_of_fractions", lambda *_: [])
    monkeypatch.setattr(search, "solve", lambda *_: None)
    monkeypatch.setattr(search, "Program", partial(Program, room=room))
    for seed in range(200, 240):
        solved(random_instance(seed, quantities))
        solved(crossed_instance(seed, quantities))


def test_an_order_in_the_integer_program_forbids_all_cycles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "construct", lambda *_: None)
    monkeypatch.setattr(search, "cuts_of_fractions", lambda *_: [])
    monkeypatch.setattr(search, "MOST_CYCLES", -1)
    for seed in range(300, 360):
        assert solved(crossed_instance(seed)).cuts == 0


@pytest.mark.parametrize("seed", range(20))
def test_any_cover_serves_as_the_incumbent(seed: int) -> None:
    instance = crossed_instance(seed, 1)
    first = cover(instance.layers, instance.edges, instance.columns, limits=[None])
    singles = [next(n for n, c in enumerate(instance.columns) if c.members == {i}) for i in range(instance.layers)]
    for incumbent in (singles, first.chosen):
        found = cover(instance.layers, instance.edges, instance.columns, limits=[None], incumbent=incumbent)
        assert (found.status, found.cost) == ("optimal", first.cost)
    assert found.chosen == first.chosen


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_the_answer_is_always_the_same(workers: int) -> None:
    instance = network(3, 5, 0, ways=2, quantities=1)
    answers = {
        cover(instance.layers, instance.edges, instance.columns, limits=[80], workers=workers).chosen for _ in range(2)
    }
    assert answers == {cover(instance.layers, instance.edges, instance.columns, limits=[80]).chosen}


@pytest.mark.parametrize(("modules", "largest", "seed"), [(3, 5, 0), (3, 5, 1), (7, 5, 0), (7, 6, 1)])
@pytest.mark.parametrize("scale", [1, 10**12])
def test_networks_of_thousands_of_groups(modules: int, largest: int, seed: int, scale: int) -> None:
    """59 layers and 4489 or 8172 groups; 27 layers and 1941 groups; costs up to 10^18."""
    instance = network(modules, largest, seed, scale=scale)
    found = cover(instance.layers, instance.edges, instance.columns)
    check(instance, found)
    assert found.status == "optimal"
    assert [(found.cost,)] == front_by_ideals(instance)


def test_a_network_with_a_limit() -> None:
    instance = network(4, 5, 3, ways=3, quantities=1)
    front = front_by_ideals(instance)
    for limit in (front[0][1], front[len(front) // 2][1], front[-1][1]):
        found = cover(instance.layers, instance.edges, instance.columns, limits=[limit])
        assert found.status == "optimal"
        assert found.cost == min(cost for cost, used in front if used <= limit)
