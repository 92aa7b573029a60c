"""`If`, `Loop` and `Scan`: written out where conditions are known, run on numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from looptree.errors import InputError
from tests.importers.onnx_execution import agree, expressions, imported, model_of, random_values

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def value(name: str, shape: list[int] | None, kind: int = FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def constant(name: str, number: Any, kind: type) -> onnx.TensorProto:
    return onnx.numpy_helper.from_array(np.asarray(number, kind), name)


def recurrence(condition: list[onnx.NodeProto], most: str = "trips") -> onnx.ModelProto:
    """`h = relu(h @ R + x[t])` for each step, all of which are collected; `condition` makes `going`."""
    nodes = [
        *condition,
        helper.make_node("Gather", ["x", "t"], ["row"], axis=0),
        helper.make_node("MatMul", ["h", "R"], ["product"], name="recur"),
        helper.make_node("Add", ["product", "row"], ["sum"], name="sum"),
        helper.make_node("Relu", ["sum"], ["h_new"], name="relu"),
        helper.make_node("Identity", ["h_new"], ["kept"]),
    ]
    body = helper.make_graph(
        nodes,
        "body",
        [value("t", [], INT64), value("before", [], BOOL), value("h", [1, 4])],
        [value("going", [], BOOL), value("h_new", [1, 4]), value("kept", [1, 4])],
        [constant("last", 1, np.int64)],
    )
    loop = helper.make_node("Loop", [most, "", "h0"], ["h_last", "all"], name="loop", body=body)
    given = {"trips": np.asarray(3), "R": np.ones((4, 4), np.float32) / 3}
    return model_of([loop], {"x": [3, 1, 4], "h0": [1, 4]}, ["h_last", "all"], given)


SAME = [helper.make_node("Identity", ["before"], ["going"])]
LESS = [helper.make_node("Less", ["t", "last"], ["going"])]


@pytest.mark.parametrize(("condition", "steps"), [(SAME, 3), (LESS, 2)])
def test_a_loop_is_written_out(condition: list[onnx.NodeProto], steps: int) -> None:
    """Three iterations, or two where the body says that step 1 is the last; the weights are one tensor."""
    model = recurrence(condition)
    found = imported(model)
    assert [e.operations for e in found.workload.einsums if e.operation == "mac"] == [16] * steps
    assert (found.parameters, found.opaque) == (16, ())
    values = random_values(model)
    rows = [values["h0"]]
    for step in range(steps):
        rows.append(rows[-1] @ np.full((4, 4), 1 / 3) + values["x"][step])
    agree(model, values=values, expected=[rows[-1], np.stack(rows[1:])])


def test_a_scan_is_written_out() -> None:
    """A running sum, of the last row first; the sums are collected in the second dimension."""
    body = helper.make_graph(
        [helper.make_node("Add", ["s", "row"], ["s_new"], name="add"), helper.make_node("Neg", ["s_new"], ["kept"])],
        "body",
        [value("s", [4]), value("row", [4])],
        [value("s_new", [4]), value("kept", [4])],
    )
    scan = helper.make_node(
        "Scan", ["s0", "x"], ["s_last", "all"], body=body, num_scan_inputs=1, scan_input_directions=[1],
        scan_output_axes=[1],
    )  # fmt: skip
    model = model_of([scan], {"s0": [4], "x": [3, 4]}, ["s_last", "all"])
    assert sum(text.startswith("add") for text in expressions(model)) == 3
    values = random_values(model)
    sums = values["s0"] + np.cumsum(values["x"][::-1], axis=0)
    agree(model, values=values, expected=[sums[-1], -sums.T])


def chosen(condition: list[onnx.NodeProto]) -> onnx.ModelProto:
    branches = [
        helper.make_graph([helper.make_node("MatMul", ["x", w], [f"y_{w}"])], w, [], [value(f"y_{w}", None)])
        for w in ("A", "B")
    ]
    test = helper.make_node("If", ["c"], ["y"], name="if", then_branch=branches[0], else_branch=branches[1])
    weights = {"A": np.ones((4, 8), np.float32), "B": np.ones((4, 2), np.float32), "wanted": np.asarray(16000)}
    return model_of([*condition, test], {"x": [3, 4], "rate": []}, ["y"], weights, types={"rate": INT64})


def test_an_input_of_one_number_decides() -> None:
    """`--dim rate=16000` chooses the branch, and without it the message says so."""
    model = chosen([helper.make_node("Equal", ["rate", "wanted"], ["c"])])
    assert [imported(model, {"rate": rate}).workload.einsums[0].operations for rate in (16000, 8000)] == [96, 24]
    with pytest.raises(InputError, match=r"If that is an input, give it a value: --dim rate=1"):
        imported(model)
    with pytest.raises(InputError, match="the model has no dynamic dimension 'rated'"):
        imported(model, {"rated": 1})


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (recurrence(SAME, most="h0"), "not what the operator expects|depends on data|makes it"),
        (recurrence([helper.make_node("Less", ["h", "x"], ["going"])]), "depends on data"),
    ],
)
def test_a_loop_that_depends_on_data_is_refused(model: onnx.ModelProto, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        imported(model)


def test_a_loop_without_end_is_refused() -> None:
    model = recurrence(SAME)
    model.graph.initializer[0].CopyFrom(constant("trips", 2**40, np.int64))
    with pytest.raises(InputError, match="is more than 20000 nodes when it is written out"):
        imported(model)
