"""Word widths: of the element types, of quantised models, and replaced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.importers.onnx_execution import agree, imported, model_of

WEIGHT = np.ones((4, 3, 3, 3), np.float32)
SCALES = {"s": np.float32(0.1), "z": np.uint8(0), "sw": np.float32(0.1), "zw": np.int8(0)}


def widths(model: Any, **options: Any) -> dict[str, int]:
    return {name: tensor.bits for name, tensor in imported(model, **options).workload.tensors.items()}


@pytest.mark.parametrize(
    ("element", "bits"),
    [(TensorProto.FLOAT, 32), (TensorProto.FLOAT16, 16), (TensorProto.BFLOAT16, 16), (TensorProto.INT8, 8),
     (TensorProto.INT64, 64), (TensorProto.DOUBLE, 64), (TensorProto.BOOL, 8)],
)  # fmt: skip
def test_a_word_is_as_wide_as_the_element_type(element: int, bits: int) -> None:
    model = model_of([helper.make_node("Transpose", ["x"], ["t"]), helper.make_node("Expand", ["t", "s"], ["y"])],
                     {"x": (2, 3)}, ["y"], {"s": np.array([4, 3, 2])}, types={"x": element, "y": element})  # fmt: skip
    assert set(widths(model).values()) == {bits}
    floating = element in (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE)
    assert set(widths(model, bits=4).values()) == {4 if floating else bits}


def quantised(*extra: Any) -> Any:
    """A convolution between quantisation and its inverse, as most tools write int8 models."""
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "s", "z"], ["xd"]),
        helper.make_node("DequantizeLinear", ["w", "sw", "zw"], ["wd"]),
        helper.make_node("Conv", ["xd", "wd"], ["c"], name="conv"),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("QuantizeLinear", ["r", "s", "z"], ["rq"]),
        helper.make_node("DequantizeLinear", ["rq", "s", "z"], ["rd"]),
        *extra,
    ]
    return model_of(nodes, {"x": (1, 3, 6, 6)}, [nodes[-1].output[0]], SCALES | {"w": WEIGHT.astype(np.int8)})


def test_quantisation_is_folded_away_and_sets_the_width() -> None:
    second = helper.make_node("GlobalAveragePool", ["rd"], ["y"], name="pool")
    assert widths(quantised(second)) == {"x": 8, "W_conv": 8, "conv": 8, "pool": 32}
    assert widths(quantised(second), bits=16) == {"x": 8, "W_conv": 8, "conv": 8, "pool": 16}
    assert len(imported(quantised(second)).workload.einsums) == 2


def test_who_reads_the_wide_value_keeps_it_wide() -> None:
    """A skip connection from in front of the quantisation."""
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "s", "z"], ["xd"]),
        helper.make_node("Softmax", ["xd"], ["n"], name="n"),
        helper.make_node("Add", ["n", "x"], ["y"], name="y"),
    ]
    assert widths(model_of(nodes, {"x": (2, 3)}, ["y"], SCALES))["x"] == 32


def test_integer_operators() -> None:
    image, kernel = np.ones((1, 3, 5, 5), np.uint8), WEIGHT.astype(np.uint8)
    conv = helper.make_node("ConvInteger", ["x", "w"], ["y"], name="conv")
    model = model_of([conv], {"x": image.shape}, ["y"], {"w": kernel}, types={"x": 2, "y": 6})
    assert widths(model) == {"x": 8, "W_conv": 8, "conv": 32}
    agree(model)
    product = helper.make_node("MatMulInteger", ["a", "b"], ["y"], name="product")
    agree(model_of([product], {"a": (4, 3), "b": (3, 5)}, ["y"], types={"a": 2, "b": 2, "y": 6}))


def test_quantised_convolution_and_product() -> None:
    scales = {"s": np.float32(1), "z": np.uint8(0), "sw": np.float32(1), "zw": np.uint8(0)}
    conv = helper.make_node("QLinearConv", ["x", "s", "z", "w", "sw", "zw", "s", "z"], ["y"], name="conv", pads=[1] * 4)
    constants = scales | {"w": WEIGHT.astype(np.uint8)}
    model = model_of([conv], {"x": (1, 3, 5, 5)}, ["y"], constants, types={"x": 2, "y": 2})
    assert widths(model) == {"x": 8, "W_conv": 8, "conv": 8}
    small = {"x": np.random.default_rng(0).integers(0, 5, (1, 3, 5, 5)).astype(np.uint8)}
    agree(model, values=small)
    product = helper.make_node("QLinearMatMul", ["a", "s", "z", "b", "sw", "zw", "s", "z"], ["y"], name="product")
    model = model_of([product], {"a": (4, 3), "b": (3, 5)}, ["y"], scales, types={"a": 2, "b": 2, "y": 2})
    agree(model, values={"a": np.full((4, 3), 2, np.uint8), "b": np.full((3, 5), 3, np.uint8)})


def test_quantised_weights_that_are_large_are_not_read() -> None:
    """Weights in another file: only shape and type are known, and that is enough."""
    model = quantised(helper.make_node("GlobalAveragePool", ["rd"], ["y"], name="pool"))
    for tensor in model.graph.initializer:
        if tensor.name == "w":
            array = numpy_helper.to_array(tensor)
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value="weights.bin")
            tensor.external_data.add(key="length", value=str(array.nbytes))
    assert widths(model) == {"x": 8, "W_conv": 8, "conv": 8, "pool": 32}
