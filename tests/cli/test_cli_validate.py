"""`looptree validate`: tables, one setting of a case, exit codes, and pages that are written."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from looptree import validate
from looptree.validate import case_names, load_case
from looptree.validate import run as validate_run
from looptree.validate.beyond import beyond
from looptree.validate.case import Measure
from looptree.validate.metrics import measured
from looptree.validate.settings import checked_values, designed
from tests.cli.command_line import complaint, looptree


def test_cases_are_compared_one_table_for_each_number() -> None:
    outcome = looptree("validate", "isaac", "defines")
    assert (outcome.code, outcome.err) == (0, "")
    assert "isaac: window of before, KiB" in outcome.out
    assert "defines: not reproduced" in outcome.out
    assert "values compared, worst error 1.56 %; 1 published value not reproduced" in outcome.out


def test_one_setting_of_a_case() -> None:
    outcome = looptree("validate", "defines", "--set", "tile=60x72", "--set", "mode=recompute")
    assert outcome.code == 0
    line = next(line for line in outcome.out.splitlines() if line.startswith("offchip reads"))
    assert line.split()[-5:] == ["787,960", "787,960", "exact", "P", "met"]


def test_a_choice_shows_what_it_sets() -> None:
    outcome = looptree("validate", "eyeriss", "--set", "layer=conv3", "--set", "batch=2")
    assert "\n  layer=conv3 " in outcome.out
    assert "\n  batch=2 " in outcome.out
    assert "\n  channels=256 " in outcome.out


def test_a_setting_for_which_nothing_is_published() -> None:
    outcome = looptree("validate", "defines", "--set", "tile=7x9", "--set", "mode=recompute")
    assert outcome.code == 0
    assert "Nothing is published for this setting" in outcome.out


def test_exact_numbers_as_json() -> None:
    outcome = looptree("validate", "isaac", "--set", "width=14", "--set", "channels=512", "--json")
    data = json.loads(outcome.out)
    assert data["holds"] is True
    assert data["cases"][0]["gaps"][0].startswith("Throughput and power")
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


def test_html_writes_a_page_and_fails_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "v.html"
    assert looptree("validate", "maeri", "--html", str(page)).code == 0
    assert "MAERI in MAESTRO" in page.read_text()
    monkeypatch.setattr("looptree.validate.load_case", lambda _: pytest.fail("the work begins"))
    assert "no such folder" in complaint(looptree("validate", "--html", str(tmp_path / "none" / "v.html")))
    assert "--html goes with neither" in complaint(looptree("validate", "--search", "--html", str(page)))


def test_pages_are_renewed_between_their_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("looptree.validate.case_names", lambda: ["isaac", "maeri"])
    page = tmp_path / "page.md"
    page.write_text(
        "before\n<!-- looptree: validate summary -->\nold\n<!-- looptree: end of validate summary -->\nafter\n"
    )
    assert looptree("validate", "--write", str(page)).code == 0
    text = page.read_text()
    assert text.startswith("before\n<!-- looptree: validate summary -->\n\n| case |")
    assert text.endswith("after\n")
    assert "| isaac |" in text and "| maeri |" in text
    assert "old" not in text
    assert "| isaac | 19 |" in text
    page.write_text("no marks\n")
    for page_of in ((), ("--search",)):
        assert "expected a page with marks" in complaint(looptree("validate", *page_of, "--write", str(page)))
    assert page.read_text() == "no marks\n"
    assert "cannot be read" in complaint(looptree("validate", "--write", str(tmp_path / "none.md")))


def test_the_mapping_of_a_setting_is_what_evaluate_takes(tmp_path: Path) -> None:
    mapping = tmp_path / "blocks.yaml"
    given = ("validate", "msf_cnn", "--set", "plan=p_128k", "--mapping", str(mapping))
    assert looptree(*given).code == 0
    line = next(line for line in mapping.read_text().splitlines() if line.startswith("# looptree evaluate "))
    outcome = looptree(*line.split()[2:], "--json")
    operations = json.loads(outcome.out)["operations"].values()
    case = load_case("msf_cnn")
    design = designed(case, checked_values(case.parameters, {"plan": "p_128k"}))
    expected = measured(design, Measure("multiply_accumulates", "", "operations"))
    assert sum(count["total"] for count in operations) == expected
    assert "there already" in complaint(looptree(*given))
    assert looptree("validate", "eyeriss", "--mapping", str(mapping), "--force").code == 0
    assert "compute: {spatial: {r: 11, p: 7, c: 1, m: 2}} in its architecture" in mapping.read_text()
    assert "needs exactly one CASE" in complaint(looptree("validate", "--mapping", "x.yaml"))


def test_better_designs_in_the_published_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    """AccelForge's example with everything resident, and with streamed tensors: both are the best that there is."""
    monkeypatch.setattr(validate.beyond, "beyond", cache(lambda case, load: beyond(case, load=load)))
    outcome = looptree("validate", "accelforge", "--search")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.count(" 64 KiB ") == outcome.out.count(" 96 KiB ") == 3
    assert outcome.out.count("optimal") == 4
    whole, streamed = json.loads(looptree("validate", "accelforge", "--search", "--json").out)
    assert (whole["buffer_bytes"], streamed["buffer_bytes"]) == (45_056, 8_257)
    assert whole["found"]["energy"]["energy_pj"] == whole["published"]["energy_pj"] == 191_102_976
    assert "does not go with --set" in complaint(looptree("validate", "isaac", "--search", "--set", "width=3"))
