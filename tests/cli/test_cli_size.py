"""`looptree size`: a small network, sized for real."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from looptree.cli.size import step_text
from looptree.sizing import Step
from tests.cli.command_line import complaint, looptree

TINY = ("conv_conv", "--set", "channels=2", "--set", "resolution=4", "--architecture", "small", "--workers", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that all tests share."""
    return tmp_path_factory.mktemp("cache")


def test_tables(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    outcome = looptree("size", *TINY, "--cache", str(folder))
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[0] == "conv_conv on small: least off-chip transfers against the capacity of GLB"
    assert "room for everything: 136 B fused, 200 B layer by layer" in " ".join(lines)
    assert "proven optimal" in outcome.out
    assert max(map(len, lines)) <= 80


def test_json_and_csv_say_the_same(folder: Path) -> None:
    data = json.loads(looptree("size", *TINY, "--cache", str(folder), "--json").out)
    assert data["smallest_bytes"] == 5
    rows = list(csv.DictReader(io.StringIO(looptree("size", *TINY, "--cache", str(folder), "--csv").out)))
    for kind in ("fused", "layer_by_layer"):
        points = [(p["capacity_bytes"], p["value"], p["status"]) for p in data[kind]["points"]]
        assert points == [(int(r["capacity_bytes"]), float(r["value"]), r["status"]) for r in rows if r["plan"] == kind]
    assert data["fused"]["minimum"] == 136
    assert [entry["share"] for entry in data["fused"]["smallest_within"]] == [0, 0.01, 0.05, 0.1]


def test_a_foreign_file_is_set_aside_with_a_note(folder: Path, tmp_path: Path) -> None:
    (known,) = folder.glob("size-*.json")
    (tmp_path / known.name).write_text("{}")
    outcome = looptree("size", *TINY, "--cache", str(tmp_path), "--capacities", "19", "--json")
    assert outcome.code == 0
    assert outcome.err.startswith("note: ") and "set aside" in outcome.err
    assert json.loads(outcome.out)["fused"]["points"][0]["capacity_bytes"] == 19


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--capacities", "64KiB,few"), "--capacities: expected a size, found 'few'"),
        (("--from", "0"), "--from: expected a size from 1 byte"),
        (("--capacities", "64KiB", "--points", "2"), "--capacities goes with neither --from nor --points"),
        (("--json", "--csv"), "--json and --csv exclude each other"),
        (("--cache", __file__), "expected a folder, found a file"),
        (("--no-cache", "--cache", "x"), "--cache and --no-cache exclude each other"),
        (("--points", "99"), "99 is not in the range"),
    ],
)
def test_what_is_wrong_is_said_before_the_work(options: tuple[str, ...], said: str) -> None:
    assert said in complaint(looptree("size", *TINY, *options))


def test_a_buffer_that_holds_nothing(tmp_path: Path) -> None:
    outcome = looptree("size", *TINY, "--cache", str(tmp_path), "--capacities", "4")
    assert outcome.code == 1
    assert "the capacity is 4 bytes (a buffer of 5 bytes would hold it)" in outcome.err


@pytest.mark.parametrize("objective", ["energy", "latency", "operations"])
def test_other_objectives_in_every_form(objective: str, tmp_path: Path) -> None:
    page, picture = tmp_path / "s.html", tmp_path / "s.svg"
    files = ("--html", str(page), "-o", str(picture), "--capacities", "64,128", "--no-cache")
    outcome = looptree("size", *TINY, "--objective", objective, *files)
    assert (outcome.code, outcome.err) == (0, "")
    assert f'id="curve-{objective}"' in page.read_text()
    assert b"minimum" in picture.read_bytes()


def test_the_quick_space(tmp_path: Path) -> None:
    out = looptree("size", *TINY, "--space", "quick", "--capacities", "64", "--cache", str(tmp_path)).out
    assert "Space quick: all convex connected groups of up to 4 layers" in " ".join(out.split())


def test_objectives_that_have_no_curve() -> None:
    assert "'edp' is not one of" in complaint(looptree("size", *TINY, "--objective", "edp"))


def test_progress_in_words() -> None:
    assert (
        step_text(Step("layer_by_layer", 65536, 3, 7, None)) == "64 KiB layer by layer, 3 points done, about 7 to come"
    )
    assert step_text(Step("fused", 65536, 3, 7, 11.6)).endswith("about 7 to come, about 12 s left")
