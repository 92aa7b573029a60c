"""Projections: strides, dilation, padding, reversal, several ranks in one dimension, scalars."""

from __future__ import annotations

import re

import pytest

from looptree.simulate import Counts
from tests.simulate.simulate_cases import run


def stream(expression: str, ranks: str, loops: list[str], tensor: str, overlap: str = "keep", more: str = "") -> Counts:
    """One Einsum under some loops, below which one of its tensors is kept in GLB."""
    names = dict.fromkeys(re.findall(r"(\w+)\[", expression))
    nodes = "".join(f"  - temporal: {loop}\n" for loop in loops)
    return run(
        f"""
einsums:
  - {{name: e, expression: "{expression}", ranks: {ranks}}}
{more}
""",
        f"""
mapping:
  - storage: {{level: DRAM, tensors: [{", ".join(names)}]}}
{nodes}  - storage: {{level: GLB, tensors: [{tensor}], overlap: {overlap}}}
  - compute: {{einsum: e}}
""",
    )


@pytest.mark.parametrize(
    ("tile", "words", "window"),
    [
        # Points 0, 2, 4, 6 of X. A tile of 4 spans 0..6, tiles of 2 span 0..2 and 4..6, tiles of 1 one point each.
        (4, 7, 7),
        (2, 6, 3),
        (1, 4, 1),
    ],
)
def test_stride_of_two_under_a_kernel_of_one_fetches_the_hull(tile: int, words: int, window: int) -> None:
    counts = stream("Y[p] = X[2*p]", "{p: 4}", [f"{{rank: p, tile: {tile}}}"], "X")
    assert counts.transfers["DRAM", "X"] == (words, 0)
    assert counts.per_tensor_window_bytes["GLB", "X"] == window
    assert counts.transfers["GLB", "X"] == (4, words)


def test_dilation_fetches_the_hole() -> None:
    # X[p+2*r]: 3 points at p = 0 (the middle one is a hole), then one more at each of 3 steps.
    counts = stream("Y[p] = X[p+2*r] * W[r]", "{p: 4, r: 2}", ["{rank: p, tile: 1}"], "X")
    assert counts.transfers["DRAM", "X"] == (6, 0)


def test_padding_is_read_by_operations_but_never_moved() -> None:
    # p-1 .. p+1 within 0..3: 2, 3, 3, 2 points; new ones 2, 1, 1, 0. All 12 operations read X.
    counts = stream(
        "Y[p] = X[p+r-1] * W[r]", "{p: 4, r: 3}", ["{rank: p, tile: 1}"], "X", more="tensors: {X: {shape: [4]}}"
    )
    assert counts.transfers["DRAM", "X"] == (4, 0)
    assert counts.transfers["GLB", "X"] == (12, 4)
    assert counts.per_tensor_window_bytes["GLB", "X"] == 3


def test_a_step_wholly_in_the_padding_asks_for_nothing() -> None:
    # r in single steps: (p, r) asks for p+r-1, nothing at (0, 0) and (3, 2). Nothing stays when p steps:
    # 2 + 3 + 3 + 2 words.
    counts = stream(
        "Y[p] = X[p+r-1] * W[r]",
        "{p: 4, r: 3}",
        ["{rank: p, tile: 1}", "{rank: r, tile: 1}"],
        "X",
        more="tensors: {X: {shape: [4]}}",
    )
    assert counts.transfers["DRAM", "X"] == (10, 0)
    assert counts.per_tensor_window_bytes["GLB", "X"] == 1


@pytest.mark.parametrize(("overlap", "words"), [("keep", 5), ("drop", 6)])
def test_negative_coefficient_moves_the_window_down(overlap: str, words: int) -> None:
    # r-p+3 over p in {0, 1}, r in {0, 1}: 2..4; over p in {2, 3}: 0..2. One point is shared.
    counts = stream("Y[p] = X[r-p+3] * W[r]", "{p: 4, r: 2}", ["{rank: p, tile: 2}"], "X", overlap)
    assert counts.transfers["DRAM", "X"] == (words, 0)


@pytest.mark.parametrize(("overlap", "words"), [("keep", 7), ("drop", 11)])
def test_imperfect_last_tile(overlap: str, words: int) -> None:
    # p in tiles of 2, 2 and 1 of 5; three taps: 0..3, 2..5, 4..6. Keep: 4 + 2 + 1; drop: 4 + 4 + 3.
    counts = stream("Y[p] = X[p+r] * W[r]", "{p: 5, r: 3}", ["{rank: p, tile: 2}"], "X", overlap)
    assert counts.transfers["DRAM", "X"] == (words, 0)
    assert counts.per_tensor_window_bytes["GLB", "X"] == 4


def test_rank_tiled_twice_with_imperfect_tiles() -> None:
    # p of 7 in tiles of 3, each in tiles of 2: 2, 1; 2, 1; 1. Two taps: windows 0..2, 2..3, 3..5, 5..6, 6..7.
    # Within an outer tile: 3 + 1, 3 + 1, 2; nothing stays between them.
    counts = stream("Y[p] = X[p+r] * W[r]", "{p: 7, r: 2}", ["{rank: p, tile: 3}", "{rank: p, tile: 2}"], "X")
    assert counts.transfers["DRAM", "X"] == (10, 0)
    # Two taps at each point: 2 * (2 + 1 + 2 + 1 + 1) cycles.
    assert counts.compute_cycles["e"] == 14


def test_tensor_read_twice_by_one_einsum() -> None:
    # The need is the hull of X[i] and X[j]. At (i, j) = (0, 0..2): 0, 0..1, 0..2, that is 3 words; at i = 1: 0..1, 1,
    # 1..2, 3 words; at i = 2: 0..2, 1..2, 2, 3 words. Each of 9 operations reads X twice.
    counts = stream("S[i,j] = X[i] * X[j]", "{i: 3, j: 3}", ["{rank: i, tile: 1}", "{rank: j, tile: 1}"], "X")
    assert counts.transfers["DRAM", "X"] == (9, 0)
    assert counts.transfers["GLB", "X"] == (18, 9)


@pytest.mark.parametrize(("overlap", "entering"), [("keep", 7), ("drop", 9)])
def test_transposed_convolution_as_sink(overlap: str, entering: int) -> None:
    # Y[2*p+r], p and r of 3: windows 0..2, 2..4, 4..6. Keep: 7 words out. Drop: 9 out, the 2 shared ones back in.
    # 9 operations write 7 different points: 2 partial sums are read by operations.
    counts = stream("Y[2*p+r] = X[p] * W[r]", "{p: 3, r: 3}", ["{rank: p, tile: 1}"], "Y", overlap)
    back = entering - 7
    assert counts.transfers["DRAM", "Y"] == (back, entering)
    assert counts.transfers["GLB", "Y"] == (2 + entering, 9 + back)


@pytest.mark.parametrize(("overlap", "words"), [("keep", 3), ("drop", 9)])
def test_transposed_convolution_as_producer(overlap: str, words: int) -> None:
    # Points y = 0..6 of Y = 2*p+r are written by 1, 1, 2, 1, 2, 1, 1 operations: (0,0); (0,1); (0,2), (1,0); (1,1);
    # (1,2), (2,0); (2,1); (2,2). They read X at 0; 0; 0..1; 1; 1..2; 2; 2: 3 words kept, 9 dropped.
    counts = run(
        """
einsums:
  - {name: up, expression: "Y[2*p+r] = X[p] * W[r]", ranks: {p: 3, r: 3}}
  - {name: copy, expression: "Z[y] = Y[y]", ranks: {y: 7}}
""",
        f"""
mapping:
  - storage: {{level: DRAM, tensors: [X, W, Z]}}
  - temporal: {{rank: y, tile: 1}}
  - storage: {{level: GLB, tensors: [Y]}}
  - storage: {{level: GLB, tensors: [X], overlap: {overlap}}}
  - sequential:
    - [{{compute: {{einsum: up}}}}]
    - [{{compute: {{einsum: copy}}}}]
""",
    )
    assert counts.operations == {"up": (9, 0), "copy": (7, 0)}
    assert counts.transfers["DRAM", "X"] == (words, 0)
    # Two points have a second operation, which reads the partial sum; copy reads all 7.
    assert counts.transfers["GLB", "Y"] == (2 + 7, 9)
    # Two operations at y = 2 span p in 0..1 and r in 0..2: 6 cycles there and at y = 4, one at the other 5.
    assert counts.compute_cycles["up"] == 17


def test_merged_heads_as_producer() -> None:
    # Y[2*h+e], h of 3, e of 2, read in tiles of 3: points 0..2 are (0,0), (0,1), (1,0); points 3..5 are (1,1), (2,0),
    # (2,1). The hull over h and e is 2x2 at both steps: Q of 4 points, then 2 new ones. Each step takes 4 cycles.
    counts = run(
        """
einsums:
  - {name: merge, expression: "Y[2*h+e] = Q[h,e]", ranks: {h: 3, e: 2}}
  - {name: copy, expression: "Z[y] = Y[y]", ranks: {y: 6}}
""",
        """
mapping:
  - storage: {level: DRAM, tensors: [Q, Z]}
  - temporal: {rank: y, tile: 3}
  - storage: {level: GLB, tensors: [Y, Q]}
  - sequential:
    - [{compute: {einsum: merge}}]
    - [{compute: {einsum: copy}}]
""",
    )
    assert counts.operations["merge"] == (6, 0)
    assert counts.transfers["DRAM", "Q"] == (6, 0)
    assert counts.compute_cycles["merge"] == 8


def test_concatenation() -> None:
    # Y[0..1] come from X1, Y[2..4] from X2: each producer is idle while the other one works. Every
    # operation of cat reads both parts, one of them as padding: 5 reads each.
    counts = run(
        """
einsums:
  - {name: a, expression: "X1[i] = A[i]", ranks: {i: 2}}
  - {name: b, expression: "X2[i] = B[i]", ranks: {i: 3}}
  - {name: cat, expression: "Y[c] = X1[c] + X2[c-2]", ranks: {c: 5}}
tensors: {X1: {shape: [2]}}
""",
        """
mapping:
  - storage: {level: DRAM, tensors: [A, B, Y]}
  - temporal: {rank: c, tile: 1}
  - storage: {level: GLB, tensors: [A, B, X1, X2]}
  - sequential:
    - [{compute: {einsum: a}}]
    - [{compute: {einsum: b}}]
    - [{compute: {einsum: cat}}]
""",
    )
    assert counts.operations == {"a": (2, 0), "b": (3, 0), "cat": (5, 0)}
    assert counts.transfers["DRAM", "A"] == (2, 0)
    assert counts.transfers["DRAM", "B"] == (3, 0)
    assert counts.transfers["GLB", "X1"] == (5, 2)
    assert counts.transfers["GLB", "X2"] == (5, 3)


def test_scalar_output() -> None:
    # S is one word, summed up over 4 operations: 3 partial sums read, one word drained at the end.
    counts = stream("S[] = X[i]", "{i: 4}", ["{rank: i, tile: 1}"], "S")
    assert counts.transfers["GLB", "S"] == (3 + 1, 4)
    assert counts.transfers["DRAM", "S"] == (0, 1)
    assert counts.per_tensor_window_bytes["GLB", "S"] == 1
    assert counts.per_tensor_live_bytes["GLB", "S"] == 1


def test_scalar_intermediate() -> None:
    # The sum is made at i = 0 from all of X (4 words) and stays; scale reads one word of X at each step, which X still
    # holds from i = 0.
    counts = run(
        """
einsums:
  - {name: sum, expression: "S[] = X[i]", ranks: {i: 4}}
  - {name: scale, expression: "Z[i] = X[i] / S[]", ranks: {i: 4}}
""",
        """
mapping:
  - storage: {level: DRAM, tensors: [X, Z]}
  - temporal: {rank: i, tile: 1}
  - storage: {level: GLB, tensors: [X, S]}
  - sequential:
    - [{compute: {einsum: sum}}]
    - [{compute: {einsum: scale}}]
""",
    )
    assert counts.operations == {"sum": (4, 0), "scale": (4, 0)}
    assert counts.transfers["DRAM", "X"] == (4, 0)
    assert counts.transfers["GLB", "S"] == (3 + 4, 4)
