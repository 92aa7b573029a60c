"""Schemas accept every file that ships, know every key that a reader knows, and refuse what the readers refuse."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from looptree import resources
from looptree.architecture import architecture_from_node
from looptree.architecture.load import load_architecture
from looptree.cli.schema import KINDS
from looptree.documents import Node, parse_document, read_document
from looptree.errors import InputError
from looptree.report.schema import SCHEMAS, schema_of
from looptree.search import Space
from looptree.search.asked.restrict_file import restrictions_from_node
from looptree.sweep import load_study
from looptree.sweep.reader import shipped_studies
from looptree.sweep.schema import study_schema
from looptree.taxonomy.plan_file import read_plan
from looptree.taxonomy.point import read_point
from looptree.taxonomy.reader import mapping_from_node
from looptree.workload.load import load_workload, workload_of
from tests.architecture.test_quantity import SHEET
from tests.cli.command_line import ARCHITECTURE, MAPPING, WORKLOAD, complaint, looptree

jsonschema = pytest.importorskip("jsonschema")

RESTRICTIONS = """
group_layers: 3
spill: false
ranks: [p, q]
tiles: {p: [1, 2]}
layers: {conv1: {ranks: p}}
tensors: {conv1: {whole: true, between: any}}
together: [[conv1, conv2]]
pins: [{layers: [conv1, conv2], point: fused_layer_cnn, parameters: {tile_p: 4}}]
"""
EVERYTHING = """
name: everything
description: every key of a level
source: none
year: 2026
clock_hz: 1GHz
data_bits: 16
allocation: live
levels:
  - {name: DRAM, read_bandwidth_bytes_per_cycle: 8, write_bandwidth_bytes_per_cycle: null, source: none,
     model: {dram: HBM2}}
  - {name: GLB, capacity_bytes: 64KiB, bandwidth_bytes_per_cycle: null, word_bits: 64, shared_ports: 0, read_ports: 1,
     write_ports: 1, double_buffered: true, keeps: [input, weight, output, intermediate], bypasses: W9,
     network: {multicast: true, reduce: true, forward: false}, model: {sram: {technology_nm: 28nm, banks: 2}}}
  - {name: RF, capacity_bytes: 64, word_bits: 8, model: register_file}
compute: {name: MAC, model: {operations: {bits: 8, number: integer, technology_nm: 28, units: 16}}, pj_of: {exp: 2},
  spatial: {m: 8}, array: {x: 4, y: 4, systolic: true}, leakage_pj_per_cycle: 1e-3, area_mm2: 0.5, source: none}
"""
TREE = """
name: every kind of node
parameters: {rows: {default: 4, meaning: rows per step}}
mapping:
  - storage: {level: DRAM, tensors: [F1, W1, W2, F3]}
  - storage: {level: GLB, tensors: W1, overlap: reload, lifetime: uses}
  - temporal: {rank: [p], tile: rows}
  - pipeline:
    - [{spatial: {rank: m, tile: 1, axis: x}}, {compute: {einsum: conv1, unit: MAC}}]
    - [{sequential: [[{compute: {einsum: conv2}}]]}]
"""


def schemas() -> dict[str, Any]:
    return {kind: schema_of(kind, {"study": study_schema}) for kind in KINDS}


def problems(kind: str, data: Any) -> list[str]:
    """What a schema says against a document."""
    validator = jsonschema.Draft202012Validator(schemas()[kind])
    return [error.message for error in validator.iter_errors(data)]


def test_schemas_are_schemas() -> None:
    assert {*SCHEMAS, "study"} == set(KINDS)
    for schema in schemas().values():
        jsonschema.Draft202012Validator.check_schema(schema)


def shipped() -> Iterator[tuple[str, str]]:
    """Kind and path of every file that ships and that people could have written."""
    for folder, kind in (("workloads", "workload"), ("architectures", "architecture")):
        yield from ((kind, str(resources.find(folder, name))) for name in resources.names(folder))
    taxonomy = resources.root("taxonomy")
    yield from (("point", str(path)) for path in sorted((taxonomy / "points").glob("*.yaml")))
    yield from (("study", str(path)) for path in sorted((taxonomy / "studies").glob("*.yaml")))
    of_keys = {"mapping": "mapping", "levels": "architecture", "einsums": "workload", "layers": "workload"}
    for path in sorted(resources.root("validation").rglob("*.yaml")):
        fields = read_document(path).mapping()
        if "recipe" not in fields:
            yield from ((kind, str(path)) for key, kind in of_keys.items() if key in fields)


def test_every_file_that_ships_is_accepted() -> None:
    found = list(shipped())
    assert {kind for kind, _ in found} == set(KINDS) - {"restrictions"}
    validators = {kind: jsonschema.Draft202012Validator(schema) for kind, schema in schemas().items()}
    for kind, path in found:
        data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        assert [error.message for error in validators[kind].iter_errors(data)] == [], path


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan file that a search wrote."""
    path = tmp_path_factory.mktemp("plan") / "plan.yaml"
    small = ("--architecture", "small", "--set", "channels=2", "--set", "resolution=4", "--workers", "1")
    assert looptree("search", "conv_conv", *small, "-o", str(path)).code == 0
    return path


def test_examples_are_accepted_and_plan_files_too(plan: Path) -> None:
    examples = [
        ("workload", WORKLOAD), ("architecture", ARCHITECTURE), ("architecture", SHEET), ("architecture", EVERYTHING),
        ("mapping", MAPPING), ("mapping", TREE), ("mapping", plan.read_text()), ("restrictions", RESTRICTIONS),
    ]  # fmt: skip
    for kind, text in examples:
        assert problems(kind, yaml.safe_load(text)) == []


def keys_of(schema: Any) -> set[frozenset[str]]:
    """The keys of each object that a schema describes."""
    found = set()
    if isinstance(schema, dict):
        if schema.get("additionalProperties") is False:
            found.add(frozenset(schema["properties"]))
        for part in schema.values():
            found |= keys_of(part)
    elif isinstance(schema, list):
        for part in schema:
            found |= keys_of(part)
    return found


def readings(plan: Path) -> dict[str, list[Callable[[], object]]]:
    """By kind, files that are read completely."""
    small = load_architecture("small")

    def restricted() -> object:
        conv = load_workload("conv_conv")
        return restrictions_from_node(parse_document(RESTRICTIONS), conv, small, Space())

    return {
        "workload": [
            partial(workload_of, parse_document(WORKLOAD)),
            *(partial(load_workload, name) for name in ("resnet18", "bert_base", "mobilenet_v2", "vgg16")),
        ],
        "architecture": [
            *(partial(architecture_from_node, parse_document(text)) for text in (SHEET, EVERYTHING)),
            partial(load_architecture, "eyeriss"),
        ],
        "mapping": [partial(mapping_from_node, parse_document(TREE)), partial(read_plan, plan)],
        "point": [partial(read_point, path) for path in sorted((resources.root("taxonomy") / "points").glob("*.yaml"))],
        "study": [partial(load_study, name) for name in shipped_studies()],
        "restrictions": [restricted],
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_that_a_reader_knows_is_in_its_schema(kind: str, plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the readers ask of the documents is written down while they read."""
    asked: set[frozenset[str]] = set()
    mapping = Node.mapping

    def recorded(self: Node, *, known: tuple[str, ...] = (), required: tuple[str, ...] = ()) -> dict[str, Node]:
        if known:
            asked.add(frozenset(known))
        return mapping(self, known=known, required=required)

    runs = readings(plan)[kind]
    monkeypatch.setattr(Node, "mapping", recorded)
    for run in runs:
        run()
    described = {keys for schema in schemas().values() for keys in keys_of(schema)}
    assert asked
    assert not asked - described


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("mapping", {}),
        ("mapping", {"mapping": []}),
        ("mapping", {"mapping": [{"storage": {"level": "GLB", "tenors": ["a"]}}]}),
        ("mapping", {"mapping": [{"storage": {"level": "GLB", "tensors": ["a"], "overlap": "lose"}}]}),
        ("mapping", {"mapping": [{"storage": {"level": "GLB", "tensors": ["a"]}, "compute": {"einsum": "a"}}]}),
        ("mapping", {"mapping": [{"temporal": {"rank": "p", "tile": []}}]}),
        ("mapping", {"mapping": [{"spatial": {"rank": "p", "tile": 1}}]}),
        ("mapping", {"mapping": [{"sequential": [[{"compute": {"einsums": "a"}}]]}]}),
        ("architecture", {"levels": []}),
        ("architecture", {"levels": [{"name": "DRAM", "capacity": 3}]}),
        ("architecture", {"levels": [{"name": "DRAM", "capacity_bytes": "64KB"}]}),
        ("architecture", {"levels": [{"name": "DRAM", "read_pj_per_byte": "1.2pJ"}]}),
        ("architecture", {"levels": [{"name": "DRAM", "bandwidth_bytes_per_cycle": "25.6GB"}]}),
        ("architecture", {"levels": [{"name": "DRAM", "model": "dran"}]}),
        ("architecture", {"levels": [{"name": "DRAM", "network": {"multicasts": True}}]}),
        ("architecture", {"levels": [{"name": "DRAM"}], "compute": {"array": {"x": 0}}}),
        ("architecture", {"levels": [{"name": "DRAM"}], "allocation": "windows"}),
        ("workload", {"layers": [{"name": "a", "type": "conv"}]}),
        ("workload", {"inputs": {"x": [3, 8, 8]}, "layers": [{"name": "a", "type": "conv", "kernal": 3}]}),
        ("workload", {"einsums": [{"name": "a", "expression": "B[m] = A[m]"}]}),
        ("point", {"fuse": "some"}),
        ("study", {"study": "a", "architecture": "mobile", "objective": "energy"}),
        ("restrictions", {"tensors": {"a": {"between": "nowhere"}}}),
    ],
)
def test_mistakes_are_refused(kind: str, data: Any) -> None:
    assert problems(kind, data)


def test_the_command() -> None:
    assert json.loads(looptree("schema", "mapping").out) == schema_of("mapping")
    assert json.loads(looptree("schema", "study").out)["title"] == "looptree study"
    assert "'map' is not one of" in complaint(looptree("schema", "map"))
    with pytest.raises(InputError, match="did you mean 'mapping'"):
        schema_of("maping")
