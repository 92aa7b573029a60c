"""Steps of loops: from the lower end of what is left, over gaps, and over several sinks."""

from __future__ import annotations

from typing import Any

import numpy as np

from looptree.simulate.budget import Budget
from looptree.simulate.loops import steps
from looptree.simulate.points import Numbers
from looptree.simulate.tables import Tables
from looptree.taxonomy.design import Loop
from looptree.workload import Einsum, Workload
from looptree.workload.expression import parse_expression


def copies(**extents: int) -> Tables:
    """Tables of one copy per name, each over a rank p."""
    made = []
    for name, extent in extents.items():
        out, ins, operation = parse_expression(f"Y{name}[p] = X{name}[p]")
        made.append(Einsum(name, {"p": extent}, ins, out, operation))
    return Tables(Workload("w", made), Budget(1000))


def taken(loops: tuple[Loop, ...], operations: dict[str, Numbers], tables: Tables) -> list[Any]:
    return [
        (index, {sink: part.tolist() for sink, part in done.items()})
        for index, done in steps(loops, operations, tables)
    ]


def test_no_loop_is_one_step() -> None:
    tables = copies(a=2)
    assert taken((), {"a": tables.operations["a"].everything}, tables) == [((), {"a": [0, 1]})]


def test_same_rank_twice() -> None:
    # 5 in tiles of 3 in tiles of 2.
    loops = (Loop(1, (("a", "p"),), 3), Loop(2, (("a", "p"),), 2))
    tables = copies(a=5)
    assert taken(loops, {"a": tables.operations["a"].everything}, tables) == [
        ((0, 0), {"a": [0, 1]}),
        ((0, 1), {"a": [2]}),
        ((1, 0), {"a": [3, 4]}),
    ]


def test_steps_start_at_the_lower_end_and_run_over_gaps() -> None:
    # Operations 2, 3 and 7 in tiles of 2: 2..3, 4..5 (nothing), 6..7.
    loops = (Loop(1, (("a", "p"),), 2),)
    assert taken(loops, {"a": np.array([2, 3, 7])}, copies(a=8)) == [
        ((0,), {"a": [2, 3]}),
        ((1,), {"a": []}),
        ((2,), {"a": [7]}),
    ]


def test_nothing_to_do_is_no_step() -> None:
    loops = (Loop(1, (("a", "p"),), 2),)
    assert taken(loops, {"a": np.array([], dtype=np.int64)}, copies(a=8)) == []


def test_sinks_that_end_early_or_are_not_named() -> None:
    tables = copies(a=3, b=1, c=2)
    loops = (Loop(1, (("a", "p"), ("b", "p")), 2),)
    everything = {name: tables.operations[name].everything for name in "abc"}
    assert taken(loops, everything, tables) == [
        ((0,), {"a": [0, 1], "b": [0], "c": [0, 1]}),
        ((1,), {"a": [2], "b": [], "c": []}),
    ]
    # When those that it names have nothing to do, the loop still makes the first step for the other.
    idle = {"a": np.array([], dtype=np.int64), "b": np.array([], dtype=np.int64), "c": everything["c"]}
    assert taken(loops, idle, tables) == [((0,), {"a": [], "b": [], "c": [0, 1]})]
