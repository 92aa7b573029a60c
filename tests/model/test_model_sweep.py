"""Sweeps: what is asked for the first time, and for the last."""

from __future__ import annotations

import random

import numpy as np
import pytest

from looptree.errors import UnsupportedError
from looptree.model import sweep
from looptree.model.axis import Array, Axis
from looptree.model.box import Box, Core, Coupled, Track
from looptree.model.sweep import fresh_box, fresh_track, retired_sizes


def table(*values: int) -> Array:
    return np.array(values, dtype=np.int64)


def axis_of(*trips: int, depths: tuple[int, ...] = ()) -> Axis:
    """Loops that make the same number of trips at every step."""
    axis = Axis.root()
    for index, count in enumerate(trips):
        axis, _ = axis.extended(np.full(axis.size, count), depths[index] if depths else index + 1)
    return axis


def windows(*spans: tuple[int, int], active: list[bool] | None = None) -> Track:
    lows, highs = zip(*spans, strict=True)
    return Track({0: (table(*lows), table(*highs))}, None if active is None else np.array(active))


def interval(track: Track, step: int) -> tuple[int, int]:
    low, high = track.spans[0]
    return int(low[step]), int(high[step])


def test_fresh_is_what_lies_beyond_the_furthest_so_far() -> None:
    # A kernel of 3 over tiles of 2: the halo of 2 rows is not asked for again.
    fresh = fresh_track(windows((0, 4), (2, 6), (4, 7)), axis_of(3), 0)
    assert [interval(fresh, step) for step in range(3)] == [(0, 4), (4, 6), (6, 7)]


def test_retired_is_what_no_later_step_asks_for() -> None:
    # Of [0, 4) the next step still asks for 2 and 3.
    sizes = retired_sizes(windows((0, 4), (2, 6), (4, 7)), axis_of(3), 0)
    assert sizes.tolist() == [2, 2, 3]


def test_every_sweep_starts_afresh() -> None:
    # The same two windows in two sweeps (loop 1 steps, loop 2 sweeps).
    track = windows((0, 4), (2, 6), (0, 4), (2, 6))
    axis = axis_of(2, 2)
    assert fresh_track(track, axis, 1).sizes().tolist() == [4, 2, 4, 2]
    assert fresh_track(track, axis, 0).sizes().tolist() == [4, 2, 0, 0]
    assert retired_sizes(track, axis, 1).tolist() == [2, 4, 2, 4]
    assert retired_sizes(track, axis, 0).tolist() == [0, 0, 2, 4]


def test_steps_that_ask_for_nothing_change_nothing() -> None:
    track = windows((0, 4), (9, 9), (2, 6), active=[True, False, True])
    assert fresh_track(track, axis_of(3), 0).sizes().tolist() == [4, 0, 2]
    assert retired_sizes(track, axis_of(3), 0).tolist() == [2, 0, 4]


def test_windows_that_come_back_are_marked_point_by_point() -> None:
    # Down and up again: [4, 6), [0, 2), [1, 5): of the last one 2 and 3 are new, which touches both others.
    track = windows((4, 6), (0, 2), (1, 5))
    fresh = fresh_track(track, axis_of(3), 0)
    assert fresh.sizes().tolist() == [2, 2, 2]
    assert interval(fresh, 2) == (2, 4)
    # Backwards: [1, 5) entirely, of [0, 2) only 0, of [4, 6) only 5.
    assert retired_sizes(track, axis_of(3), 0).tolist() == [1, 1, 4]


def test_a_fresh_part_with_a_hole_keeps_its_count() -> None:
    # [2, 4) is there; of [0, 6) the points 0, 1, 4 and 5 are new: four of a hull of six.
    fresh = fresh_track(windows((2, 4), (0, 6)), axis_of(2), 0)
    assert interval(fresh, 1) == (0, 6)
    assert fresh.sizes().tolist() == [2, 4]


def test_two_coordinates_on_one_axis_leave_a_fresh_corner() -> None:
    # 2x2 windows that move along the diagonal: the second shares one point with the first.
    ends = (table(0, 1), table(2, 3))
    fresh = fresh_track(Track({0: ends, 1: ends}), axis_of(2), 0)
    assert fresh.sizes().tolist() == [4, 3]


def test_a_track_that_is_only_active_or_not_is_fresh_once_per_sweep() -> None:
    track = Track({}, np.array([False, True, True, True]))
    axis = axis_of(2, 2)
    assert fresh_track(track, axis, 0).sizes().tolist() == [0, 1, 0, 0]
    assert fresh_track(track, axis, 1).sizes().tolist() == [0, 1, 1, 0]
    assert retired_sizes(track, axis, 1).tolist() == [0, 1, 0, 1]


def test_a_loop_that_repeats_the_same_box_makes_nothing_fresh() -> None:
    # Loop 1 repeats what loop 2 sweeps over: fresh in its first step only, or in each step if it stands still.
    box = Box({1: (0, 5)}, {1: windows((0, 4), (2, 6))})
    axes = {0: axis_of(3, depths=(1,)), 1: axis_of(2, depths=(2,))}
    assert fresh_box(box, axes, 0).total(axes) == 5 * (4 + 2)
    assert fresh_box(box, axes, 1).total(axes) == 3 * 5 * (4 + 2)
    assert fresh_box(box, axes, 2).total(axes) == 3 * 5 * (4 + 4)


def test_a_hull_that_says_too_much_may_be_fresh_only_in_its_core() -> None:
    # Axis 0: a second step outside the core; axis 1: two windows.
    axes = {0: axis_of(2, depths=(1,)), 1: axis_of(2, depths=(2,))}
    box = Box({}, {0: Track({}), 1: windows((0, 4), (2, 6))})
    box.core = Core({0: np.array([True, False])}, frozenset({0, 1}))
    # One sweep: the second step of axis 0 repeats what was there, so that what it says does not matter.
    assert fresh_box(box, axes, 0).total(axes) == 4 + 2
    # Swept anew it would be fresh there: too much may be said.
    with pytest.raises(Coupled) as signal:
        fresh_box(box, axes, 1)
    assert signal.value.axes == {0, 1}


def test_sweeps_are_kept_apart_beyond_64_bits() -> None:
    # 2^12 sweeps over coordinates up to 2^52: shifting one sweep past the other needs 2^64.
    far = 2**52 - 2
    sweeps = 2**12
    track = Track({0: (np.tile(table(0, 1), sweeps), np.tile(table(far, far + 1), sweeps))})
    axis = axis_of(sweeps, 2)
    assert fresh_track(track, axis, 1).sizes().tolist() == [far, 1] * sweeps
    assert retired_sizes(track, axis, 1).tolist() == [1, far] * sweeps


def test_what_is_too_large_to_mark_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # Cut at 0, 1, 9 and 10: three cells, however far the windows reach.
    track = windows((9, 10), (0, 1))
    assert fresh_track(windows((2**40, 2**40 + 1), (0, 1)), axis_of(2), 0).sizes().tolist() == [1, 1]
    monkeypatch.setattr(sweep, "MAX_MARKS", 2)
    with pytest.raises(UnsupportedError, match=r"windows of 10 words that move to and fro .*loop order"):
        fresh_track(track, axis_of(2), 0)


def test_fresh_data_is_what_no_earlier_step_of_the_sweep_covered() -> None:
    """Random intervals, rising or not, with and without gaps, against sets of points."""
    draw = random.Random(7)
    for _ in range(2000):
        outer, _ = Axis.root().extended(np.array([draw.randint(1, 3)]), 1)
        axis, _ = outer.extended(np.array([draw.randint(1, 4) for _ in range(outer.size)]), 2)
        low = np.array([draw.randint(0, 4) for _ in range(axis.size)])
        high = low + np.array([draw.randint(1, 4) for _ in range(axis.size)])
        active = np.array([draw.random() < 0.7 for _ in range(axis.size)])
        own = draw.choice([0, 1])
        found = fresh_track(Track({0: (low, high)}, active), axis, own)
        sweep = axis.group(own) if own else np.zeros(axis.size, dtype=np.int64)
        seen: dict[int, set[int]] = {}
        for step in range(axis.size):
            before = seen.setdefault(int(sweep[step]), set())
            asked = set(range(int(low[step]), int(high[step]))) if active[step] else set()
            assert np.broadcast_to(found.sizes(), (axis.size,))[step] == len(asked - before)
            before |= asked
