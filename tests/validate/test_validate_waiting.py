"""What waits between rows of tiles, against (K-1) x width x channels from the shapes."""

from __future__ import annotations

from pathlib import Path

import pytest

from looptree.errors import InputError
from looptree.validate import load_case
from looptree.validate.case import Measure
from looptree.validate.metrics import measured
from looptree.validate.settings import checked_values, designed

WAITING = Measure("waiting_bytes", "feature_maps_but_outputs", "bytes")
NETWORK = """
name: valid
inputs: {image: [2, 19, 23]}
layers:
  - {name: one, type: conv, out_channels: 3, kernel: 3}
  - {name: two, type: conv, out_channels: 5, kernel: 1}
  - {name: three, type: conv, depthwise: true, kernel: 5}
"""


@pytest.mark.parametrize("tile", ["1x1", "4x2", "19x3", "7x12"])
def test_kernel_rows_less_one_wait_whatever_the_tile(tile: str, tmp_path: Path) -> None:
    network = tmp_path / "valid.yaml"
    network.write_text(NETWORK)
    case = load_case("defines")
    values = checked_values(case.parameters, {"network": str(network), "tile": tile, "mode": "keep"})
    assert measured(designed(case, values), WAITING) == 2 * 23 * 2 + 0 * 21 * 3 + 4 * 21 * 5


@pytest.mark.parametrize("mode", ["layer_by_layer", "recompute", "keep_along_rows"])
def test_nothing_waits_where_not_everything_is_kept(mode: str) -> None:
    case = load_case("defines")
    with pytest.raises(InputError, match="keeps everything between several rows of tiles"):
        measured(designed(case, checked_values(case.parameters, {"mode": mode})), WAITING)
