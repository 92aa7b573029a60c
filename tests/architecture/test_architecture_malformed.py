"""Anything at any place of an architecture file: read, or refused with the file and line."""

from __future__ import annotations

from looptree.architecture import architecture_from_node
from looptree.documents import parse_document
from tests.mutations import refused

EVERYTHING = """
name: everything
allocation: live
levels:
  - {name: DRAM, read_bandwidth_bytes_per_cycle: 8, write_bandwidth_bytes_per_cycle: 4, model: {dram: LPDDR4}}
  - name: GLB
    word_bits: 64
    read_ports: 1
    shared_ports: 1
    read_pj: 9.6
    model: {sram: {banks: 2, technology_nm: 28}}
    double_buffered: true
    keeps: [weight, input]
    bypasses: [output]
    leakage_pj_per_cycle: 1
    area_mm2: 2
    partitions:
      - {name: weights, holds: [weight], capacity_bytes: 2048}
      - {name: maps, holds: [input, output, intermediate], capacity_bytes: 6144}
compute:
  {name: MAC, model: {operations: {bits: 8, units: 4}}, pj_of: {exp: 2}, spatial: {m: 2}, area_mm2: 1,
   array: {x: 4, y: 2}}
cores: {core: 4, below: DRAM}
"""


def test_architectures() -> None:
    assert refused(parse_document(EVERYTHING, "file.yaml"), "levels", architecture_from_node) > 300
