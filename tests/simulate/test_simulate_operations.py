"""Operations: what is retained, what is recomputed, and who is inactive when."""

from __future__ import annotations

import pytest

from tests.simulate.simulate_cases import run

# A chain of two 1-D layers: F3 has 4 points, each reads 3 points of F2 (6), each of which reads 3 of F1 (8).
CHAIN = """
einsums:
  - {name: conv1, expression: "F2[p] = F1[p+r] * W1[r]", ranks: {p: 6, r: 3}}
  - {name: conv2, expression: "F3[p] = F2[p+r] * W2[r]", ranks: {p: 4, r: 3}}
"""

# F3 (2x2) reads 2x2 windows of F2 (3x3), which is a copy of F1: one operation per point.
PLANE = """
einsums:
  - {name: copy, expression: "F2[p,q] = F1[p,q]", ranks: {p: 3, q: 3}}
  - {name: conv, expression: "F3[p,q] = F2[p+r,q+s] * W[r,s]", ranks: {p: 2, q: 2, r: 2, s: 2}}
"""


def chain(overlap: str) -> str:
    return f"""
mapping:
  - storage: {{level: DRAM, tensors: [F1, W1, W2, F3]}}
  - temporal: {{rank: p, tile: 1}}
  - storage: {{level: GLB, tensors: [F2], overlap: {overlap}}}
  - sequential:
    - [{{compute: {{einsum: conv1}}}}]
    - [{{compute: {{einsum: conv2}}}}]
"""


def plane(depth: int, overlap: str = "keep") -> str:
    nodes = ["temporal: {rank: p, tile: 1}", "temporal: {rank: q, tile: 1}"]
    nodes.insert(depth, f"storage: {{level: GLB, tensors: [F2], overlap: {overlap}}}")
    inner = "".join(f"  - {node}\n" for node in nodes)
    return f"""
mapping:
  - storage: {{level: DRAM, tensors: [F1, W, F3]}}
{inner}  - sequential:
    - [{{compute: {{einsum: copy}}}}]
    - [{{compute: {{einsum: conv}}}}]
"""


def test_retained_overlap_is_computed_once() -> None:
    # Fresh points of F2 at p = 0..3: 3, 1, 1, 1. Six points of three operations each.
    counts = run(CHAIN, chain("keep"))
    assert counts.operations == {"conv1": (18, 0), "conv2": (12, 0)}


def test_dropped_overlap_is_recomputed() -> None:
    # All three points at each of the four steps: 4 * 3 * 3 operations, of which 6 * 3 are different.
    counts = run(CHAIN, chain("drop"))
    assert counts.operations == {"conv1": (36, 18), "conv2": (12, 0)}


@pytest.mark.parametrize(
    ("depth", "overlap", "operations", "recomputed", "window", "live"),
    [
        # Above both loops: all 9 points once. Live is the line buffer: one row of 3 and 2 points more.
        (0, "keep", 9, 0, 9, 5),
        # Below p: window of 2 rows of 3 slides down, nothing is computed twice.
        (1, "keep", 9, 0, 6, 5),
        # Below p, dropped when p steps: 2 rows of 3 for each of 2 steps. Within a step of p the columns arrive as
        # q asks for them and the first one is needed no more when the third one comes: 2 x 2 live.
        (1, "drop", 12, 3, 6, 4),
        # Below q: the 2x2 window slides along q only; 2 x 3 points for each p.
        (2, "keep", 12, 3, 4, 4),
        # Below q and dropped: 2 x 2 points at each of 4 steps.
        (2, "drop", 16, 7, 4, 4),
    ],
)
def test_retention_depth(depth: int, overlap: str, operations: int, recomputed: int, window: int, live: int) -> None:
    counts = run(PLANE, plane(depth, overlap))
    assert counts.operations["copy"] == (operations, recomputed)
    assert counts.per_tensor_window_bytes["GLB", "F2"] == window
    assert counts.per_tensor_live_bytes["GLB", "F2"] == live


MATRIX = """
einsums:
  - {name: copy, expression: "F2[c,p] = F1[c,p]", ranks: {c: 1, p: 4}}
  - {name: conv, expression: "F3[m,p] = F2[c,p+r] * W[m,c,r]", ranks: {m: 2, c: 1, p: 3, r: 2}}
"""


def test_irrelevant_outer_loop_recomputes_what_a_deep_place_cannot_keep() -> None:
    # F2 sits below m and p; its window moves with p, so that nothing stays when m steps.
    # Fresh points per m: 2 + 1 + 1. Twice 4, of which 4 are different. F1 follows: 4 words per m.
    counts = run(
        MATRIX,
        """
mapping:
  - storage: {level: DRAM, tensors: [F1, W, F3]}
  - temporal: {rank: m, tile: 1}
  - temporal: {rank: p, tile: 1}
  - storage: {level: GLB, tensors: [F1, F2]}
  - sequential:
    - [{compute: {einsum: copy}}]
    - [{compute: {einsum: conv}}]
""",
    )
    assert counts.operations["copy"] == (8, 4)
    assert counts.transfers["DRAM", "F1"] == (8, 0)


def test_irrelevant_outer_loop_leaves_a_resident_tensor_alone() -> None:
    # F2 sits between m and p: its window is the whole row for each m and never moves. The producer is
    # inactive for m = 1, where F1 is not required: 4 operations, 4 words of F1.
    counts = run(
        MATRIX,
        """
mapping:
  - storage: {level: DRAM, tensors: [F1, W, F3]}
  - temporal: {rank: m, tile: 1}
  - storage: {level: GLB, tensors: [F1, F2]}
  - temporal: {rank: p, tile: 1}
  - sequential:
    - [{compute: {einsum: copy}}]
    - [{compute: {einsum: conv}}]
""",
    )
    assert counts.operations["copy"] == (4, 0)
    assert counts.transfers["DRAM", "F1"] == (4, 0)


SKIP = """
einsums:
  - {name: conv1, expression: "F2[c,p] = F1[c,p]", ranks: {c: 2, p: 3}}
  - {name: conv2, expression: "F3[m,p] = F2[c,p] * W[m,c]", ranks: {m: 2, c: 2, p: 3}}
  - {name: skip, expression: "F4[m,p] = F3[m,p] + F2[m,p]", ranks: {m: 2, p: 3}}
"""


def test_skip_connection_with_producer_active_at_the_first_step_only() -> None:
    # conv2 needs all of F2 (6 points) at both steps of m, skip one row: the hull is all of F2, so that
    # conv1 works at m = 0 only. Its own loop over p then makes 3 steps at m = 0 and none at m = 1.
    # conv1 6 operations, conv2 2*2*3, skip 2*3. F1 streams point by point: 6 words, windows of 2 (one p).
    counts = run(
        SKIP,
        """
mapping:
  - storage: {level: DRAM, tensors: [F1, W, F4]}
  - temporal: {rank: m, tile: 1}
  - storage: {level: GLB, tensors: [F2, F3]}
  - sequential:
    - - temporal: {rank: conv1.p, tile: 1}
      - storage: {level: GLB, tensors: [F1]}
      - compute: {einsum: conv1}
    - [{compute: {einsum: conv2}}]
    - [{compute: {einsum: skip}}]
""",
    )
    assert counts.operations == {"conv1": (6, 0), "conv2": (12, 0), "skip": (6, 0)}
    assert counts.transfers["DRAM", "F1"] == (6, 0)
    assert counts.demand_window_bytes["GLB"] == 6 + 3 + 2
    # F2 is read by conv2 (12) and skip (6) and written by conv1 (6).
    assert counts.transfers["GLB", "F2"] == (18, 6)


def test_fresh_points_are_a_set_difference_not_a_product() -> None:
    # The 2x2 window of F2 moves along the diagonal: 4 points, then 4 less the one shared corner: an L of 3.
    # conv reads hull boxes of F1: 2x2 at both steps, of which 3 are new at the second one.
    counts = run(
        """
einsums:
  - {name: copy, expression: "F2[y,x] = F1[y,x]", ranks: {y: 3, x: 3}}
  - {name: conv, expression: "F3[p] = F2[p+r,p+s] * W[r,s]", ranks: {p: 2, r: 2, s: 2}}
""",
        """
mapping:
  - storage: {level: DRAM, tensors: [F1, W, F3]}
  - temporal: {rank: p, tile: 1}
  - storage: {level: GLB, tensors: [F1, F2]}
  - sequential:
    - [{compute: {einsum: copy}}]
    - [{compute: {einsum: conv}}]
""",
    )
    assert counts.operations["copy"] == (7, 0)
    assert counts.transfers["DRAM", "F1"] == (7, 0)
    # Cycles follow the hull of each rank: 2*2 and 2*2.
    assert counts.compute_cycles["copy"] == 8
