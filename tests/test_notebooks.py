"""The tutorials run from top to bottom, and what they store is the output of a run without errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("pandas")

NOTEBOOKS = sorted((Path(__file__).parents[1] / "docs" / "notebooks").glob("*.ipynb"))


def cells(notebook: Path) -> list[dict[str, Any]]:
    """The cells with code."""
    data = json.loads(notebook.read_text(encoding="utf-8"))
    return [cell for cell in data["cells"] if cell["cell_type"] == "code"]


def test_there_are_three() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["first_comparison", "own_mapping", "sizing_a_buffer"]


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs(notebook: Path) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(cells(notebook)):
        code = compile("".join(cell["source"]), f"{notebook.name}, cell {number}", "exec")
        exec(code, names)  # the tutorials of this repository


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_stored_is_a_run_in_order_without_errors(notebook: Path) -> None:
    found = cells(notebook)
    assert [cell["execution_count"] for cell in found] == list(range(1, len(found) + 1))
    kinds = {output["output_type"] for cell in found for output in cell["outputs"]}
    assert "error" not in kinds and "execute_result" in kinds
    assert "site-packages" not in notebook.read_text(encoding="utf-8")
