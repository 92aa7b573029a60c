"""Windows, relevance, sweeps and live words on sequences of boxes written by hand."""

from __future__ import annotations

from dataclasses import replace

from looptree.simulate.budget import Budget
from looptree.simulate.points import Box, PointTable
from looptree.simulate.sweeps import Required, fresh, is_relevant, most_live, sweep_depth, windows
from looptree.simulate.tables import Tables
from looptree.taxonomy.design import Place
from looptree.workload import Einsum, Interval, Workload
from looptree.workload.expression import parse_expression

PLACE = Place(0, "X", "GLB", 2, False, 0, None, False, True)


def span(start: int, stop: int) -> Box:
    return (Interval(start, stop),)


def tables() -> Tables:
    out, ins, operation = parse_expression("Y[p] = X[p]")
    return Tables(Workload("w", [Einsum("e", {"p": 1}, ins, out, operation)]), Budget(1000))


# Loops (outer, inner) of 2 x 3 steps; nothing is asked for at (1, 0).
SLIDING: Required = {
    (0, 0): span(0, 2),
    (0, 1): span(1, 3),
    (0, 2): span(2, 4),
    (1, 0): None,
    (1, 1): span(1, 3),
    (1, 2): span(2, 4),
}


def test_windows_are_hulls_over_the_loops_below() -> None:
    assert windows(SLIDING, 1) == {(0,): span(0, 4), (1,): span(1, 4)}
    assert windows(SLIDING, 0) == {(): span(0, 4)}


def test_relevance_ignores_steps_that_ask_for_nothing() -> None:
    # Loop 1: (0, 0) and (1, 0) differ, but the latter asks for nothing; the other pairs are equal.
    found = windows(SLIDING, 2)
    assert not is_relevant(found, 1)
    assert is_relevant(found, 2)


def test_sweep_depth() -> None:
    # The inner loop moves the window: nothing outlasts a step of the outer one; dropped, nothing outlasts any step.
    assert sweep_depth(SLIDING, PLACE) == 1
    assert sweep_depth(SLIDING, replace(PLACE, drop=True)) == 2
    # Between the loops the window moves with the outer one.
    assert sweep_depth(SLIDING, replace(PLACE, depth=1)) == 0
    assert sweep_depth(SLIDING, replace(PLACE, depth=1, drop=True)) == 1
    # Above both it never moves.
    assert sweep_depth(SLIDING, replace(PLACE, depth=0, drop=True)) == 0


def test_fresh_starts_anew_with_every_sweep() -> None:
    points = PointTable((4,))
    once = fresh(SLIDING, 0, points, tables())
    assert [numbers.tolist() for numbers in once.values()] == [[0, 1], [2], [3], [], [], []]
    twice = fresh(SLIDING, 1, points, tables())
    assert [numbers.tolist() for numbers in twice.values()] == [[0, 1], [2], [3], [], [1, 2], [3]]


def test_live_counts_what_is_needed_again() -> None:
    # One sweep: at (0, 1) points 1 and 2 are required and 0 is gone; at (0, 2) points 2 and 3 are required and 1 is
    # needed again at (1, 1): 3 points. With a sweep per outer step 2 at a time.
    points = PointTable((4,))
    assert most_live(SLIDING, 0, points, tables()) == 3
    assert most_live(SLIDING, 1, points, tables()) == 2
