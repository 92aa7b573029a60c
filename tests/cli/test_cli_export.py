"""`looptree export` and `looptree graph --format`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from looptree.importers.load import load_architecture, load_plan, load_workload
from looptree.taxonomy.points import apply_point
from tests.cli.command_line import complaint
from tests.cli.command_line import looptree as run

DESIGN = ("conv_conv", "small", "fused_layer_cnn")
TILE = ("--set", "tile_p=4")


@pytest.mark.parametrize("form", ["yaml", "looptree"])
def test_a_mapping_is_read_back_as_it_was(tmp_path: Path, form: str) -> None:
    """Also in the format of the original LoopTree, which has a reader of its own."""
    target = tmp_path / "mapping.yaml"
    assert run("export", *DESIGN, *TILE, "--format", form, "-o", str(target)).code == 0
    architecture = load_architecture("small")
    expected = apply_point("fused_layer_cnn", load_workload("conv_conv"), architecture, tile_p=4)
    found, record = load_plan(target, architecture)
    assert record is None
    again = run("export", "conv_conv", "small", str(target), "--format", "json")
    assert again.out == run("export", *DESIGN, *TILE, "--format", "json").out
    assert [str(node) for node in found.root.inner] == [str(node) for node in expected.root.inner]


def leaves(value: Any) -> list[Any]:
    """All values of the JSON output that are no names of Einsums."""
    if isinstance(value, dict):
        return [leaf for key, entry in value.items() if key != "einsums" for leaf in leaves(entry)]
    return [leaf for entry in value for leaf in leaves(entry)] if isinstance(value, list) else [value]


def test_csv_has_every_value_of_the_json_once() -> None:
    data = json.loads(run("export", *DESIGN, *TILE, "--format", "json").out)
    rows = list(csv.DictReader(io.StringIO(run("export", *DESIGN, *TILE, "--format", "csv").out)))
    numbers = [row for row in rows if row["quantity"] != "einsums"]
    written = ["" if v is None else str(int(v) if isinstance(v, bool) else v) for v in leaves(data)]
    assert sorted(row["value"] for row in numbers) == sorted(written)
    keys = [tuple(row[c] for c in ("section", "component", "part", "quantity")) for row in rows]
    assert len(keys) == len(set(keys))
    table = {key: row["value"] for key, row in zip(keys, rows, strict=True)}
    assert table["operations", "conv1", "", "total"] == str(data["operations"]["conv1"]["total"])
    assert table["offchip", "", "image", "reads_bytes"] == str(data["offchip"]["per_tensor"]["image"]["reads_bytes"])
    assert table["latency_cycles", "GLB", "", "memory"] == str(data["latency_cycles"]["memory"]["GLB"])


def test_what_the_original_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    assert run("export", *DESIGN, *TILE, "-o", str(path)).code == 0
    path.write_text(path.read_text().replace("tensors: [image, conv1]", "tensors: [image, conv1]\n    overlap: drop"))
    message = complaint(run("export", "conv_conv", "small", str(path), "--format", "looptree"))
    assert (
        message
        == "--format looptree: the original LoopTree has no storage node with overlap: drop (image, conv1 at GLB)"
    )


def test_a_graph_as_a_file(tmp_path: Path) -> None:
    target = tmp_path / "graph.dot"
    assert run("graph", "conv_conv", "--format", "dot", "-o", str(target)).code == 0
    assert target.read_text() == run("graph", "conv_conv", "--format", "dot").out
    assert "the file is there already" in complaint(run("graph", "conv_conv", "--format", "dot", "-o", str(target)))
    assert run("graph", "conv_conv", "--format", "graphml").out.startswith("<graphml ")
