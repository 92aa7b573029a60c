"""Small files in the format of AccelForge 1.0, written for looptree."""

from __future__ import annotations

from pathlib import Path

WORKLOAD = """
workload:
  rank_sizes: {M: 128, N0: 128, N1: 2*64, N2: 128}
  bits_per_value: {All: 8}
  persistent_tensors: weight - Intermediates
  einsums:
  - name: first
    tensor_accesses:
    - {name: A, projection: [m, n0]}
    - {name: W1, projection: [n0, n1], persistent: True}
    - {name: B, projection: {M: m, N1: n1}, output: True}
    renames: {input: A}
  - "C[m, n2] = B[m, n1] * W2[n1, n2]"
renames:
  einsums:
  - name: default
    tensor_accesses:
    - {name: input, source: Inputs & Intermediates, expected_count: 1}
"""

TEMPLATE = """
workload:
  iteration_space_shape:
    {% set M = M | default(128) %}
    m: 0 <= m < {{M}}
    {% for i in range(COUNT + 1) %}
    n{{i}}: 0 <= n{{i}} < 128
    {% endfor %}
  bits_per_value: {All: 8}
  einsums:
  {% for i in range(COUNT) %}
  - name: layer{{i}}
    tensor_accesses:
    - {name: T{{i}}, projection: [m, n{{i}}]}
    - {name: W{{i}}, projection: [n{{i}}, n{{i+1}}]}
    - {name: T{{i+1}}, projection: [m, n{{i+1}}], output: True}
  {% endfor %}
"""

ARCHITECTURE = """
{% set SIZE = SIZE | default("inf") %}
arch:
  nodes:
  - !Memory
    name: DRAM
    size: inf
    leak_power: 0
    tensors: {keep: ~Intermediates, may_keep: All}
    actions:
    - {name: read, energy: 100, throughput: inf}
    - {name: write, energy: 100, throughput: inf}
  - !Memory
    name: GLB
    size: {{SIZE}} * 8
    tensors: {keep: All}
    actions: [{name: read, energy: 1, throughput: 64}, {name: write, energy: 1, throughput: 64}]
  - !Compute
    name: MAC
    actions: [{name: compute, energy: 1, throughput: 1}]
"""

MAPPING = """
mapping:
  nodes:
  - !Storage {tensors: [A, W1, W2, C], component: DRAM}
  - !Storage {tensors: [W1, W2], component: GLB}
  - !Temporal {rank_variable: m, tile_shape: 4}
  - !Sequential
    nodes:
    - !Nested
      nodes:
      - !Storage {tensors: [A, B], component: GLB}
      - !Temporal {rank_variable: n0, tile_shape: 1}
      - !Compute {einsum: first, component: MAC}
    - !Nested
      nodes:
      - !Storage {tensors: [B, C], component: GLB}
      - !Compute {einsum: C, component: MAC}
"""

FILES = {"workload.yaml": WORKLOAD, "template.yaml": TEMPLATE, "arch.yaml": ARCHITECTURE, "mapping.yaml": MAPPING}


def written(folder: Path) -> dict[str, str]:
    """The files in a folder, their paths by their names."""
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return {name.removesuffix(".yaml"): str(folder / name) for name in FILES}
