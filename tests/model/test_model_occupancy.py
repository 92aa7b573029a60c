"""Occupancy: what adds up and what takes turns."""

from __future__ import annotations

import pytest

from looptree.model.occupancy import Demand, demands, lifetime
from looptree.taxonomy import Branch, Chain
from looptree.workload import Einsum
from tests.model.model_cases import (
    THREE_LEVELS,
    chain,
    design,
    keep,
    layer,
    loop,
    matmuls,
    pipeline,
    run,
    sequential,
    while_used,
)

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


# -- from first to last use -------------------------------------------------------------------

SIZES = {"X": 1, "A": 2, "B": 4, "C": 8, "D": 16}
"""Bytes per word of the tensors of a skip connection: A is read by b and, two layers further on, by d."""


def skip(words: int = 1) -> list[Einsum]:
    """X -> a -> A -> b -> B -> c -> C, and D = C + A."""
    return [
        layer("a", "A[p] = X[p]", p=words),
        layer("b", "B[p] = A[p]", p=words),
        layer("c", "C[p] = B[p]", p=words),
        layer("d", "D[p] = C[p] + A[p]", p=words),
    ]


BITS = {tensor: 8 * size for tensor, size in SIZES.items()}
EACH = sequential("a", "b", "c", "d")


def test_what_is_used_takes_space_from_its_first_to_its_last_branch() -> None:
    found = run(skip(), while_used("GLB", *SIZES), EACH, bits=BITS)
    # a: X A, b: A B, c: A B C (A is not used, but will be), d: A C D.
    assert [g.occupancy["GLB"] for g in found.groups] == [(3, 3), (6, 6), (14, 14), (26, 26)]
    assert found.occupancy["GLB"].window_bytes == found.occupancy["GLB"].live_bytes == 26
    # The window of each tensor is its own, whatever else is there.
    assert found.occupancy["GLB"].per_tensor == {tensor: (size, size) for tensor, size in SIZES.items()}
    # By default all of them are there all the time.
    assert run(skip(), keep("GLB", *SIZES), EACH, bits=BITS).occupancy["GLB"].window_bytes == sum(SIZES.values())


def test_both_lifetimes_at_one_place_add_up() -> None:
    nodes = (while_used("GLB", "A"), keep("GLB", "X"), while_used("GLB", "B", "D"), keep("GLB", "C"))
    found = run(skip(), *nodes, EACH, bits=BITS)
    # X and C all the time; A; A B; A B; A D.
    assert [g.occupancy["GLB"][0] for g in found.groups] == [9 + 2, 9 + 6, 9 + 6, 9 + 18]
    assert found.occupancy["GLB"].window_bytes == 27


def test_each_level_has_lifetimes_of_its_own() -> None:
    nodes = (while_used("GLB", "A", "B", "C"), while_used("RF", "A"), keep("RF", "B"))
    found = run(skip(), *nodes, EACH, bits=BITS, on=THREE_LEVELS)
    # GLB: A, A B, A B C, A C; RF: B all the time and A through all branches.
    assert [g.occupancy["GLB"][0] for g in found.groups] == [2, 6, 14, 10]
    assert [g.occupancy["RF"][0] for g in found.groups] == [6, 6, 6, 6]
    assert (found.occupancy["GLB"].window_bytes, found.occupancy["RF"].window_bytes) == (14, 6)
    # Off chip X and D, from the first layer to the last.
    assert found.occupancy["DRAM"].window_bytes == 17


def test_what_a_branch_needs_itself_comes_on_top_of_what_stays() -> None:
    # Eight words each. a and b are fused in tiles of two; c runs in tiles of four, d without a loop.
    first = chain(loop("b.p", 2), keep("GLB", "X"), sequential("a", "b"))
    branches = sequential(first, chain(loop("p", 4), keep("GLB", "C"), "c"), chain(keep("GLB", "C"), "d"))
    found = run(skip(8), keep("DRAM", "C"), while_used("GLB", "A", "B"), branches, bits=BITS)
    # Two words of X with A and B; four of C with A and B; all of C with A.
    windows = [2 * 1 + 8 * (2 + 4), 4 * 8 + 8 * (2 + 4), 8 * 8 + 8 * 2]
    assert [g.occupancy["GLB"][0] for g in found.groups] == windows == [50, 80, 80]
    assert found.occupancy["GLB"].window_bytes == 80


def test_nested_branches_each_with_what_stays() -> None:
    # B stays between b and c, which are one branch for A: it counts through both.
    inner = chain(while_used("GLB", "B"), sequential("b", "c"))
    found = run(skip(), while_used("GLB", "X", "A", "C"), sequential("a", inner, "d"), bits=BITS)
    # a: X A; b and c: A C with B; d: A C.
    assert [g.occupancy["GLB"][0] for g in found.groups] == [3, 14, 14, 10]
    outer = chain(while_used("GLB", "A", "B"), sequential("a", "b", "c", "d"))
    assert run(skip(), keep("GLB", "C"), sequential(outer), bits=BITS).occupancy["GLB"].window_bytes == 8 + 6


def test_the_branch_of_the_largest_window_need_not_be_that_of_the_largest_live_set() -> None:
    # A line buffer (see above) takes 24 or, live, 19; M takes 22 either way. K, 6 words, is used by the first layer.
    layers = [
        layer("conv", "Y[p,q] = X[p+r,q+s] * W[r,s] * K[q]", p=4, q=6, r=3, s=3),
        layer("sum", "Z[m] = M[m]", m=22),
    ]
    lines = chain(loop("p", 1), keep("GLB", "X"), loop("q", 1), "conv")
    branches = sequential(lines, chain(keep("GLB", "M"), "sum"))
    for node, demand in ((while_used("GLB", "K"), (30, 25)), (keep("GLB", "K"), (30, 28))):
        found = run(layers, node, branches)
        assert (found.occupancy["GLB"].window_bytes, found.occupancy["GLB"].live_bytes) == demand


def test_lifetime_of_a_place() -> None:
    where = design(skip(), while_used("GLB", "A", "B"), keep("GLB", "C"), EACH)
    found = {p.tensor: lifetime(where, p) for p in where.places if p.level == "GLB"}
    assert found == {"A": range(4), "B": range(1, 3), "C": range(4)}
