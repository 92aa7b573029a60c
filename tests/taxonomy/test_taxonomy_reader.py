"""Reading mappings: what is accepted, and one clear sentence for everything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from looptree.errors import InputError
from looptree.taxonomy import Branch, Chain, Compute, RankRef, Storage, Temporal
from looptree.taxonomy.reader import mapping_to_yaml, read_mapping
from tests.taxonomy.taxonomy_examples import mapping

COMPLETE = """
name: complete
description: every kind of node
source: nobody
year: 2024
mapping:
  - storage: {level: DRAM, tensors: [F1, W1, W2, F3]}
  - storage: {level: GLB, tensors: [W1, W2], lifetime: uses}
  - temporal: {rank: p, tile: 4}
  - storage: {level: GLB, tensors: F2, overlap: drop, lifetime: branch}
  - temporal: {rank: [conv2.q, conv3.q], tile: 2}
  - pipeline:
    - [{compute: {einsum: conv1, unit: MAC}}]
    - - sequential: [[{compute: {einsum: conv2}}], [{compute: {einsum: conv3}}]]
"""


def test_all_kinds_of_nodes() -> None:
    last = Branch("sequential", (Chain((), Compute("conv2")), Chain((), Compute("conv3"))))
    assert mapping(COMPLETE).root == Chain(
        (
            Storage("DRAM", ("F1", "W1", "W2", "F3")),
            Storage("GLB", ("W1", "W2"), lifetime="uses"),
            Temporal((RankRef("p"),), 4),
            Storage("GLB", ("F2",), "drop"),
            Temporal((RankRef("q", "conv2"), RankRef("q", "conv3")), 2),
        ),
        Branch("pipeline", (Chain((), Compute("conv1", "MAC")), Chain((), last))),
    )


def test_what_is_written_is_read_back() -> None:
    tree = mapping(COMPLETE)
    assert mapping(mapping_to_yaml(tree)).root == tree.root


def test_a_lifetime_is_written_only_where_it_is_not_the_default() -> None:
    tree = mapping(COMPLETE)
    assert mapping_to_yaml(tree).count("lifetime") == 1
    assert str(tree.root.inner[1]) == "GLB keeps W1, W2, from first to last use"
    with pytest.raises(InputError, match="expected lifetime branch or uses, found 'forever'"):
        Storage("GLB", ("F1",), lifetime="forever")


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "design.yaml"
    file.write_text(COMPLETE, encoding="utf-8")
    assert read_mapping(file).root == mapping(COMPLETE).root
    assert read_mapping(file).source == str(file)
    with pytest.raises(InputError, match="no such file"):
        read_mapping(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        (
            "",
            "mapping.yaml:1: mapping: expected nodes, found an empty list (a chain ends in a branch or a compute node)",
        ),
        ("{storge: {}}", "unknown node kind 'storge' (did you mean 'storage'?)"),
        (
            "{storage: {}, temporal: {}}",
            "expected one node kind, such as {storage: ...}, found a mapping with storage, temporal",
        ),
        ("storage", "expected a mapping (key: value), found 'storage'"),
        ("{storage: {level: GLB}}", "key 'tensors' is missing (found: level)"),
        ("{storage: {level: GLB, tenors: [F1]}}", "unknown key 'tenors' (did you mean 'tensors'?)"),
        ("{storage: {level: GLB, tensors: []}}", "storage at 'GLB' names no tensor"),
        ("{storage: {level: GLB, tensors: [F1, F1]}}", "tensor 'F1' is named twice in one storage node at 'GLB'"),
        (
            "{storage: {level: GLB, tensors: [F1], overlap: kep}}",
            "expected one of keep, drop, reload, found 'kep' (did you mean 'keep'?)",
        ),
        (
            "{storage: {level: GLB, tensors: [F1], lifetime: use}}",
            "expected one of branch, uses, found 'use' (did you mean 'uses'?)",
        ),
        ("{storage: {level: 3, tensors: [F1]}}", "expected a name (text), found 3"),
        ("{temporal: {rank: p}}", "key 'tile' is missing (found: rank)"),
        ("{temporal: {rank: p, tile: 0}}", "expected a tile shape from 1 to"),
        ("{temporal: {rank: p, tile: 1.5}}", "expected a tile shape (a whole number), found 1.5"),
        (
            "{temporal: {rank: p, tile: four}}",
            "'four' is no parameter of the mapping (write a whole number, or declare it under parameters)",
        ),
        ("{temporal: {rank: p, tile: true}}", "expected a tile shape (a whole number), found True"),
        ("{temporal: {rank: [], tile: 1}}", "a loop names no rank"),
        ("{temporal: {rank: .p, tile: 1}}", "expected a rank such as p or conv2.p, found '.p'"),
        ("{temporal: {rank: conv., tile: 1}}", "expected a rank such as p or conv2.p, found 'conv.'"),
        ("{spatial: {rank: m, tile: 1}}", "key 'axis' is missing"),
        ("{compute: {einsum: a}}, {storage: {level: GLB, tensors: [F1]}}", "nodes follow after compute"),
        ("{sequential: [[{compute: {einsum: a}}]]}, {compute: {einsum: b}}", "nodes follow after sequential"),
        (
            "{storage: {level: GLB, tensors: [F1]}}",
            "the chain ends in storage (it has to end in sequential, pipeline or compute)",
        ),
        ("{temporal: {rank: p, tile: 1}}", "the chain ends in temporal"),
        ("{pipeline: []}", "a pipeline node without branches"),
        ("{pipeline: [[]]}", "expected nodes, found an empty list"),
        ("{sequential: {compute: {einsum: a}}}", "expected a list, found a mapping with compute"),
        ("{compute: {}}", "key 'einsum' is missing"),
        ("{compute: {einsum: a, unt: MAC}}", "unknown key 'unt' (did you mean 'unit'?)"),
    ],
)
def test_bad_nodes(nodes: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        mapping(f"mapping: [{nodes}]")
    assert message in str(caught.value)
    assert str(caught.value).startswith("mapping.yaml:1: mapping")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("maping: []", "unknown key 'maping' (did you mean 'mapping'?)"),
        ("name: nothing", "key 'mapping' is missing (found: name)"),
        ("mapping: {}", "expected a list, found a mapping with no keys"),
        ("- storage", "expected a mapping (key: value), found a list of 1"),
        ("", "the file is empty"),
        ("mapping: [", "not valid YAML"),
    ],
)
def test_bad_documents(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        mapping(text)
    assert message in str(caught.value)


def test_a_complaint_names_file_line_and_path() -> None:
    with pytest.raises(InputError) as caught:
        mapping(
            "mapping:\n"
            "  - storage: {level: DRAM, tensors: [F1]}\n"
            "  - sequential:\n"
            "    - - temporal: {rnk: p, tile: 1}\n"
        )
    assert str(caught.value).startswith("mapping.yaml:4: mapping[1].sequential[0][0].temporal.rnk: unknown key 'rnk'")


PARAMETERS = """
parameters:
  rows: {default: 4, meaning: rows per step}
mapping:
  - storage: {level: DRAM, tensors: [F1, W1, F2], overlap: reload}
  - temporal: {rank: p, tile: rows}
  - compute: {einsum: conv1}
"""


def test_a_tile_may_be_a_parameter(tmp_path: Path) -> None:
    assert mapping(PARAMETERS).root.loops == (Temporal((RankRef("p"),), 4),)
    (tmp_path / "m.yaml").write_text(PARAMETERS)
    assert read_mapping(tmp_path / "m.yaml", rows=7).root.loops[0].tile == 7


def test_reloading_is_written_and_read_back() -> None:
    tree = mapping(PARAMETERS)
    assert isinstance(tree.root.inner[0], Storage)
    assert tree.root.inner[0].overlap == "reload"
    assert mapping(mapping_to_yaml(tree)).root == tree.root


@pytest.mark.parametrize(
    ("old", "new", "given", "message"),
    [
        ("tile: rows", "tile: row", {}, "'row' is no parameter of the mapping (did you mean 'rows'?)"),
        ("tile: rows", "tile: 4", {"columns": 3}, "the mapping has no parameter 'columns' (known: rows)"),
        ("default: 4", "default: 0", {}, "expected a default from 1 to"),
        ("default: 4, ", "", {}, "key 'default' is missing"),
        ("tile: rows", "tile: rows", {"rows": 0}, "expected rows from 1 to"),
        ("reload", "forget", {}, "expected one of keep, drop, reload"),
    ],
)
def test_mistakes_in_parameters_are_named(
    old: str, new: str, given: dict[str, int], message: str, tmp_path: Path
) -> None:
    (tmp_path / "m.yaml").write_text(PARAMETERS.replace(old, new))
    with pytest.raises(InputError) as caught:
        read_mapping(tmp_path / "m.yaml", **given)
    assert message in str(caught.value)
