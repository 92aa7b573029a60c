"""Windows: what a buffer holds, and which loop moves it."""

from __future__ import annotations

import numpy as np
import pytest

from looptree.model.axis import Array, Axis
from looptree.model.box import Box, Core, Coupled, Track
from looptree.model.window import check_windows, hull_by_group, innermost_relevant, largest, outward, windows


def table(*values: int) -> Array:
    return np.array(values, dtype=np.int64)


def axis_of(*trips: int, depths: tuple[int, ...]) -> Axis:
    axis = Axis.root()
    for count, depth in zip(trips, depths, strict=True):
        axis, _ = axis.extended(np.full(axis.size, count), depth)
    return axis


# Rows p in tiles of 4 (loop 1), each in tiles of 2 (loop 3), read with a halo of 2: [0, 4), [2, 6), [4, 8), [6, 10).
ROWS = axis_of(2, 2, depths=(1, 3))
HALO = Track({0: (table(0, 2, 4, 6), table(4, 6, 8, 10))})
# Columns in 3 tiles of 5 (loop 2), no halo.
COLUMNS = axis_of(3, depths=(2,))
PLAIN = Track({1: (table(0, 5, 10), table(5, 10, 15))})
AXES = {0: ROWS, 1: COLUMNS}
NEED = Box({2: (0, 7)}, {0: HALO, 1: PLAIN})


def test_a_window_is_the_hull_over_the_loops_below() -> None:
    # Below loop 1 the inner row loop joins [0, 4) and [2, 6) to [0, 6).
    hull = hull_by_group(HALO, ROWS, 1)
    assert [end.tolist() for end in hull.spans[0]] == [[0, 4], [6, 10]]
    whole = hull_by_group(HALO, ROWS, 0)
    assert [end.tolist() for end in whole.spans[0]] == [[0], [10]]


def test_steps_that_ask_for_nothing_do_not_widen_a_window() -> None:
    track = Track({0: (table(0, 90, 4, 80), table(4, 99, 8, 81))}, np.array([True, False, True, False]))
    hull = hull_by_group(track, ROWS, 1)
    assert [end.tolist() for end in hull.spans[0]] == [[0, 4], [4, 8]]
    assert hull_by_group(Track({}, np.array([False, False, True, False])), ROWS, 1).mask(2).tolist() == [False, True]


def test_the_largest_window_is_a_product_of_maxima() -> None:
    # Below all three loops 7 x 4 x 5; below two 7 x 6 x 5; below one 7 x 6 x 15; above all 7 x 10 x 15.
    sizes = [largest(windows(NEED, AXES, depth)) for depth in (3, 2, 1, 0)]
    assert sizes == [7 * 4 * 5, 7 * 6 * 5, 7 * 6 * 15, 7 * 10 * 15]


def test_the_innermost_loop_that_moves_the_window() -> None:
    assert [innermost_relevant(windows(NEED, AXES, depth), AXES, depth) for depth in range(4)] == [0, 1, 2, 3]


def test_a_loop_that_asks_for_the_same_every_time_is_irrelevant() -> None:
    # Without the columns, loop 2 repeats; loop 3 moves only what is stored below it.
    rows = Box({}, {0: HALO})
    assert [innermost_relevant(windows(rows, AXES, depth), AXES, depth) for depth in range(4)] == [0, 1, 1, 3]


def test_a_single_step_moves_nothing() -> None:
    axes = {0: axis_of(1, depths=(1,))}
    need = Box({}, {0: Track({0: (table(0), table(4))})})
    assert innermost_relevant(windows(need, axes, 1), axes, 1) == 0


def test_an_empty_window_is_not_a_different_one() -> None:
    # Asked for in the first step and never again: nothing moves.
    need = Box({}, {1: Track({1: (table(0, 3, 7), table(5, 3, 7))}, np.array([True, False, False]))})
    assert innermost_relevant(windows(need, AXES, 2), AXES, 2) == 0


def test_only_windows_that_differ_in_one_loop_alone_are_compared() -> None:
    # Steps (0, 0) and (1, 1) differ, but each loop alone meets an empty window.
    axis = axis_of(2, 2, depths=(1, 2))
    track = Track({0: (table(0, 0, 0, 5), table(5, 0, 0, 9))}, np.array([True, False, False, True]))
    assert innermost_relevant(windows(Box({}, {0: track}), {0: axis}, 2), {0: axis}, 2) == 0


def test_an_axis_on_which_nothing_happens_leaves_no_window() -> None:
    axes = {**AXES, 2: axis_of(0, depths=(3,))}
    assert largest(windows(NEED, axes, 3)) == 0


def uneven(rows: Track) -> Box:
    """A hull that is exact where axis 0 does its first two steps."""
    box = Box({}, {0: rows, 1: PLAIN})
    box.core = Core({0: np.array([True, True, False, False])}, frozenset({0, 1}))
    return box


def test_windows_of_a_hull_have_to_reach_into_its_core() -> None:
    # Below all loops every window has 4 rows, those of the core too, and every loop moves them.
    check_windows(uneven(HALO), AXES, 3)
    # The largest window outside the core may be larger than what is asked for.
    growing = Track({0: (table(0, 2, 4, 6), table(4, 6, 9, 11))})
    with pytest.raises(Coupled) as signal:
        check_windows(uneven(growing), AXES, 3)
    assert signal.value.axes == {0, 1}


def test_loops_that_move_a_hull_have_to_move_it_in_any_case() -> None:
    # Loop 3 moves nothing: whether it is relevant cannot be told from the hull.
    with pytest.raises(Coupled):
        check_windows(uneven(Track({0: (table(0, 0, 4, 4), table(4, 4, 8, 8))})), AXES, 3)
    # An exact box needs no check.
    check_windows(Box({}, {0: HALO}), AXES, 3)


def test_outward_is_the_hull_over_loops_that_the_outside_does_not_have() -> None:
    outer, _ = Axis.root().extended(table(2), 1)
    inner, _ = outer.extended(table(2, 2), 3)
    found = outward(NEED, {0: inner, 1: COLUMNS}, {0: outer})
    assert found is not None
    assert [end.tolist() for end in found.tracks[0].spans[0]] == [[0, 4], [6, 10]]
    assert found.fixed == {2: (0, 7), 1: (0, 15)}


def test_outward_puts_steps_without_trips_back_in() -> None:
    outer, _ = Axis.root().extended(table(3), 1)
    inner, _ = outer.extended(table(1, 0, 1), 2)
    need = Box({}, {0: Track({0: (table(1, 5), table(2, 9))})})
    found = outward(need, {0: inner}, {0: outer})
    assert found is not None
    assert found.tracks[0].mask(3).tolist() == [True, False, True]
    assert found.tracks[0].sizes().tolist() == [1, 0, 4]


def test_what_is_never_active_goes_nowhere() -> None:
    never = Box({}, {1: Track({}, np.zeros(3, dtype=bool))})
    assert outward(never, {1: COLUMNS}, {}) is None
