"""Arrays that take cycles to fill and to drain: searches count them as the model does, and miss no design."""

from __future__ import annotations

from dataclasses import replace

import pytest

from looptree.architecture import Architecture, Array
from looptree.search import Space, search
from looptree.search.asked.objective import value
from looptree.search.exhaustive import Exhaustive
from tests.search.group_cases import differences
from tests.search.leaf_cases import streaming
from tests.search.search_cases import KINDS, architecture, network

ROOMY = 10.0**6


def systolic(plain: Architecture, **axes: int) -> Architecture:
    """The same hardware with an array through which operands pass from unit to unit."""
    return replace(plain, compute=replace(plain.compute, array=Array(axes, systolic=True)))


@pytest.mark.parametrize(("seed", "kind"), list(enumerate([*KINDS, "loose"])))
def test_no_design_of_a_group_is_better(seed: int, kind: str) -> None:
    """Latency in every room, with an array that does several operations at once."""
    hardware = systolic(architecture(seed=seed, buffer_bandwidth=(None, 3)[seed % 2]), x=3, y=2)
    space = Space(loops=2 if kind != "plane" else 1, lone_loops=2, leaf_loops=0)
    found, _ = differences(Exhaustive(network(kind, seed, layers=2), hardware, space), hardware, most=4)
    assert found == []


@pytest.mark.parametrize(("kind", "spatial"), [("chain", {}), ("matmul", {"k": 2, "n": 3}), ("skip", {})])
def test_own_loops_of_a_layer_fill_the_array_again(kind: str, spatial: dict[str, int]) -> None:
    """And leave parts of it idle."""
    hardware = systolic(architecture(buffer_bandwidth=6, spatial=spatial), x=5)
    space = Space(loops=1, lone_loops=1, leaf_loops=1)
    slow = streaming(Exhaustive(network(kind, 4, layers=2), hardware, space))
    found, _ = differences(slow, hardware, most=6, largest=ROOMY)
    assert found == []


def test_stages_of_a_pipeline_are_filled_at_once() -> None:
    hardware = systolic(architecture(), x=4)
    space = Space(loops=1, lone_loops=1, leaf_loops=0, pipeline=True)
    found, _ = differences(Exhaustive(network("chain", 2, layers=2), hardware, space), hardware, most=6)
    assert found == []


@pytest.mark.parametrize("objective", ["latency", "edp"])
def test_whole_plans_are_what_the_model_says(objective: str) -> None:
    """And no better one is found where small tiles cost nothing."""
    workload = network("chain", 3)
    hardware = systolic(architecture(40, buffer_bandwidth=4), x=3, y=3)
    space = Space(loops=2, lone_loops=2)
    plan = search(workload, hardware, objective=objective, space=space, workers=1)
    assert plan.statistics.status == "optimal"
    assert float(value(objective, plan.evaluation)) == pytest.approx(plan.statistics.value, rel=1e-12)
    plain = replace(hardware, compute=replace(hardware.compute, array=None))
    other = search(workload, plain, objective=objective, space=space, workers=1)
    assert other.statistics.value < plan.statistics.value
