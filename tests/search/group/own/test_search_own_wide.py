"""Own loops of layers with very many tensors of their own: as every design by the same rule, and as the model says."""

from __future__ import annotations

import pytest

from looptree.search.asked.space import Space
from looptree.search.exhaustive import Exhaustive
from looptree.search.group.bound import problems
from looptree.workload import Workload
from tests.search.group_cases import differences
from tests.search.leaf_cases import streaming
from tests.search.search_cases import architecture, einsum, network
from tests.some import some

ONE = Space(loops=1, lone_loops=1, leaf_loops=1)
ROOMY = 10.0**6


@pytest.fixture(autouse=True)
def every_layer_has_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problems, "MOST_TOGETHER", 1)


@pytest.mark.parametrize("kind", ["plane", "odd bits"])
def test_no_design_is_better(kind: str) -> None:
    hardware = architecture(buffer_bandwidth=3)
    slow = streaming(Exhaustive(network(kind, 1, layers=2), hardware, ONE))
    assert differences(slow, hardware, most=6, largest=ROOMY)[0] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", some(range(8), 2))
@pytest.mark.parametrize("kind", ["matmul", "pool", "shared"])
def test_no_design_of_random_networks_is_better(kind: str, seed: int) -> None:
    hardware = architecture(seed=seed, buffer_bandwidth=(None, 3, 6)[seed % 3])
    space = Space(loops=1, lone_loops=1, leaf_loops=2 if (kind, seed) == ("pool", 1) else 1)
    slow = streaming(Exhaustive(network(kind, seed, layers=2), hardware, space))
    assert differences(slow, hardware, most=6, largest=ROOMY)[0] == []


@pytest.mark.slow
def test_nor_one_that_leaves_parts_of_an_array_idle_or_works_as_a_pipeline() -> None:
    hardware = architecture(spatial={"c": 4, "p": 4, "k": 2, "n": 2})
    space = Space(loops=1, lone_loops=1, leaf_loops=1, pipeline=True)
    slow = streaming(Exhaustive(network("matmul", 2, layers=2), hardware, space))
    assert differences(slow, hardware, most=6, largest=ROOMY)[0] == []


def test_nor_of_a_transposed_convolution() -> None:
    """Its own loops may leave out cycles."""
    first = einsum("first", "T[2*p+r] = X[p] * U[r]", {"p": 3, "r": 2})
    second = einsum("second", "Y[m,p] = T[p] * V[m]", {"m": 2, "p": 6})
    slow = streaming(Exhaustive(Workload("transposed", [first, second]), architecture(), ONE))
    assert differences(slow, architecture(), most=6, largest=ROOMY)[0] == []


def test_of_a_sum_of_six_tensors_all_are_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    terms = " + ".join(f"{name}[p]" for name in "ABCDE")
    layers = [
        einsum("first", "T[p] = X[p] * U[p]", {"p": 6}),
        einsum("sum", f"Y[p] = T[p] + {terms}", {"p": 6}),
    ]
    workload = Workload("sum", layers, bits={"A": 16, "B": 4})
    slow = streaming(Exhaustive(workload, architecture(), ONE))
    assert differences(slow, architecture(), most=6, largest=ROOMY)[0] == []
