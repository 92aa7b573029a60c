"""`looptree sweep`: from a study to answers."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from tests.cli.command_line import complaint, looptree, write
from tests.sweep.sweep_cases import SEARCHED, SURVEYED


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two studies, which is the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "searched.yaml").write_text(SEARCHED)
    (tmp_path / "surveyed.yaml").write_text(SURVEYED)
    return tmp_path


def test_run_and_show(folder: Path) -> None:
    outcome = looptree("sweep", "searched.yaml", "--workers", "1")
    assert (outcome.code, outcome.err) == (0, "28 of 28 done, 28 of them now; results in searched.db\n")
    assert "Best design per network" in outcome.out
    again = looptree("sweep", "searched.yaml", "--workers", "1")
    assert again.err == "28 of 28 done, 0 of them now; results in searched.db\n"
    assert looptree("sweep", "show", "searched.db").out == again.out == outcome.out
    rows = json.loads(looptree("sweep", "show", "searched.db", "--json").out)["rows"]
    listed = list(csv.DictReader(io.StringIO(looptree("sweep", "show", "searched.db", "--csv").out)))
    assert len(rows) == len(listed) == 28
    assert [row["status"] for row in rows] == [row["status"] for row in listed]
    assert {row["energy"] for row in rows if "energy" in row} == {float(r["energy"]) for r in listed if r["energy"]}
    front = looptree("sweep", "show", "searched.db", "--front", "buffer,latency", "--json")
    assert 0 < len(json.loads(front.out)["rows"]) < 28
    for question in ("points", "front", "best", "all-networks", "spaces", "sensitivity"):
        assert looptree("sweep", "show", "searched.db", "--what", question).code == 0


def test_files_of_answers(folder: Path) -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("matplotlib")
    looptree("sweep", "searched.yaml", "--workers", "1")
    options = ("--figure", "front.svg", "--figure", "sensitivity=worth.png", "--html", "page.html")
    outcome = looptree("sweep", "show", "searched.db", *options)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == looptree("sweep", "show", "searched.db").out
    assert (folder / "front.svg").read_bytes().startswith(b"<?xml")
    assert (folder / "worth.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "page.html").read_text().startswith("<!doctype html>")
    outcome = looptree("sweep", "show", "searched.db", "--what", "best", "--parquet", "best.parquet")
    assert (outcome.out, outcome.err) == ("", "2 rows in best.parquet\n")
    for wrong, message in (
        (("--figure", "spaces.svg", "--figure", "beauty=x.svg"), "found 'beauty'"),
        (("--figure", "front.doc"), "ends in .svg, .png, .pdf"),
        (("--figure", "spaces=x.svg"), "there is nothing to draw"),
        (("--html", "searched.yaml"), "is no HTML page"),
        (("--parquet", "no/such/folder.parquet"), "no such folder"),
    ):
        assert message in complaint(looptree("sweep", "show", "searched.db", *wrong))


def test_survey(folder: Path) -> None:
    dry = looptree("sweep", "surveyed.yaml", "--dry-run")
    assert dry.code == 0
    assert "18 points of the hardware, 2 of them skipped" in dry.out
    assert not (folder / "surveyed.db").exists()
    outcome = looptree("sweep", "surveyed.yaml", "--workers", "1", "-o", "here.db")
    assert outcome.code == 0
    assert "designs evaluated with all metrics" in outcome.out
    assert looptree("sweep", "show", "here.db").out == outcome.out
    assert "Sensitivity of the best designs" in outcome.out
    assert "no picture of 'best'" in complaint(looptree("sweep", "show", "here.db", "--figure", "best=x.svg"))


def test_dry_run(folder: Path) -> None:
    outcome = looptree("sweep", "searched.yaml", "--dry-run")
    assert "28 searches at most, in 4 families" in outcome.out
    assert [path.name for path in folder.iterdir() if path.suffix == ".db"] == []
    looptree("sweep", "searched.yaml", "--workers", "1")
    before = (folder / "searched.db").read_bytes()
    assert "28 of them are done already in searched.db" in looptree("sweep", "searched.yaml", "--dry-run").out
    assert (folder / "searched.db").read_bytes() == before
    assert "another study" in complaint(looptree("sweep", "surveyed.yaml", "--dry-run", "-o", "searched.db"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sweep", "nothing.yaml"), "no such file"),
        (("sweep", "nothing"), "there is no study 'nothing'"),
        (("sweep", "workload.yaml"), "expected a study (study), found a workload (einsums)"),
        (("sweep", "show", "."), "expected a file, found a directory"),
        (("sweep", "show", "nothing.db"), "no such file"),
        (("sweep", "show", "searched.yaml"), "no results of a sweep"),
        (("sweep", "searched.yaml", "--workers", "0"), "expected a number of processes"),
        (("sweep", "searched.yaml", "--workers", "1", "--cluster", "tcp://h:1"), "exclude each other"),
        (("sweep", "searched.yaml", "-o", "no/such/folder.db"), "no such folder"),
        (("sweep", "searched.yaml", "-o", "surveyed.yaml"), "surveyed.yaml"),
    ],
)
def test_mistakes(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    write(folder)
    assert message in complaint(looptree(*arguments))
    assert (folder / "surveyed.yaml").read_text() == SURVEYED


def test_mistakes_about_results(folder: Path) -> None:
    looptree("sweep", "searched.yaml", "--workers", "1")
    assert "no number 'beauty'" in complaint(looptree("sweep", "show", "searched.db", "--front", "beauty"))
    assert "exclude each other" in complaint(looptree("sweep", "show", "searched.db", "--csv", "--json"))
    assert "another study" in complaint(looptree("sweep", "surveyed.yaml", "-o", "searched.db", "--workers", "1"))


def test_without_dask(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "pip install 'looptree[cluster]'" in complaint(
        looptree("sweep", "searched.yaml", "--cluster", "tcp://127.0.0.1:1")
    )


def test_without_a_scheduler(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("looptree.sweep.cluster.CONNECT", 0.2)
    outcome = looptree("sweep", "searched.yaml", "--cluster", "tcp://127.0.0.1:9")
    assert "no scheduler answers at 'tcp://127.0.0.1:9'" in complaint(outcome)
    assert not (folder / "searched.db").exists()
