"""`looptree study`: the list, tables, JSON, and pictures where matplotlib is installed."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from looptree import study
from looptree.study import StudyResult, run_study, study_names
from looptree.study.segments import Segment
from looptree.study.small_buffers import small_buffers
from tests.cli.command_line import complaint, looptree

HAS_MATPLOTLIB = importlib.util.find_spec("matplotlib") is not None


def small(name: str) -> StudyResult:
    segment = Segment("conv_conv", {"channels": 4, "resolution": 8}, "small")
    return small_buffers([segment], (512, 4096)) if name == "small_buffers" else run_study(name)


@pytest.fixture(autouse=True)
def small_studies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "run_study", small)


def test_the_list() -> None:
    outcome = looptree("study")
    assert outcome.code == 0
    assert all(f"\n{name} " in outcome.out for name in study_names())


def test_tables_and_sentences() -> None:
    outcome = looptree("study", "small_buffers")
    assert (outcome.code, outcome.err) == (0, "")
    assert "Least off-chip transfers, bytes" in outcome.out
    assert "conv+conv, small" in outcome.out


def test_a_page_without_marks_is_refused_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "run_study", lambda _: pytest.fail("a study ran"))
    page = tmp_path / "page.md"
    page.write_text("no marks")
    assert "expected a page with marks" in complaint(looptree("study", "mixed", "--write", str(page)))


def test_json_has_the_curves() -> None:
    data = json.loads(looptree("study", "small_buffers", "--json").out)["small_buffers"]
    assert set(data["charts"][0]["curves"]) == {"fused", "layer by layer"}


def test_what_cannot_be_meant(tmp_path: Path) -> None:
    assert "there is no study 'small'" in complaint(looptree("study", "small"))
    assert "needs exactly one NAME" in complaint(looptree("study", "--figure", "x.svg"))


@pytest.mark.skipif(HAS_MATPLOTLIB, reason="matplotlib is installed")
def test_a_picture_without_matplotlib_says_what_to_install(tmp_path: Path) -> None:
    outcome = looptree("study", "small_buffers", "--figure", str(tmp_path / "new.svg"))
    assert "pip install 'looptree[report]'" in complaint(outcome)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not HAS_MATPLOTLIB, reason="matplotlib is not installed")
def test_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "new.svg"
    assert looptree("study", "small_buffers", "--figure", str(path)).code == 0
    assert "layer by layer" in path.read_text()
    unknown = looptree("study", "small_buffers", "--figure", str(tmp_path / "new.xyz"))
    assert "expected a file name that ends in" in complaint(unknown)
