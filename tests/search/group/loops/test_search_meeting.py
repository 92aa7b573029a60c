"""Loops that meet further up: no bound is above a design, and what is joined is exact."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import looptree
from looptree.search.asked.space import ANY_PAIRS, Space
from looptree.search.exhaustive import Exhaustive
from looptree.search.group.bound import met
from looptree.search.group.bound.book import PatternBook
from looptree.search.group.bound.branch_and_bound import BranchAndBound
from looptree.search.group.bound.nodes import Nodes
from looptree.search.group.bound.placing import Placing
from looptree.search.group.bound.problems import Problems
from looptree.search.group.design import Tally
from looptree.search.group.loops.ledger import Columns
from looptree.search.group.patterns.pattern import Pattern
from looptree.search.network.groups import workers as workers_of_groups
from looptree.workload import Workload
from tests.search.group_cases import differences, searched
from tests.search.search_cases import OBJECTIVES, architecture, einsum, network
from tests.some import some

MEETING = Space(loops=2, leaf_loops=0, spill=False, joined_pairs=ANY_PAIRS)


def residual(rows: int, channels: int, *, produced: bool) -> Workload:
    """A sum of a tensor and two layers on it, the second one with a halo; the tensor comes in, or is made there."""
    at = {"m": channels, "p": rows}
    layers = [
        einsum("narrow", "A[m,p] = X[c,p] * U[m,c]", {**at, "c": channels}),
        einsum("wide", "B[m,p] = A[c,p+r-1] * V[m,c,r]", {**at, "c": channels, "r": 3}),
        einsum("sum", "Y[m,p] = B[m,p] + X[m,p]", at),
    ]
    if produced:
        layers.insert(0, einsum("front", "X[m,p] = Z[c,p] * T[m,c]", {**at, "c": 2}))
    return Workload("residual", layers, shapes={"A": (channels, rows)})


def bounded(placing: Placing, pattern: Pattern, at: tuple[int, ...]) -> tuple[Columns, float]:
    """A single choice of tile shapes, nothing decided: its columns, and its bound."""
    book = PatternBook(placing.group, [pattern])
    rates = np.zeros((len(placing.problems.relaxation.prices), 1))
    start = np.array([at])
    node = Nodes(np.array([0]), start, start + 1, np.full(1, -np.inf), np.zeros(1, dtype=bool), rates)
    columns, _ = book.columns(node.pattern, node.start, node.stop)
    return columns, float(placing.bounds(book, node, np.inf).bound[0])


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("produced", [False, True])
def test_no_bound_is_above_what_the_joined_tables_say(produced: bool, objective: str) -> None:
    """For every loop order and choice of tile shapes, nothing decided: each bound, and each row by itself."""
    group = searched(residual(5, 3, produced=produced), architecture(buffer_bandwidth=3), objective, MEETING).group
    compared = 0
    for capacity in (20.0, 40.0, 1000.0):
        placing = Placing(Problems(group, frozenset(), capacity))
        for positions in group.patterns.orders:
            for pattern in group.patterns.of(positions):
                widths = [len(loop.tiles) for loop in pattern.loops]
                for at in np.ndindex(*widths) if pattern.met else ():
                    (joined,) = group.patterns.joined(pattern, [at])
                    columns, bound = bounded(placing, pattern, at)
                    exact, truth = bounded(placing, joined, (0,) * len(joined.positions))
                    assert bound <= truth * (1 + 1e-9)
                    for above in range(columns.count + 1):
                        assert (columns.kept[above] <= exact.kept[above]).all()
                    for name in ("operations", "cycles"):
                        assert (columns.work(name) <= exact.work(name)).all()
                    good = [row for row in range(len(group.tensors)) if row not in pattern.met.tensors]
                    assert (columns.entered[-1][good] == exact.entered[-1][good]).all()
                    assert (columns.kept[-1][good] == exact.kept[-1][good]).all()
                    compared += 1
    assert compared >= 36


def test_joined_tables_are_of_the_designs_that_they_leave_hope_of() -> None:
    """For every loop order, all choices of tile shapes: those whose joined bounds are below a value, each as itself."""
    group = searched(residual(8, 4, produced=True), architecture(buffer_bandwidth=3), "energy", MEETING).group
    placing, kept = Placing(Problems(group, frozenset(), 90.0)), [0, 0]
    for positions in group.patterns.orders:
        for pattern in (p for p in group.patterns.of(positions) if p.met):
            start = np.array(list(np.ndindex(*(len(loop.tiles) for loop in pattern.loops))))
            truth = []
            for at in start.tolist():
                (alone,) = group.patterns.joined(pattern, [at])
                truth.append(bounded(placing, alone, (0,) * len(alone.positions))[1])
            finite = sorted(bound for bound in truth if bound < np.inf)
            for below in (np.inf, *finite[len(finite) // 2 :][:1], *finite[:1]):
                rates, none = np.zeros((len(placing.problems.relaxation.prices), len(start))), np.zeros(len(start))
                nodes = Nodes(none.astype(int), start, start + 1, none, none.astype(bool), rates)
                hopeful = [pattern.picked(at) for at, bound in zip(start.tolist(), truth, strict=True) if bound < below]
                branch = BranchAndBound(placing, 0.0, below, Tally())
                book = branch.met.joined(PatternBook(group, [pattern]), 0, nodes)
                kept[1] += len(start)
                if book is None:
                    assert not hopeful
                    continue
                numbers, columns = book.numbered(hopeful)
                found = zip(numbers.tolist(), columns.tolist(), strict=True)
                assert [book.patterns[number].picked(column) for number, column in found] == hopeful
                listed = int(book.widths().prod(axis=1).sum())
                assert len(hopeful) <= listed <= len(start)
                assert len(book.positions) > 1 or listed == len(hopeful)
                kept[0] += listed
    assert 0 < kept[0] < kept[1]


def test_a_search_that_is_not_thorough_bounds_the_designs_that_it_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is searched soon; a thorough search then finds the best."""
    monkeypatch.setattr(met, "SOON", 0)
    search = searched(residual(8, 4, produced=True), architecture(buffer_bandwidth=3), "energy", MEETING)
    left = 0
    for capacity in (30.0, 45.0, 60.0, 90.0):
        whole, quick = (search.search(frozenset(), capacity, thorough=thorough) for thorough in (True, False))
        assert whole.thorough
        assert whole.bound == pytest.approx(whole.value)
        assert quick.bound <= whole.value <= quick.value
        again = search.search(frozenset(), capacity, quick.value, floor=quick.bound)
        assert min(again.value, quick.value) == whole.value
        assert quick.thorough is (quick.bound >= quick.value)
        left += not quick.thorough
    assert left


@pytest.mark.parametrize("workers", [1, 2])
def test_plans_do_not_depend_on_which_designs_wait(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """All designs in which loops meet wait for a thorough search, or none does."""
    monkeypatch.setattr(workers_of_groups, "WORTH_STARTING", 0.0)
    part, hardware, space = residual(8, 4, produced=True), architecture(buffer_bandwidth=3), Space()
    found = {}
    for soon in (0, math.inf):
        monkeypatch.setattr(met, "SOON", soon)
        plans = [
            looptree.search(part, hardware.with_capacity("GLB", c), space=space, workers=1 if soon else workers)
            for c in (45, 90)
        ]
        assert all(plan.statistics.status == "optimal" for plan in plans)
        found[soon] = [plan.statistics.value for plan in plans]
    assert found[0] == pytest.approx(found[math.inf])


def test_own_loops_of_a_layer_that_sees_loops_apart_are_those_of_joined_loops() -> None:
    """For every loop order and choice of tile shapes: the wide layer and the sum are not upstream of what is added."""
    space = Space(loops=2, leaf_loops=1, spill=False, joined_pairs=ANY_PAIRS)
    group = searched(residual(5, 4, produced=True), architecture(buffer_bandwidth=3), "energy", space).group
    problems, compared, found = Problems(group, frozenset(), 40.0), 0, 0
    for positions in group.patterns.orders:
        for pattern in (p for p in group.patterns.of(positions) if p.met):
            for at in np.ndindex(*(len(loop.tiles) for loop in pattern.loops)):
                (joined,) = group.patterns.joined(pattern, [at])
                loops = joined.picked((0,) * len(joined.loops))
                seen = problems.seen_steps(joined, loops, 2)
                together = problems.seen_steps(replace(joined, apart=None), loops, 2)
                for layer, rows in problems.own.items():
                    divider, names = group.divider(layer), [group.tensors[row] for row in rows]
                    one, other = (divider.ways(names, divider.moving(steps[layer])) for steps in (seen, together))
                    assert {way.key for way in one} == {way.key for way in other}
                    compared += seen[layer] != together[layer]
                    found += len(one)
    assert compared >= 12
    assert found


def test_no_design_of_a_residual_block_is_better() -> None:
    """The sum reads two rows, the narrow layer all that the wide one needs: they rest at different steps."""
    slow = Exhaustive(residual(3, 2, produced=False), architecture(seed=1, buffer_bandwidth=3), MEETING)
    assert differences(slow, architecture(seed=1, buffer_bandwidth=3), most=4)[0] == []


def test_relevance_may_depend_on_tile_shapes_once_something_is_computed_again() -> None:
    """Loops over rows and taps of the last of three convolutions, whose producers recompute."""
    slow = Exhaustive(network("skip", 1, layers=3), architecture(seed=1), MEETING)
    rows = slow.designs(frozenset(e.name for e in slow.network.workload.einsums))
    found = searched(slow.network.workload, architecture(seed=1), "latency", MEETING).search(frozenset(), 22.0)
    assert found.value == rows.least("latency", 22.0, slow.bandwidths) == 33.0


@pytest.mark.slow
def test_no_design_of_a_block_that_makes_what_it_adds_is_better() -> None:
    slow = Exhaustive(residual(4, 2, produced=True), architecture(seed=1, buffer_bandwidth=3), MEETING)
    assert differences(slow, architecture(seed=1, buffer_bandwidth=3), most=6)[0] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", some((13, 10, 11, 12, 14, 15, 16, 17), 2))
@pytest.mark.parametrize("kind", ["skip", "branches", "pool", "loose"])
def test_no_design_of_many_groups_whose_loops_meet_is_better(kind: str, seed: int) -> None:
    slow = Exhaustive(network(kind, seed, layers=3), architecture(seed=seed), MEETING)
    assert differences(slow, architecture(seed=seed), most=4)[0] == []


def test_loops_with_more_pairs_than_may_be_do_not_meet() -> None:
    """Rows of 5 have three tile shapes, channels of 3 have two: six pairs."""
    part = residual(5, 3, produced=False)
    met = []
    for pairs in (0, 5, 6):
        space = Space(loops=2, leaf_loops=0, joined_pairs=pairs)
        group = searched(part, architecture(), "energy", space).group
        met.append(sum(bool(p.met) for positions in group.patterns.orders for p in group.patterns.of(positions)))
    assert met[0] == met[1] == 0 < met[2]


def test_choices_of_tile_shapes_that_were_run_apart_are_as_if_run_together() -> None:
    """Rows and columns of a sum with a halo: every table, in any order of the choices."""
    space = Space(loops=2, leaf_loops=0, joined_pairs=ANY_PAIRS)
    group, other = (searched(residual(5, 3, produced=True), architecture(), "energy", space).group for _ in range(2))
    rows, columns = ((("sum", "p"),), (("sum", "m"),))
    tiles = ((3, 1), (2, 2), (1, 2), (2, 1))
    for lost in ((frozenset[str](),) * 2, (frozenset({"X"}), frozenset[str]())):
        for choice in tiles:
            group.profiler.run((rows, columns), (choice,), lost)
        one, whole = (known.profiler.run((rows, columns), tiles, lost) for known in (group, other))
        for found, expected in ((one.tensors, whole.tensors), (one.writes, whole.writes)):
            assert found.keys() == expected.keys()
            for tensor, factors in expected.items():
                assert np.array_equal(found[tensor].fresh, factors.fresh)
                assert np.array_equal(found[tensor].held, factors.held)
                assert all(np.array_equal(found[tensor].moves[key], moved) for key, moved in factors.moves.items())
        for name, work in whole.work.items():
            assert np.array_equal(one.work[name].operations, work.operations)
            assert np.array_equal(one.work[name].cycles, work.cycles)
        for tensor, needs in whole.needs.items():
            assert one.needs[tensor].narrowed == needs.narrowed
            assert one.needs[tensor].begun[0] == needs.begun[0]
            assert np.array_equal(one.needs[tensor].begun[1], needs.begun[1])
