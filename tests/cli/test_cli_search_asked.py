"""`looptree search` within limits and restrictions, and for fronts and the smallest buffer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command_line import complaint, looptree
from tests.cli.searches import SMALL, found


def test_a_plan_within_limits_says_so_everywhere(tmp_path: Path) -> None:
    target = tmp_path / "plan.yaml"
    limits = ("--limit", "offchip<=1.5x", "--limit", "capacity<=4KiB")
    outcome = looptree("search", "conv_conv", *SMALL, *limits, "-o", str(target))
    assert outcome.code == 0
    assert "conv_conv on small, GLB 4 KiB" in outcome.out.replace("\n", " ")
    said = "least energy within capacity<=4 KiB and offchip<=1.5x (18.75 KiB)"
    assert said in outcome.out.replace("\n", " ")
    line = target.read_text().splitlines()[1].removeprefix("# Its numbers: looptree ").split()
    assert line[-2:] == ["--set", "resolution=16"]
    again = looptree(*line)
    assert f"{said}: proven optimal" in again.out.replace("\n", " ")
    plan_of = json.loads(looptree(*line, "--json").out)["plan"]
    assert plan_of["limits"] == ["capacity<=4 KiB", "offchip<=1.5x (18.75 KiB)"]
    data = found("conv_conv", *SMALL, *limits)
    assert data["buffer"]["capacity_bytes"] == 4096
    assert data["statistics"]["limits"] == [
        {"metric": "capacity", "most": 4096, "asked": "capacity<=4096B"},
        {"metric": "offchip", "most": 19200, "asked": "offchip<=1.5x"},
    ]


def test_limits_that_cannot_be_kept_are_explained() -> None:
    outcome = looptree("search", "conv_conv", *SMALL, "--limit", "offchip<=12kB")
    assert (outcome.code, outcome.out) == (1, "")
    # image, both weights and conv2 move once: 12,800 bytes
    expected = "no plan of the space keeps offchip<=11.72 KiB in GLB of 8 KiB: the least offchip is 12.5 KiB, proven"
    assert outcome.err == f"error: {expected}\n"


def test_the_smallest_buffer(tmp_path: Path) -> None:
    target = tmp_path / "plan.yaml"
    tiny = ("--architecture", "small", "--set", "channels=4", "--set", "resolution=4")
    data = found("conv_conv", *tiny, "--objective", "capacity", "--limit", "offchip<=1x", "-o", str(target))
    # image, both weights and conv2 move once: 2 * 4 * 4 * 4 + 2 * 4 * 4 * 9 bytes
    assert data["plan"]["total"]["offchip_bytes"] == 416
    assert data["buffer"]["capacity_bytes"] == data["statistics"]["value"] == data["plan"]["total"]["buffer_bytes"]
    assert f"--buffer {data['buffer']['capacity_bytes']}" in target.read_text().splitlines()[1]


def test_restrictions(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("apart: [[conv1, conv2]]\ntensors: {conv1: {between: never}}\nloops: 2\n")
    target = tmp_path / "plan.yaml"
    outcome = looptree("search", "conv_conv", *SMALL, "--restrict", str(rules), "-o", str(target))
    assert (outcome.code, outcome.err) == (0, "")
    said = " ".join(outcome.out.split())
    assert "2 layers in 2 groups" in said
    assert "Space custom:" in said
    assert "loops: 2 (default 3); tensor conv1: never on chip between groups; apart: conv1, conv2." in said
    assert "restrictions: 'tensor conv1: never on chip between groups; apart: conv1, conv2'" in " ".join(
        target.read_text().split()
    )
    data = found("conv_conv", *SMALL, "--restrict", str(rules))
    # what conv1 makes is written and read again: 2 * 4096 bytes more than 12,800
    assert data["plan"]["total"]["offchip_bytes"] == 20_992
    assert data["statistics"]["space"]["restrictions"].endswith("apart: conv1, conv2")
    rules.write_text("tensors: {conv3: {whole: true}}\n")
    message = complaint(looptree("search", "conv_conv", *SMALL, "--restrict", str(rules)))
    assert message.startswith(f"{rules}:1: tensors.conv3: the network 'conv_conv' has no tensor 'conv3' (did you mean")
    missing = complaint(looptree("search", "conv_conv", *SMALL, "--restrict", str(tmp_path / "no.yaml")))
    assert "no.yaml" in missing


def test_fronts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    outcome = looptree(
        "search", "conv_conv", *SMALL, "--space", "quick", "--front", "capacity,offchip", "--points", "4"
    )
    assert (outcome.code, outcome.err) == (0, "")
    assert "plans that trade capacity for off-chip transfers" in outcome.out
    assert "there are more points; a plan between them may be better than its neighbours by" in outcome.out
    data = found("conv_conv", *SMALL, "--space", "quick", "--front", "offchip,operations")
    assert data["axes"] == ["offchip", "operations"]
    assert data["status"] == "complete"
    rows = [(point["values"]["offchip"], point["values"]["operations"]) for point in data["points"]]
    assert rows == sorted(rows)
    for point, (offchip, operations) in zip(data["points"], rows, strict=True):
        total = point["plan"]["total"]
        assert (total["offchip_bytes"], total["operations"]) == (offchip, operations)
        for bound in data["bounds"]:
            weights = bound["weights"]
            least = weights["offchip"] * offchip + weights["operations"] * operations
            assert least >= bound["least"] * (1 - 1e-9)


def test_a_front_as_a_page_and_as_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    page, picture = tmp_path / "front.html", tmp_path / "front.svg"
    asked = ("search", "conv_conv", "--architecture", "small", "--front", "capacity,offchip", "--points", "2")
    tiny = ("--set", "channels=2", "--set", "resolution=4", "--workers", "1")
    outcome = looptree(*asked, *tiny, "--html", str(page), "--figure", str(picture), "--json")
    assert outcome.code == 0
    points = json.loads(outcome.out)["points"]
    assert all(f'"plan":"point-{number}"' in page.read_text() for number in range(1, len(points) + 1))
    assert b"off-chip transfers" in picture.read_bytes()
    assert "there is no such folder" in complaint(looptree(*asked, *tiny, "--html", str(tmp_path / "none" / "f.html")))
    assert "(front), found 'tree'" in complaint(looptree(*asked, *tiny, "--figure", f"tree={picture}"))
