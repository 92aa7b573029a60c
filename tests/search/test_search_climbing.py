"""No plan is better that a climb over random changes meets, in any part of the taxonomy that the default space has."""

from __future__ import annotations

import random

import pytest

from looptree.search import InfeasibleError, Space, search
from looptree.search.network.jumped import jumped
from tests.random_designs import Generator
from tests.search.climbing import Climber
from tests.search.search_cases import architecture, fan, network
from tests.some import some

OBJECTIVES = ("energy", "offchip", "latency", "operations")


def climbed(kind: str, seed: int, steps: int) -> int:
    """How many plans of a network are attacked; none is beaten."""
    draw = random.Random(f"{kind} {seed}")
    if kind == "odd":
        workload = Generator(draw.randrange, layers=(2, 3)).workload()
    else:
        workload = fan(2, 1, seed) if kind == "fan" else network(kind, seed)
    total = sum(tensor.size_bytes for tensor in workload.tensors.values())
    hardware = architecture(max(4, int(total * draw.choice([0.1, 0.2, 0.4]))), seed=seed, buffer_bandwidth=3)
    objective = draw.choice(OBJECTIVES)
    try:
        plan = search(workload, hardware, objective=objective, workers=1)
    except InfeasibleError:
        return 0
    climber = Climber(workload, hardware, objective, seed)
    start = climber.score((plan.groups, plan.resident))
    assert start is not None
    assert start[0] == 0
    assert start[1] == pytest.approx(plan.statistics.value, rel=1e-9)
    if plan.statistics.status == "optimal" and not jumped(workload):
        assert climber.better(plan, steps) is None
    return 1


@pytest.mark.parametrize("kind", ["branches", "matmul", "fan"])
def test_no_plan_near_the_best_one_is_better(kind: str) -> None:
    assert climbed(kind, 1, 60) == 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", some(range(2, 7), 1))
@pytest.mark.parametrize("kind", ["odd", "padded", "skip", "plane"])
def test_no_plan_near_the_best_ones_of_more_networks_is_better(kind: str, seed: int) -> None:
    climbed(kind, seed, 200)


@pytest.mark.parametrize("kind", ["matmul", "chain"])
def test_a_climb_beats_a_plan_that_is_not_the_best(kind: str) -> None:
    """From the best plan of a narrower space, or the other tests would mean nothing."""
    workload = network(kind, 1)
    hardware = architecture(sum(tensor.size_bytes for tensor in workload.tensors.values()) // 2)
    narrow = Space(loops=1, lone_loops=1, leaf_loops=0, resident=0)
    start = search(workload, hardware, objective="offchip", space=narrow, workers=1)
    best = search(workload, hardware, objective="offchip", workers=1).statistics.value
    found = Climber(workload, hardware, "offchip", 1).better(start, 150)
    assert found is not None
    assert best <= found < start.statistics.value
