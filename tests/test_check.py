"""The comparison of model and simulator: complete where both agree, and it sees every kind of difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

import pytest

from looptree.architecture import architecture_from_node
from looptree.check import check, checked_counts
from looptree.documents import parse_document
from looptree.errors import UnsupportedError
from looptree.model.evaluate import evaluate_design
from looptree.model.result import OperationCount, Traffic
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.taxonomy.reader import mapping_from_node
from looptree.workload.reader import workload_from_node

Value = TypeVar("Value")

WORKLOAD = """
einsums:
  - {name: e1, expression: "T[p] = X[p+r] * W[r]", ranks: {p: 6, r: 3}}
  - {name: e2, expression: "Y[p] = T[p+r] * V[r]", ranks: {p: 4, r: 3}}
"""
MAPPING = """
mapping:
  - storage: {level: DRAM, tensors: [X, W, V, Y]}
  - temporal: {rank: p, tile: 2}
  - storage: {level: GLB, tensors: [T], overlap: drop}
  - sequential: [[{compute: {einsum: e1}}], [{compute: {einsum: e2}}]]
"""


@pytest.fixture(scope="module")
def design() -> Design:
    """Two layers of one rank, the overlap of the tensor between them computed again."""
    return bind(
        workload_from_node(parse_document(WORKLOAD)),
        architecture_from_node(parse_document("{levels: [{name: DRAM}, {name: GLB}]}")),
        mapping_from_node(parse_document(MAPPING)),
    )


def changed(values: Mapping[str, Value], key: str, value: Value) -> dict[str, Value]:
    return {**values, key: value}


def test_model_and_simulator_agree(design: Design) -> None:
    assert check(design) == ()


def test_what_is_counted(design: Design) -> None:
    found = {count.what: count.model for count in checked_counts(design)}
    # two tiles of two need four of T each, two of them twice; each takes three operations
    assert found["operations of e1"] == 24
    assert found["recomputed operations of e1"] == 6
    assert found["words of T read at GLB"] == 12 + 24 - 8
    assert found["window words of T at GLB (storage node 4)"] == 4
    assert found["window bytes of T at GLB"] == 4
    assert {"words of X read at DRAM", "live bytes at DRAM", "compute cycles"} <= set(found)


def test_every_kind_of_difference_is_seen(design: Design) -> None:
    evaluation = evaluate_design(design)
    dram, glb = evaluation.transfers["DRAM"], evaluation.occupancy["GLB"]
    wrong = {
        "operations of e1": replace(evaluation, operations=changed(evaluation.operations, "e1", OperationCount(23, 6))),
        "recomputed operations of e1": replace(
            evaluation, operations=changed(evaluation.operations, "e1", OperationCount(24, 5))
        ),
        "words of X read at DRAM": replace(
            evaluation, transfers=changed(evaluation.transfers, "DRAM", changed(dram, "X", Traffic(1, 0, 1, 0)))
        ),
        "window bytes at GLB": replace(
            evaluation, occupancy=changed(evaluation.occupancy, "GLB", replace(glb, window_bytes=5))
        ),
        "live bytes of T at GLB": replace(
            evaluation, occupancy=changed(evaluation.occupancy, "GLB", replace(glb, per_tensor={"T": (4, 9)}))
        ),
        "compute cycles": replace(evaluation, latency=replace(evaluation.latency, compute=1)),
    }
    for what, evaluated in wrong.items():
        (difference,) = check(design, evaluated)
        assert difference.what == what
        assert difference.model != difference.simulator


def test_a_tensor_that_only_the_simulator_moves_is_seen(design: Design) -> None:
    evaluation = evaluate_design(design)
    dram = {tensor: traffic for tensor, traffic in evaluation.transfers["DRAM"].items() if tensor != "X"}
    (difference,) = check(design, replace(evaluation, transfers=changed(evaluation.transfers, "DRAM", dram)))
    assert (difference.what, difference.model) == ("words of X read at DRAM", 0)


def test_too_large(design: Design) -> None:
    with pytest.raises(UnsupportedError, match="the limit is 10"):
        check(design, limit=10)
