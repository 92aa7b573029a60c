"""Loops of a layer's own: never worse than every design by the same rule, and as the model says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from looptree.search import search
from looptree.search.asked.rules import LayerRule
from looptree.search.asked.space import Space
from looptree.search.exhaustive import Exhaustive
from looptree.search.group.goal.goal import EVERYTHING, Gathering
from looptree.search.group.own.leaf import Known, Streamer
from looptree.workload import Workload
from tests.search.group_cases import differences, searched
from tests.search.leaf_cases import streaming
from tests.search.search_cases import KINDS, OBJECTIVES, architecture, einsum, network
from tests.some import some

ROOMY = 10.0**6


def check(kind: str, seed: int, layers: int, space: Space) -> None:
    hardware = architecture(buffer_bandwidth=(None, 3, 6)[seed % 3])
    slow = streaming(Exhaustive(network(kind, seed, layers=layers), hardware, space))
    found, _ = differences(slow, hardware, largest=ROOMY)
    assert found == []


@pytest.mark.parametrize("seed", [1, *some([pytest.param(4, marks=pytest.mark.slow)], 0)])
@pytest.mark.parametrize("kind", [*KINDS, "loose"])
def test_no_design_with_an_own_loop_per_layer_is_better(kind: str, seed: int) -> None:
    check(kind, seed, 2, Space(loops=1, lone_loops=1, leaf_loops=1))


@pytest.mark.parametrize("kind", ["chain", pytest.param("matmul", marks=pytest.mark.slow)])
def test_no_pipeline_with_own_loops_is_better(kind: str) -> None:
    check(kind, 2, 2, Space(loops=1, lone_loops=1, leaf_loops=1, pipeline=True))


@pytest.mark.slow
@pytest.mark.parametrize("seed", some((7, 6), 1))
@pytest.mark.parametrize("kind", ["plane", "matmul", "pool"])
def test_no_design_with_two_own_loops_per_layer_is_better(kind: str, seed: int) -> None:
    check(kind, seed, 2, Space(loops=1, lone_loops=1, leaf_loops=2))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "seed"), some([("plane", 32), ("pool", 24), ("plane", 39), ("pool", 36), ("pool", 26), ("plane", 20)], 2)
)
def test_no_design_with_loops_above_and_inside_is_better(kind: str, seed: int) -> None:
    check(kind, seed, 2, Space(loops=2, lone_loops=1, leaf_loops=1))
    check(kind, seed, 3, Space(loops=1, lone_loops=1, leaf_loops=1))


@pytest.mark.parametrize("kind", [pytest.param("padded", marks=pytest.mark.slow), "matmul"])
def test_own_loops_may_leave_parts_of_an_array_idle(kind: str) -> None:
    """They stream smaller pieces, in more cycles."""
    hardware = architecture(spatial={"c": 4, "p": 4, "k": 2, "n": 2})
    slow = streaming(Exhaustive(network(kind, 2, layers=2), hardware, Space(loops=1, lone_loops=1, leaf_loops=1)))
    assert differences(slow, hardware, largest=ROOMY)[0] == []


def product() -> Workload:
    """Two products of 4 x 4 x 4."""
    expressions = "H[m,n] = X[m,k] * U[k,n]", "Y[m,n] = H[m,k] * W[k,n]"
    return Workload("two", [einsum(f"layer{i}", e, {"m": 4, "n": 4, "k": 4}) for i, e in enumerate(expressions)])


def test_an_idle_array_saves_bytes() -> None:
    """In 12 bytes `H` is made and read column by column, where an array of 4 x 4 would have it as a whole."""
    plan = search(product(), architecture(12, spatial={"k": 4, "n": 4}), objective="offchip", workers=1)
    assert plan.statistics.value == 96  # and 128 if the array were to stay full
    assert [loop.tile for loop in plan.groups[0].leaf_loops["layer0"] if loop.label == "layer0.k"] == [1]


def test_designs_of_any_trade_off_with_idle_arrays_are_collected() -> None:
    hardware, space = architecture(spatial={"k": 2, "n": 3}), Space(loops=1, leaf_loops=1)
    slow = streaming(Exhaustive(product(), hardware, space))
    designs, base = slow.designs(frozenset(("layer0", "layer1"))), searched(product(), hardware, "energy", space)
    sizes = []
    for capacity in (9, 12, 24):
        totals = designs.totals(capacity, slow.bandwidths)
        found = base.towards(Gathering(EVERYTHING, hardware, "GLB")).collect(frozenset(), capacity, math.inf)
        assert found.complete
        sizes.append(len(totals))
        assert np.array(sorted(d.totals for d in found.designs)) == pytest.approx(totals, rel=1e-9)
    assert max(sizes) > 1


def test_own_loops_help_in_a_buffer_without_a_limit() -> None:
    """Small tiles leave out rows that a stride skips."""
    first = einsum("first", "T[m,p] = X[c,2*p] * W[m,c]", {"m": 2, "p": 3, "c": 2})
    second = einsum("second", "Y[m,p] = T[c,p+r] * V[m,c,r]", {"m": 2, "c": 2, "p": 2, "r": 2})
    space = Space(loops=1, lone_loops=1, leaf_loops=1)
    slow = streaming(Exhaustive(Workload("two", [first, second]), architecture(), space))
    assert differences(slow, architecture(), largest=math.inf)[0] == []


def test_own_loops_over_rows_that_are_partly_needed() -> None:
    """Two of three rows of `T` are read: the third is cut off before the search."""
    first = einsum("first", "T[m,p] = X[2*p] * W[m]", {"m": 2, "p": 3})
    second = einsum("second", "Y[m,p] = T[c,2*p+r] * V[m,c,r]", {"m": 2, "c": 2, "p": 1, "r": 2})
    workload, space = Workload("two", [first, second]), Space(loops=1, lone_loops=1, leaf_loops=1)
    slow = streaming(Exhaustive(workload, architecture(), space))
    for capacity in range(5, 11):
        for objective in OBJECTIVES:
            plan = search(workload, architecture(capacity), objective=objective, space=space, workers=1)
            assert plan.statistics.value == pytest.approx(slow.value(objective, capacity), rel=1e-9)


def test_ways_to_stream_are_found_once_for_layers_that_differ_in_names_only() -> None:
    """With the names of the ranks, but where the array has extents for some of them."""
    expressions = "T[a0,b0] = X[a0,k0] * W0[k0,b0]", "Y[a1,b1] = T[a1,k1] * W1[k1,b1]"
    layers = [einsum(f"layer{i}", e, {f"a{i}": 4, f"b{i}": 6, f"k{i}": 6}) for i, e in enumerate(expressions)]
    workload = Workload("two", layers)
    for spatial, count in (({}, 1), ({"b1": 2}, 2)):
        known = Known()
        first, second = (Streamer(workload, e.name, 2, spatial, known, LayerRule()) for e in layers)
        one = first.streamings(["W0"], frozenset({"a0"}))
        other = second.streamings(["W1"], frozenset({"a1"}))
        assert len(known.ways) == count
        assert one[0].loops[0][0] == "b0" and other[0].loops[0][0] == "b1"
        if count == 1:
            assert [[(rank.replace("0", "1"), tile) for rank, tile in way.loops] for way in one] == [
                list(way.loops) for way in other
            ]
            assert [way.tensors["W0"] for way in one] == [way.tensors["W1"] for way in other]
