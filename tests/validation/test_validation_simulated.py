"""Every case at settings small enough to be run step by step: the model counts what the simulator counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from looptree.check import checked_counts
from looptree.model import evaluate
from looptree.taxonomy.binding import bind
from looptree.validate import load_case
from looptree.validate.settings import checked_values, designed

CHAIN = """
name: chain
inputs: {image: [2, 11, 9]}
layers:
  - {name: one, type: conv, out_channels: 3, kernel: 3, stride: 2, padding: 1}
  - {name: two, type: conv, depthwise: true, kernel: 3, padding: 1}
  - {name: three, type: conv, out_channels: 2, kernel: 1}
"""

ATTENTION = {"sequence_length": "6", "batch": "2", "heads": "2", "head_dim": "3"}
PASSES = {
    "batch": "2", "channels": "4", "kernels": "6", "size": "7", "kernel": "3", "stride": "1",
    "rows": "2", "inputs": "1", "outputs": "2", "images": "2", "filters": "2", "depth": "3",
}  # fmt: skip
MATMULS = {"rows": "5", "width": "3", "inner": "4", "output_width": "2", "tile": "2"}

SMALL = [
    ("defines", {"network": "chain", "mode": "recompute", "tile": "2x3"}),
    ("defines", {"network": "chain", "mode": "keep_along_rows", "tile": "2x3"}),
    ("defines", {"network": "chain", "mode": "keep", "tile": "4x1"}),
    ("fused_layer_cnn", {"network": "chain", "mode": "recompute"}),
    ("fused_layer_cnn", {"network": "chain", "mode": "keep", "blocks": "0-1"}),
    ("fused_layer_cnn", {"network": "chain", "mode": "baseline", "output_maps": "2"}),
    ("msf_cnn", {"network": "chain", "blocks": "0-2"}),
    ("msf_cnn", {"network": "chain", "blocks": "1-2"}),
    ("mcunetv2", {"network": "chain", "layers": "2", "patches": "2"}),
    ("isaac", {"channels": "2", "kernel": "3", "width": "7", "mode": "rows"}),
    ("isaac", {"channels": "2", "kernel": "5", "width": "7", "mode": "pixels"}),
    ("orojenesis", {"mode": "one", "size": "5"}),
    ("orojenesis", {"mode": "fused", "rows": "4", "width": "3", "inner": "5"}),
    ("flat", ATTENTION | {"array": "2"}),
    ("flat", ATTENTION | {"mode": "flat_key_value_on_chip", "array": "4"}),
    ("flat", ATTENTION | {"mode": "unfused"}),
    ("flat", ATTENTION | {"mode": "fusemax"}),
    ("flat", ATTENTION | {"mode": "granularity_r", "rows": "4"}),
    ("maeri", {"channels": "2", "kernels": "5", "width": "6", "pes": "20"}),
    ("accelforge", MATMULS),
    ("accelforge", MATMULS | {"mode": "streamed"}),
    ("accelforge", {"mode": "all", "channels": "2", "maps": "3", "size": "7"}),
    ("tileflow", {"rows": "5", "inner": "6", "width": "3", "tile_m": "2", "tile_l": "4", "tile_k": "2"}),
    ("pipelayer", {"images": "3", "layers": "4"}),
    ("pipelayer", {"mode": "in_turn", "images": "2", "layers": "3"}),
    ("eyeriss", PASSES),
    ("eyeriss", PASSES | {"layer": "conv5", "groups": "2"}),
]


@pytest.mark.parametrize(("name", "given"), SMALL, ids=[f"{name}-{given.get('mode', '')}" for name, given in SMALL])
def test_the_model_counts_what_the_simulator_counts(name: str, given: dict[str, str], tmp_path: Path) -> None:
    chain = tmp_path / "chain.yaml"
    chain.write_text(CHAIN)
    values = {key: str(chain) if value == "chain" else value for key, value in given.items()}
    case = load_case(name)
    design = designed(case, checked_values(case.parameters, values))
    evaluation = evaluate(design.workload, design.architecture, design.tree)
    counts = checked_counts(bind(design.workload, design.architecture, design.tree), evaluation)
    assert counts
    assert [count for count in counts if not count.agrees] == []
