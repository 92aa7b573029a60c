"""`looptree stats`, and MAESTRO's files where other commands take theirs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.command_line import complaint
from tests.cli.command_line import looptree as run

FOLDER = Path(__file__).parent.parent / "importers" / "maestro" / "published"
HARDWARE = str(FOLDER / "hwA.m")
GEMM = str(FOLDER / "gemm_tiled.m")


def test_more_than_twenty_statistics_per_layer() -> None:
    done = run("stats", GEMM, HARDWARE, "--json")
    assert done.code == 0
    (layer,) = json.loads(done.out)["layers"]
    assert layer["layer"] == "gemm_tiled" and len(layer["statistics"]) > 40
    assert layer["statistics"]["input l2 read"] == 32 * 128 * 512
    assert layer["statistics"]["Throughput (MACs/Cycle)"] == 256
    (row,) = csv.DictReader(io.StringIO(run("stats", GEMM, HARDWARE, "--csv").out))
    assert {name: float(value) for name, value in row.items() if name != "Layer"} == layer["statistics"]
    table = run("stats", GEMM, HARDWARE).out
    assert "Num MACs" in table and "16,777,216" in table


def test_differences_from_maestro_are_explained_in_a_line_each() -> None:
    measured = str(FOLDER / "measured_hwA.csv")
    done = run("stats", GEMM, HARDWARE, "--against", measured, "--json")
    lines = json.loads(done.out)["comparison"]
    assert [line["statistic"] for line in lines if line["why"]] == [
        "input l2 read",
        "output l2 write",
        "Runtime (Cycles)",
    ]
    text = run("stats", GEMM, HARDWARE, "--against", measured).out
    assert "5 of 8 statistics are equal." in text
    assert "MAESTRO misses 253,952 words of reloads" in text


@pytest.fixture
def network(tmp_path: Path) -> str:
    """A pair of layers, the second of which cannot be counted."""
    path = tmp_path / "net.m"
    path.write_text(
        "Network n {\n"
        "Layer one { Type: CONV Dimensions { K: 4, C: 2, R: 3, S: 3, Y: 8, X: 8 } Dataflow { SpatialMap(1,1) K; } }\n"
        "Layer up { Type: TRCONV Dimensions { K: 2, C: 4, R: 2, S: 2, Y: 6, X: 6 } }\n}\n"
    )
    return str(path)


def test_a_layer_that_cannot_be_counted_is_left_out_with_its_reason(network: str) -> None:
    done = run("stats", network, HARDWARE)
    assert done.code == 0
    assert done.err.startswith(f"left out: {network}:3: layer up: the dataflow of a transposed convolution")
    assert "layer up" in complaint(run("stats", network, HARDWARE, "--layer", "up"))
    missing = complaint(run("stats", network, HARDWARE, "--layer", "oen"))
    assert missing == "--layer: there is no layer 'oen' (did you mean 'one'?)"


def test_its_layers_are_a_network_for_other_commands(network: str) -> None:
    done = run("compare", network, "--architecture", HARDWARE, "--buffer", "1KiB", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)
    done = run("evaluate", GEMM, HARDWARE, GEMM, "--json")
    moved = json.loads(done.out)["transfers"]["L2"]
    assert moved["gemm_tiled_in"]["reads_words"] == 32 * 128 * 512
    assert moved["gemm_tiled"]["writes_words"] == 128 * 256


def test_a_network_becomes_yaml(tmp_path: Path) -> None:
    target = tmp_path / "network.yaml"
    assert run("import", GEMM, "-o", str(target), "--bits", "16").code == 0
    assert target.read_text().startswith("# From gemm_tiled.m by looptree import.\nname: gemm_tiled\n")
    assert run("graph", str(target)).out == run("graph", GEMM, "--set", "bits=16").out
    assert "are about the operators of an ONNX model" in run("import", GEMM, "--strict").err


def test_files_in_the_wrong_place() -> None:
    assert complaint(run("stats", HARDWARE, GEMM)).startswith(f"{HARDWARE}:1: expected 'Network' or 'Constant'")
    measured = str(FOLDER / "measured_hwA.csv")
    assert complaint(run("stats", GEMM, measured)).startswith(f"{measured}:1: unknown key 'case'")
    assert "expected a column out of" in complaint(run("stats", GEMM, HARDWARE, "--against", HARDWARE))
