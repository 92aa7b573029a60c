"""Networks that AccelForge was run on, read from files in its own format; a search is to be no worse.

The numbers are those that AccelForge 1.0 reported for 8-bit words, 100 per bit off chip, 1 per bit of the buffer and 1
per operation, minimised for energy. It cannot tile across a halo, so that convolutions come out better here.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from looptree.importers.load import load_architecture, load_workload
from looptree.search import search, space_named
from tests.importers.accelforge.files import ARCHITECTURE

JOULES = 10**12

CONVOLUTIONS = """
workload:
  iteration_space_shape: {p1: 0 <= p1 < 34, q1: 0 <= q1 < 34, p2: 0 <= p2 < 32, q2: 0 <= q2 < 32}
  rank_sizes: {P0: 36, Q0: 36, P1: 34, Q1: 34, C0: 16, C1: 32, C2: 16, R: 3, S: 3}
  bits_per_value: {All: 8}
  persistent_tensors: weight - Intermediates
  einsums:
  - name: first
    tensor_accesses:
    - {name: T0, projection: {C0: c0, P0: p1 + r, Q0: q1 + s}}
    - {name: W0, projection: [c0, c1, r, s]}
    - {name: T1, projection: [c1, p1, q1], output: True}
    renames: {input: T0, weight: W0, output: T1}
  - "T2[c2, p2, q2] = T1[c1, P1: p2 + r, Q1: q2 + s] * W1[c1, c2, r, s]"
"""

MOBILENET = """
workload:
  rank_sizes: {P0: 28, Q0: 28, N: 24, T0: 192, M: 24, P1: 28, Q1: 28, P2: 28, Q2: 28, T1: 192, K: 24}
  bits_per_value: {All: 8}
  einsums:
  - "TA0[p0, q0, t0] = T0[p0, q0, n] * WA0[n, t0]"
  - name: Depthwise0
    tensor_accesses:
    - {name: TA0, projection: {P0: p1 + r0, Q0: q1 + s0, T0: t0}}
    - {name: WAB0, projection: [r0, s0, t0]}
    - {name: TB0, projection: [p1, q1, t0], output: True}
    iteration_space_shape: [0 <= r0 < 3, 0 <= s0 < 3]
  - "T1[p1, q1, m] = TB0[p1, q1, t0] * WB0[t0, m]"
  - "TA1[p1, q1, t1] = T1[p1, q1, m] * WA1[m, t1]"
  - name: Depthwise1
    tensor_accesses:
    - {name: TA1, projection: {P1: p2 + r1, Q1: q2 + s1, T1: t1}}
    - {name: WAB1, projection: [r1, s1, t1]}
    - {name: TB1, projection: [p2, q2, t1], output: True}
    iteration_space_shape: [0 <= r1 < 3, 0 <= s1 < 3]
  - "T2[p2, q2, k] = TB1[p2, q2, t1] * WB1[t1, k]"
"""


@pytest.mark.parametrize(
    ("text", "size", "energy"),
    [
        (CONVOLUTIONS, 100_000, 368_512_000),
        (CONVOLUTIONS, 15_000, 428_291_072),
        (MOBILENET, 65_536, 609_260_544),
        (MOBILENET, 16_384, 1_156_890_624),
    ],
)
def test_a_search_is_no_worse_than_accelforge(tmp_path: Path, text: str, size: int, energy: int) -> None:
    pytest.importorskip("jinja2")
    (tmp_path / "workload.yaml").write_text(text)
    (tmp_path / "arch.yaml").write_text(ARCHITECTURE)
    workload = load_workload(tmp_path / "workload.yaml")
    architecture = load_architecture(tmp_path / "arch.yaml", SIZE=size)
    plan = search(workload, architecture, objective="energy", space=space_named("quick"), seconds=20)
    assert plan.evaluation.fits
    assert plan.evaluation.energy.total <= energy * JOULES
