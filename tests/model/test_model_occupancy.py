"""Occupancy: what adds up and what takes turns."""

from __future__ import annotations

import pytest

from looptree.model.occupancy import Demand, demands
from looptree.taxonomy import Branch, Chain
from tests.model.model_cases import chain, design, keep, layer, loop, matmuls, pipeline, run, sequential

LAYERS = matmuls(2, 4)


def branches() -> tuple[Chain, Chain]:
    """W1 in one branch and W2 (with T2) in the other."""
    return chain(keep("GLB", "W1"), "fc1"), chain(keep("GLB", "W2", "T2"), "fc2")


def test_demands_add_and_compare_side_by_side() -> None:
    assert Demand(3, 2) + Demand(10, 1) == Demand(13, 3)
    assert Demand(3, 2).largest(Demand(1, 9)) == Demand(3, 9)


@pytest.mark.parametrize(
    ("branch", "window"),
    [
        # T1 stays through both branches; W1 (16) and W2 + T2 (32) take turns, or are there at once.
        (sequential(*branches()), 16 + 32),
        (pipeline(*branches()), 16 + 16 + 32),
    ],
)
def test_branches_take_turns_or_add_up(branch: Branch, window: int) -> None:
    found = run(LAYERS, keep("GLB", "T1"), branch)
    assert found.occupancy["GLB"].window_bytes == window
    # Off chip: T0, W1, W2 and T2.
    assert found.occupancy["DRAM"].window_bytes == 4 * 16


def test_a_tensor_in_two_branches_counts_once_where_they_take_turns() -> None:
    layers = [layer("a", "Y[p] = X[p] * V[]", p=8), layer("b", "Z[p] = X[p] * V[]", p=8)]
    both = [chain(loop(f"{name}.p", 2), keep("GLB", "X"), name) for name in "ab"]
    assert run(layers, sequential(*both)).occupancy["GLB"].per_tensor == {"X": (2, 2)}
    assert run(layers, pipeline(*both)).occupancy["GLB"].per_tensor == {"X": (4, 4)}


def test_bytes_are_rounded_up_node_by_node() -> None:
    # 5 words of 3 bits are 15 bits; 3 words of 5 bits as well: 2 bytes each.
    layers = [layer("a", "Y[p] = X[p] * V[k]", p=5, k=3)]
    found = run(layers, keep("GLB", "X", "V"), "a", bits={"X": 3, "V": 5})
    assert found.occupancy["GLB"].per_tensor == {"X": (2, 2), "V": (2, 2)}
    assert found.occupancy["GLB"].window_bytes == 4


def test_window_and_live_of_a_line_buffer() -> None:
    # 3 x 3 over 8 columns, one pixel at a time, rows kept: windows of 3 x 8, live 2 x 8 + 3.
    conv = [layer("conv", "Y[p,q] = X[p+r,q+s] * W[r,s]", p=4, q=6, r=3, s=3)]
    found = run(conv, loop("p", 1), keep("GLB", "X"), loop("q", 1), "conv")
    assert found.occupancy["GLB"].per_tensor["X"] == (24, 19)


def test_demand_below_a_chain() -> None:
    where = design(LAYERS, keep("GLB", "T1"), sequential(*branches()))
    sizes = {place.id: Demand(1, 1) for place in where.places}
    inner = where.chains[2]
    assert demands(where, sizes, inner) == {
        ("GLB", "W2"): Demand(1, 1),
        ("GLB", "T2"): Demand(1, 1),
        ("GLB", None): Demand(2, 2),
    }
    assert demands(where, sizes, where.root)[("GLB", None)] == Demand(1 + 2, 1 + 2)


def test_bytes_beyond_64_bits_are_exact() -> None:
    size = 2**40
    found = run([layer("copy", "Y[a,b] = X[a,b]", a=size, b=size)], keep("GLB", "X"), "copy", bits={"X": 31})
    assert found.occupancy["GLB"].window_bytes == found.occupancy["GLB"].live_bytes == 31 * size * size // 8
