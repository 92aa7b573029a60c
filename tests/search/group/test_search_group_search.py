"""The best design of one group, against every design; every design found, against the model."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from looptree.architecture import Architecture, Compute, Level
from looptree.search import deadline
from looptree.search.asked.metrics import METRICS, Weights
from looptree.search.asked.restrictions import Restrictions
from looptree.search.asked.rules import LayerRule
from looptree.search.asked.space import Space
from looptree.search.exhaustive import Exhaustive, undominated
from looptree.search.group.bound import branch_and_bound, frontier
from looptree.search.group.goal.goal import EVERYTHING, Aim, Gathering
from looptree.workload import Workload
from tests.search.group_cases import capacities, differences, searched
from tests.search.search_cases import KINDS, OBJECTIVES, architecture, einsum, network
from tests.some import some

ONE = Space(loops=1, lone_loops=2, leaf_loops=0)
TWO = Space(loops=2, lone_loops=3, leaf_loops=0)


def check(kind: str, seed: int, layers: int, space: Space) -> None:
    """On arrays of different extents, every third time without a limit of what passes through the buffer."""
    hardware = architecture(seed=seed, buffer_bandwidth=(None, 3, 6)[seed % 3])
    found, cases = differences(Exhaustive(network(kind, seed, layers=layers), hardware, space), hardware)
    assert cases >= 6
    assert found == []


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", [*KINDS, "loose"])
def test_no_design_of_a_layer_alone_is_better(kind: str, seed: int) -> None:
    check(kind, seed, 1, ONE)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", [*KINDS, "loose"])
def test_no_design_of_two_layers_is_better(kind: str, seed: int) -> None:
    check(kind, seed, 2, ONE)


@pytest.mark.parametrize("kind", ["plane", "pool", "skip"])
def test_no_design_of_three_layers_is_better(kind: str) -> None:
    check(kind, 1, 3, ONE)


def test_no_design_is_better_if_tables_come_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in groups of many layers: ranges are cut as far as that pays before an intermediate is decided."""
    monkeypatch.setattr(branch_and_bound, "SEVERAL", 1)
    monkeypatch.setattr(branch_and_bound, "TIGHT", 0.0)
    check("skip", 1, 3, ONE)


@pytest.mark.parametrize("kind", ["matmul", "skip"])
def test_no_design_is_better_if_the_newest_nodes_come_first(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in long chains."""
    monkeypatch.setattr(frontier, "MANY", 1)
    monkeypatch.setattr(frontier, "FEW", 2)
    check(kind, 1, 3, ONE)


@pytest.mark.parametrize("kind", ["chain", "matmul"])
def test_room_for_less_than_a_word_of_each_intermediate_is_too_little(kind: str) -> None:
    """And a word of each tensor of a layer alone: of what is on chip no word counts."""
    for layers in (1, 2, 3):
        workload = network(kind, 0, layers=layers)
        search = searched(workload, architecture(), "energy", ONE)
        resident = frozenset({workload.einsums[-1].output.tensor})
        held = search.group.resident_bytes(resident)
        least = 2 if layers == 1 else layers - 1
        assert search.group.least_bytes(resident) == least
        outcome = search.search(resident, held + least - 1)
        assert math.isinf(outcome.bound) and not outcome.tally.nodes
        assert search.search(resident, held + least).tally.nodes


@pytest.mark.slow
@pytest.mark.parametrize("seed", some(range(4, 12), 1))
@pytest.mark.parametrize("kind", [*KINDS, "loose"])
def test_no_design_with_two_loops_is_better(kind: str, seed: int) -> None:
    check(kind, seed, 1, TWO)
    check(kind, seed, 2, TWO)


@pytest.mark.slow
@pytest.mark.parametrize("seed", some((2, 3, 5), 1))
@pytest.mark.parametrize("kind", [*(kind for kind in KINDS if kind != "branches"), "loose"])
def test_no_design_of_three_layers_with_two_loops_is_better(kind: str, seed: int) -> None:
    check(kind, seed, 3, Space(loops=1 if kind == "padded" else 2, leaf_loops=0))


@pytest.mark.parametrize(("spill", "recompute"), [(False, True), (True, False), (False, False)])
@pytest.mark.parametrize("kind", ["padded", "skip", "matmul"])
def test_no_design_of_a_narrower_space_is_better(kind: str, spill: bool, recompute: bool) -> None:
    check(kind, 1, 2, Space(loops=1, leaf_loops=0, spill=spill, recompute=recompute))


def test_all_tensors_of_a_layer_with_many_are_streamed() -> None:
    """A sum of 16 tensors: all places of all of them together would be more than 3^17 options."""
    first = einsum("first", "T0[p,q] = X[p,q] * W[q]", {"p": 8, "q": 8})
    terms = " + ".join(["T0[p,q]", *(f"A{i}[p,q]" for i in range(1, 16))])
    workload = Workload("many", (first, einsum("sum", f"Y[p,q] = {terms}", {"p": 8, "q": 8})))
    search = searched(workload, architecture(), "offchip", Space(loops=1, lone_loops=1))
    outcome = search.search(frozenset(), 24.0)  # eight words of `T0`, and one of each of 15 inputs and `Y`
    assert outcome.design is not None
    assert len(outcome.design.streaming["sum"].tensors) == 16
    assert outcome.design.room == 24
    assert search.search(frozenset(), 23.0).design is None
    assert search.search(frozenset(), 64.0).value == 64 + 8 + 15 * 64 + 64


def test_words_that_are_no_whole_bytes_pass_through_the_buffer() -> None:
    layer = einsum("layer", "Z[p] = A[p] * B[p]", {"p": 4})
    hardware = architecture(buffer_bandwidth=1)
    assert differences(Exhaustive(Workload("odd", [layer], default_bits=3), hardware, ONE), hardware)[0] == []


def test_two_readers_of_one_tensor_may_differ_along_two_loops() -> None:
    """`one` reads a point of `X` where `two` reads its neighbours, and a channel where `two` reads all."""
    layers = [
        einsum("one", "A[p] = X[c,p] * U[c]", {"p": 3, "c": 3}),
        einsum("two", "B[m,p] = X[c,p+r-1] * V[m,c,r]", {"m": 3, "p": 3, "c": 3, "r": 3}),
        einsum("three", "C[p] = B[c,p+r-1] * W[c,r]", {"p": 3, "c": 3, "r": 3}),
    ]
    workload = Workload("branches", layers, shapes={"X": (3, 3), "B": (3, 3)})
    slow = Exhaustive(workload, architecture(), Space(loops=2, leaf_loops=0, spill=False))
    assert differences(slow, architecture(), most=30)[0] == []


def asymmetric(seed: int) -> tuple[Workload, Architecture]:
    """Two convolutions, writes dear and reads cheap or the other way round, operations dear: metrics contradict."""
    draw = random.Random(seed)
    outer = Level("DRAM", None, Fraction(1, 2), Fraction(draw.choice([0, 1, 5])), Fraction(draw.choice([0, 1, 20])))
    hardware = Architecture(
        "drawn",
        (outer, Level("GLB", None, Fraction(draw.choice([4, 8, 16])), Fraction(1), Fraction(1))),
        Compute("MAC", Fraction(draw.choice([1, 3, 9])), spatial={rank: draw.choice([1, 2, 4]) for rank in "pqmcr"}),
    )
    rows, columns, channels = draw.choice([6, 7]), draw.choice([6, 7]), 1
    layers = []
    for index in (1, 2):
        width, rows, columns = draw.choice([1, 2]), rows - 2, columns - 2
        text = f"T{index}[m,p,q] = T{index - 1}[c,p+r,q+s] * W{index}[m,c,r,s]"
        ranks = {"m": width, "p": rows, "q": columns, "c": channels, "r": 3, "s": 3}
        layers.append(einsum(f"layer{index}", text, ranks))
        channels = width
    return Workload("plane", layers), hardware


def check_collected(seed: int) -> int:
    """All designs that no other one beats are collected; how many trade-offs there are."""
    workload, hardware = asymmetric(seed)
    slow = Exhaustive(workload, hardware, Space(loops=2, lone_loops=2, leaf_loops=0))
    designs = slow.designs(frozenset(e.name for e in workload.einsums))
    base, most = searched(workload, hardware, "energy", slow.network.space), 1
    for capacity in capacities(slow, 5, math.inf):
        totals = designs.totals(capacity, slow.bandwidths)
        goal = Gathering(EVERYTHING, hardware, "GLB")
        found = base.towards(goal).collect(frozenset(), capacity, math.inf)
        assert found.complete
        assert all(design.room <= capacity for design in found.designs)
        assert np.array(sorted(d.totals for d in found.designs)).reshape(-1, 4) == pytest.approx(totals, rel=1e-9)
        if len(totals):
            half = [tuple(design.totals) for design in found.designs[::2]]
            rest = base.towards(Gathering(EVERYTHING, hardware, "GLB")).collect(
                frozenset(), capacity, math.inf, known=half
            )
            assert {design.totals for design in rest.designs} == {design.totals for design in found.designs[1::2]}
            most = max(most, len(totals))
            limit = float(np.median(totals[:, 1]))
            aim = Aim(Weights(energy=1, latency=2), tuple((Weights.only(m), math.inf) for m in METRICS[:3]))
            aim = Aim(aim.weights, (aim.limits[0], (Weights.only("offchip"), limit), aim.limits[2]))
            below = float((totals[:, 0] + 2 * totals[:, 2]).max()) * 1.01
            some = base.towards(Gathering(aim, hardware, "GLB")).collect(frozenset(), capacity, below)
            wanted = {tuple(np.round(row[:3], 6)) for row in undominated(totals[totals[:, 1] <= limit][:, :3])}
            assert {tuple(np.round(d.totals[:3], 6)) for d in some.designs} == wanted
    return most


def test_all_designs_that_no_other_one_beats_are_collected() -> None:
    assert max(check_collected(seed) for seed in (0, 5)) > 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", some(range(6, 16), 4))
def test_all_designs_of_many_groups_that_no_other_one_beats_are_collected(seed: int) -> None:
    check_collected(seed)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_only_what_is_better_than_what_is_asked_for_is_found(objective: str) -> None:
    search = searched(network("skip", 1, layers=2), architecture(buffer_bandwidth=3), objective, TWO)
    best = search.search(frozenset(), 40)
    assert best.design is not None
    assert best.bound == pytest.approx(best.value, rel=1e-12)
    again = search.search(frozenset(), 40, best.value * 1.001)
    assert again.design is not None
    assert again.value == best.value
    none = search.search(frozenset(), 40, best.value)
    assert none.design is None
    assert none.bound == pytest.approx(best.value, rel=1e-12)


def test_a_design_as_good_as_what_is_known_not_to_be_undercut_ends_the_search() -> None:
    workload = network("chain", 1, layers=2)
    first = searched(workload, architecture(), "energy", TWO).search(frozenset(), 30)
    again = searched(workload, architecture(), "energy", TWO).search(frozenset(), 30, floor=first.value)
    assert first.design is not None
    assert again.design is not None
    assert again.value == again.bound == first.value
    assert again.tally.nodes < first.tally.nodes
    none = searched(workload, architecture(), "energy", TWO).search(frozenset(), 30, first.value, floor=first.value)
    assert none.design is None
    assert none.tally.nodes == 0


def test_a_search_without_time_proves_no_more_than_it_may() -> None:
    search = searched(network("plane", 1, layers=2), architecture(), "energy", TWO)
    best, hasty = search.search(frozenset(), 30), search.search(frozenset(), 30, until=0.0)
    assert best.design is not None
    assert hasty.bound <= best.value
    assert hasty.design is None or hasty.value >= best.value


@pytest.mark.parametrize("objective", ["energy", "offchip"])
def test_a_search_may_stop_at_any_time(objective: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever the clock says so, which ticks as it is looked at: nothing false is proven, no table is half made."""
    workload, hardware, space = network("chain", 1, layers=2), architecture(), Space(loops=2, lone_loops=3)
    clock = SimpleNamespace(time=itertools.count().__next__)
    for module in (deadline, branch_and_bound):
        monkeypatch.setattr(module, "time", clock)
    best = searched(workload, hardware, objective, space).search(frozenset(), 16)
    looks, found, rough = clock.time(), set(), 0
    again = searched(workload, hardware, objective, space)
    for stop in range(1, looks, 5):
        hasty = again.search(frozenset(), 16, until=clock.time() + stop)
        assert hasty.bound <= best.value * (1 + 1e-12)
        assert hasty.design is None or hasty.value >= best.value
        rough += hasty.bound < best.value * (1 - 1e-12)
        found.add(hasty.value)
    assert rough > 3
    assert found >= {math.inf, best.value}
    assert again.search(frozenset(), 16).bound == pytest.approx(best.value, rel=1e-12)


@pytest.mark.parametrize("stop", [1, 50, 400, math.inf])
def test_designs_that_are_collected_until_the_time_is_up_are_some_of_all(
    stop: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    workload, hardware = asymmetric(5)
    clock = SimpleNamespace(time=itertools.count().__next__)
    for module in (deadline, branch_and_bound):
        monkeypatch.setattr(module, "time", clock)
    base = searched(workload, hardware, "energy", Space(loops=2, lone_loops=2))
    every = base.towards(Gathering(EVERYTHING, hardware, "GLB")).collect(frozenset(), 60, math.inf)
    anew = searched(workload, hardware, "energy", Space(loops=2, lone_loops=2))
    some = anew.towards(Gathering(EVERYTHING, hardware, "GLB")).collect(frozenset(), 60, math.inf, clock.time() + stop)
    assert some.complete == math.isinf(stop)
    best = np.array([design.totals for design in every.designs])
    assert all((best <= np.array(design.totals) * (1 + 1e-12)).all(axis=1).any() for design in some.designs)


def test_the_smallest_room_that_is_named_suffices() -> None:
    for kind in KINDS:
        search = searched(network(kind, 1, layers=1), architecture(), "energy", TWO)
        least, parts = search.smallest()
        assert sum(parts.values()) == least
        assert search.search(frozenset(), least).design is not None
        assert search.search(frozenset(), least - 1).design is None
        assert math.isfinite(least)


def joined(ranks: str, loops: int, kind: str, seed: int, layers: int, *, twice: int) -> None:
    """Loops over a few ranks, some of which move the same dimension."""
    rules = Restrictions(everywhere=LayerRule(ranks=frozenset(ranks)))
    most = {"loops": loops, "lone_loops": loops, "joined_loops": loops}
    check(kind, seed, layers, Space(**most, twice=twice, leaf_loops=0, spill=False, restrictions=rules))  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["chain", "padded", "plane", "pool", "skip", "branches"])
def test_no_design_with_loops_over_one_dimension_is_better(kind: str, seed: int) -> None:
    joined("pr", 2, kind, seed, 2, twice=0)


@pytest.mark.parametrize(("kind", "ranks"), [("plane", "prq"), ("padded", "pr"), ("chain", "pm"), ("matmul", "mn")])
def test_no_design_with_a_rank_tiled_twice_is_better(kind: str, ranks: str) -> None:
    joined(ranks, 3, kind, 1, 1, twice=100)
    joined(ranks[:2], 3, kind, 1, 2, twice=100)


@pytest.mark.slow
@pytest.mark.parametrize("seed", some(range(11, 15), 1))
@pytest.mark.parametrize("kind", KINDS)
def test_no_design_with_three_loops_over_one_dimension_is_better(kind: str, seed: int) -> None:
    ranks = "mk" if kind == "matmul" else "prm"
    joined(ranks, 3, kind, seed, 1, twice=100)
    joined(ranks[:2], 3, kind, seed, 2, twice=100)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", ["chain", "padded", "skip", "branches", "matmul", "pool"])
def test_no_pipeline_is_better(kind: str, seed: int) -> None:
    check(kind, seed + 1, 2, Space(loops=1, leaf_loops=0, pipeline=True))


@pytest.mark.parametrize("kind", ["chain", "skip", "matmul"])
def test_no_pipeline_of_three_layers_is_better(kind: str) -> None:
    check(kind, 4, 3, Space(loops=1, leaf_loops=0, spill=False, pipeline=True))


@pytest.mark.slow
@pytest.mark.parametrize("seed", some(range(10, 14), 1))
@pytest.mark.parametrize("kind", KINDS)
def test_no_pipeline_with_two_loops_is_better(kind: str, seed: int) -> None:
    check(kind, seed, 2, Space(loops=2, leaf_loops=0, spill=False, pipeline=True))


def test_a_pipeline_takes_fewer_cycles_than_layers_in_turns() -> None:
    """Two products of 4 x 2 x 2 in rows: 16 + 16 cycles in turns; at once 4 + 3 * 4 + 4."""
    layers = [
        einsum("one", "B[m,n] = A[m,k] * V[k,n]", {"m": 4, "n": 2, "k": 2}),
        einsum("two", "C[m,n] = B[m,k] * W[k,n]", {"m": 4, "n": 2, "k": 2}),
    ]
    found = []
    for pipeline in (False, True):
        space = Space(loops=1, leaf_loops=0, pipeline=pipeline)
        hardware = unhindered(architecture())
        outcome = searched(Workload("two", layers), hardware, "latency", space).search(frozenset(), 1000)
        assert outcome.design is not None
        found.append((outcome.value, outcome.design.pipeline))
    assert found == [(32, False), (20, True)]


def unhindered(hardware: Architecture) -> Architecture:
    """The same without a limit of what passes off chip."""
    outer, inner = hardware.levels
    return replace(hardware, levels=(replace(outer, bandwidth_bytes_per_cycle=None), inner))


SMALL_FIRST = ("chain", "odd bits", "matmul", "plane", "pool", "padded", "loose", "skip", "branches")


def check_live(kind: str, seed: int, layers: int, space: Space) -> None:
    """As `check`, where only what is live counts."""
    hardware = replace(architecture(seed=seed, buffer_bandwidth=3), allocation="live")
    found, cases = differences(Exhaustive(network(kind, seed, layers=layers), hardware, space), hardware)
    assert (found, cases >= 6) == ([], True)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", ["padded", "plane", "skip", "matmul"])
def test_no_design_in_a_circular_buffer_is_better(kind: str, seed: int) -> None:
    check_live(kind, seed + 1, 2, replace(ONE, live=True))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "seed"), some([(kind, seed) for seed in (10, 11) for kind in SMALL_FIRST], 4))
def test_no_design_with_two_loops_in_a_circular_buffer_is_better(kind: str, seed: int) -> None:
    check_live(kind, seed, 1, replace(TWO, live=True))
    check_live(kind, seed, 2, Space(loops=2, leaf_loops=0, live=True))
