"""Trees: nested branches, several sinks, consumers elsewhere, and refusals."""

from __future__ import annotations

import pytest

from looptree.errors import UnsupportedError
from looptree.simulate import simulate
from tests.simulate.simulate_cases import design, run

# 4 points of F4 read 2 each of F3 (5), those 2 each of F2 (6), which is a copy of F1.
THREE = """
einsums:
  - {name: a, expression: "F2[p] = F1[p]", ranks: {p: 6}}
  - {name: b, expression: "F3[p] = F2[p+r] * W2[r]", ranks: {p: 5, r: 2}}
  - {name: c, expression: "F4[p] = F3[p+r] * W3[r]", ranks: {p: 4, r: 2}}
"""


@pytest.mark.parametrize(
    ("inner", "overlap", "b", "a"),
    [
        # F3 above the inner loop: windows 0..2 and 2..4, 3 and 2 fresh points. b reads F2 0..3, then 3..5.
        (False, "keep", (10, 0), (6, 0)),
        # The same, F2 dropped in between: 4 + 3 points.
        (False, "drop", (10, 0), (7, 1)),
        # F3 below the inner loop: nothing stays when the outer loop steps: 2 + 1 and 2 + 1 fresh points, one of
        # which is made twice. b reads F2 0..3, then 2..5.
        (True, "keep", (12, 2), (6, 0)),
        # The same, F2 dropped in between: 4 + 4 points.
        (True, "drop", (12, 2), (8, 2)),
    ],
)
def test_nested_branch_with_its_own_loop(inner: bool, overlap: str, b: tuple[int, int], a: tuple[int, int]) -> None:
    nodes = ["storage: {level: GLB, tensors: [F3]}", "temporal: {rank: p, tile: 1}"]
    first, second = reversed(nodes) if inner else nodes
    counts = run(
        THREE,
        f"""
mapping:
  - storage: {{level: DRAM, tensors: [F1, W2, W3, F4]}}
  - temporal: {{rank: p, tile: 2}}
  - storage: {{level: GLB, tensors: [F2], overlap: {overlap}}}
  - sequential:
    - [{{compute: {{einsum: a}}}}]
    - - {first}
      - {second}
      - sequential:
        - [{{compute: {{einsum: b}}}}]
        - [{{compute: {{einsum: c}}}}]
""",
    )
    assert counts.operations == {"a": a, "b": b, "c": (8, 0)}
    # Windows of F2: 4 points. F3: 2 below the inner loop, 3 above it.
    assert counts.demand_window_bytes["GLB"] == 4 + (2 if inner else 3)


def test_nested_branch_tiles_what_was_inferred_for_its_sink() -> None:
    # c in tiles of 2: F3 0..2, then the fresh 3..4. b stands with a in a branch that cuts these into tiles of 2:
    # 0..1, 2; 3..4. F2 is asked for in 0..2, 2..3; 3..5 and kept below both loops: nothing stays when the outer one
    # steps: 3 + 1 and 3 points of a, of 6 different ones.
    counts = run(
        THREE,
        """
mapping:
  - storage: {level: DRAM, tensors: [F1, W2, W3, F4]}
  - temporal: {rank: p, tile: 2}
  - storage: {level: GLB, tensors: [F3]}
  - sequential:
    - - temporal: {rank: b.p, tile: 2}
      - storage: {level: GLB, tensors: [F2]}
      - sequential:
        - [{compute: {einsum: a}}]
        - [{compute: {einsum: b}}]
    - [{compute: {einsum: c}}]
""",
    )
    assert counts.operations == {"a": (7, 1), "b": (10, 0), "c": (8, 0)}
    # b takes 2*2, 1*2, 2*2 cycles.
    assert counts.compute_cycles["b"] == 10


# Two sinks read X; k is shorter than q.
SINKS = """
einsums:
  - {name: q, expression: "Q[p] = X[p]", ranks: {p: 6}}
  - {name: k, expression: "K[p,h] = X[p] * W[h]", ranks: {p: 4, h: 2}}
"""


def sinks(loop: str) -> str:
    return f"""
mapping:
  - storage: {{level: DRAM, tensors: [X, W, Q, K]}}
  - temporal: {loop}
  - storage: {{level: GLB, tensors: [X, K]}}
  - sequential:
    - [{{compute: {{einsum: q}}}}]
    - [{{compute: {{einsum: k}}}}]
"""


def test_several_sinks_tiled_together() -> None:
    # Tiles of 2: q works in 3 steps, k in the first 2. X: 2 words per step, read 6 and 8 times.
    counts = run(SINKS, sinks("{rank: [q.p, k.p], tile: 2}"))
    assert counts.operations == {"q": (6, 0), "k": (8, 0)}
    assert counts.transfers["DRAM", "X"] == (6, 0)
    assert counts.transfers["GLB", "X"] == (14, 6)
    assert counts.per_tensor_window_bytes["GLB", "X"] == 2
    # K: 2x2 words leave at each of 2 steps.
    assert counts.per_tensor_window_bytes["GLB", "K"] == 4
    assert counts.transfers["DRAM", "K"] == (0, 8)


def test_sink_that_a_loop_does_not_name_works_at_its_first_step() -> None:
    # k works at step 0 alone and asks for X 0..3 there; then q for 2..3 and 4..5, of which only 4..5 are new.
    counts = run(SINKS, sinks("{rank: q.p, tile: 2}"))
    assert counts.transfers["DRAM", "X"] == (6, 0)
    assert counts.per_tensor_window_bytes["GLB", "X"] == 4
    assert counts.per_tensor_window_bytes["GLB", "K"] == 8


OUTSIDE = """
einsums:
  - {{name: a, expression: "B[p] = A[p]", ranks: {{p: 4}}}}
  - {{name: b, expression: "C[p] = B[p]", ranks: {{p: {inside}}}}}
  - {{name: c, expression: "D[p] = B[p]", ranks: {{p: 4}}}}
"""

OUTSIDE_MAPPING = """
mapping:
  - storage: {level: DRAM, tensors: [A, B, C, D]}
  - sequential:
    - - temporal: {rank: b.p, tile: 1}
      - sequential:
        - [{compute: {einsum: a}}]
        - [{compute: {einsum: b}}]
    - [{compute: {einsum: c}}]
"""


def test_outer_consumer_is_served_by_what_the_inner_one_asks_for() -> None:
    # b asks for all 4 points of B, one by one; c reads the same 4 afterwards.
    counts = run(OUTSIDE.format(inside=4), OUTSIDE_MAPPING)
    assert counts.operations == {"a": (4, 0), "b": (4, 0), "c": (4, 0)}
    assert counts.transfers["DRAM", "B"] == (8, 4)


def test_outer_consumer_that_needs_more_is_refused() -> None:
    # b asks for 2 points of B, c for 4.
    with pytest.raises(UnsupportedError, match="'c' needs points of tensor 'B'"):
        run(OUTSIDE.format(inside=2), OUTSIDE_MAPPING)


def test_layer_by_layer() -> None:
    # No loops: every tensor is moved once, the intermediate stays whole on chip. Each layer reads and writes GLB:
    # F2 is written 6 times by a, read 10 times by b.
    counts = run(
        THREE,
        """
mapping:
  - storage: {level: DRAM, tensors: [F1, W2, W3, F4]}
  - storage: {level: GLB, tensors: [F1, W2, W3, F4, F2, F3]}
  - sequential:
    - [{compute: {einsum: a}}]
    - [{compute: {einsum: b}}]
    - [{compute: {einsum: c}}]
""",
    )
    assert counts.transfers["DRAM", "F1"] == (6, 0)
    assert counts.transfers["DRAM", "F4"] == (0, 4)
    assert counts.transfers["GLB", "F2"] == (10, 6)
    # F1 6, W2 2, W3 2, F4 4, F2 6, F3 5.
    assert counts.demand_window_bytes["GLB"] == 25


def test_two_step_inference_shrinks_with_the_overlap() -> None:
    # All three fused below one loop of tile 1, everything kept: each point is made once. Fresh points of F3: 2, 1, 1,
    # 1; of F2: 3, 1, 1, 1. F1 holds what a copies at the step: at most 3 words.
    counts = run(
        THREE,
        """
mapping:
  - storage: {level: DRAM, tensors: [F1, W2, W3, F4]}
  - temporal: {rank: p, tile: 1}
  - storage: {level: GLB, tensors: [F1, F2, F3]}
  - sequential:
    - [{compute: {einsum: a}}]
    - [{compute: {einsum: b}}]
    - [{compute: {einsum: c}}]
""",
    )
    assert counts.operations == {"a": (6, 0), "b": (10, 0), "c": (8, 0)}
    # b needs 3 points of F2 at the first step and 2 at the later ones (one fresh point of F3).
    assert counts.per_tensor_window_bytes == {
        ("DRAM", "F1"): 6,
        ("DRAM", "W2"): 2,
        ("DRAM", "W3"): 2,
        ("DRAM", "F4"): 4,
        ("GLB", "F1"): 3,
        ("GLB", "F2"): 3,
        ("GLB", "F3"): 2,
    }
    assert counts.total_compute_cycles == 6 + 10 + 8


def test_too_large_is_refused_before_any_work() -> None:
    # 6 + 10 + 8 operations and 6 + 6 + 5 + 4 + 2 + 2 tensor points are 49 visits at the least.
    mapping = """
mapping:
  - storage: {level: DRAM, tensors: [F1, W2, W3, F4, F2, F3]}
  - sequential:
    - [{compute: {einsum: a}}]
    - [{compute: {einsum: b}}]
    - [{compute: {einsum: c}}]
"""
    with pytest.raises(UnsupportedError, match="at least 49 point visits; the limit is 48"):
        simulate(design(THREE, mapping), limit=48)
    # With 49 it starts, and finds that every point is looked at more than once.
    with pytest.raises(UnsupportedError, match="more than 49 point visits"):
        simulate(design(THREE, mapping), limit=49)


def test_huge_ranks_are_refused_at_once() -> None:
    with pytest.raises(UnsupportedError, match="raise the limit"):
        run(
            """
einsums:
  - {name: copy, expression: "Y[p] = X[p]", ranks: {p: 1000000000000}}
""",
            """
mapping:
  - storage: {level: DRAM, tensors: [X, Y]}
  - compute: {einsum: copy}
""",
        )
