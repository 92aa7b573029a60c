"""The answers of sweeps as pictures, as a page and as Parquet: the same numbers as in the rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from looptree.errors import InputError
from looptree.report.figures import drawn, panels_figure
from looptree.report.panels import BarPanel, Panel
from looptree.sweep import Store, Study
from looptree.sweep.answers import best_for_all, best_per_network, between_spaces, front
from looptree.sweep.page import sweep_html
from looptree.sweep.parquet import as_parquet
from looptree.sweep.pictured import PANELS, Answers, label
from looptree.sweep.run import finish
from looptree.sweep.shown import selected
from tests.report.html_pages import Parsed
from tests.sweep.sweep_cases import SEARCHED, SURVEYED, results, study

TEXT = SEARCHED.replace("spaces: [quick]", "spaces: [layer-by-layer, quick]").replace("[8, 12]", "[6, 8]")
TEXT = TEXT.replace("[512, 2KiB, 4KiB, 8KiB, 32KiB, 64KiB, 128KiB]", "[512, 2KiB, 32KiB]")

Known = tuple[Study, Store, Answers]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Known:
    known, path = study(TEXT), tmp_path_factory.mktemp("searched") / "study.db"
    results(known, path)
    store = Store(path, known)
    return known, store, Answers.of(known, store, known.front)


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> Known:
    known, path = study(SURVEYED), tmp_path_factory.mktemp("surveyed") / "study.db"
    results(known, path)
    store = Store(path, known)
    finish(known, store)
    return known, store, Answers.of(known, store, known.front)


def points(panel: Panel | BarPanel) -> list[tuple[float, float]]:
    assert isinstance(panel, Panel)
    return [(mark.x, mark.y) for line in panel.lines for mark in line.marks]


def lengths(panel: Panel | BarPanel) -> list[float]:
    assert isinstance(panel, BarPanel)
    return [bar.value for bar in panel.bars]


def test_panels_of_searches(searched: Known) -> None:
    known, _, answers = searched
    (panel,) = PANELS["front"](answers)
    assert points(panel) == [(row["area"], row["energy"]) for row in front(answers.rows, ["area", "energy"])]
    (best,) = PANELS["best"](answers)
    assert lengths(best) == [row["energy"] for row in best_per_network(answers.rows)]
    (every,) = PANELS["all-networks"](answers)
    assert lengths(every) == [row["distance"] for row in best_for_all(known, answers.rows)]
    (spaces,) = PANELS["spaces"](answers)
    gains = {(row["buffer"], row["gain"]) for row in between_spaces(known, answers.rows) if "gain" in row}
    assert set(points(spaces)) == gains
    assert isinstance(spaces, Panel)
    assert [line.name for line in spaces.lines][:2] == [
        "conv_conv resolution=6 bandwidth 2",
        "conv_conv resolution=8 bandwidth 2",
    ]
    shown = [point for panel in PANELS["sensitivity"](answers) for point in points(panel)]
    assert sorted(shown) == sorted((line["value"], line["ratio"]) for line in answers.lines)
    assert label(known, answers.rows[0]) == "buffer 512 B, bandwidth 2"


def test_pictures_are_the_same_every_time(searched: Known, surveyed: Known) -> None:
    pytest.importorskip("matplotlib")
    for kind in ("front", "all-networks"):
        panels = PANELS[kind](searched[2])
        assert drawn(panels_figure(panels), "svg") == drawn(panels_figure(panels), "svg")
    assert drawn(panels_figure(PANELS["sensitivity"](surveyed[2])), "svg").startswith(b"<?xml")
    with pytest.raises(InputError, match="nothing to draw"):
        panels_figure([])


@pytest.mark.parametrize("which", ["searched", "surveyed"])
def test_the_page(which: str, request: pytest.FixtureRequest) -> None:
    known, store, answers = request.getfixturevalue(which)
    page = Parsed(sweep_html(known, store, known.front, made_by="Made by a test."))
    assert page.unbalanced == []
    assert len(page.ids) == len(set(page.ids))
    kinds = (
        ["front", "best", "all-networks", "spaces", "sensitivity"] if which == "searched" else ["front", "sensitivity"]
    )
    assert [kind for kind in kinds if kind not in page.ids] == []
    for kind in kinds:
        rows = selected(known, store, kind, known.front)
        assert len(page.tables[f"table-{kind}"]) == len(rows) + 1
        assert {panel.key for panel in PANELS[kind](answers)} <= page.data.keys()
    header, first, *_ = page.tables["table-front"]
    row = front(answers.rows, known.front)[0]
    energy = next(at for at, name in enumerate(header) if name.startswith("energy"))
    assert float(first[energy]) == row["energy"]
    assert len(page.tables["table-results"]) == len(answers.rows) + 1


def test_parquet(searched: Known, surveyed: Known, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow.parquet")
    for known, store, _ in (searched, surveyed):
        for what in ("points", "front", "best", "sensitivity", "profiles"):
            rows = selected(known, store, what, known.front)
            path = tmp_path / f"{what}.parquet"
            path.write_bytes(as_parquet(known, rows))
            table = pyarrow.read_table(path)
            assert table.schema.metadata[b"study"].decode() == known.name
            keys = {key for row in rows for key in row}
            assert table.to_pylist() == [{key: row.get(key) for key in table.column_names} for row in rows]
            assert set(table.column_names) == keys
            assert json.loads(json.dumps(table.to_pylist())) == table.to_pylist()


def test_without_arrow(searched: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(InputError, match=r"need the package pyarrow \(pip install 'looptree\[parquet\]'"):
        as_parquet(searched[0], [])
