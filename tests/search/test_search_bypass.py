"""Buffers that hold no weights: operations, or the levels below, get them from off chip."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from looptree.architecture import Architecture
from looptree.check import check
from looptree.errors import InputError
from looptree.search import Space, search
from looptree.search.asked.objective import value
from looptree.search.exhaustive import Exhaustive
from looptree.taxonomy.binding import bind
from looptree.workload import Workload
from tests.model.inside_cases import registers
from tests.search.group.inside.test_search_inside import every_plan
from tests.search.group_cases import differences
from tests.search.leaf_cases import streaming
from tests.search.search_cases import architecture, einsum, network

PAIR = Workload(
    "pair",
    [
        einsum("a", "B[c,p] = A[p+r] * Wa[c,r]", {"c": 2, "p": 6, "r": 2}),
        einsum("b", "C[p] = B[c,p] * Wb[c]", {"c": 2, "p": 6}),
    ],
)


def past(plain: Architecture) -> Architecture:
    """The same hardware with a buffer that weights bypass."""
    return replace(plain, levels=(plain.levels[0], replace(plain.levels[1], bypasses=("weight",)), *plain.levels[2:]))


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", ["chain", "matmul", "padded"])
def test_no_design_of_a_group_is_better(kind: str, seed: int) -> None:
    hardware = past(architecture(seed=seed, buffer_bandwidth=(None, 3)[seed % 2]))
    space = Space(loops=1, lone_loops=1, leaf_loops=seed - 1)
    slow = streaming(Exhaustive(network(kind, seed, layers=2), hardware, space))
    if seed == 2:  # own loops are compared on arrays that do one operation at a time
        hardware = replace(hardware, compute=replace(hardware.compute, spatial={}))
        slow = streaming(Exhaustive(network(kind, seed, layers=2), hardware, space))
    found, _ = differences(slow, hardware, most=4, largest=10.0**6)
    assert found == []


@pytest.mark.parametrize("objective", ["energy", "offchip", "latency"])
def test_registers_get_weights_from_off_chip(objective: str) -> None:
    """A layer alone against every plan by the model; two layers as the model and the simulator count them."""
    plain = registers(3).with_capacity("GLB", 12)
    slow = replace(plain.levels[0], bandwidth_bytes_per_cycle=Fraction(1, 2))
    hardware = past(replace(plain, levels=(slow, *plain.levels[1:])))
    space = Space(loops=1, lone_loops=1, leaf_loops=0, resident=0)
    plan = search(PAIR, hardware, objective=objective, space=space, workers=1)
    assert plan.statistics.status == "optimal"
    assert float(value(objective, plan.evaluation)) == pytest.approx(plan.statistics.value, rel=1e-12)
    assert not check(bind(PAIR, hardware, plan.tree))
    assert not {"Wa", "Wb"} & set(plan.evaluation.occupancy["GLB"].per_tensor)
    if objective == "energy":
        alone = Workload("alone", PAIR.einsums[:1])
        best = min(float(e.energy.total) for e in every_plan(alone, hardware) if e.fits)
        found = search(alone, hardware, space=space, workers=1).statistics.value
        assert found == pytest.approx(best, rel=1e-12)


def test_words_that_are_no_whole_bytes_are_refused() -> None:
    odd = Workload("odd", PAIR.einsums, bits={"Wa": 12})
    with pytest.raises(InputError, match="tensor 'Wa' of 12 bits bypasses GLB"):
        search(odd, past(architecture(100)), workers=1)
