"""Wide graphs: the cover of least cost is the best plan with nothing on chip between groups."""

from __future__ import annotations

import math

import numpy as np
import pytest

from looptree.search import InfeasibleError, Space, search
from looptree.search.catalogue import Catalogue
from looptree.search.ideals import Layers
from looptree.search.metrics import Weights
from looptree.search.wide import WidePartition
from looptree.search.workers import Searches, Workers
from tests.search.search_cases import OBJECTIVES, architecture, network


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(("kind", "seed"), [("branches", 1), ("branches", 4), ("skip", 2), ("matmul", 1)])
def test_covers_and_paths_agree(kind: str, seed: int, objective: str) -> None:
    workload = network(kind, seed, layers=4)
    space = Space(loops=1, lone_loops=1, leaf_loops=0, resident=0)
    total = sum(t.size_bytes for t in workload.tensors.values())
    for share in (0.05, 0.2, 0.5):
        hardware = architecture(max(1, int(total * share)))
        catalogue = Catalogue(workload, Workers(Searches(hardware, "GLB", space), 1), np.inf)
        wide = WidePartition(Layers.of(workload), catalogue, max(1, int(total * share)))
        path = wide.solve(Weights.only(objective))
        try:
            expected = search(workload, hardware, objective=objective, space=space, workers=1).statistics.value
        except InfeasibleError:
            expected = math.inf
        assert path.value == pytest.approx(expected, rel=1e-9)
        assert path.proven
