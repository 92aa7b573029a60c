"""Compute cycles: spatial extents, imperfect tiles, pipelines."""

from __future__ import annotations

import pytest

from tests.simulate.simulate_cases import run

# Fresh points of F2 at p = 0..2: 2, 1, 1; three operations each. conv2: two operations per step.
CHAIN = """
einsums:
  - {name: conv1, expression: "F2[p] = F1[p+r] * W1[r]", ranks: {p: 4, r: 3}}
  - {name: conv2, expression: "F3[p] = F2[p+r] * W2[r]", ranks: {p: 3, r: 2}}
"""


def chain(kind: str) -> str:
    return f"""
mapping:
  - storage: {{level: DRAM, tensors: [F1, W1, W2, F3]}}
  - temporal: {{rank: p, tile: 1}}
  - storage: {{level: GLB, tensors: [F2]}}
  - {kind}:
    - [{{compute: {{einsum: conv1}}}}]
    - [{{compute: {{einsum: conv2}}}}]
"""


def spatial(**extents: int) -> str:
    inside = ", ".join(f"{rank}: {extent}" for rank, extent in extents.items())
    return f"{{levels: [{{name: DRAM}}, {{name: GLB}}], compute: {{spatial: {{{inside}}}}}}}"


@pytest.mark.parametrize(
    ("kind", "total"),
    [
        # conv1 6, 3, 3 and conv2 2, 2, 2 one after the other.
        ("sequential", 18),
        # Side by side, conv2 one step later: 6, max(3, 2), max(3, 2), 2.
        ("pipeline", 14),
    ],
)
def test_sequential_and_pipeline(kind: str, total: int) -> None:
    counts = run(CHAIN, chain(kind))
    assert counts.compute_cycles == {"conv1": 12, "conv2": 6}
    assert counts.total_compute_cycles == total


def test_pipeline_with_parallel_units() -> None:
    # 3 taps at once: conv1 2, 1, 1 and conv2 ceil(2/3) = 1 each: 2, 1, 1, 1.
    counts = run(CHAIN, chain("pipeline"), spatial(r=3))
    assert counts.compute_cycles == {"conv1": 4, "conv2": 3}
    assert counts.total_compute_cycles == 5


@pytest.mark.parametrize(
    ("tiles", "cycles"),
    [
        # 7 points, 3 at once: 3, 3, 1.
        ([3], 3),
        # 2, 1; 2, 1; 1: every step takes a cycle.
        ([3, 2], 5),
        # 4 and 3: 2 and 1.
        ([4], 3),
    ],
)
def test_tiles_that_do_not_divide(tiles: list[int], cycles: int) -> None:
    nodes = "".join(f"  - temporal: {{rank: p, tile: {tile}}}\n" for tile in tiles)
    counts = run(
        """
einsums:
  - {name: copy, expression: "Y[p] = X[p]", ranks: {p: 7}}
""",
        f"""
mapping:
  - storage: {{level: DRAM, tensors: [X, Y]}}
{nodes}  - compute: {{einsum: copy}}
""",
        spatial(p=3),
    )
    assert counts.compute_cycles == {"copy": cycles}
    assert counts.total_compute_cycles == cycles


def test_cycles_multiply_over_ranks() -> None:
    # ceil(5/2) * ceil(3/2) * 4 (k is not spatial).
    counts = run(
        """
einsums:
  - {name: fc, expression: "C[m,n] = A[m,k] * B[k,n]", ranks: {m: 5, n: 3, k: 4}}
""",
        """
mapping:
  - storage: {level: DRAM, tensors: [A, B, C]}
  - compute: {einsum: fc}
""",
        spatial(m=2, n=2),
    )
    assert counts.total_compute_cycles == 3 * 2 * 4


def test_stage_with_a_branch_of_its_own() -> None:
    # Stages: first (1 cycle per point) and a sequential pair (1 + 1 cycles). Three steps: 1, 2, 2, 2.
    counts = run(
        """
einsums:
  - {name: first, expression: "B[p] = A[p]", ranks: {p: 3}}
  - {name: second, expression: "C[p] = B[p]", ranks: {p: 3}}
  - {name: third, expression: "D[p] = C[p]", ranks: {p: 3}}
""",
        """
mapping:
  - storage: {level: DRAM, tensors: [A, D]}
  - temporal: {rank: p, tile: 1}
  - storage: {level: GLB, tensors: [B]}
  - pipeline:
    - [{compute: {einsum: first}}]
    - - storage: {level: GLB, tensors: [C]}
      - sequential:
        - [{compute: {einsum: second}}]
        - [{compute: {einsum: third}}]
""",
    )
    assert counts.total_compute_cycles == 1 + 2 + 2 + 2


def test_pipeline_without_loops_takes_turns() -> None:
    # One iteration: stage after stage.
    counts = run(
        CHAIN,
        """
mapping:
  - storage: {level: DRAM, tensors: [F1, W1, W2, F3]}
  - storage: {level: GLB, tensors: [F2]}
  - pipeline:
    - [{compute: {einsum: conv1}}]
    - [{compute: {einsum: conv2}}]
""",
    )
    assert counts.total_compute_cycles == 4 * 3 + 3 * 2
