"""Occupancy: windows, live words, and what a memory level needs for all of them."""

from __future__ import annotations

import pytest

from looptree.simulate import simulate
from tests.simulate.simulate_cases import TWO_LEVELS, design, place, run


def line_buffer(kernel: int, width: int, rows: int) -> tuple[int, int]:
    """Window and live words of the input rows of one convolution with tiles of one pixel."""
    counts = run(
        f"""
einsums:
  - name: conv
    expression: "Y[p,q] = X[p+r,q+s] * W[r,s]"
    ranks: {{p: {rows}, q: {width - kernel + 1}, r: {kernel}, s: {kernel}}}
""",
        """
mapping:
  - storage: {level: DRAM, tensors: [X, W, Y]}
  - temporal: {rank: p, tile: 1}
  - storage: {level: GLB, tensors: [X]}
  - temporal: {rank: q, tile: 1}
  - compute: {einsum: conv}
""",
    )
    return counts.per_tensor_window_bytes["GLB", "X"], counts.per_tensor_live_bytes["GLB", "X"]


def test_line_buffer_of_a_3x3_convolution() -> None:
    # Rows of 6: the window is 3 rows, 18. Live: when pixel q of a row is computed, the oldest row keeps 6-q points,
    # the middle one 6, the newest one has q+3: (K-1)*W + K = 2*6 + 3 = 15.
    assert line_buffer(kernel=3, width=6, rows=4) == (18, 15)


def test_line_buffer_of_a_2x2_convolution() -> None:
    # Rows of 5: 2*5 = 10 and 1*5 + 2 = 7.
    assert line_buffer(kernel=2, width=5, rows=3) == (10, 7)


# X and Z are copied one after the other: Y is an intermediate.
COPIES = """
einsums:
  - {name: first, expression: "Y[p] = X[p]", ranks: {p: 6}}
  - {name: second, expression: "Z[p] = Y[p]", ranks: {p: 6}}
"""


@pytest.mark.parametrize(("kind", "demand"), [("sequential", 2 + 6), ("pipeline", 2 + 2 + 6)])
def test_branches_share_or_add_up(kind: str, demand: int) -> None:
    # Tiles of 2 points: X is 2 words in the first branch. Z above the loop of the second branch is 2 words as well,
    # and Y above the branch stays whole: 6.
    counts = run(
        COPIES,
        f"""
mapping:
  - storage: {{level: DRAM, tensors: [X, Z]}}
  - storage: {{level: GLB, tensors: [Y]}}
  - temporal: {{rank: p, tile: 2}}
  - {kind}:
    - - storage: {{level: GLB, tensors: [X]}}
      - compute: {{einsum: first}}
    - - storage: {{level: GLB, tensors: [Z]}}
      - compute: {{einsum: second}}
""",
    )
    assert counts.demand_window_bytes["GLB"] == demand
    # Live, Y holds the 2 words of the step.
    assert counts.demand_live_bytes["GLB"] == demand - 4
    assert counts.per_tensor_window_bytes["GLB", "Y"] == 6


def test_every_place_is_rounded_up_to_bytes() -> None:
    # 3-bit words: 2 of X are 6 bits, 1 byte; 6 of Y are 18 bits, 3 bytes; Z of 12 bits: 2 words are 3 bytes.
    counts = run(
        COPIES + "tensors: {X: {bits: 3}, Y: {bits: 3}, Z: {bits: 12}}\n",
        """
mapping:
  - storage: {level: DRAM, tensors: [X, Z]}
  - storage: {level: GLB, tensors: [Y]}
  - temporal: {rank: p, tile: 2}
  - storage: {level: GLB, tensors: [X, Z]}
  - sequential:
    - [{compute: {einsum: first}}]
    - [{compute: {einsum: second}}]
""",
    )
    assert counts.demand_window_bytes["GLB"] == 1 + 3 + 3
    # DRAM: 6 words of X are 18 bits, 6 of Z are 72 bits.
    assert counts.demand_window_bytes["DRAM"] == 3 + 9
    assert counts.per_tensor_window_bytes["DRAM", "X"] == 3


def test_words_per_place() -> None:
    # X stands in DRAM (6 words, 2 at a time) and in GLB (2 words).
    made = design(
        COPIES,
        """
mapping:
  - storage: {level: DRAM, tensors: [X, Y, Z]}
  - temporal: {rank: p, tile: 2}
  - storage: {level: GLB, tensors: [X]}
  - sequential:
    - [{compute: {einsum: first}}]
    - [{compute: {einsum: second}}]
""",
        TWO_LEVELS,
    )
    counts = simulate(made)
    assert counts.window_words[place(made, "DRAM", "X")] == 6
    assert counts.live_words[place(made, "DRAM", "X")] == 2
    assert counts.window_words[place(made, "GLB", "X")] == 2


def test_live_intermediate_between_two_convolutions() -> None:
    # F3 in tiles of 2 of 4, 3 taps: F2 windows 0..3 and 2..5. At the second step 4 points are required and none else.
    # With a spacing of 2 between taps the windows are 0..5 and 2..7, 6 points each.
    counts = run(
        """
einsums:
  - {name: copy, expression: "F2[p] = F1[p]", ranks: {p: 8}}
  - {name: conv, expression: "F3[p] = F2[p+2*r] * W[r]", ranks: {p: 4, r: 3}}
""",
        """
mapping:
  - storage: {level: DRAM, tensors: [F1, W, F3]}
  - temporal: {rank: p, tile: 2}
  - storage: {level: GLB, tensors: [F2, F1]}
  - sequential:
    - [{compute: {einsum: copy}}]
    - [{compute: {einsum: conv}}]
""",
    )
    assert counts.per_tensor_window_bytes["GLB", "F2"] == 6
    assert counts.per_tensor_live_bytes["GLB", "F2"] == 6
    # copy makes 6 points, then 2: so much of F1 is needed at once.
    assert counts.per_tensor_window_bytes["GLB", "F1"] == 6


def test_partial_sums_stay_live_across_a_reduction_loop() -> None:
    # k outside m: all 4 rows of C are needed again at the next step of k. Kept above both loops the window is 4 rows,
    # and at (k, m) = (0, 3) all of them are live.
    counts = run(
        """
einsums:
  - {name: fc, expression: "C[m] = A[m,k] * B[k]", ranks: {m: 4, k: 2}}
""",
        """
mapping:
  - storage: {level: DRAM, tensors: [A, B, C]}
  - storage: {level: GLB, tensors: [C]}
  - temporal: {rank: k, tile: 1}
  - temporal: {rank: m, tile: 1}
  - compute: {einsum: fc}
""",
    )
    assert counts.per_tensor_window_bytes["GLB", "C"] == 4
    assert counts.per_tensor_live_bytes["GLB", "C"] == 4
    # Each element of A is used once.
    assert counts.per_tensor_live_bytes["DRAM", "A"] == 1


SKIP = """
einsums:
  - {name: a, expression: "A[p] = X[p]", ranks: {p: 6}}
  - {name: b, expression: "B[p] = A[p]", ranks: {p: 6}}
  - {name: c, expression: "C[p] = B[p]", ranks: {p: 6}}
  - {name: d, expression: "D[p] = C[p] + A[p]", ranks: {p: 6}}
tensors: {X: {bits: 8}, A: {bits: 16}, B: {bits: 32}, C: {bits: 64}, D: {bits: 128}}
"""


@pytest.mark.parametrize(
    ("always", "while_used", "demand"),
    [
        # a: X A; b: A B; c: A B C; d: A C D
        ("", "X, A, B, C, D", 6 * (2 + 8 + 16)),
        # without D it is c that asks for most
        ("", "X, A, B, C", 6 * (2 + 4 + 8)),
        ("X", "A, B, C, D", 6 * (1 + 2 + 8 + 16)),
        ("B", "A, C, D", 6 * (4 + 2 + 8 + 16)),
        ("X, A, B, C, D", "", 6 * (1 + 2 + 4 + 8 + 16)),
    ],
)
def test_what_is_used_counts_from_its_first_to_its_last_chain(always: str, while_used: str, demand: int) -> None:
    kept = f"  - storage: {{level: GLB, tensors: [{always}]}}\n" if always else ""
    used = f"  - storage: {{level: GLB, tensors: [{while_used}], lifetime: uses}}\n" if while_used else ""
    counts = run(
        SKIP,
        "mapping:\n  - storage: {level: DRAM, tensors: [X, B, D]}\n"
        + (used + kept)
        + "  - sequential: [[{temporal: {rank: p, tile: 2}}, {compute: {einsum: a}}], [{compute: {einsum: b}}], "
        "[{temporal: {rank: p, tile: 4}}, {compute: {einsum: c}}], [{compute: {einsum: d}}]]\n",
    )
    assert counts.demand_window_bytes["GLB"] == counts.demand_live_bytes["GLB"] == demand
    assert counts.per_tensor_window_bytes["GLB", "A"] == 12
    # DRAM, by default: X, B and D.
    assert counts.demand_window_bytes["DRAM"] == 6 * (1 + 4 + 16)


def test_what_stays_adds_to_what_each_chain_needs_itself() -> None:
    # a works in tiles of 2 of X; b and c are fused in tiles of 3 of B; A (2 bytes) stays from a to d.
    counts = run(
        SKIP,
        """
mapping:
  - storage: {level: DRAM, tensors: [X, C, D]}
  - storage: {level: GLB, tensors: [A], lifetime: uses}
  - sequential:
    - - temporal: {rank: p, tile: 2}
      - storage: {level: GLB, tensors: [X]}
      - compute: {einsum: a}
    - - temporal: {rank: p, tile: 3}
      - storage: {level: GLB, tensors: [B]}
      - sequential: [[{compute: {einsum: b}}], [{compute: {einsum: c}}]]
    - - temporal: {rank: p, tile: 1}
      - storage: {level: GLB, tensors: [D]}
      - compute: {einsum: d}
""",
    )
    assert counts.demand_window_bytes["GLB"] == 6 * 2 + max(2 * 1, 3 * 4, 1 * 16)
    assert counts.transfers["DRAM", "X"] == (6, 0)
    # A never leaves the chip: written by a, read by b and d.
    assert counts.transfers["GLB", "A"] == (12, 6)
    assert ("DRAM", "A") not in counts.transfers
