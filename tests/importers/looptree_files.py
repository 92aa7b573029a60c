"""Two fully connected layers, 64 wide, on 128 rows, written in the style of the tutorial of the original LoopTree."""

from __future__ import annotations

WORKLOAD = """
problem:
- shape:
    name: Up
    dimensions: [ R1, O1, I1 ]
    data_spaces:
    - {name: Rows, dimensions: [ Rows_I, Rows_R ], projection: '[ I1, R1 ]'}
    - {name: WUp, dimensions: [ WUp_I, WUp_O ], projection: '[ I1, O1 ]'}
    - {name: Hidden, dimensions: [ Hidden_O, Hidden_R ], projection: '[ O1, R1 ]', read_write: True}
  instance: >-
    0 <= R1 < 128 and 0 <= O1 < 64 and 0 <= I1 < 64
- shape:
    name: Down
    dimensions: [ R2, O2, I2 ]
    data_spaces:
    - {name: Hidden, dimensions: [ Hidden_O, Hidden_R ], projection: '[ I2, R2 ]'}
    - {name: WDown, dimensions: [ WDown_I, WDown_O ], projection: '[ I2, O2 ]'}
    - {name: Result, dimensions: [ Result_O, Result_R ], projection: '[ O2, R2 ]', read_write: True}
  instance: >-
    0 <= R2 < 128 and 0 <= O2 < 64 and 0 <= I2 < 64
"""

ARCHITECTURE = """
variables:
  global_cycle_seconds: 1e-9
  technology: "45nm"
architecture:
  version: 0.4
  nodes:
  - !Component
    name: OffChip
    class: DRAM
    attributes: {width: 256, block_size: 32, word_bits: 8, datawidth: 8}
    required_actions: ['read', 'write']
  - !Component
    name: Shared
    class: SRAM
    attributes: {depth: 8192, width: 256, block_size: 32, datawidth: 8, n_rdwr_ports: 2, n_rd_ports: 0, n_wr_ports: 0}
    required_actions: ['read', 'write']
  - !Component
    name: Multiplier
    class: intmac
    attributes: {datawidth: 8, width: 8, cycle_time: 1e-9}
    required_actions: ['compute']
"""

NESTED = """
architecture:
  version: 0.2
  subtree:
  - name: System
    local:
    - {name: OffChip, class: DRAM, attributes: {width: 256, block-size: 32, word-bits: 8}}
    subtree:
    - name: Chip
      attributes: {technology: 45nm}
      local:
      - name: Shared
        class: SRAM
        attributes: {depth: 8192, width: 256, block-size: 32, word-bits: 8, n_rdwr_ports: 2}
      subtree:
      - name: Element
        local:
        - {name: 'Multiplier[0..15]', class: intmac, attributes: {datawidth: 8, width: 8}}
"""

FUSED = """
mapping:
  type: fused
  nodes:
  - {type: storage, target: 0, dspace: [WUp, WDown, Rows, Result]}
  - {type: storage, target: 1, dspace: [WUp, WDown]}
  - {type: temporal, rank: R2, tile_shape: 1}
  - {type: storage, target: 1, dspace: [Rows, Hidden, Result]}
  - type: sequential
    branches:
    - - {type: temporal, rank: I1, tile_shape: 1}
      - {type: temporal, rank: O1, tile_shape: 1}
      - {type: compute, einsum: Up, target: 2}
    - - {type: temporal, rank: I2, tile_shape: 1}
      - {type: temporal, rank: O2, tile_shape: 1}
      - {type: compute, einsum: Down, target: 2}
"""

LAYER_BY_LAYER = """
mapping:
  type: fused
  nodes:
  - {type: storage, target: 0, dspace: [WUp, WDown, Rows, Hidden, Result]}
  - type: sequential
    branches:
    - - {type: storage, target: 1, dspace: [WUp]}
      - {type: temporal, rank: R1, tile_shape: 1}
      - {type: storage, target: 1, dspace: [Rows, Hidden]}
      - {type: temporal, rank: I1, tile_shape: 1}
      - {type: temporal, rank: O1, tile_shape: 1}
      - {type: compute, einsum: Up, target: 2}
    - - {type: storage, target: 1, dspace: [WDown]}
      - {type: temporal, rank: R2, tile_shape: 1}
      - {type: storage, target: 1, dspace: [Hidden, Result]}
      - {type: temporal, rank: I2, tile_shape: 1}
      - {type: temporal, rank: O2, tile_shape: 1}
      - {type: compute, einsum: Down, target: 2}
"""
