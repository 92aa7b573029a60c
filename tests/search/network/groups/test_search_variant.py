"""What is known of a group for some weights, against all of its designs."""

from __future__ import annotations

import math
import random

import pytest

from looptree.search.asked.metrics import Totals, Weights
from looptree.search.group.design import GroupDesign, Outcome, Tally
from looptree.search.network.groups.variant import Variant


def design(totals: Totals, room: float) -> GroupDesign:
    return GroupDesign((), {}, frozenset(), {}, frozenset(), totals, room)


def searched(designs: list[GroupDesign], weights: Weights, capacity: float) -> Outcome:
    """The best of the designs that fit."""
    fitting = [d for d in designs if d.room <= capacity]
    best = min(fitting, key=lambda d: weights.of(d.totals), default=None)
    value = math.inf if best is None else weights.of(best.totals)
    return Outcome(best, value, value, Tally())


@pytest.mark.parametrize("pj_per_byte", [0.0, 3.0])
@pytest.mark.parametrize("seed", range(5))
def test_what_is_known_of_other_weights_is_never_too_much_and_often_all(seed: int, pj_per_byte: float) -> None:
    draw = random.Random(seed)
    exact = 0
    for _ in range(30):
        drawn = [Totals(*(float(draw.randrange(1, 20)) for _ in range(4))) for _ in range(6)]
        lowest = Totals(*(min(each[i] for each in drawn) - draw.randrange(2) for i in range(4)))
        designs = [design(each.apart(-pj_per_byte), float(draw.randrange(1, 9))) for each in drawn]
        known = Variant(0, frozenset(), lowest.apart(-pj_per_byte), pj_per_byte=pj_per_byte)
        for _ in range(4):
            weights = Weights(*(draw.choice([0.0, 1.0, 2.0, 5.0]) for _ in range(3)))
            capacity = float(draw.randrange(3, 9))
            if any(weights):
                known.learn(weights, capacity, searched(designs, weights, capacity))
        for _ in range(20):
            weights = Weights(*(draw.choice([0.0, 1.0, 2.0, 3.0, 5.0]) for _ in range(4)))
            capacity = float(draw.randrange(1, 10))
            if any(weights):
                truth = searched(designs, weights, capacity).value
                assert known.lower(weights, capacity) <= truth * (1 + 1e-12)
                assert known.upper(weights, capacity) >= truth
                exact += known.exact(weights, capacity) and math.isfinite(truth)
    assert exact


def test_between_two_neighbours_on_the_hull_nothing_is_left_to_search() -> None:
    """(1, 9) and (6, 2) with weights (1, 0) and (0, 1) and (7, 5): 7 * 1 + 5 * 9 = 7 * 6 + 5 * 2 = 52."""
    designs = [design(Totals(1, 9, 0, 0), 1), design(Totals(6, 2, 0, 0), 1), design(Totals(5, 6, 0, 0), 1)]
    known = Variant(0, frozenset(), Totals(0, 0, 0, 0))
    for weights in (Weights(1, 0), Weights(0, 1), Weights(7, 5)):
        known.learn(weights, 4, searched(designs, weights, 4))
    assert known.lower(Weights(2, 1), 4) == pytest.approx(11)  # 3 / 5 of 1 and 1 / 5 of 52
    assert known.exact(Weights(2, 1), 4)
    assert known.exact(Weights(1, 1), 3)
    assert not known.exact(Weights(1, 1), 5)


def test_bytes_that_have_to_pass_take_energy() -> None:
    """At least 10 pJ and no bytes; 8 bytes in 4 bytes of room, at 5 pJ each: 50 pJ, and 3 * 50 + 8 together."""
    known = Variant(0, frozenset(), Totals(10, 0, 0, 0), pj_per_byte=5.0)
    known.learn(Weights.only("offchip"), 4, Outcome(None, math.inf, 8.0, Tally()))
    assert known.lower(Weights.only("energy"), 4) == 50
    assert known.lower(Weights(energy=3.0, offchip=1.0), 4) == 158
    assert known.lower(Weights.only("energy"), 5) == 10
    known.learn(Weights.only("energy"), 4, Outcome(None, math.inf, 60.0, Tally()))
    assert known.lower(Weights.only("offchip"), 4) == 8  # the other way round nothing follows
    assert known.lower(Weights(energy=3.0, offchip=1.0), 4) == 188


def test_designs_that_others_beat_are_forgotten() -> None:
    known = Variant(0, frozenset(), Totals(0, 0, 0, 0))
    known.add(design(Totals(2, 2, 2, 2), 5))
    known.add(design(Totals(2, 3, 2, 2), 5))
    assert len(known.designs) == 1
    known.add(design(Totals(1, 3, 2, 2), 5))
    assert len(known.designs) == 2
    known.add(design(Totals(1, 2, 2, 2), 5))
    assert [d.totals for d in known.designs] == [Totals(1, 2, 2, 2)]
