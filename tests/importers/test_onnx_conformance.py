"""The conformance tests of ONNX: every model is imported or refused in one message; what is known is run."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases

from looptree.documents import parse_document
from looptree.errors import InputError
from looptree.importers.kinds import POINTWISE, RESHAPING
from looptree.workload.reader import workload_from_node, workload_to_yaml
from tests.importers.onnx_execution import Array, Meaning, agree, imported, reference

LAYOUT = RESHAPING | {
    "Slice",
    "Split",
    "Expand",
    "Tile",
    "Pad",
    "DepthToSpace",
    "SpaceToDepth",
    "Gather",
    "Resize",
    "Upsample",
}
REDUCTIONS = {"ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceSumSquare", "ReduceMean"}
PRODUCTS = {
    "MatMul",
    "Gemm",
    "Einsum",
    "Conv",
    "ConvTranspose",
    "MaxPool",
    "GlobalMaxPool",
    "GlobalAveragePool",
    "Concat",
    "Softmax",
}
RUN = (POINTWISE - {"BatchNormalization"}) | LAYOUT | REDUCTIONS | PRODUCTS

NOT_COUNTED = {
    "test_gemm_alpha": "factors of a product are part of it",
    "test_gemm_beta": "factors of a product are part of it",
    "test_gemm_all_attributes": "factors of a product are part of it",
    "test_constant_pad": "padding is zero",
    "test_constant_pad_axes": "padding is zero",
    "test_constant_pad_negative_axes": "padding is zero",
    "test_resize_upsample_sizes_nearest_floor_align_corners": "which neighbour is the nearest",
    "test_resize_upsample_sizes_nearest_round_prefer_ceil_asymmetric": "which neighbour is the nearest",
    "test_resize_upsample_sizes_nearest_ceil_half_pixel": "which neighbour is the nearest",
    "test_softmax_large_number": "the exponential of 10000",
}
"""Models that compute other numbers than their Einsums say, with as many reads and writes, and why."""


@cache
def cases() -> tuple[Any, ...]:
    with np.errstate(all="ignore"):
        return tuple(case for case in collect_testcases(None) if case.model is not None)


@pytest.mark.slow
def test_every_model_is_imported_or_refused_in_one_message() -> None:
    """No exception but `InputError`, and what is imported survives YAML."""
    done = 0
    for case in cases():
        try:
            workload = imported(case.model).workload
        except InputError as problem:
            assert str(problem).startswith("model.onnx: "), str(problem)
            assert "\n" not in str(problem)
            continue
        assert workload_from_node(parse_document(workload_to_yaml(workload))) == workload, case.name
        done += 1
    assert done > 1200


@pytest.mark.parametrize("kind", sorted(RUN))
def test_what_is_imported_computes_what_the_operator_does(kind: str) -> None:
    """All models of one operator, on the numbers that come with them."""
    done = 0
    for case in cases():
        if [node.op_type for node in case.model.graph.node] != [kind] or case.name in NOT_COUNTED:
            continue
        model, given, expected = prepared(case)
        try:
            result = imported(model)
        except InputError:
            continue  # an empty tensor, text, operators of version 1
        if result.opaque:
            continue
        with np.errstate(all="ignore"):
            agree(model, meanings(kind, model, given, result), values=given, expected=expected)
        done += 1
    assert done or kind in ("Pad", "Upsample"), kind


def prepared(case: Any) -> tuple[onnx.ModelProto, dict[str, Array], list[Array]]:
    """Model, inputs and outputs; inputs that shapes depend on become constants, layouts get a reader."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    for entry in model.opset_import:
        entry.version = max(entry.version, 7)  # `Not` has not changed since version 1
    (node,) = model.graph.node
    inputs, outputs = case.data_sets[0]
    given = {value.name: np.asarray(array) for value, array in zip(model.graph.input, inputs, strict=True)}
    expected = [np.asarray(array) for array in outputs]
    if node.op_type in LAYOUT | REDUCTIONS:
        for value in [v for v in model.graph.input if v.name in node.input[1:]]:
            model.graph.initializer.append(numpy_helper.from_array(given.pop(value.name), value.name))
            model.graph.input.remove(value)
    if node.op_type in LAYOUT:
        names = [value.name for value in model.graph.output]
        del model.graph.output[:]
        for name in names:
            model.graph.node.append(helper.make_node("Neg", [name], [f"negative_{name}"]))
            model.graph.output.append(helper.make_tensor_value_info(f"negative_{name}", 1, None))
        expected = [-array.astype(float) for array in expected]
    if node.op_type in ("ReduceMean", "GlobalAveragePool"):
        expected = [array * (next(iter(given.values())).size / array.size) for array in expected]
    return model, given, expected


def meanings(kind: str, model: onnx.ModelProto, given: dict[str, Array], result: Any) -> dict[str, Meaning]:
    """What an elementwise operator does, by the reference implementation on one dimension."""
    if kind not in POINTWISE:
        return {}
    (node,) = model.graph.node

    def run(*read: Array) -> Array:
        left = iter(read)
        scalars = {tensor.name for tensor in model.graph.initializer}
        feeds = {name: next(left).astype(given[name].dtype) for name in node.input if name and name not in scalars}
        values = [
            helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), None) for n, a in feeds.items()
        ]
        output = helper.make_tensor_value_info(node.output[0], 1, None)
        graph = helper.make_graph([node], "one", values, [output], list(model.graph.initializer))
        flat = helper.make_model(graph, opset_imports=list(model.opset_import), ir_version=8)
        return np.asarray(reference(flat, feeds)[0], np.float64)

    return {einsum.operation: run for einsum in result.workload.einsums}
