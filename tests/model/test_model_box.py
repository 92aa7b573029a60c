"""Boxes: fixed intervals and tracks along axes, with exact sizes."""

from __future__ import annotations

import numpy as np
import pytest

from looptree.model.axis import SAFE, Array, Axis
from looptree.model.box import Box, Track, both, exact_product, exact_sum, product


def table(*values: int) -> Array:
    return np.array(values, dtype=np.int64)


def axis_of(size: int, depth: int = 1) -> Axis:
    return Axis.root().extended(table(size), depth)[0]


def sliding() -> Track:
    """Three rows at a time of six, two further each time: [-1, 2), [1, 4), [3, 6), [5, 8)."""
    return Track({0: (table(-1, 1, 3, 5), table(2, 4, 6, 8))})


def test_points_of_a_track_are_products_of_its_spans() -> None:
    track = Track({0: (table(0, 1), table(2, 4)), 1: (table(0, 0), table(5, 6))})
    assert track.sizes().tolist() == [2 * 5, 3 * 6]


def test_an_inactive_step_has_no_points() -> None:
    track = Track({0: (table(0, 1), table(2, 4))}, np.array([False, True]))
    assert track.sizes().tolist() == [0, 3]
    assert track.mask(2).tolist() == [False, True]
    assert Track({}).mask(3).all()


def test_a_count_stands_for_points_that_do_not_fill_their_hull() -> None:
    track = Track({0: (table(0), table(9))}, None, table(2))
    assert track.sizes().tolist() == [2]
    assert track.at(table(0, 0)).sizes().tolist() == [2, 2]


def test_clipping_cuts_intervals_and_marks_steps_outside() -> None:
    # Rows 0 to 5 exist: [0, 2), [1, 4), [3, 6), [5, 6).
    clipped = sliding().clipped(0, 6)
    assert clipped.sizes().tolist() == [2, 3, 3, 1]
    assert clipped.active is None
    # Rows 0 to 4: nothing is left of the last step.
    assert sliding().clipped(0, 5).sizes().tolist() == [2, 3, 2, 0]


def test_the_total_is_a_product_of_sums() -> None:
    # 10 fixed, (2 + 3 + 3 + 1) along axis 0, axis 7 repeats everything twice.
    box = Box({1: (0, 10)}, {0: sliding().clipped(0, 6)})
    assert box.total({0: axis_of(4), 7: axis_of(2, depth=2)}) == 10 * 9 * 2


def test_a_box_is_cut_to_its_tensor() -> None:
    box = Box({1: (-2, 3)}, {0: sliding()}, overhang=((0, 6), (1, 2)))
    clipped = box.clipped()
    assert clipped is not None
    assert clipped.fixed == {1: (0, 2)}
    assert clipped.total({0: axis_of(4)}) == 2 * 9


@pytest.mark.parametrize("extent", [{1: 0}, {0: 0}])
def test_a_box_that_lies_outside_is_nothing(extent: dict[int, int]) -> None:
    box = Box({1: (0, 3)}, {0: sliding()}, overhang=tuple(extent.items()))
    assert box.clipped() is None


def test_spans_of_fixed_coordinates_are_repeated() -> None:
    box = Box({1: (4, 7)}, {0: sliding()})
    assert [end.tolist() for end in box.span(1, 0, 4)] == [[4] * 4, [7] * 4]
    assert box.span(0, 0, 4)[0].tolist() == [-1, 1, 3, 5]
    assert (box.axis_of(0), box.axis_of(1)) == (0, None)


def test_products_beyond_64_bits_are_exact() -> None:
    assert product([table(2**40, 3), table(2**40, 5)]).tolist() == [2**80, 15]
    assert product([table(3), table(5)]).dtype == np.int64
    assert int(product([])) == 1


def test_sums_beyond_64_bits_are_exact() -> None:
    assert exact_sum(np.full(8, SAFE // 2)) == 4 * SAFE
    assert exact_sum(table()) == 0


def test_a_factor_beyond_64_bits_is_exact() -> None:
    assert exact_product(2**70, table(1, 3)).tolist() == [2**70, 3 * 2**70]
    assert exact_product(2**60, table(1, 3)).tolist() == [2**60, 3 * 2**60]
    assert exact_product(7, table(1, 3)).dtype == np.int64


def test_totals_beyond_64_bits_are_exact() -> None:
    # 2^40 x 2^40 fixed words, 4 steps of 2^40 words each.
    wide = Track({0: (table(0, 0, 0, 0), np.full(4, 2**40))})
    box = Box({1: (0, 2**40), 2: (0, 2**40)}, {0: wide})
    assert box.total({0: axis_of(4)}) == 4 * 2**120


def test_masks_that_hold_everywhere_are_left_out() -> None:
    some = np.array([True, False])
    assert both(None, None) is None
    assert both(some, None) is some
    assert both(some, np.array([True, True])) is not None
