"""`looptree evaluate` from end to end: the smallest complete example, with numbers that a pencil finds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command_line import ARCHITECTURE, FILES, complaint, looptree, replaced, write


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, str]:
    """The example on disk."""
    return write(tmp_path_factory.mktemp("example"))


def test_json_of_the_example(files: tuple[str, str, str]) -> None:
    outcome = looptree("evaluate", *files, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    found = json.loads(outcome.out)
    # 8 * 34 * 34 * 4 * 3 * 3 and 8 * 32 * 32 * 8 * 3 * 3; the overlap along p is kept and q is kept whole
    assert found["operations"] == {
        "conv1": {"total": 332_928, "recomputed": 0},
        "conv2": {"total": 589_824, "recomputed": 0},
    }
    # F1 is 4 * 36 * 36, W1 8 * 4 * 9, W2 8 * 8 * 9, F3 8 * 32 * 32; each moves once
    assert found["offchip"] == {
        "reads_bytes": 5184 + 288 + 576,
        "writes_bytes": 8192,
        "per_tensor": {
            "F1": {"reads_bytes": 5184, "writes_bytes": 0},
            "W1": {"reads_bytes": 288, "writes_bytes": 0},
            "W2": {"reads_bytes": 576, "writes_bytes": 0},
            "F3": {"reads_bytes": 0, "writes_bytes": 8192},
        },
    }
    # four rows of F3 need six of F2 and eight of F1: 8 * 4 * 8, 8 * 6 * 34, 4 * 8 * 36
    buffer = found["occupancy"]["GLB"]
    assert {tensor: sizes["window_bytes"] for tensor, sizes in buffer["per_tensor"].items()} == {
        "W1": 288, "W2": 576, "F1": 1152, "F2": 1632, "F3": 256,
    }  # fmt: skip
    assert (buffer["window_bytes"], buffer["capacity_bytes"], buffer["fits"]) == (3904, 65536, True)
    # every operation reads two operands and accumulates; 34 * 34 * 8 first accumulations are skipped
    assert found["transfers"]["GLB"]["F2"] == {"reads_words": 589_824 + 332_928 - 9248, "writes_words": 332_928}
    assert found["transfers"]["GLB"]["F3"] == {"reads_words": 589_824 - 8192 + 8192, "writes_words": 589_824}
    assert found["energy_pj"] == {
        "total": 6_310_745.6,
        "per_component": {
            "DRAM": {"read": 604_800, "write": 819_200},
            "GLB": {"read": 1.2 * 2_759_008, "write": 1_114_560},
            "MAC": {"operation": 461_376},
        },
    }
    # 34 * 34 * 9 steps of 8 x 4 operations, and 32 * 32 * 2 * 9; 14,240 bytes at 8, 3,687,808 at 64 a cycle
    latency = found["latency_cycles"]
    layers = latency.pop("stepwise_per_layer")
    assert latency.pop("stepwise") == sum(cycles for of in layers.values() for cycles in of.values()) == 57_723.5
    assert latency.pop("stepwise_bottleneck") == "GLB"
    assert latency.pop("stepwise_bottleneck_per_layer") == {"conv1": "GLB", "conv2": "GLB"}
    layers = latency.pop("compute_per_layer")
    assert layers == {"conv1": {"cycles": 10_404, "units": 32}, "conv2": {"cycles": 18_432, "units": 32}}
    assert latency == {
        "overlapped": 57_622,
        "compute": 10_404 + 18_432,
        "memory": {"DRAM": 1780, "GLB": 57_622},
        "bottleneck": "GLB",
    }


def test_check_agrees_with_the_simulator(files: tuple[str, str, str]) -> None:
    found = json.loads(looptree("evaluate", *files, "--json", "--check").out)["check"]
    assert found["agrees"]
    assert found["differences"] == []
    assert found["counts"] > 50
    assert "Checked: " in looptree("evaluate", *files, "--check").out


def test_tables(files: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    outcome = looptree("evaluate", *files)
    lines = outcome.out.splitlines()
    assert (outcome.code, outcome.err) == (0, "")
    assert lines[:3] == [
        "two_conv on small: 2 layers in 1 group, every memory level fits",
        "14,240 bytes off chip, 922,752 operations (none recomputed)",
        "6.311 uJ, 57,622 cycles, most of them bound by GLB",
    ]
    assert "GLB            3,904        2,512           65,536           6.0 %    yes" in lines
    assert "total         6,048           8,192        14,240" in lines
    assert max(map(len, lines)) <= 80
    assert lines == [line.rstrip() for line in lines]
    assert "\x1b" not in outcome.out


def test_tables_use_a_wider_terminal(files: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("evaluate", *files, "--buffer", "1kB")
    monkeypatch.setenv("COLUMNS", "80")
    narrow = looptree(*arguments).out
    monkeypatch.setenv("COLUMNS", "140")
    wide = looptree(*arguments).out
    assert max(map(len, narrow.splitlines())) <= 80 < max(map(len, wide.splitlines())) <= 140
    assert narrow.split() == wide.split()


def test_a_design_that_does_not_fit_is_explained(files: tuple[str, str, str]) -> None:
    outcome = looptree("evaluate", *files, "--buffer", "3000")
    assert outcome.code == 0
    text = " ".join(outcome.out.split())
    assert "two_conv on small: 2 layers in 1 group, does not fit" in text
    assert "GLB does not fit: it needs 3,904 bytes (window) and has 3,000, 904 too few." in text
    assert "Largest in GLB: F2 1,632 bytes, F1 1,152 bytes, W2 576 bytes." in text
    assert "'allocation: live' (circular buffers), with which 2,512 bytes are enough" in text
    assert "a capacity of 3,904 bytes (3.812 KiB)" in text
    assert (
        json.loads(looptree("evaluate", *files, "--buffer", "3000", "--json").out)["occupancy"]["GLB"]["fits"] is False
    )


def test_draw(files: tuple[str, str, str]) -> None:
    out = looptree("evaluate", *files, "--draw").out
    assert "[GLB] F1, F2\n   └─ for q in tiles of 8" in out
    assert "    # GLB keeps F1[:, p0+2:p0+8, :], F2[:, p0:p0+6, :]\n" in out
    assert (
        "# ranges of a tile in the middle: first tiles also take what lies before, last ones end at the edge\n" in out
    )


def test_a_point_of_the_taxonomy_as_mapping(files: tuple[str, str, str]) -> None:
    workload, architecture, _ = files
    found = json.loads(
        looptree("evaluate", workload, architecture, "fused_layer_cnn", "--set", "tile_p=4", "--json").out
    )
    assert found["operations"]["conv1"] == {"total": 332_928, "recomputed": 0}
    assert found["groups"][0]["einsums"] == ["conv1", "conv2"]


def test_shipped_names_and_parameters_of_the_workload() -> None:
    arguments = ("evaluate", "conv_conv", "small", "layer_by_layer", "--set", "channels=8", "--set", "resolution=16")
    found = json.loads(looptree(*arguments, "--json").out)
    assert found["operations"]["conv1"]["total"] == 16 * 16 * 8 * 8 * 9
    out = looptree(*arguments).out
    assert "conv_conv on small: 2 layers in 2 groups" in out
    assert "Groups, one after the other" in out


def test_long_tables_are_shortened_unless_asked_for() -> None:
    short = looptree("evaluate", "resnet18", "mobile", "layer_by_layer").out
    assert "more (--full shows all)" in short
    full = looptree("evaluate", "resnet18", "mobile", "layer_by_layer", "--full").out
    assert "--full" not in full
    assert full.count("W_layer4_0_shortcut") == 2


def test_numbers_are_never_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    workload = '{einsums: [{name: a, expression: "Y[m,n] = X[m,n]", ranks: {m: 1099511627776, n: 1099511627776}}]}'
    mapping = "{mapping: [{storage: {level: DRAM, tensors: [X, Y]}}, {compute: {einsum: a}}]}"
    outcome = looptree("evaluate", *write(tmp_path, workload=workload, mapping=mapping))
    assert outcome.code == 0
    assert f"{2**80:,}" in outcome.out
    assert "…" not in outcome.out


def test_too_large_to_be_checked() -> None:
    message = complaint(looptree("evaluate", "resnet18", "mobile", "layer_by_layer", "--check"))
    assert message.startswith("--check: simulating this design takes at least ")
    assert "leave out --check" in message


def test_unlimited_buffer(tmp_path: Path) -> None:
    files = write(tmp_path, architecture=replaced(ARCHITECTURE, "capacity_bytes: 65536, ", ""))
    assert "unlimited" in looptree("evaluate", *files).out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--json", "--draw"), "--json goes with neither --draw nor --full"),
        (("--buffer", "64KB"), "--buffer: expected a unit of size, found 'KB' in '64KB'"),
        (("--set", "tile"), "--set: expected name=value"),
        (("--set", "tile=4", "--set", "tile=4"), "--set: 'tile' is given twice"),
        (("--set", "tile=4"), "has no parameters, found tile"),
        (("--jsn",), "--jsn"),
    ],
)
def test_bad_options(files: tuple[str, str, str], arguments: tuple[str, ...], expected: str) -> None:
    assert expected in complaint(looptree("evaluate", *files, *arguments))


def test_a_parameter_that_neither_a_design_nor_the_network_has() -> None:
    message = complaint(looptree("evaluate", "conv_conv", "small", "fused_layer_cnn", "--set", "tile_z=4"))
    assert "the network has no parameter 'tile_z' (known: batch, channels, resolution, bits; of point" in message
    assert message.endswith("of point 'fused_layer_cnn': tile_p, tile_q)")


def test_buffer_needs_a_level_on_chip(tmp_path: Path) -> None:
    workload, architecture, _ = write(tmp_path, architecture="levels: [{name: DRAM}]")
    message = complaint(looptree("evaluate", workload, architecture, "depfin", "--buffer", "1KiB"))
    assert message == "--buffer: architecture 'architecture' has no memory level on chip"


def test_groups_with_a_tensor_that_stays_on_chip_between_them(tmp_path: Path) -> None:
    mapping = """
mapping:
  - storage: {level: DRAM, tensors: [F1, W1, W2, F3]}
  - storage: {level: GLB, tensors: [F1, F2], lifetime: uses}
  - sequential:
    - [{storage: {level: GLB, tensors: [W1]}}, {compute: {einsum: conv1}}]
    - [{temporal: {rank: p, tile: 4}}, {storage: {level: GLB, tensors: [W2, F3]}}, {compute: {einsum: conv2}}]
"""
    files = write(tmp_path, mapping=mapping)
    found = json.loads(looptree("evaluate", *files, "--json", "--check").out)
    assert found["check"]["agrees"]
    # F1 is 5,184 bytes, F2 9,248, W1 288, W2 576 and four rows of F3 1,024: F1 makes room before conv2
    assert [group["occupancy"]["GLB"]["window_bytes"] for group in found["groups"]] == [14_720, 10_848]
    # F1 is filled for conv1, and F2 stays
    assert [group["offchip_reads_bytes"] for group in found["groups"]] == [5184 + 288, 576]
    assert [group["offchip_writes_bytes"] for group in found["groups"]] == [0, 8192]
    lines = looptree("evaluate", *files, "--draw").out.splitlines()
    assert "[GLB] F1, F2 (from first to last use)" in lines
    assert "# GLB keeps from first to last use F1, F2" in lines
    assert any(line.startswith("conv1") and "14,720" in line for line in lines)


def test_html_writes_a_report(tmp_path: Path) -> None:
    files = write(tmp_path)
    target = tmp_path / "out.html"
    target.write_text("<!DOCTYPE html> an older one")
    outcome = looptree("evaluate", *files, "--html", str(target), "--json")
    assert outcome.code == 0
    assert json.loads(outcome.out)
    assert target.read_text().startswith("<!doctype html>")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*FILES, "out.html"])


def test_html_that_cannot_be_written_fails_before_the_work(tmp_path: Path) -> None:
    workload, architecture, _ = write(tmp_path)
    outcome = looptree("evaluate", workload, architecture, "missing.yaml", "--html", str(tmp_path / "no" / "out.html"))
    assert "there is no such folder" in complaint(outcome)
    mapping = tmp_path / "mapping.yaml"
    assert "no HTML page" in complaint(looptree("evaluate", *write(tmp_path), "--html", str(mapping)))
    assert mapping.read_text() == FILES["mapping.yaml"]
    assert complaint(looptree("evaluate", *write(tmp_path), "--html", str(tmp_path))).endswith(
        "expected a file, found a directory"
    )


def test_area_of_a_modelled_architecture() -> None:
    shown = looptree("evaluate", "conv_conv", "nvdla_like", "layer_by_layer").out
    area = shown[shown.index("Area") :].split()
    assert [word for word in area if word in ("CBUF", "MAC", "total")] == ["CBUF", "MAC", "total"]
    assert "Area" not in looptree("evaluate", "conv_conv", "mobile", "layer_by_layer").out


def test_numbers_outside_the_range_of_a_model_are_announced() -> None:
    options = ("evaluate", "conv_conv", "nvdla_like", "layer_by_layer", "--json")
    assert looptree(*options).err == ""
    outcome = looptree(*options, "--buffer", "64MiB")
    assert outcome.code == 0
    assert outcome.err == (
        "warning: architecture 'nvdla_like': CBUF: a bank of 4096 KiB is outside 1 to 128 KiB, for which numbers are "
        "published\n"
    )
