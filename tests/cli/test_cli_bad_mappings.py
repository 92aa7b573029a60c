"""Mistakes in a mapping file: one message, exit code 2, nothing on stdout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command_line import ARCHITECTURE, MAPPING, complaint, looptree, replaced, write


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("tile: 4", "tile: 33", "loop over p: the tile 33 is larger than rank conv2.p (32)"),
        ("tile: 4", "tile: 0", "mapping[2].temporal.tile: expected a tile shape from 1"),
        ("tile: 4", "tile: 2.5", "(a whole number), found 2.5"),
        ("rank: p", "rank: z", "loop over z: the sink 'conv2' has no rank 'z'"),
        ("rank: p", "rank: conv1.p", "'conv1' is not a sink here"),
        ("rank: p", "rank: conv2.", "expected a rank such as p or conv2.p, found 'conv2.'"),
        ("rank: p", "rank: []", "a loop names no rank"),
        ("einsum: conv1", "einsum: conv1, inside: found", "asks for a nest, but no memory level is left below 'GLB'"),
        (
            "einsum: conv1",
            "einsum: conv1, inside: best",
            "compute.inside: expected one of found, written, found 'best'",
        ),
        ("rank: p", "rank: [p, q]", "a loop tiles one rank of each sink"),
        ("[F1, F2]", "[F1]", "tensor 'F2' is stored nowhere"),
        ("[F1, F2]", "[F1, F2, W1]", "storage at GLB: tensor 'W1' is stored twice at this level"),
        ("[F1, F2]", "[F1, F2, F1]", "mapping[3].storage: tensor 'F1' is named twice"),
        (
            "[F1, F2]",
            "[F1, F2], lifetime: uses",
            "storage at GLB: F1, F2 cannot have lifetime: uses, because it stands below a loop",
        ),
        ("[F1, F2]", "", "mapping[3].storage.tensors: expected a name (text), found nothing"),
        ("[F1, F2]", "[F1, F7]", "there is no tensor 'F7'"),
        ("[F1, W1, W2, F3]", "[W1, W2, F3]", "tensor 'F1' is an input of the workload but is not stored at DRAM"),
        ("level: GLB", "level: GLBB", "there is no memory level 'GLBB' (did you mean 'GLB'?)"),
        ("einsum: conv2", "einsum: conv1", "einsum 'conv1' is computed twice"),
        ("    - [{compute: {einsum: conv2}}]\n", "", "einsum 'conv2' is never computed"),
        ("einsum: conv2", "einsum: conv3", "there is no einsum 'conv3' (did you mean 'conv2'?)"),
        ("einsum: conv2", "einsum: conv2, unit: ALU", "compute conv2: there is no unit 'ALU' (known: MAC)"),
        ("tensors: [F3]", "tenors: [F3]", "unknown key 'tenors' (did you mean 'tensors'?)"),
        ("temporal", "temporl", "unknown node kind 'temporl' (did you mean 'temporal'?)"),
        ("mapping:", "maping:", "unknown key 'maping' (did you mean 'mapping'?)"),
    ],
)
def test_mistakes(tmp_path: Path, before: str, after: str, expected: str) -> None:
    message = complaint(looptree("evaluate", *write(tmp_path, mapping=replaced(MAPPING, before, after))))
    assert "mapping.yaml" in message
    assert expected in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mapping: []", "expected nodes, found an empty list"),
        ("mapping: {}", "expected a list, found a mapping with no keys"),
        ("mapping: [hello]", "mapping[0]: expected a mapping (key: value), found 'hello'"),
        ("mapping: [{sequential: []}]", "a sequential node without branches"),
        ("mapping: [{sequential: [[]]}]", "expected nodes, found an empty list"),
        ("mapping: [{compute: }]", "mapping[0].compute: expected a mapping (key: value), found nothing"),
        ("mapping: [{storage: {level: DRAM, tensors: [F1]}}]", "the chain ends in storage"),
        (MAPPING + "  - temporal: {rank: p, tile: 1}\n", "nodes follow after sequential"),
        (f"mapping: {'[{sequential: [' * 70}{']}]' * 70}", "200 levels"),
    ],
)
def test_not_a_mapping(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in complaint(looptree("evaluate", *write(tmp_path, mapping=text)))


def test_wrong_order(tmp_path: Path) -> None:
    swapped = MAPPING.replace("conv1", "x").replace("conv2", "conv1").replace("einsum: x", "einsum: conv2")
    message = complaint(looptree("evaluate", *write(tmp_path, mapping=swapped)))
    assert "'conv2' reads 'F2' before 'conv1' has produced it" in message


SPREAD = """
mapping:
  - storage: {level: DRAM, tensors: [F1, W1, F2, W2, F3]}
  - sequential:
    - - spatial: {rank: conv1.m, tile: 2, axis: x}
      - compute: {einsum: conv1}
    - - compute: {einsum: conv2}
"""
ARRAY = "compute: {array: {x: 4, y: 4},"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "tile: 2",
            "tile: 1",
            ":5: spatial loop over conv1.m: 8 instances of 'conv1' along axis 'x', which has 4 units (use a",
        ),
        ("tile: 2", "tile: 9", "the tile 9 is larger than rank conv1.m (8)"),
        ("axis: x", "axis: z", "there is no axis 'z' of an array or of cores in architecture 'small' (known: x, y)"),
        (", axis: x", "", "mapping[1].sequential[0][0].spatial: key 'axis' is missing"),
        (
            "rank: conv1.m",
            "rank: conv1.c",
            ":5: spatial loop over conv1.c: instances of 'conv1' along 'x' add to the same words of 'F2', but",
        ),
        (
            "  - sequential:",
            "  - spatial: {rank: p, tile: 8, axis: x}\n  - sequential:",
            "axis 'x' of the array spreads one layer, and here is a branch of several below",
        ),
    ],
)
def test_mistakes_in_spatial_loops(tmp_path: Path, before: str, after: str, expected: str) -> None:
    texts = {"mapping": replaced(SPREAD, before, after), "architecture": replaced(ARCHITECTURE, "compute: {", ARRAY)}
    message = complaint(looptree("evaluate", *write(tmp_path, **texts)))
    assert "mapping.yaml:" in message
    assert expected in message


def test_a_spatial_loop_of_a_file_is_evaluated_and_checked(tmp_path: Path) -> None:
    texts = {"mapping": SPREAD, "architecture": replaced(ARCHITECTURE, "compute: {", ARRAY)}
    workload, architecture, mapping = write(tmp_path, **texts)
    found = json.loads(looptree("evaluate", workload, architecture, mapping, "--json", "--check").out)
    assert found["latency_cycles"]["compute_per_layer"]["conv1"]["units"] == 4 * 2 * 4  # instances, m and c in each
    assert found["latency_cycles"]["stepwise"] >= found["latency_cycles"]["overlapped"]
    assert found["check"]["differences"] == []


def test_a_parameter_of_a_mapping_is_set_on_the_command_line(tmp_path: Path) -> None:
    head = "parameters: {rows: {default: 4, meaning: rows per step}}"
    files = write(tmp_path, mapping=head + replaced(MAPPING, "tile: 4", "tile: rows"))
    windows = {}
    for given in ((), ("--set", "rows=8")):
        found = json.loads(looptree("evaluate", *files, "--json", *given).out)
        windows[given] = found["occupancy"]["GLB"]["per_tensor"]["F1"]["window_bytes"]
    assert windows == {(): 4 * 8 * 36, ("--set", "rows=8"): 4 * 12 * 36}
