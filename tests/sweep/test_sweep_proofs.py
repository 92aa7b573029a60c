"""What follows from other buffers, against searches of each."""

from __future__ import annotations

import itertools
import random

import pytest

from looptree.sweep.proofs import Member, step
from looptree.sweep.run import point_task
from looptree.sweep.store import Result
from looptree.sweep.study import families
from tests.sweep.sweep_cases import SEARCHED, study


def test_each_point_is_what_a_search_finds() -> None:
    known = study(SEARCHED)
    spared = 0
    for listed in itertools.islice(families(known), 3):
        family = [Member(item, capacity, "energy") for item, capacity in listed]
        found: dict[int, Result] = {}
        while True:
            new, point = step(family, found)
            found.update((result.item, result) for result in new)
            spared += len(new)
            if point is None:
                break
            found[point] = point_task(known, point).run()
        for member in family:
            alone, here = point_task(known, member.item).run(), found[member.item]
            assert here.status == alone.status
            if alone.status == "optimal":
                assert here.data["energy"] == alone.data["energy"]
                assert here.data["capacity"] <= member.capacity
    assert spared >= 3


@pytest.mark.parametrize("seed", range(20))
def test_interruptions_change_nothing(seed: int) -> None:
    """Any results that an interrupted run has written lead to the same results in the end."""
    draw = random.Random(seed)
    capacities = sorted(draw.sample(range(10, 200), 12), reverse=True)
    family = [Member(index, float(capacity), "energy") for index, capacity in enumerate(capacities)]
    least = draw.randrange(10, 60)

    def searched(item: int) -> Result:
        capacity = capacities[item]
        if capacity < least:
            return Result(item, "infeasible", {"why": "too small"})
        steps = [value for value in (least, 70, 71, 120, 180) if value <= capacity]
        return Result(item, "optimal", {"value": -(max(steps) // 30), "capacity": max(steps)})

    def finished(found: dict[int, Result], stops: bool) -> dict[int, Result]:
        while True:
            new, point = step(family, found)
            if stops and draw.random() < 0.3:
                continue  # killed before anything was written
            found = {**found, **{result.item: result for result in new}}
            if point is None:
                return found
            found[point] = searched(point)

    assert finished({}, True) == finished({}, False)


def test_by_hand() -> None:
    """100 bytes need 40: 64 follows. 16 and 64 differ, so 32 is searched; at 8 nothing fits, so 4 follows."""
    family = [Member(i, c, "energy") for i, c in enumerate((100.0, 64.0, 32.0, 16.0, 4.0))]
    found = {0: Result(0, "optimal", {"value": 1, "capacity": 40})}
    assert step(family, found) == ([], 4)
    found[4] = Result(4, "infeasible", {"why": "too small"})
    assert step(family, found) == ([], 2)
    found[2] = Result(2, "optimal", {"value": 2, "capacity": 30})
    new, point = step(family, found)
    assert [(r.item, r.source) for r in new] == [(1, 0)]
    assert point == 3
