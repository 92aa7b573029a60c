"""AccelForge's files where commands take their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command_line import complaint
from tests.cli.command_line import looptree as run
from tests.importers.accelforge.files import written


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    pytest.importorskip("jinja2")
    return written(tmp_path)


def test_each_file_takes_its_own_variables(files: dict[str, str]) -> None:
    done = run("evaluate", files["workload"], files["arch"], files["mapping"], "--set", "SIZE=1024", "--json")
    assert done.code == 0, done.err
    data = json.loads(done.out)
    assert data["occupancy"]["GLB"]["capacity_bytes"] == 1024
    assert data["occupancy"]["GLB"]["fits"] is False
    settings = ["--set", "COUNT=2", "--set", "SIZE=16384"]
    done = run("search", files["template"], "--architecture", files["arch"], *settings, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["evaluation"]["energy_pj"]["total"] == 217_579_520 * 10**12


def test_a_variable_that_no_file_has_is_an_error(files: dict[str, str]) -> None:
    done = run("evaluate", files["workload"], files["arch"], files["mapping"], "--set", "SIZES=1024")
    assert complaint(done) == f"{files['workload']}: the workload has no parameter 'SIZES' (it has none)"
    assert "variable 'COUNT' has no value" in complaint(run("graph", files["template"]))
