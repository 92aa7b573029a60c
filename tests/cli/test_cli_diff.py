"""`looptree diff`: two plans or results side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command_line import MAPPING, complaint, looptree, replaced, write


@pytest.fixture
def results(tmp_path: Path) -> tuple[Path, Path]:
    """The same design with tiles of 4 and of 8 rows, as `evaluate --json` prints it."""
    files = write(tmp_path)
    other = tmp_path / "other.yaml"
    other.write_text(replaced(MAPPING, "tile: 4", "tile: 8"))
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text(looptree("evaluate", *files, "--json").out)
    second.write_text(looptree("evaluate", *files[:2], str(other), "--json").out)
    return first, second


def test_values_of_two_results(results: tuple[Path, Path]) -> None:
    first, second = (json.loads(path.read_text()) for path in results)
    found = json.loads(looptree("diff", *map(str, results), "--json").out)
    key = "occupancy.GLB.window_bytes"
    pair = [data["occupancy"]["GLB"]["window_bytes"] for data in (first, second)]
    assert pair[0] < pair[1] and found["values"][key] == pair
    assert "offchip.writes_bytes" not in found["values"]  # the output is written once in both
    assert f"{pair[1] / pair[0]:.3f}" in looptree("diff", *map(str, results)).out


def test_mappings_as_a_patch(tmp_path: Path, results: tuple[Path, Path]) -> None:
    out = looptree("diff", str(tmp_path / "mapping.yaml"), str(tmp_path / "other.yaml")).out
    assert "-└─ for p in tiles of 4" in out and "+└─ for p in tiles of 8" in out


def test_groups_of_two_plans(tmp_path: Path) -> None:
    for name, groups in (("a", [["conv1", "conv2"], ["fc"]]), ("b", [["conv1"], ["conv2"], ["fc"]])):
        (tmp_path / name).write_text(json.dumps({"plan": {"groups": [{"layers": layers} for layers in groups]}}))
    out = looptree("diff", str(tmp_path / "a"), str(tmp_path / "b")).out
    assert out.splitlines()[0] == "Groups only in before: [conv1, conv2]"
    assert out.splitlines()[-1] == "Groups only in after: [conv1], [conv2]"


def test_the_same_twice(results: tuple[Path, Path]) -> None:
    assert looptree("diff", str(results[0]), str(results[0])).out == "No difference.\n"


def test_what_is_no_result(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    assert "bad.json" in complaint(looptree("diff", str(tmp_path / "bad.json"), str(tmp_path / "none.json")))


def test_files_of_different_kinds(tmp_path: Path, results: tuple[Path, Path]) -> None:
    """Two architectures may be compared, a mapping with what is none may not."""
    workload, architecture, mapping = write(tmp_path)
    message = complaint(looptree("diff", architecture, mapping))
    assert message.endswith("expected two files of one kind, found an architecture (levels) and a mapping (mapping)")
    assert "found a workload (einsums) and a result" in complaint(looptree("diff", workload, str(results[0])))
    assert looptree("diff", architecture, architecture).out == "No difference.\n"
