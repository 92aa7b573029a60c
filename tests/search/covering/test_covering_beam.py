"""The beam finds covers, and the cheapest one where it is wide enough to keep all states."""

from __future__ import annotations

from looptree.search.covering.beam import Choice, construct
from looptree.search.covering.precedence import Precedence, mask_of
from tests.search.covering.covering_cases import Instance, prices, random_instance


def built(instance: Instance, most: int | None = None) -> list[int] | None:
    """What the beam makes of an instance, with costs for prices."""
    precedence = Precedence.of(instance.layers, instance.edges)
    choices = []
    for number, candidate in enumerate(instance.columns):
        mask = mask_of(candidate.members)
        amounts = tuple(used for used, limit in zip(candidate.uses, instance.limits, strict=True) if limit is not None)
        if precedence.convex(mask):
            choices.append(Choice(number, mask, precedence.waits(mask), candidate.cost, amounts))
    return construct(precedence, choices, [limit for limit in instance.limits if limit is not None], most)


def test_without_limits_it_is_exact_on_few_states() -> None:
    for seed in range(150):
        instance = random_instance(seed, largest=5)
        known = prices(instance)
        chosen = built(instance)
        assert (chosen is None) == (not known)
        if chosen is not None:
            assert (sum(instance.columns[number].cost for number in chosen),) == min(known)


def test_with_limits_what_it_finds_is_a_cover() -> None:
    found = 0
    for seed in range(150):
        instance = random_instance(seed, 2)
        chosen = built(instance)
        if chosen is not None:
            found += 1
            columns = [instance.columns[number] for number in chosen]
            uses = (sum(c.uses[0] for c in columns), sum(c.uses[1] for c in columns))
            assert (sum(c.cost for c in columns), *uses) in prices(instance)
    assert found > 50


def test_nothing_dearer_than_asked_for() -> None:
    instance = random_instance(3)
    best = min(prices(instance))[0]
    assert built(instance, best) is not None
    assert built(instance, best - 1) is None


def test_it_stops_when_told_to() -> None:
    precedence = Precedence.of(1, [])
    assert construct(precedence, [Choice(0, 1, 0, 0, ())], [], None) == [0]
    assert construct(precedence, [Choice(0, 1, 0, 0, ())], [], None, lambda: False) is None
