"""Axes: loops of one coordinate unrolled into own steps."""

from __future__ import annotations

import numpy as np
import pytest

from looptree.errors import UnsupportedError
from looptree.model.axis import MAX_STEPS, Array, Axis


def trips(*values: int) -> Array:
    return np.array(values, dtype=np.int64)


def two_loops() -> tuple[Axis, list[int]]:
    """A rank of 5 in tiles of 2 (loop 1 of the path), each in tiles of 1 (loop 3)."""
    outer, _ = Axis.root().extended(trips(3), 1)
    axis, parent = outer.extended(trips(2, 2, 1), 3)
    return axis, parent.tolist()


def test_an_axis_without_loops_has_one_step() -> None:
    axis = Axis.root()
    assert (axis.size, axis.depths, axis.own(5)) == (1, (), 0)
    assert axis.starts(0).tolist() == [0]


def test_imperfect_tiles_make_ragged_steps() -> None:
    axis, parent = two_loops()
    # Tiles of 2, 2 and 1: the inner loop makes 2, 2 and 1 steps.
    assert axis.size == 5
    assert parent == [0, 0, 1, 1, 2]
    assert axis.ordinals[0].tolist() == [0, 0, 1, 1, 2]
    assert axis.ordinals[1].tolist() == [0, 1, 0, 1, 0]


def test_groups_are_the_steps_before_the_inner_loop_came() -> None:
    axis, _ = two_loops()
    assert axis.group(1).tolist() == [0, 0, 1, 1, 2]
    assert axis.group(2).tolist() == [0, 1, 2, 3, 4]
    assert axis.starts(1).tolist() == [0, 2, 4]
    assert axis.first(1).tolist() == [True, False, True, False, True]
    assert axis.first(0).tolist() == [True, False, False, False, False]


def test_own_counts_the_loops_among_the_outermost_of_the_path() -> None:
    axis, _ = two_loops()
    assert [axis.own(depth) for depth in range(5)] == [0, 1, 1, 2, 2]


def test_a_loop_without_trips_leaves_its_step_out() -> None:
    outer, _ = Axis.root().extended(trips(3), 1)
    axis, parent = outer.extended(trips(2, 0, 1), 2)
    assert parent.tolist() == [0, 0, 2]
    # The group that is left out keeps no number: steps 0 and 2 of the outer loop remain.
    assert axis.group(1).tolist() == [0, 0, 2]
    assert axis.starts(1).tolist() == [0, 2]


def test_an_axis_on_which_nothing_happens_has_no_step() -> None:
    axis, _ = Axis.root().extended(trips(0), 1)
    assert axis.size == 0
    assert axis.starts(0).tolist() == axis.starts(1).tolist() == []


@pytest.mark.parametrize("steps", [MAX_STEPS + 1, 2**40])
def test_too_many_steps_are_refused_before_they_are_written_down(steps: int) -> None:
    with pytest.raises(UnsupportedError, match=rf"make {steps} steps; at most {MAX_STEPS} .*use a larger tile"):
        Axis.root().extended(trips(steps), 1)
