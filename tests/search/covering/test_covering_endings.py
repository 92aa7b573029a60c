"""How a search ends: proven, out of time, interrupted, or refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

import pytest

from looptree.search.covering import Column, cover, epsilon_front, search
from looptree.search.covering.program import Answer, Program
from tests.search.covering.covering_cases import Instance, check, column, crossed_instance, network, prices

CROSSED = [column("03", 1), column("12", 1), *(column(i, 2) for i in "0123")]
SINGLES = (2, 3, 4, 5)


def test_no_time_at_all() -> None:
    found = cover(4, [(0, 1), (2, 3)], CROSSED, seconds=0)
    assert (found.status, found.chosen, found.cost, found.uses) == ("unknown", (), 0, ())
    assert not found.found
    assert not found.proven


def test_no_time_but_an_incumbent() -> None:
    found = cover(4, [(0, 1), (2, 3)], CROSSED, seconds=0, incumbent=SINGLES)
    assert (found.status, set(found.chosen), found.cost) == ("feasible", set(SINGLES), 8)
    assert found.bound <= 5
    assert found.found
    assert not found.proven


def test_an_integer_program_that_ran_out_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it found and what it proved until then are kept."""
    instance = crossed_instance(1)
    best = min(prices(instance))[0]

    def interrupted(program: Program, seconds: float | None) -> Answer:
        return Answer((), sum(min(0, weight) for weight in program.weights), False)

    monkeypatch.setattr(search, "optimise", interrupted)
    monkeypatch.setattr(search, "construct", lambda *_: None)
    found = cover(instance.layers, instance.edges, instance.columns)
    assert found.status == "unknown"
    assert 0 < found.bound <= best


@pytest.mark.parametrize("steps", range(1, 12))
def test_ctrl_c_at_any_step_keeps_the_best_cover(steps: int) -> None:
    instance = network(3, 4, 0)
    told: list[tuple[int, int | None]] = []

    def pressed(bound: int, cost: int | None, doing: str) -> None:
        told.append((bound, cost))
        if len(told) == steps:
            raise KeyboardInterrupt

    found = cover(instance.layers, instance.edges, instance.columns, progress=pressed)
    optimum = cover(instance.layers, instance.edges, instance.columns).cost
    assert found.bound <= optimum
    if found.found:
        check(instance, found)
        assert found.cost >= optimum
    assert found.proven == (found.bound == found.cost)


def test_bounds_rise_and_costs_fall() -> None:
    instance = crossed_instance(4)
    told: list[tuple[int, int | None]] = []
    cover(instance.layers, instance.edges, instance.columns, progress=lambda bound, cost, _: told.append((bound, cost)))
    bounds = [bound for bound, _ in told]
    costs = [cost for _, cost in told if cost is not None]
    assert bounds == sorted(bounds)
    assert costs == sorted(costs, reverse=True)
    assert bounds[-1] == costs[-1]


HARD = """
import random, sys
from looptree.search.covering import Column, cover
draw = random.Random(0)
groups = [frozenset({i}) for i in range(60)]
while len(groups) < 3000:
    chains = draw.sample(range(5), draw.randint(2, 4))
    groups.append(frozenset(12 * chain + draw.randrange(12) for chain in chains))
columns = [Column(g, draw.randint(60, 100) if len(g) == 1 else len(g) * draw.randint(40, 90)) for g in groups]
edges = [(i, i + 1) for i in range(59) if (i + 1) % 12]
print("ready", flush=True)
found = cover(60, edges, columns, progress=lambda *state: print(*state, flush=True))
print(found.status, found.cost >= found.bound > 0, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_ctrl_c_stops_the_integer_program() -> None:
    with subprocess.Popen([sys.executable, "-c", HARD], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "no better cover" in line:
                process.send_signal(signal.SIGINT)
                break
        *_, last = process.stdout
        assert last.split() == ["feasible", "True"]
        assert process.wait() == 0


BAD: list[tuple[str, int, list[tuple[int, int]], list[Column], Sequence[int | None]]] = [
    ("column 1 has members .2.: expected some of 0..1", 2, [], [column("0", 1), column("2", 1)], []),
    ("column 0 uses 1 quantities and there are 0 limits", 1, [], [column("0", 1, 1)], []),
    ("column 0 uses 0 quantities and there are 1 limits", 1, [], [column("0", 1)], [None]),
    ("a limit is 1.5: expected an int", 1, [], [column("0", 1, 1)], [1.5]),  # type: ignore[list-item]
    ("the edges make a cycle", 2, [(0, 1), (1, 0)], [], []),
    (r"edge \(0, 2\): expected two layers of 0..1", 2, [(0, 2)], [], []),
    ("-1 layers: expected no negative number", -1, [], [], []),
]


@pytest.mark.parametrize(("problem", "layers", "edges", "columns", "limits"), BAD)
def test_what_is_no_problem_is_refused(
    problem: str, layers: int, edges: list[tuple[int, int]], columns: list[Column], limits: Sequence[int | None]
) -> None:
    with pytest.raises(ValueError, match=problem):
        cover(layers, edges, columns, limits=limits)


@pytest.mark.parametrize(
    ("members", "cost", "uses", "problem"),
    [
        ("", 1, (), "no members"),
        ("0", -1, (), "the cost of a column is -1"),
        ("0", 1.5, (), "the cost of a column is 1.5: expected an int"),
        ("0", 1, (1, -2), "the amount used of a column is -2"),
        ("0", 1, (0.5,), "the amount used of a column is 0.5"),
    ],
)
def test_what_is_no_column_is_refused(members: str, cost: int, uses: tuple[int, ...], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        column(members, cost, *uses)


@pytest.mark.parametrize(
    ("incumbent", "problem"),
    [
        ((0, 1), "wait for each other in a cycle"),
        ((0,), "does not hold every layer exactly once"),
        ((0, 2, 3, 4, 5), "does not hold every layer exactly once"),
        ((9,), "names a column that does not exist"),
        ((-1,), "names a column that does not exist"),
    ],
)
def test_an_incumbent_that_is_no_cover_is_refused(incumbent: tuple[int, ...], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        cover(4, [(0, 1), (2, 3)], CROSSED, incumbent=incumbent)


def test_an_incumbent_beyond_the_limits_is_refused() -> None:
    with pytest.raises(ValueError, match=r"uses \(3,\): the limits are \(2,\)"):
        cover(1, [], [column("0", 1, 3)], limits=[2], incumbent=[0])


@pytest.mark.parametrize(("seconds", "workers", "problem"), [(-1, 1, "time limit of -1"), (1, 0, "0 workers")])
def test_impossible_means_are_refused(seconds: float, workers: int, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        cover(1, [], [column("0", 1)], seconds=seconds, workers=workers)


def test_a_front_that_nobody_can_ask_for_is_refused() -> None:
    columns = [column("0", 1, 1)]
    for quantities in ([1], [-1], [0, 0]):
        with pytest.raises(ValueError, match="expected different ones of the 1 that columns use"):
            epsilon_front(1, [], columns, quantities=quantities)
    with pytest.raises(ValueError, match="at most 0 points"):
        epsilon_front(1, [], columns, quantities=[0], max_points=0)


def test_a_front_out_of_time_says_so() -> None:
    instance: Instance = network(3, 4, 0, ways=2, quantities=1)
    found = epsilon_front(instance.layers, instance.edges, instance.columns, quantities=[0], seconds=0)
    assert (found.points, found.status) == ((), "stopped")
