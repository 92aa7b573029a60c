"""`looptree validate`: tables, one setting of a case, exit codes, and pages that are written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from looptree.validate import case_names
from looptree.validate import run as validate_run
from tests.cli.command_line import complaint, looptree


def test_cases_are_compared_one_table_for_each_number() -> None:
    outcome = looptree("validate", "isaac", "defines")
    assert (outcome.code, outcome.err) == (0, "")
    assert "isaac: window of before, KiB" in outcome.out
    assert "defines: not reproduced" in outcome.out
    assert "values compared, worst error 1.56 %; 2 published values not reproduced" in outcome.out


def test_one_setting_of_a_case() -> None:
    outcome = looptree("validate", "defines", "--set", "tile=60x72", "--set", "mode=recompute")
    assert outcome.code == 0
    line = next(line for line in outcome.out.splitlines() if line.startswith("offchip reads"))
    assert line.split()[-5:] == ["787,960", "787,960", "exact", "P", "met"]


def test_a_setting_for_which_nothing_is_published() -> None:
    outcome = looptree("validate", "defines", "--set", "tile=7x9", "--set", "mode=recompute")
    assert outcome.code == 0
    assert "Nothing is published for this setting" in outcome.out


def test_exact_numbers_as_json() -> None:
    outcome = looptree("validate", "isaac", "--set", "width=14", "--set", "channels=512", "--json")
    data = json.loads(outcome.out)
    assert data["holds"] is True
    rows = data["cases"][0]["rows"]
    assert {"model": 21504, "published": 21504, "unit": "bytes"}.items() <= rows[1].items()


def test_a_value_out_of_tolerance_ends_with_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validate_run, "measured", lambda *_: 1)
    outcome = looptree("validate", "isaac")
    assert outcome.code == 1
    assert "19 values out of tolerance" in outcome.out


def test_what_cannot_be_meant() -> None:
    assert complaint(looptree("validate", "nobody")).endswith(f"(known: {', '.join(case_names())})")
    assert "known: network, mode, tile" in complaint(looptree("validate", "defines", "--set", "size=3"))
    assert "--set needs exactly one CASE" in complaint(looptree("validate", "--set", "size=3"))
    assert "expected name=value" in complaint(looptree("validate", "defines", "--set", "tile"))
    assert "given twice" in complaint(looptree("validate", "isaac", "--set", "width=3", "--set", "width=4"))


def test_pages_are_renewed_between_their_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- validate: summary -->\nold\n<!-- validate: end of summary -->\nafter\n")
    assert looptree("validate", "--write", str(page)).code == 0
    text = page.read_text()
    assert text.startswith("before\n<!-- validate: summary -->\n\n| case |")
    assert text.endswith("after\n")
    assert "old" not in text
    page.write_text("no marks\n")
    assert "expected a page with marks" in complaint(looptree("validate", "--write", str(page)))
    assert page.read_text() == "no marks\n"
    assert "cannot be read" in complaint(looptree("validate", "--write", str(tmp_path / "none.md")))
