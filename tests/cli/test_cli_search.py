"""`looptree search`: small networks, searched for real."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from looptree.architecture import Architecture
from looptree.cli.searching import OBJECTIVES, SPACES, asked, state_text
from looptree.search import SPACES as KNOWN_SPACES
from looptree.search import Plan, State
from looptree.search.asked.objective import OBJECTIVES as KNOWN_OBJECTIVES
from looptree.taxonomy.plan_file import OBJECTIVES as OBJECTIVES_OF_FILES
from looptree.workload import Workload
from tests.cli.command_line import complaint, looptree, write
from tests.cli.plans import FUSED, plan
from tests.cli.searches import SMALL, found

NETWORKS = [
    ("conv_conv", "--set", "channels=16", "--set", "resolution=16"),
    ("fc_fc", "--buffer", "64KiB", "--space", "quick"),
    ("pointwise_depthwise_pointwise", "--space", "quick"),
]


def test_words_of_the_command_line_are_those_of_the_library() -> None:
    assert set(OBJECTIVES) == set(KNOWN_OBJECTIVES) == set(OBJECTIVES_OF_FILES)
    assert set(SPACES) == set(KNOWN_SPACES)


def test_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    outcome = looptree("search", "conv_conv", *SMALL)
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[0].startswith("conv_conv on small, GLB 8 KiB: 2 layers in ")
    assert lines[0].endswith("least energy")
    assert "off-chip total    KiB               12.50" in lines
    assert "s: proven optimal." in outcome.out
    assert "Space default: all convex connected groups of up to 8 layers, and" in outcome.out
    assert max(map(len, lines)) <= 80


def test_json() -> None:
    data = found("conv_conv", *SMALL)
    assert data["parameters"] == {"channels": 16, "resolution": 16}
    assert data["buffer"] == {"level": "GLB", "capacity_bytes": 8192}
    # image, both weights and conv2 move once: 2 * 16 * 16 * 16 + 2 * 16 * 16 * 9 bytes
    assert data["plan"]["total"]["offchip_bytes"] == 12_800
    assert data["plan"]["total"]["buffer_bytes"] <= 8192
    assert data["statistics"]["value"] == data["statistics"]["bound"] == data["evaluation"]["energy_pj"]["total"]
    assert (data["statistics"]["status"], data["statistics"]["gap"]) == ("optimal", 0)
    assert [layer for group in data["plan"]["groups"] for layer in group["layers"]] == ["conv1", "conv2"]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_an_objective_is_least_where_it_is_asked_for(objective: str) -> None:
    def value(data: dict[str, Any]) -> float:
        total = data["plan"]["total"]
        if objective == "edp":
            return float(total["energy_pj"] * total["latency_cycles"])
        units = {"energy": "energy_pj", "offchip": "offchip_bytes", "latency": "latency_cycles"}
        return float(total[{**units, "capacity": "buffer_bytes"}.get(objective, objective)])

    wanted = found("conv_conv", *SMALL, "--objective", objective)
    assert value(wanted) == pytest.approx(wanted["statistics"]["value"])
    for other in {"energy", "operations"} - {objective}:
        assert value(wanted) <= value(found("conv_conv", *SMALL, "--objective", other)) * (1 + 1e-9)


def test_layers_alone_are_a_space() -> None:
    alone = found("conv_conv", *SMALL, "--space", "layer-by-layer")
    assert [group["layers"] for group in alone["plan"]["groups"]] == [["conv1"], ["conv2"]]
    assert alone["plan"]["resident"] == []
    assert alone["statistics"]["space"]["name"] == "layer-by-layer"
    assert alone["statistics"]["value"] >= found("conv_conv", *SMALL)["statistics"]["value"]


def test_what_is_searched_is_passed_on_and_a_gap_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []

    def stopped(workload: Workload, architecture: Architecture, **given: Any) -> Plan:
        seen.append(given)
        return plan(workload, architecture, FUSED, gap=0.25)

    monkeypatch.setattr("looptree.search.search", stopped)
    workload, architecture, _ = write(tmp_path)
    arguments = ("search", workload, "--architecture", architecture, "--time-limit", "2", "--workers", "3")
    assert "s: stopped with a gap of 25.0 %" in looptree(*arguments).out
    statistics = json.loads(looptree(*arguments, "--space", "quick", "--json").out)["statistics"]
    assert (statistics["status"], statistics["gap"]) == ("feasible", pytest.approx(0.25))
    assert statistics["bound"] == 0.75 * statistics["value"]
    assert [(known["space"], known["seconds"], known["workers"]) for known in seen] == [
        (KNOWN_SPACES["default"], 2, 3),
        (KNOWN_SPACES["quick"], 2, 3),
    ]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network[0])
def test_a_plan_file_gives_the_same_numbers(network: tuple[str, ...], tmp_path: Path) -> None:
    target = tmp_path / "a plan.yaml"
    data = found(*network, "--architecture", "small", "-o", str(target))
    line = target.read_text().splitlines()[1].removeprefix("# Its numbers: looptree ")
    assert f"evaluate {network[0]} small '{target}'" in line
    words = ["--buffer", "--set"]
    options = [word for at, word in enumerate(network) if word in words or (at and network[at - 1] in words)]
    again = json.loads(looptree("evaluate", network[0], "small", str(target), *options, "--json").out)
    assert again.pop("plan") == {
        "objective": "energy",
        "value": data["statistics"]["value"],
        "bound": data["statistics"]["bound"],
        "status": data["statistics"]["status"],
        "space": data["statistics"]["space"]["name"],
        "limits": [],
        "holds": True,
    }
    assert again == data["evaluation"]


def test_a_file_is_overwritten_only_when_told_to(tmp_path: Path) -> None:
    target = tmp_path / "plan.yaml"
    target.write_text("mine\n")
    message = complaint(looptree("search", "conv_conv", *SMALL, "--yaml", str(target)))
    assert message == f"{target}: the file is there already (--force overwrites it)"
    assert looptree("search", "conv_conv", *SMALL, "--yaml", str(target), "--force").code == 0
    assert "plan:" in target.read_text()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            ("--objective", "size"),
            "'size' is not one of 'energy', 'offchip', 'latency', 'operations', 'edp', 'capacity' (see looptree search",
        ),
        (
            ("--space", "huge"),
            "'huge' is not one of 'default', 'wide', 'pipelined', 'nested', 'circular', 'quick', 'layer-by-layer' (see",
        ),
        (("--time-limit", "0"), "--time-limit: expected a time above 0 such as 60, 90s or 2min, found '0'"),
        (("--time-limit", "-5"), "--time-limit: expected a time above 0 such as 60, 90s or 2min, found '-5'"),
        (("--time-limit", "soon"), "--time-limit: expected a time above 0 such as 60, 90s or 2min, found 'soon'"),
        (("--time-limit", "nan"), "--time-limit: expected a time above 0 such as 60, 90s or 2min, found 'nan'"),
        (("--workers", "0"), "--workers: expected a number of processes from 1 to 256, found '0'"),
        (("--workers", "1.5"), "--workers: expected a number of processes from 1 to 256, found '1.5'"),
        (("--buffer", "big"), "--buffer: expected a size, found 'big' (write a whole number of bytes"),
        (("--buffer", "64K"), "--buffer: expected a unit of size, found 'K' in '64K' (write KiB for powers of 1024"),
        (("--set", "batch"), "--set: expected name=value with a whole number"),
        (("--set", "depth=2"), "the network has no parameter 'depth' (known: batch, channels, resolution, bits)"),
        (("--architecture", "smal"), "nothing in architectures has the name 'smal' (did you mean 'small'?)"),
        (("-o", "/nowhere/plan.yaml"), "/nowhere: there is no such folder"),
        (("--limit", "latency<=2"), "--limit: latency: expected a time with its unit, found none in '2'"),
        (("--limit", "latenzy<=2x"), "--limit: expected a limit of one of capacity, energy, offchip, latency"),
        (("--limit", "energy<=1.2x", "--limit", "energy<=2uJ"), "--limit: energy is limited twice"),
        (("--front", "energy"), "--front: expected two or three different axes of a front, found energy"),
        (("--front", "energy,size"), "--front: expected axes of a front from capacity, energy, offchip"),
        (
            ("--front", "energy,latency", "--points", "1"),
            "--points: expected a number of points from 2 to 1,000,000, found '1'",
        ),
        (("--points", "5"), "--points: there are no points without a front (add --front capacity,offchip)"),
        (("--front", "energy,latency", "-o", "x.yaml"), "--yaml: a front has several plans"),
        (
            ("--front", "energy,latency", "--objective", "edp"),
            "--objective: a front has its axes for objectives (leave",
        ),
        (("--front", "energy,latency", "--limit", "latency<=2x"), "of a front, only the capacity can be limited"),
    ],
)
def test_bad_options(options: tuple[str, ...], expected: str) -> None:
    assert expected in complaint(looptree("search", "conv_conv", *options))


def test_a_network_without_operations(tmp_path: Path) -> None:
    workload, architecture, _ = write(tmp_path, workload="einsums: []")
    message = complaint(looptree("search", workload, "--architecture", architecture))
    assert message == f"{workload}: workload 'workload': a workload needs at least one einsum"


def test_nothing_fits() -> None:
    outcome = looptree("search", "conv_conv", *SMALL[:2], "--buffer", "6", *SMALL[4:])
    assert (outcome.code, outcome.out) == (1, "")
    said = outcome.err
    assert said.startswith("error: layer 'conv1' does not fit GLB: the smallest design that is searched needs 7 bytes")
    assert said.endswith("the capacity is 6 bytes (a buffer of 7 bytes would hold it)\n")
    assert looptree("search", "conv_conv", *SMALL[:2], "--buffer", "7", *SMALL[4:]).code == 0


def test_no_level_on_chip(tmp_path: Path) -> None:
    workload, architecture, _ = write(tmp_path, architecture="name: bare\nlevels: [{name: DRAM}]\n")
    message = complaint(looptree("search", workload, "--architecture", architecture))
    assert message == "architecture 'bare': expected an off-chip level and an on-chip one"


def test_options_are_read() -> None:
    assert (asked("energy", "quick", " 1.5 ", "3").seconds, asked("energy", "quick", None, "3").workers) == (1.5, 3)
    assert asked("energy", "quick", None, None).seconds is None


def test_progress_in_words() -> None:
    assert state_text(State(0.1, float("inf"), 0.0, 0, 0), "energy") == "no plan yet"
    assert state_text(State(2.0, 2e6, 1.5e6, 10, 1234), "energy") == "2 uJ so far, gap 25.0 %, 1,234 designs"
    second = State(2.0, 2e6, 1.5e6, 10, 1234, "fused")
    assert state_text(second, "energy") == "fused, 2 uJ so far, gap 25.0 %, 1,234 designs"
    assert state_text(second, None) == "10 searches of groups, 1,234 designs"


def test_html_writes_a_report(tmp_path: Path) -> None:
    target = tmp_path / "out.html"
    options = ("--architecture", "small", "--space", "layer-by-layer", "--html", str(target))
    assert looptree("search", "fc_fc", *options).code == 0
    assert "fc_fc on small" in target.read_text()
    missing = str(tmp_path / "no" / "out.html")
    assert "there is no such folder" in complaint(looptree("search", "no_such_network", "--html", missing))
