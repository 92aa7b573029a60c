"""Networks with equal branches, against the exhaustive search."""

from __future__ import annotations

import math

import pytest

from looptree.search import InfeasibleError, Space, search
from looptree.search.exhaustive import Exhaustive
from tests.search.search_cases import architecture, fan
from tests.some import some

SPACE = Space(group_layers=3, chain_layers=3, loops=1, lone_loops=1, leaf_loops=0)


@pytest.mark.parametrize(
    ("branches", "length", "stem", "seed"),
    some([(3, 1, True, 1), (2, 2, False, 2), (2, 1, True, 3), (3, 1, False, 4), (3, 1, True, 5), (2, 2, False, 6)], 2),
)
def test_the_best_plan_of_equal_branches_is_that_of_all_plans(
    branches: int, length: int, stem: bool, seed: int
) -> None:
    workload = fan(branches, length, seed, stem=stem)
    hardware = architecture(seed=seed, buffer_bandwidth=3)
    slow = Exhaustive(workload, hardware, SPACE)
    total = sum(t.size_bytes for t in workload.tensors.values())
    for share in (0.1, 0.2, 0.35, 0.6):
        for objective in ("energy", "latency"):
            capacity = max(1, int(total * share))
            try:
                known = hardware.with_capacity("GLB", capacity)
                found = search(workload, known, objective=objective, space=SPACE, workers=1).statistics
                value, status = found.value, found.status
            except InfeasibleError:
                value, status = math.inf, "optimal"
            assert status == "optimal"
            assert value == pytest.approx(slow.value(objective, capacity), rel=1e-9)
