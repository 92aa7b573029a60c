"""TileFlow's mappings: the case holds what its table says, and the errors over all rows stay what they are."""

from __future__ import annotations

import csv
from statistics import fmean

import pytest

from looptree import resources
from looptree.validate import load_case, run_case

CASE = load_case("tileflow")


def table() -> list[dict[str, int]]:
    text = (resources.root("validation") / "tileflow" / "rtl.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return [{name: int(value) for name, value in row.items()} for row in rows]


@pytest.mark.parametrize(
    ("metric", "column", "per_unit"),
    [
        ("offchip_reads_bytes", "dram_to_buffer_bits", 8),
        ("offchip_writes_bytes", "buffer_to_dram_bits", 8),
        ("stepwise_cycles", "rtl_cycles", 1),
    ],
)
def test_the_case_is_the_published_table(metric: str, column: str, per_unit: int) -> None:
    keys = {"rows": "M", "inner": "L", "width": "K", "tile_m": "tile_M", "tile_l": "tile_L", "tile_k": "tile_K"}
    published = {tuple(str(row[keys[key]]) for key in keys): row[column] // per_unit for row in table()}
    assert len(published) == 33
    found = {tuple(r.at[key] for key in keys): r.value for r in CASE.references if r.measure.metric == metric}
    assert found == published


def test_cycles_are_nearer_than_the_bound_that_hides_all_transfers() -> None:
    errors = [row.error for row in run_case(CASE).rows if row.measure.metric == "stepwise_cycles"]
    assert len(errors) == 33
    sizes = [abs(error) for error in errors if error is not None]
    assert fmean(sizes) < 0.017
    assert max(sizes) < 0.092
