"""Counts that the tests of PyTimeloop expect, of mappings like theirs: two products on nine rows, four memory levels.

Source: github.com/Accelergy-Project/timeloop-python, tests/looptree (test_accesses, test_capacity and test_latency).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from looptree.importers.load import load_architecture, load_mapping, load_workload
from looptree.model import Evaluation, evaluate
from tests.cli.command_line import complaint, looptree

WORKLOAD = """
problem:
- shape:
    name: Up
    dimensions: [ R1, O1, I1 ]
    data_spaces:
    - {name: Rows, projection: '[ I1, R1 ]'}
    - {name: WUp, projection: '[ I1, O1 ]'}
    - {name: Hidden, projection: '[ O1, R1 ]', read_write: True}
  instance: 0 <= R1 < 9 and 0 <= O1 < 4 and 0 <= I1 < 2
- shape:
    name: Down
    dimensions: [ R2, O2, I2 ]
    data_spaces:
    - {name: Hidden, projection: '[ I2, R2 ]'}
    - {name: WDown, projection: '[ I2, O2 ]'}
    - {name: Result, projection: '[ O2, R2 ]', read_write: True}
  instance: 0 <= R2 < 9 and 0 <= O2 < 8 and 0 <= I2 < 4
"""

FOUR_LEVELS = """
architecture:
  version: 0.4
  nodes:
  - !Component {name: OffChip, class: DRAM, attributes: {width: 256, datawidth: 8}}
  - !Component {name: Shared, class: SRAM, attributes: {depth: 8192, width: 256, datawidth: 8}}
  - !Component {name: Local, class: SRAM, attributes: {depth: 4096, width: 128, datawidth: 8}}
  - !Container {name: Element, spatial: {meshX: 16}}
  - !Component {name: Register, class: regfile, attributes: {depth: 1, width: 8, datawidth: 8}}
  - !Component {name: Multiplier, class: intmac, attributes: {datawidth: 8}}
"""

FUSED = """
mapping:
  type: fused
  nodes:
  - {type: storage, target: 0, dspace: [WUp, WDown, Rows, Result]}
  - {type: storage, target: 1, dspace: [WUp, WDown]}
  - {type: temporal, rank: R2, tile_shape: 1}
  - {type: storage, target: 1, dspace: [Rows, Result]}
  - {type: storage, target: 2, dspace: [Hidden]}
  - type: sequential
    branches:
    - - {type: temporal, rank: I1, tile_shape: 1}
      - {type: spatial, rank: O1, tile_shape: 1}
      - {type: storage, target: 3, dspace: [Rows]}
      - {type: compute, einsum: Up, target: 4}
    - - {type: temporal, rank: I2, tile_shape: 1}
      - {type: spatial, rank: O2, tile_shape: 1}
      - {type: storage, target: 3, dspace: [Hidden]}
      - {type: compute, einsum: Down, target: 4}
"""

PIPELINED = """
mapping:
  type: fused
  nodes:
  - {type: storage, target: 0, dspace: [WUp, WDown, Rows, Result]}
  - {type: storage, target: 1, dspace: [WUp, WDown]}
  - {type: temporal, dimension: R2, tile_size: 3}
  - {type: storage, target: 1, dspace: [Rows, Hidden, Result]}
  - type: pipeline
    branches:
    - - {type: temporal, dimension: O1, tile_size: 1}
      - {type: spatial, dimension: I1, tile_size: 1}
      - {type: compute, einsum: Up, target: 4}
    - - {type: temporal, dimension: I2, tile_size: 1}
      - {type: spatial, dimension: O2, tile_size: 1}
      - {type: compute, einsum: Down, target: 4}
"""


def evaluated(folder: Path, mapping: str, convention: str = "looptree") -> Evaluation:
    path = folder / "all.yaml"
    path.write_text(WORKLOAD + FOUR_LEVELS + mapping)
    hardware = load_architecture(path)
    return evaluate(load_workload(path), hardware, load_mapping(path, hardware), convention=convention)


def test_accesses_of_every_level(tmp_path: Path) -> None:
    found = evaluated(tmp_path, FUSED).transfers
    assert {name: {t: (x.reads_words, x.writes_words) for t, x in table.items()} for name, table in found.items()} == {
        "OffChip": {"Rows": (18, 0), "WUp": (8, 0), "WDown": (32, 0), "Result": (0, 72)},
        "Shared": {"Rows": (18, 18), "WUp": (72, 8), "WDown": (288, 32), "Result": (216, 288)},
        "Local": {"Hidden": (36 + 36, 72)},  # of its partial sums, and for the registers
        "Register": {"Rows": (72, 72), "Hidden": (288, 288)},
    }


def test_capacity_of_every_level(tmp_path: Path) -> None:
    used = {name: occupancy.window_bytes for name, occupancy in evaluated(tmp_path, FUSED).occupancy.items()}
    assert used == {"OffChip": 130, "Shared": 50, "Local": 4, "Register": 1}


@pytest.mark.parametrize("mapping, steps", [(FUSED, 54), (PIPELINED, 16)], ids=["sequential", "pipeline"])
def test_compute_steps(tmp_path: Path, mapping: str, steps: int) -> None:
    """9 x (2 + 4) steps in turns; three tiles of three rows through two stages of four steps, (3 + 1) x 4."""
    assert evaluated(tmp_path, mapping).latency.compute == steps


PLACES = "architecture: {version: 0.3, subtree: [{name: System, local: [{name: OffChip, class: DRAM}], subtree: [%s]}]}"
LOCAL = (
    "local: [{name: 'Spad%s', class: regfile, attributes: {depth: 8, width: 8%s}}, {name: 'Mac%s', class: intmac%s}]"
)


@pytest.mark.parametrize(
    "text, expected",
    [
        (FOUR_LEVELS, {"x": 16, "y": 1}),
        (FOUR_LEVELS.replace("meshX: 16", "meshX: 4, meshY: 3"), {"x": 4, "y": 3}),
        (PLACES % f"{{name: 'PE[0..11]', {LOCAL % ('', '', '', '')}}}", {"x": 12, "y": 1}),
        (PLACES % f"{{name: PE, {LOCAL % ('[0..11]', '', '[0..11]', '')}}}", {"x": 12, "y": 1}),
        (PLACES % f"{{name: 'PE[0..11]', {LOCAL % ('', '', '', ', attributes: {meshX: 4}')}}}", {"x": 4, "y": 3}),
        (PLACES % f"{{name: 'PE[0..11]', {LOCAL % ('', '', '[0..1]', '')}}}", {"x": 24, "y": 1}),
    ],
    ids=["container", "grid", "subtree", "components", "laid out", "in each"],
)
def test_instances_of_the_innermost_component(tmp_path: Path, text: str, expected: dict[str, int]) -> None:
    path = tmp_path / "hardware.yaml"
    path.write_text(text)
    array = load_architecture(path).compute.array
    assert array is not None
    assert dict(array.axes) == expected


def test_a_container_of_nothing(tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    path.write_text(WORKLOAD + FOUR_LEVELS.replace("meshX: 16", "meshX: 0") + FUSED)
    said = complaint(looptree("evaluate", *[str(path)] * 3))
    assert "architecture.nodes[3].spatial.meshX: expected a number of instances from 1 to" in said


def test_we_count_the_rows_of_a_tile(tmp_path: Path) -> None:
    assert evaluated(tmp_path, PIPELINED, "own").latency.compute == 3 * 16


def test_one_component_for_two_targets_of_a_tensor(tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    path.write_text(
        WORKLOAD + FOUR_LEVELS + FUSED + "bindings: {0: OffChip, 1: Shared, 2: Local, 3: Local, 4: Multiplier}\n"
    )
    assert complaint(looptree("evaluate", *[str(path)] * 3)) == (
        f"{path}:46: mapping.nodes[5].branches[1][2].target: tensor 'Hidden' stands at targets 2 and 3 on one path, "
        "and both are bound to Local (leave the inner one out, or bind target 3 to a component of its own)"
    )


@pytest.mark.parametrize("written", ["n_rdwr_ports: 4", "n_rd_wr_ports: 4"])
def test_shared_ports_in_both_spellings(tmp_path: Path, written: str) -> None:
    path = tmp_path / "hardware.yaml"
    path.write_text(FOUR_LEVELS.replace("depth: 8192", f"depth: 8192, {written}"))
    ports = load_architecture(path).level("Shared").ports
    assert ports is not None
    assert ports.shared == 4
