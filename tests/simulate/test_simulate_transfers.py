"""Words moved between levels: fills, drains, partial sums, refetch."""

from __future__ import annotations

import pytest

from tests.simulate.simulate_cases import run

THREE_LEVELS = "{levels: [{name: DRAM}, {name: GLB}, {name: RF}]}"


def test_two_fused_matmuls_fully_resident() -> None:
    # 4x4x4 each: 64 operations. Each operation reads 2 inputs, reads and writes its output: 4 * 128 accesses,
    # less the first read of 2 * 16 output words; 3 * 16 words filled, 16 drained.
    counts = run(
        """
einsums:
  - {name: fc1, expression: "B[m,n] = A[m,k] * W1[k,n]", ranks: {m: 4, n: 4, k: 4}}
  - {name: fc2, expression: "C[m,n] = B[m,k] * W2[k,n]", ranks: {m: 4, n: 4, k: 4}}
""",
        """
mapping:
  - storage: {level: DRAM, tensors: [A, W1, W2, C]}
  - storage: {level: GLB, tensors: [A, W1, W2, B, C]}
  - sequential:
    - [{compute: {einsum: fc1}}]
    - [{compute: {einsum: fc2}}]
""",
    )
    glb = sum(reads + writes for (level, _), (reads, writes) in counts.transfers.items() if level == "GLB")
    assert glb == 4 * 128 - 2 * 16 + 3 * 16 + 16
    assert counts.transfers["DRAM", "A"] == (16, 0)
    assert counts.transfers["DRAM", "C"] == (0, 16)
    # B: written 64 times; read 64 - 16 times by its producer and 64 times by its consumer.
    assert counts.transfers["GLB", "B"] == (64 - 16 + 64, 64)
    assert ("DRAM", "B") not in counts.transfers


# C is 2x2 with 4 steps of reduction: 16 operations.
MATMUL = """
einsums:
  - {name: fc, expression: "C[m,n] = A[m,k] * B[k,n]", ranks: {m: 2, n: 2, k: 4}}
"""


def test_partial_sums_leave_and_come_back() -> None:
    # k outside m: C's window moves with m, so that nothing stays when k steps. 4 words enter a window at each
    # of 2 steps of k: 8 written out, of which 4 are first visits and 4 are read back.
    # GLB reads C 16 - 4 times for the operations and 8 times to drain; it writes 16 times and 4 times to read back.
    counts = run(
        MATMUL,
        """
mapping:
  - storage: {level: DRAM, tensors: [A, B, C]}
  - temporal: {rank: k, tile: 2}
  - temporal: {rank: m, tile: 1}
  - storage: {level: GLB, tensors: [C]}
  - compute: {einsum: fc}
""",
    )
    assert counts.transfers["DRAM", "C"] == (4, 8)
    assert counts.transfers["GLB", "C"] == (12 + 8, 16 + 4)


def test_partial_sums_stay_over_an_inner_reduction_loop() -> None:
    # k inside m does not move C's window: 4 words written out once, none read back.
    counts = run(
        MATMUL,
        """
mapping:
  - storage: {level: DRAM, tensors: [A, B, C]}
  - temporal: {rank: m, tile: 1}
  - temporal: {rank: k, tile: 2}
  - storage: {level: GLB, tensors: [C]}
  - compute: {einsum: fc}
""",
    )
    assert counts.transfers["DRAM", "C"] == (0, 4)
    assert counts.transfers["GLB", "C"] == (12 + 4, 16)


@pytest.mark.parametrize(
    ("outer", "inner", "words"),
    [
        # m outside k: B (4x2) moves with k and comes again for each of 2 steps of m.
        ("{rank: m, tile: 1}", "{rank: k, tile: 2}", 16),
        # k outside m: B stays put while m steps.
        ("{rank: k, tile: 2}", "{rank: m, tile: 1}", 8),
        # k in one trip is no loop: B never moves.
        ("{rank: m, tile: 1}", "{rank: k, tile: 4}", 8),
    ],
)
def test_irrelevant_loop_outside_a_relevant_one_resets(outer: str, inner: str, words: int) -> None:
    counts = run(
        MATMUL,
        f"""
mapping:
  - storage: {{level: DRAM, tensors: [A, B, C]}}
  - temporal: {outer}
  - temporal: {inner}
  - storage: {{level: GLB, tensors: [B]}}
  - compute: {{einsum: fc}}
""",
    )
    assert counts.transfers["DRAM", "B"] == (words, 0)
    assert counts.transfers["GLB", "B"] == (16, words)


@pytest.mark.parametrize(("overlap", "entering"), [("keep", 12), ("drop", 16)])
def test_spilled_intermediate_is_refetched_not_recomputed(overlap: str, entering: int) -> None:
    # F2 (3x3) is computed and written out once: 9. Its 2x2 window below p and q takes in 2 x 3 points per p
    # (keep) or 2 x 2 per step (drop); what was computed before is read back.
    # GLB: 9 drained and 2*2*2*2 read by conv (copy reads no partial sum); 9 written by copy and the refetch.
    counts = run(
        """
einsums:
  - {name: copy, expression: "F2[p,q] = F1[p,q]", ranks: {p: 3, q: 3}}
  - {name: conv, expression: "F3[p,q] = F2[p+r,q+s] * W[r,s]", ranks: {p: 2, q: 2, r: 2, s: 2}}
""",
        f"""
mapping:
  - storage: {{level: DRAM, tensors: [F1, F2, W, F3]}}
  - temporal: {{rank: p, tile: 1}}
  - temporal: {{rank: q, tile: 1}}
  - storage: {{level: GLB, tensors: [F2], overlap: {overlap}}}
  - sequential:
    - [{{compute: {{einsum: copy}}}}]
    - [{{compute: {{einsum: conv}}}}]
""",
    )
    assert counts.operations["copy"] == (9, 0)
    assert counts.transfers["DRAM", "F2"] == (entering - 9, 9)
    assert counts.transfers["GLB", "F2"] == (9 + 16, 9 + entering - 9)


@pytest.mark.parametrize(("overlap", "words"), [("keep", 6), ("drop", 12)])
def test_sliding_window_of_an_input(overlap: str, words: int) -> None:
    # Y has 4 points, each reads 3 of X (6). Keep: 3 + 1 + 1 + 1. Drop: 4 * 3.
    counts = run(
        """
einsums:
  - {name: conv, expression: "Y[p] = X[p+r] * W[r]", ranks: {p: 4, r: 3}}
""",
        f"""
mapping:
  - storage: {{level: DRAM, tensors: [X, W, Y]}}
  - temporal: {{rank: p, tile: 1}}
  - storage: {{level: GLB, tensors: [X], overlap: {overlap}}}
  - compute: {{einsum: conv}}
""",
    )
    assert counts.transfers["DRAM", "X"] == (words, 0)
    assert counts.transfers["GLB", "X"] == (12, words)


def test_three_levels() -> None:
    # X (3 words) rests in GLB; below m and p a register holds one word, which is filled 2 * 3 times.
    counts = run(
        """
einsums:
  - {name: outer, expression: "Y[m,p] = X[p] * W[m]", ranks: {m: 2, p: 3}}
""",
        """
mapping:
  - storage: {level: DRAM, tensors: [X, W, Y]}
  - storage: {level: GLB, tensors: [X]}
  - temporal: {rank: m, tile: 1}
  - temporal: {rank: p, tile: 1}
  - storage: {level: RF, tensors: [X]}
  - compute: {einsum: outer}
""",
        THREE_LEVELS,
    )
    assert counts.transfers["DRAM", "X"] == (3, 0)
    assert counts.transfers["GLB", "X"] == (6, 3)
    assert counts.transfers["RF", "X"] == (6, 6)


def test_leaf_loop_streams_weights_and_keeps_partial_sums_for_one_iteration() -> None:
    # fc1 below m (2 steps): W1 (3x2) is streamed row by row for each m: 2 * 6 words, one row of 2 at a time.
    # B: 2*2*3 = 12 operations in two lives of 2 first writes each: 12 - 4 reads; fc2 reads 2*2*1 = 4.
    counts = run(
        """
einsums:
  - {name: fc1, expression: "B[m,n] = A[m,k] * W1[k,n]", ranks: {m: 2, n: 2, k: 3}}
  - {name: fc2, expression: "C[m,n] = B[m,k] * W2[k,n]", ranks: {m: 2, n: 1, k: 2}}
""",
        """
mapping:
  - storage: {level: DRAM, tensors: [A, W1, W2, C]}
  - temporal: {rank: m, tile: 1}
  - storage: {level: GLB, tensors: [B]}
  - sequential:
    - - temporal: {rank: fc1.k, tile: 1}
      - storage: {level: GLB, tensors: [W1]}
      - compute: {einsum: fc1}
    - [{compute: {einsum: fc2}}]
""",
    )
    assert counts.transfers["DRAM", "W1"] == (12, 0)
    assert counts.transfers["GLB", "W1"] == (12, 12)
    assert counts.per_tensor_window_bytes["GLB", "W1"] == 2
    assert counts.transfers["GLB", "B"] == (12 - 4 + 4, 12)


def test_partial_sums_of_an_inferred_producer_leave_its_own_buffer() -> None:
    # fc1 runs below m (2 steps) with its own loops k (3) and n (2): a register for B moves with n, so that each of
    # 3 steps of k lets 2 words in: 6 per m, of which 2 are first visits. Drained 12, read back 12 - 4.
    # GLB: writes 12; reads 8 read back and 4 by fc2. RF: 12 operations, of which 12 - 4 read; and 12 drained;
    # 12 written by operations and 8 read back.
    counts = run(
        """
einsums:
  - {name: fc1, expression: "B[m,n] = A[m,k] * W1[k,n]", ranks: {m: 2, n: 2, k: 3}}
  - {name: fc2, expression: "C[m,n] = B[m,k] * W2[k,n]", ranks: {m: 2, n: 1, k: 2}}
""",
        """
mapping:
  - storage: {level: DRAM, tensors: [A, W1, W2, C]}
  - temporal: {rank: m, tile: 1}
  - storage: {level: GLB, tensors: [B]}
  - sequential:
    - - temporal: {rank: fc1.k, tile: 1}
      - temporal: {rank: fc1.n, tile: 1}
      - storage: {level: RF, tensors: [B]}
      - compute: {einsum: fc1}
    - [{compute: {einsum: fc2}}]
""",
        THREE_LEVELS,
    )
    assert counts.transfers["GLB", "B"] == (8 + 4, 12)
    assert counts.transfers["RF", "B"] == (8 + 12, 12 + 8)


def test_what_is_recomputed_is_drained_again() -> None:
    # F2 drops its overlap in GLB: 2 points at each of 3 steps are computed, 6 in all, of 4 different ones. The register
    # of the producer would still hold the shared point, but GLB has dropped it: all 6 are drained, none read back.
    counts = run(
        """
einsums:
  - {name: copy, expression: "F2[p] = F1[p]", ranks: {p: 4}}
  - {name: conv, expression: "F3[p] = F2[p+r] * W[r]", ranks: {p: 3, r: 2}}
""",
        """
mapping:
  - storage: {level: DRAM, tensors: [F1, W, F3]}
  - temporal: {rank: p, tile: 1}
  - storage: {level: GLB, tensors: [F2], overlap: drop}
  - sequential:
    - - storage: {level: RF, tensors: [F2]}
      - compute: {einsum: copy}
    - [{compute: {einsum: conv}}]
""",
        THREE_LEVELS,
    )
    assert counts.operations["copy"] == (6, 2)
    assert counts.transfers["RF", "F2"] == (6, 6)
    assert counts.transfers["GLB", "F2"] == (6, 6)


def test_consumer_in_another_group_reads_the_spilled_tensor_back() -> None:
    # B (5 words) is made and read by conv one point at a time, written out to DRAM once, and read again by skip
    # (4 words) outside. GLB: 5 drained, 8 read by conv, 4 by skip; 5 written by copy and 4 filled for skip.
    counts = run(
        """
einsums:
  - {name: copy, expression: "B[p] = A[p]", ranks: {p: 5}}
  - {name: conv, expression: "C[p] = B[p+r] * W[r]", ranks: {p: 4, r: 2}}
  - {name: skip, expression: "D[p] = C[p] + B[p]", ranks: {p: 4}}
""",
        """
mapping:
  - storage: {level: DRAM, tensors: [A, B, C, D, W]}
  - sequential:
    - - temporal: {rank: conv.p, tile: 1}
      - storage: {level: GLB, tensors: [B]}
      - sequential:
        - [{compute: {einsum: copy}}]
        - [{compute: {einsum: conv}}]
    - - storage: {level: GLB, tensors: [B]}
      - compute: {einsum: skip}
""",
    )
    assert counts.operations["copy"] == (5, 0)
    assert counts.transfers["DRAM", "B"] == (4, 5)
    assert counts.transfers["GLB", "B"] == (5 + 8 + 4, 5 + 4)
    # The branches share the space: a window of 2 in the first, of 4 in the second.
    assert counts.demand_window_bytes["GLB"] == 4
