"""One place per tensor under a capacity: every combination tried."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence

import numpy as np
import pytest

from looptree.model.axis import Array
from looptree.search.group.bound import assign
from looptree.search.group.bound.assign import Item, Problem, best, least


def added(sums: Sequence[Array], cycles: Array) -> Array:
    return np.asarray(sums[0] + 0 * cycles)


def slowest(sums: Sequence[Array], cycles: Array) -> Array:
    return np.asarray(np.maximum(cycles, np.maximum(sums[0] / 2, sums[-1] / 3)))


def problem(draw: random.Random, sums: int) -> Problem:
    """Up to five items with up to four options, for three designs."""
    designs = 3
    items = []
    for _ in range(draw.randrange(1, 6)):
        shape = (draw.randrange(1, 5), designs)
        room = np.array([draw.choice([0, 1, 2, 3, 5, 8]) for _ in range(shape[0] * designs)], dtype=float)
        inside = np.array([draw.choice([0, 0, 1, 2, 4]) for _ in range(shape[0] * designs)], dtype=float)
        each = np.array([draw.randrange(9) for _ in range(sums * shape[0] * designs)], dtype=float)
        items.append(Item(room.reshape(shape), inside.reshape(shape), each.reshape(sums, *shape)))
    fixed = np.array([[float(draw.randrange(5)) for _ in range(designs)] for _ in range(sums)])
    cycles = np.array([float(draw.randrange(20)) for _ in range(designs)])
    return Problem(items, fixed, cycles, float(draw.randrange(20)), added if sums == 1 else slowest)


def every(known: Problem, design: int) -> dict[tuple[int, ...], float]:
    """The objective of every combination of options that fits."""
    found = {}
    for options in itertools.product(*(range(len(item.room)) for item in known.items)):
        chosen = list(zip(known.items, options, strict=True))
        room = sum(i.room[o, design] for i, o in chosen) + max(i.inside[o, design] for i, o in chosen)
        if room <= known.capacity:
            sums = known.fixed[:, design] + sum(i.sums[:, o, design] for i, o in chosen)
            found[options] = float(known.value(list(sums[:, None]), known.cycles[design : design + 1])[0])
    return found


@pytest.mark.parametrize("sums", [1, 2])
def test_the_least_of_every_combination_is_found(sums: int) -> None:
    draw = random.Random(sums)
    feasible = 0
    for _ in range(150):
        known = problem(draw, sums)
        found, exact = least(known, np.arange(3), math.inf)
        assert exact.all()
        for design in range(3):
            values = every(known, design)
            expected = min(values.values(), default=math.inf)
            assert found[design] == expected
            placed = best(known, design, math.inf)
            assert (placed is None) == (not values)
            if placed is not None:
                feasible += 1
                assert placed.value == values[placed.options] == expected
            if values:  # what is asked to be better than the best is not found
                assert best(known, design, expected) is None
                assert least(known, np.array([design]), expected)[0][0] == math.inf
    assert feasible > 100


def test_with_too_many_states_what_is_found_is_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assign, "MOST_STATES", 4)
    draw = random.Random(7)
    loose = 0
    for _ in range(100):
        known = problem(draw, 1)
        found, exact = least(known, np.arange(3), math.inf)
        for design in range(3):
            expected = min(every(known, design).values(), default=math.inf)
            assert found[design] <= expected
            assert found[design] == expected or not exact[design]
            loose += not exact[design]
    assert loose
