"""The fast search finds what the exhaustive one finds."""

from __future__ import annotations

import pytest

from looptree.errors import InputError
from looptree.search import InfeasibleError, compare, exhaustive, fuse
from looptree.search.exhaustive import Exhaustive
from looptree.search.objective import value
from tests.search.search_cases import KINDS, OBJECTIVES, architecture, network

CAPACITIES = (10, 16, 28, 60, None)
CASES = [("chain", 1), ("chain", 2), ("skip", 1), ("skip", 2), ("matmul", 0), ("matmul", 2)]


@pytest.mark.parametrize(("kind", "seed"), CASES)
@pytest.mark.parametrize("buffer_bandwidth", [None, 4])
def test_the_fast_search_reaches_the_optimum(kind: str, seed: int, buffer_bandwidth: int | None) -> None:
    workload = network(kind, seed)
    slow = Exhaustive(workload, architecture(None, seed=seed, buffer_bandwidth=buffer_bandwidth))
    for capacity in CAPACITIES:
        hardware = architecture(capacity, seed=seed, buffer_bandwidth=buffer_bandwidth)
        for objective in OBJECTIVES:
            try:
                expected = value(objective, slow.plan_within(capacity, objective).evaluation)
            except InfeasibleError as problem:
                with pytest.raises(InfeasibleError) as found:
                    fuse(workload, hardware, objective=objective)
                assert str(found.value) == str(problem)
                continue
            assert value(objective, fuse(workload, hardware, objective=objective).evaluation) == expected


def test_both_have_one_signature_and_one_kind_of_result() -> None:
    workload, hardware = network("matmul", 0, layers=2), architecture(40)
    fast, slow = fuse(workload, hardware, objective="offchip"), exhaustive(workload, hardware, objective="offchip")
    assert slow.evaluation.offchip_bytes == fast.evaluation.offchip_bytes
    assert slow.statistics.designs_tabulated == 0
    assert slow.statistics.designs_evaluated > fast.statistics.designs_evaluated
    assert slow.evaluation.fits


def test_progress_runs_from_nothing_to_all() -> None:
    seen: list[tuple[int, int]] = []
    exhaustive(network("matmul", 0, layers=2), architecture(None), progress=lambda d, t, text: seen.append((d, t)))
    assert seen[0] == (0, 3)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


@pytest.mark.parametrize("search", [compare, fuse, exhaustive])
def test_an_unknown_objective_is_refused(search: object) -> None:
    with pytest.raises(InputError, match="energy, offchip, latency"):
        search(network("matmul", 0), architecture(None), objective="enregy")  # type: ignore[operator]


def test_every_kind_of_network_is_drawn() -> None:
    assert {kind for kind, _ in CASES} == set(KINDS)
