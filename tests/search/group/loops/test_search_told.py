"""What runs of the same loops share is what each of them counts by itself."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from looptree.errors import UnsupportedError
from looptree.model.box import Coupled
from looptree.search.asked.loops import candidate_ranks, sinks_of
from looptree.search.group.loops.factors import Factors, Work
from looptree.search.group.loops.passes import Needs, Pass
from looptree.search.group.loops.profile import Profiler
from looptree.workload import Workload
from tests.search.search_cases import KINDS, network


def profiler(part: Workload) -> Profiler:
    return Profiler(part, sinks_of(part), {"p": 2}, fills=True, meet=True, reads=True)


def plain(counted: object) -> object:
    """The same as lists."""
    if isinstance(counted, np.ndarray):
        return counted.tolist()
    if isinstance(counted, dict):
        return {key: plain(value) for key, value in counted.items()}
    if isinstance(counted, tuple | list):
        return [plain(value) for value in counted]
    if isinstance(counted, Pass | Factors | Work | Needs):
        return {name: plain(getattr(counted, name)) for name in counted.__slots__}
    return counted


@pytest.mark.parametrize("kind", [*KINDS, "loose", "shared"])
def test_runs_that_forget_other_intermediates_count_as_each_by_itself(kind: str) -> None:
    part = network(kind, 1, layers=4)
    draw, together = random.Random(kind), profiler(part)
    inner = [t for t in part.intermediates if t not in part.outputs]
    ranks = candidate_ranks(part, sinks_of(part))
    sink = part.einsum(sinks_of(part)[0])
    compared = forgetting = 0
    for loops in [*((rank,) for rank in ranks), *itertools.islice(itertools.permutations(ranks, 2), 4)]:
        extents = [sink.ranks[dict(rank)[sink.name]] for rank in loops]
        tiles = tuple(itertools.product(*({1, 2, max(1, extent - 1)} for extent in extents)))
        for _ in range(6):
            forgotten = tuple(
                frozenset(t for t in inner if draw.random() < 0.4 + 0.3 * (at == 0)) for at in range(len(loops))
            )
            try:
                alone = profiler(part).run(loops, tiles, forgotten)
            except (UnsupportedError, Coupled):
                continue
            assert plain(together.run(loops, tiles, forgotten)) == plain(alone)
            compared += 1
            forgetting += any(forgotten)
    assert compared >= 6
    assert forgetting >= 4
