"""Schemas accept every file that ships, and refuse what the readers refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from looptree import resources
from looptree.cli.schema import KINDS
from looptree.errors import InputError
from looptree.report.schema import SCHEMAS, schema_of
from tests.cli.command_line import ARCHITECTURE, MAPPING, WORKLOAD, complaint, looptree

jsonschema = pytest.importorskip("jsonschema")


def problems(kind: str, data: Any) -> list[str]:
    """What a schema says against a document."""
    validator = jsonschema.Draft202012Validator(schema_of(kind))
    return [error.message for error in validator.iter_errors(data)]


def test_schemas_are_schemas() -> None:
    assert set(SCHEMAS) == set(KINDS)
    for kind in SCHEMAS:
        jsonschema.Draft202012Validator.check_schema(schema_of(kind))


@pytest.mark.parametrize("kind", ["workload", "architecture"])
def test_every_file_that_ships_is_accepted(kind: str) -> None:
    for name in resources.names(f"{kind}s"):
        data = yaml.safe_load(resources.find(f"{kind}s", name).read_text(encoding="utf-8"))
        assert problems(kind, data) == [], name


def test_examples_are_accepted_and_plan_files_too(tmp_path: Path) -> None:
    for kind, text in (("workload", WORKLOAD), ("architecture", ARCHITECTURE), ("mapping", MAPPING)):
        assert problems(kind, yaml.safe_load(text)) == []
    plan = tmp_path / "plan.yaml"
    small = ("--architecture", "small", "--set", "channels=2", "--set", "resolution=4", "--workers", "1")
    assert looptree("search", "conv_conv", *small, "-o", str(plan)).code == 0
    assert problems("mapping", yaml.safe_load(plan.read_text())) == []


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("mapping", {}),
        ("mapping", {"mapping": []}),
        ("mapping", {"mapping": [{"storage": {"level": "GLB", "tenors": ["a"]}}]}),
        ("mapping", {"mapping": [{"storage": {"level": "GLB", "tensors": ["a"]}, "compute": {"einsum": "a"}}]}),
        ("mapping", {"mapping": [{"temporal": {"rank": "p", "tile": 0}}]}),
        ("mapping", {"mapping": [{"sequential": [[{"compute": {"einsums": "a"}}]]}]}),
        ("architecture", {"levels": []}),
        ("architecture", {"levels": [{"name": "DRAM", "capacity": 3}]}),
        ("architecture", {"levels": [{"name": "DRAM"}], "allocation": "windows"}),
        ("workload", {"layers": [{"name": "a", "type": "conv"}]}),
        ("workload", {"inputs": {"x": [3, 8, 8]}, "layers": [{"name": "a", "type": "conv", "kernal": 3}]}),
        ("workload", {"einsums": [{"name": "a", "expression": "B[m] = A[m]"}]}),
    ],
)
def test_mistakes_are_refused(kind: str, data: Any) -> None:
    assert problems(kind, data)


def test_the_command() -> None:
    assert json.loads(looptree("schema", "mapping").out) == schema_of("mapping")
    assert "'map' is not one of" in complaint(looptree("schema", "map"))
    with pytest.raises(InputError, match="did you mean 'mapping'"):
        schema_of("maping")
