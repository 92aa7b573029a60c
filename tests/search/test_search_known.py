"""Known answers on the reference cost table: 100 per off-chip bit, 1 per buffer bit, 1 per operation."""

from __future__ import annotations

import pytest

from looptree.architecture.load import load_architecture
from looptree.search import search
from looptree.workload import Workload
from tests.search.search_cases import einsum


def matmuls(count: int) -> Workload:
    """A chain of 128 x 128 x 128 matrix multiplications."""
    extents = {"m": 128, "n": 128, "k": 128}
    layers = [einsum(f"l{i}", f"T{i}[m,n] = T{i - 1}[m,k] * W{i}[k,n]", extents) for i in range(1, count + 1)]
    return Workload("matmuls", layers)


def convolutions() -> Workload:
    """Two 3 x 3 convolutions without padding, 16 -> 32 -> 16 channels on 36 x 36 pixels."""
    first = einsum(
        "first", "B[m,p,q] = A[c,p+r,q+s] * V[m,c,r,s]", {"m": 32, "p": 34, "q": 34, "c": 16, "r": 3, "s": 3}
    )
    second = einsum(
        "second", "C[m,p,q] = B[c,p+r,q+s] * W[m,c,r,s]", {"m": 16, "p": 32, "q": 32, "c": 32, "r": 3, "s": 3}
    )
    return Workload("convolutions", [first, second])


def mobilenet() -> Workload:
    """Two inverted residuals on 28 x 28 pixels; what lies outside the expanded tensor is cut off."""
    layers, shapes = [], {}
    for i in (1, 2):
        plane = {"p": 28, "q": 28}
        shapes[f"A{i}"] = (192, 28, 28)
        layers += [
            einsum(f"expand{i}", f"A{i}[m,p,q] = X{i - 1}[c,p,q] * E{i}[m,c]", {"m": 192, **plane, "c": 24}),
            einsum(f"depth{i}", f"B{i}[m,p,q] = A{i}[m,p+r,q+s] * D{i}[m,r,s]", {"m": 192, **plane, "r": 3, "s": 3}),
            einsum(f"project{i}", f"X{i}[m,p,q] = B{i}[c,p,q] * P{i}[m,c]", {"m": 24, **plane, "c": 192}),
        ]
    return Workload("mobilenet", layers, shapes=shapes)


def found(workload: Workload, capacity: int, objective: str) -> float:
    """The objective of the best plan, which is proven."""
    hardware = load_architecture("reference_cost").with_capacity("GLB", capacity)
    plan = search(workload, hardware, objective=objective, workers=1)
    assert plan.statistics.status == "optimal"
    return plan.statistics.value


@pytest.mark.parametrize(
    ("count", "energy"), [(2, 191_102_976), (4, 355_729_408), (8, 684_982_272), (16, 1_343_488_000)]
)
def test_chains_of_matrix_multiplications(count: int, energy: int) -> None:
    """Each but the last leaves its output on chip: 24 of energy per operation of which 1 is no traffic."""
    assert found(matmuls(count), 65536, "energy") == energy


def test_two_matrix_multiplications_in_a_small_buffer() -> None:
    assert found(matmuls(2), 16384, "energy") == 217_579_520


@pytest.mark.parametrize("capacity", [15_000, 20_000])
def test_two_convolutions_move_what_they_must(capacity: int) -> None:
    """Input, both weights and output, once each."""
    assert found(convolutions(), capacity, "offchip") == 16 * 36 * 36 + 2 * 16 * 32 * 9 + 16 * 32 * 32 == 46_336


@pytest.mark.parametrize(("capacity", "energy"), [(15_000, 377_820_160), (100_000, 368_512_000)])
def test_energy_of_two_convolutions(capacity: int, energy: int) -> None:
    assert found(convolutions(), capacity, "energy") == energy


def test_two_inverted_residuals() -> None:
    assert found(mobilenet(), 65_536, "energy") == 609_260_544


def test_two_inverted_residuals_in_a_small_buffer() -> None:
    assert found(mobilenet(), 16_384, "offchip") == 97_152
    assert found(mobilenet(), 16_384, "energy") == 707_478_528
