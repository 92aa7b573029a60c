"""`looptree compare`: plans chosen by hand, whose numbers a pencil finds, and one real search."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from looptree.architecture import Architecture
from looptree.search import SPACES, Comparison, InfeasibleError
from looptree.workload import Workload
from tests.cli.command_line import complaint, looptree, replaced, write
from tests.cli.plans import by_hand

SMALL = ("--set", "channels=2", "--set", "resolution=4")


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """`compare` of the example, with the plans chosen by hand."""
    monkeypatch.setattr("looptree.search.compare", by_hand)
    monkeypatch.setenv("COLUMNS", "80")
    workload, architecture, _ = write(tmp_path)
    return ["compare", workload, "--architecture", architecture]


def test_json(arguments: list[str]) -> None:
    outcome = looptree(*arguments, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    found = json.loads(outcome.out)
    assert found["network"] == "two_conv"
    assert found["buffer"] == {"level": "GLB", "capacity_bytes": 65536}
    apart, fused = found["layer_by_layer"]["total"], found["fused"]["total"]
    # F1 is 4 * 36 * 36, W1 288, F2 8 * 34 * 34, W2 576, F3 8 * 32 * 32 bytes; apart, F2 goes out and comes back
    assert (apart["offchip_reads_bytes"], apart["offchip_writes_bytes"]) == (5184 + 288 + 9248 + 576, 9248 + 8192)
    assert (fused["offchip_reads_bytes"], fused["offchip_writes_bytes"]) == (5184 + 288 + 576, 8192)
    # conv2 with all its tensors whole; eight rows of F1, six of F2, four of F3 and the weights
    assert apart["buffer_bytes"] == 9248 + 576 + 8192
    assert fused["buffer_bytes"] == 4 * 8 * 36 + 8 * 6 * 34 + 8 * 4 * 32 + 288 + 576
    assert (fused["operations"], fused["recomputed"]) == (332_928 + 589_824, 0)
    assert found["ratio"]["offchip_bytes"] == 14_240 / 32_736
    assert found["ratio"]["recomputed"] is None
    (group,) = found["fused"]["groups"]
    assert group["layers"] == ["conv1", "conv2"]
    assert group["choices"] == "[weights] p 4 [input, intermediate, output]"
    assert (group["offchip_bytes"], group["layer_by_layer_offchip_bytes"]) == (14_240, 32_736)


def test_csv(arguments: list[str]) -> None:
    outcome = looptree(*arguments, "--csv")
    assert (outcome.code, outcome.err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(outcome.out)))
    assert [(row["plan"], row["group"], row["layers"]) for row in rows] == [
        ("layer_by_layer", "0", "conv1"),
        ("layer_by_layer", "1", "conv2"),
        ("layer_by_layer", "total", "2"),
        ("fused", "0", "conv1 conv2"),
        ("fused", "total", "2"),
    ]
    assert [row["offchip_bytes"] for row in rows] == ["14720", "18016", "32736", "14240", "14240"]
    assert {row["layer_by_layer_offchip_bytes"] for row in rows[2:]} == {"32736"}


def test_tables(arguments: list[str]) -> None:
    outcome = looptree(*arguments)
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[0] == "two_conv on small, GLB 64 KiB: 2 layers, fused into 1 group"
    assert "off-chip total    KiB                        31.97   13.91   0.435" in lines
    assert "conv1, conv2                                  31.97       13.91   4.562    0.0 %" in lines
    assert "  [weights] p 4 [input, intermediate," in outcome.out
    assert "Fused moves 2.299 times fewer bytes off chip (13.91 KiB instead of 31.97 KiB)" in outcome.out
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in outcome.out


def test_the_mapping_that_is_written_gives_the_same_numbers(arguments: list[str], tmp_path: Path) -> None:
    target = tmp_path / "fused.yaml"
    found = json.loads(looptree(*arguments, "--json", "--mapping", str(target)).out)
    head = target.read_text().splitlines()[:2]
    assert head[0] == "# A plan of two_conv for the least energy, proven optimal."
    assert head[1] == f"# Its numbers: looptree evaluate {arguments[1]} {arguments[3]} {target}"
    again = json.loads(looptree("evaluate", arguments[1], arguments[3], str(target), "--json").out)
    assert again["offchip"]["reads_bytes"] == found["fused"]["total"]["offchip_reads_bytes"]
    assert again["occupancy"]["GLB"]["window_bytes"] == found["fused"]["total"]["buffer_bytes"]
    assert again["plan"]["holds"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_mapping_overwrites_only_when_told_to(arguments: list[str], tmp_path: Path) -> None:
    target = tmp_path / "fused.yaml"
    target.write_text("mine\n")
    message = complaint(looptree(*arguments, "--mapping", str(target)))
    assert message == f"{target}: the file is there already (--force overwrites it)"
    assert target.read_text() == "mine\n"
    assert looptree(*arguments, "--mapping", str(target), "--force").code == 0
    assert "mapping:" in target.read_text()


def test_the_command_in_the_mapping_names_what_was_given(arguments: list[str], tmp_path: Path) -> None:
    target = tmp_path / "fused mapping.yaml"
    looptree("compare", "conv_conv", "--architecture", "small", "--buffer", "1MiB", "--mapping", str(target))
    assert looptree(*arguments[:2], *arguments[2:], "--buffer", "1MiB", "--mapping", str(target), "--force").code == 0
    assert target.read_text().splitlines()[1].endswith(f"'{target}' --buffer 1MiB")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--json", "--csv"), "--json and --csv exclude each other (see looptree compare --help)"),
        (("--buffer", "0"), "--buffer: expected a size from 1 byte to 1152921504606846976 bytes, found '0'"),
        (("--buffer", "-1"), "--buffer: expected a size, found '-1'"),
        (("--buffer", "64"), ""),
        (
            ("--space", "layer-by-layer"),
            "'layer-by-layer' is not one of 'default', 'wide', 'pipelined', 'nested', 'circular', 'quick'",
        ),
        (("--time-limit", "0"), "--time-limit: expected a time above 0 such as 60, 90s or 2min, found '0'"),
        (("--workers", "0"), "--workers: expected a number of processes from 1 to 256, found '0'"),
        (("--set", "batch=4"), "has no parameters, found batch"),
        (("--mapping", "/nowhere/x.yaml"), "/nowhere: there is no such folder"),
        (("--mapping", "/"), "/: expected a file, found a directory"),
    ],
)
def test_options(arguments: list[str], options: tuple[str, ...], expected: str) -> None:
    outcome = looptree(*arguments, *options)
    if expected:
        assert expected in complaint(outcome)
    else:
        assert outcome.code == 0


def test_the_objective_is_passed_on(arguments: list[str]) -> None:
    assert "Searched for the least energy in 0.2 s: proven optimal." in looptree(*arguments).out
    assert "Searched for the least off-chip transfers" in looptree(*arguments, "--objective", "offchip").out
    assert json.loads(looptree(*arguments, "--objective", "latency", "--json").out)["objective"] == "latency"
    assert "'size' is not one of" in complaint(looptree(*arguments, "--objective", "size"))


def test_what_is_searched_is_passed_on(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []

    def listen(workload: Workload, architecture: Architecture, **given: Any) -> Comparison:
        seen.append(given)
        return by_hand(workload, architecture, **given)

    monkeypatch.setattr("looptree.search.compare", listen)
    looptree(*arguments)
    limited = ("--limit", "latency<=1x", "--limit", "energy<=1uJ")
    looptree(*arguments, "--space", "quick", "--time-limit", "1.5", "--workers", "2", *limited)
    assert [(known["space"], known["seconds"], known["workers"]) for known in seen] == [
        (SPACES["default"], None, None),
        (SPACES["quick"], 1.5, 2),
    ]
    assert [limit.text for limit in seen[1]["limits"]] == ["energy<=1000000pJ", "latency<=1x"]


def test_nothing_fits(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(workload: Workload, architecture: Architecture, **_: object) -> Comparison:
        raise InfeasibleError(f"layer {workload.einsums[0].name!r} does not fit {architecture.levels[1].name}")

    monkeypatch.setattr("looptree.search.compare", refuse)
    outcome = looptree(*arguments)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == "error: layer 'conv1' does not fit GLB\n"


def test_a_real_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    found = json.loads(looptree("compare", "conv_conv", "--set", "channels=16", "--buffer", "8KiB", "--json").out)
    apart, fused = found["layer_by_layer"]["total"], found["fused"]["total"]
    assert fused["offchip_bytes"] <= apart["offchip_bytes"]
    assert max(apart["buffer_bytes"], fused["buffer_bytes"]) <= 8192
    assert fused["operations"] - fused["recomputed"] == 2 * 56 * 56 * 16 * 16 * 9
    assert sum(group["offchip_bytes"] for group in found["fused"]["groups"]) == fused["offchip_bytes"]


def test_html_writes_a_report(arguments: list[str], tmp_path: Path) -> None:
    target = tmp_path / "out.html"
    assert looptree(*arguments, "--html", str(target)).code == 0
    assert "two_conv on small" in target.read_text()
    assert "there is no such folder" in complaint(looptree(*arguments, "--html", str(tmp_path / "no" / "out.html")))


def test_layers_that_take_a_cycle_per_operation_are_noted(arguments: list[str], tmp_path: Path) -> None:
    assert looptree(*arguments).err == ""
    path = tmp_path / "architecture.yaml"
    path.write_text(replaced(path.read_text(), "spatial: {m: 8, c: 4}", "spatial: {n: 8, k: 4, p: 1}"))
    said = looptree(*arguments).err
    assert said.startswith("note: 100.0 % of the operations take a cycle each: architecture 'small' works in parallel")
    assert "along n, k only, but conv2, for one, has the ranks m, p, q, c, r, s (name them under compute" in said
    assert looptree("--quiet", *arguments).err == ""


def test_a_smallest_buffer_is_the_one_of_the_plan_that_is_written(tmp_path: Path) -> None:
    target = tmp_path / "plan.yaml"
    smallest = ("--objective", "capacity", "--limit", "offchip<=0.9x", "--workers", "1", "--mapping", str(target))
    outcome = looptree("compare", "conv_conv", "--architecture", "small", *SMALL, *smallest, "--json")
    found = json.loads(outcome.out)
    apart, fused = (found[plan]["total"]["offchip_bytes"] for plan in ("layer_by_layer", "fused"))
    assert fused <= 0.9 * apart
    needed = int(found["fused"]["statistics"]["value"])
    assert found["buffer"] == {"level": "GLB", "capacity_bytes": needed}
    assert f"{target} --buffer {needed} --set channels=2" in target.read_text().splitlines()[1]
    evaluated = looptree("evaluate", "conv_conv", "small", str(target), "--buffer", str(needed), *SMALL, "--json")
    assert json.loads(evaluated.out)["plan"]["holds"]


def test_an_amount_that_layers_one_by_one_exceed_is_said_to_be_theirs(tmp_path: Path) -> None:
    outcome = looptree("compare", "conv_conv", *SMALL, "--limit", "offchip<=180B", "--workers", "1")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(
        "error: layer by layer, no plan of the space keeps offchip<=180 B in GLB of 512 KiB: "
    )
    assert "one that is a factor for the fused plan" in outcome.err
