"""Live occupancy: what an ideal allocator needs."""

from __future__ import annotations

import numpy as np
import pytest

from looptree.model.axis import Array, Axis
from looptree.model.box import Box, Core, Coupled, Track
from looptree.model.live import live_words
from looptree.model.sweep import fresh_box
from looptree.model.window import largest, windows


def table(*values: int) -> Array:
    return np.array(values, dtype=np.int64)


def axis_of(trips: int, depth: int) -> Axis:
    return Axis.root().extended(table(trips), depth)[0]


def sliding(key: int, steps: int, kernel: int, tile: int = 1) -> Track:
    """A window of `kernel - 1 + tile` that moves by `tile`."""
    low = tile * np.arange(steps)
    return Track({key: (low, low + kernel - 1 + tile)})


def live(box: Box, axes: dict[int, Axis], depth: int = 0) -> int:
    return live_words(box, fresh_box(box, axes, depth), axes, depth)


def test_a_box_that_never_moves_is_live_as_a_whole() -> None:
    assert live(Box({0: (0, 3), 1: (2, 6)}, {}), {0: axis_of(5, 1)}) == 12


def test_a_sliding_window_is_live_as_a_whole() -> None:
    # Three of six points at a time; after each step one retires and one arrives.
    assert live(Box({}, {0: sliding(0, 4, 3)}), {0: axis_of(4, 1)}) == 3


@pytest.mark.parametrize(("kernel", "width"), [(3, 8), (2, 5), (5, 16), (1, 4)])
def test_a_line_buffer_keeps_rows_less_one_and_a_kernel(kernel: int, width: int) -> None:
    # Rows above columns, one pixel at a time: (K - 1) rows of W and K points of the newest, where W includes the halo.
    box = Box({}, {0: sliding(0, 6, kernel), 1: sliding(1, width - kernel + 1, kernel)})
    axes = {0: axis_of(6, 1), 1: axis_of(width - kernel + 1, 2)}
    assert live(box, axes) == (kernel - 1) * width + kernel
    # Fixed tiles keep K whole rows.
    assert largest(windows(box, axes, 1)) == kernel * width


def test_a_sweep_that_starts_afresh_keeps_only_its_own() -> None:
    # When rows are not kept (sweeps over columns alone), a K x K block is all that is live.
    box = Box({}, {0: sliding(0, 6, 3), 1: sliding(1, 6, 3)})
    assert live(box, {0: axis_of(6, 1), 1: axis_of(6, 2)}, depth=1) == 9


def test_a_loop_that_repeats_keeps_everything_until_its_last_step() -> None:
    # Loop 1 repeats a sweep over 8 points, 2 at a time: all of them stay for the next time.
    axes = {0: axis_of(3, 1), 1: axis_of(4, 2)}
    box = Box({}, {1: Track({0: (table(0, 2, 4, 6), table(2, 4, 6, 8))})})
    assert live(box, axes) == 8
    assert live(box, axes, depth=1) == 2


def test_fixed_coordinates_and_loops_outside_the_sweep_scale() -> None:
    # 7 x (kernel 3) with the outer loop standing still; its largest tile has 4 rows.
    rows = Track({1: (table(0, 4), table(4, 6))})
    box = Box({2: (0, 7)}, {0: rows, 1: sliding(0, 5, 3)})
    assert live(box, {0: axis_of(2, 1), 1: axis_of(5, 2)}, depth=1) == 7 * 4 * 3


def test_nothing_is_live_where_nothing_happens() -> None:
    empty = np.zeros(0, dtype=np.int64)
    assert live(Box({}, {0: Track({0: (empty, empty)})}), {0: axis_of(0, 1)}) == 0


def test_two_loops_of_one_rank_around_another() -> None:
    # Rows in tiles of 2 (loop 1) and of 1 (loop 3), columns (loop 2) between them: kernel 3, 4 rows, 4 columns.
    outer, _ = Axis.root().extended(table(2), 1)
    rows, _ = outer.extended(table(2, 2), 3)
    box = Box({}, {0: sliding(0, 4, 3), 1: sliding(1, 4, 3)})
    axes = {0: rows, 1: axis_of(4, 2)}
    steps = [
        (2 * outer_row + inner_row, column) for outer_row in range(2) for column in range(4) for inner_row in range(2)
    ]
    blocks = [{(r, c) for r in range(row, row + 3) for c in range(column, column + 3)} for row, column in steps]
    expected = max(
        len(blocks[i] | (set().union(*blocks[:i]) & set().union(*blocks[i + 1 :]))) for i in range(len(blocks))
    )
    assert live(box, axes) == expected


def test_a_hull_that_says_too_much_is_counted_where_it_makes_no_difference() -> None:
    # The second step of axis 0 repeats the columns; only in the first is all that the hull says asked for.
    def box(columns: Track) -> Box:
        found = Box({}, {0: Track({}), 1: columns})
        found.core = Core({0: np.array([True, False])}, frozenset({0, 1}))
        return found

    axes = {0: axis_of(2, 1), 1: axis_of(4, 2)}
    # One column of 3 wide at a time, axis 0 repeated: everything has to stay only if the second step asks for it.
    with pytest.raises(Coupled) as signal:
        live(box(sliding(1, 4, 3)), axes)
    assert signal.value.axes == {0, 1}
    # A single column is as live in the core as it is later.
    assert live(box(Track({1: (table(0, 0, 0, 0), table(3, 3, 3, 3))})), axes) == 3


def test_live_words_beyond_64_bits_are_exact() -> None:
    # The line buffer again with 2^36 words per point and pixels of 2^20: (K - 1) rows of W and K pixels.
    pixel, width = 2**20, 8
    box = Box(
        {2: (0, 2**36)},
        {0: sliding(0, 6, 2 * pixel + 1, pixel), 1: sliding(1, width - 2, 2 * pixel + 1, pixel)},
    )
    axes = {0: axis_of(6, 1), 1: axis_of(width - 2, 2)}
    assert live(box, axes) == 2**36 * (2 * pixel * width * pixel + pixel * 3 * pixel)
