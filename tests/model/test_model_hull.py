"""Hulls: what several consumers need together, iteration by iteration."""

from __future__ import annotations

import numpy as np
import pytest

from looptree.model.axis import Array
from looptree.model.box import Box, Coupled, Mask, Track
from looptree.model.hull import combined, contains, steady

FIRST = np.array([True, False])
LAST = np.array([False, True])


def table(*values: int) -> Array:
    return np.array(values, dtype=np.int64)


def track(key: int, *spans: tuple[int, int], active: Mask | None = None) -> Track:
    lows, highs = zip(*spans, strict=True)
    return Track({key: (table(*lows), table(*highs))}, active)


def spans(box: Box, axis: int, key: int) -> list[tuple[int, int]]:
    low, high = box.tracks[axis].spans[key]
    return list(zip(low.tolist(), high.tolist(), strict=True))


def test_one_need_is_its_own_hull() -> None:
    need = Box({0: (0, 3)}, {})
    assert combined([need]) is need


def test_hull_of_fixed_and_moving_coordinates() -> None:
    a = Box({0: (0, 3)}, {5: track(1, (0, 2), (2, 4))})
    b = Box({0: (2, 6)}, {5: track(1, (1, 3), (3, 5))})
    both = combined([a, b])
    assert both.fixed == {0: (0, 6)}
    assert spans(both, 5, 1) == [(0, 3), (2, 5)]


def test_a_coordinate_that_is_fixed_in_one_need_follows_the_other() -> None:
    a = Box({0: (0, 3)}, {})
    b = Box({}, {5: track(0, (2, 4), (4, 6))})
    assert spans(combined([a, b]), 5, 0) == [(0, 4), (0, 6)]


def test_a_third_need_joins_the_hull_of_two() -> None:
    needs = [Box({0: (start, start + 1)}, {}) for start in (4, 0, 2)]
    assert combined(needs).fixed == {0: (0, 5)}


def test_needs_at_different_steps_stay_what_they_are() -> None:
    # One asks for [0, 2) in the first step only, the other for [4, 6) in the last step only.
    a = Box({}, {5: track(0, (0, 2), (0, 2), active=FIRST)})
    b = Box({}, {5: track(0, (4, 6), (4, 6), active=LAST)})
    both = combined([a, b])
    assert spans(both, 5, 0) == [(0, 2), (4, 6)]
    assert both.tracks[5].active is None


def test_a_need_that_contains_the_other_is_the_hull() -> None:
    large = Box({1: (0, 9)}, {5: track(0, (0, 4), (2, 6))})
    small = Box({1: (1, 2)}, {5: track(0, (1, 2), (1, 2), active=FIRST)})
    assert combined([large, small]) is large
    assert combined([small, large]) is large


def test_a_fixed_coordinate_follows_the_axis_on_which_needs_part() -> None:
    # The first step asks for rows [0, 9), the second for row [3, 4).
    a = Box({1: (0, 9)}, {5: track(0, (0, 2), (0, 2), active=FIRST)})
    b = Box({1: (3, 4)}, {5: track(0, (4, 6), (4, 6), active=LAST)})
    both = combined([a, b])
    assert spans(both, 5, 0) == [(0, 2), (4, 6)]
    assert spans(both, 5, 1) == [(0, 9), (3, 4)]


def test_needs_that_part_on_one_axis_and_differ_on_another_have_a_core() -> None:
    # The product says [0, 3) and [2, 5) at both steps of axis 5, which is too much in the second: that is no core.
    resting = Box({}, {5: Track({}, FIRST), 6: track(0, (0, 3), (2, 5))})
    working = Box({}, {6: track(0, (0, 1), (2, 3))})
    box = combined([resting, working])
    assert spans(box, 6, 0) == [(0, 3), (2, 5)]
    assert box.core is not None
    assert {axis: steps.tolist() for axis, steps in box.core.steps.items()} == {5: [True, False]}
    assert box.core.ties == {5, 6}
    # Where both work the box is exact.
    assert steady(box).tracks[5].mask(2).tolist() == [True, False]


def test_what_says_too_much_contains_nothing_for_certain() -> None:
    resting = Box({}, {5: Track({}, FIRST), 6: track(0, (0, 3), (2, 5))})
    working = Box({}, {6: track(0, (0, 1), (2, 3))})
    with pytest.raises(Coupled) as signal:
        contains(combined([resting, working]), working)
    assert signal.value.axes == {5, 6}


def test_a_need_that_is_exact_everywhere_has_no_core() -> None:
    box = Box({}, {5: track(0, (0, 2), (2, 4))})
    assert combined([box, box]).core is None
    assert steady(box) is box


def test_one_coordinate_on_two_axes_is_coupled() -> None:
    with pytest.raises(Coupled) as signal:
        combined([Box({}, {5: track(0, (0, 2), (2, 4))}), Box({}, {6: track(0, (0, 2), (2, 4))})])
    assert signal.value.axes == {5, 6}


def test_containment_is_asked_at_every_step() -> None:
    outer = Box({1: (0, 3)}, {5: track(0, (0, 4), (2, 6))})
    assert contains(outer, Box({1: (0, 3)}, {5: track(0, (1, 4), (2, 3))}))
    assert not contains(outer, Box({1: (0, 3)}, {5: track(0, (1, 5), (2, 3))}))
    assert not contains(outer, Box({1: (0, 4)}, {5: track(0, (1, 4), (2, 3))}))
    # Where nothing is asked for, nothing has to be contained; where nothing is given, nothing is.
    assert contains(outer, Box({1: (0, 3)}, {5: track(0, (1, 4), (9, 10), active=FIRST)}))
    given_once = Box({1: (0, 3)}, {5: track(0, (0, 9), (0, 9), active=FIRST)})
    assert not contains(given_once, outer)
