"""Convolutions and pools: against the reference implementation on numbers, and as the expressions that they become."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from tests.importers.onnx_execution import agree, execute, expressions, imported, model_of, random_values, reference

RANDOM = np.random.default_rng(1)


def array_of(model: onnx.ModelProto, name: str) -> Any:
    return next(numpy_helper.to_array(tensor) for tensor in model.graph.initializer if tensor.name == name)


def weights(*shape: int) -> Any:
    return RANDOM.standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize(
    ("attributes", "image", "kernel"),
    [
        ({}, (2, 3, 7, 8), (4, 3, 3, 3)),
        ({"pads": [1, 1, 1, 1], "strides": [2, 2]}, (1, 3, 7, 8), (4, 3, 3, 3)),
        ({"pads": [0, 2, 1, 0]}, (1, 3, 7, 8), (4, 3, 3, 2)),
        ({"dilations": [2, 1], "pads": [2, 1, 2, 1]}, (1, 2, 7, 8), (3, 2, 3, 3)),
        ({"auto_pad": "SAME_UPPER", "strides": [2, 2]}, (1, 3, 7, 8), (4, 3, 3, 3)),
        ({"auto_pad": "SAME_LOWER", "strides": [2, 2]}, (1, 3, 7, 8), (4, 3, 3, 3)),
        ({"auto_pad": "VALID"}, (1, 3, 7, 8), (4, 3, 3, 3)),
        ({"group": 2, "pads": [1, 1, 1, 1]}, (1, 4, 5, 5), (6, 2, 3, 3)),
        ({"group": 4, "pads": [1, 1, 1, 1]}, (2, 4, 5, 5), (4, 1, 3, 3)),
        ({"group": 4, "pads": [1, 1, 1, 1]}, (1, 4, 5, 5), (8, 1, 3, 3)),
        ({"group": 2}, (1, 4, 5, 5), (2, 2, 3, 3)),
        ({}, (1, 3, 4, 4), (5, 3, 1, 1)),
        ({"strides": [2, 2]}, (1, 3, 4, 4), (5, 3, 1, 1)),
        ({"pads": [1, 1]}, (1, 3, 9), (4, 3, 3)),
        ({"group": 3, "strides": [2]}, (2, 3, 9), (3, 1, 3)),
        ({"pads": [1, 0, 1, 1, 0, 1]}, (1, 2, 4, 5, 4), (3, 2, 3, 2, 3)),
        ({"pads": [1, 1, 1, 1]}, (1, 3, 1, 1), (4, 3, 3, 3)),
        ({"pads": [1, 1, 1, 1]}, (1, 1, 1, 6), (1, 1, 3, 3)),
        ({"pads": [2, 2, 2, 2]}, (1, 2, 1, 1), (3, 2, 1, 1)),
    ],
)
@pytest.mark.parametrize("opset", [9, 11, 22])
def test_convolution(attributes: dict[str, Any], image: Any, kernel: Any, opset: int) -> None:
    node = helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=kernel[2:], **attributes)
    agree(model_of([node], {"x": image}, ["y"], {"w": weights(*kernel)}, opset=opset))


@pytest.mark.parametrize(
    ("attributes", "image", "kernel"),
    [
        ({"strides": [2, 2]}, (1, 2, 4, 5), (2, 3, 3, 3)),
        ({"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]}, (1, 2, 4, 5), (2, 3, 3, 3)),
        ({"dilations": [2, 2], "pads": [2, 2, 2, 2]}, (2, 2, 4, 5), (2, 3, 3, 3)),
        ({"group": 2, "strides": [2, 2]}, (1, 4, 3, 3), (4, 2, 2, 2)),
        ({"group": 4}, (1, 4, 3, 3), (4, 1, 2, 2)),
        ({"strides": [2]}, (1, 2, 4), (2, 3, 3)),
        ({"strides": [2, 1, 1]}, (1, 2, 3, 2, 2), (2, 2, 2, 1, 2)),
        ({}, (1, 3, 3, 3), (3, 2, 1, 1)),
    ],
)
def test_transposed_convolution(attributes: dict[str, Any], image: Any, kernel: Any) -> None:
    """Group by group: the reference implementation knows one output channel per group only."""
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], **attributes)
    model = model_of([node], {"x": image}, ["y"], {"w": weights(*kernel)})
    values = random_values(model)
    groups = attributes.get("group", 1)
    alone = helper.make_node("ConvTranspose", ["x", "w"], ["y"], **(attributes | {"group": 1}))
    parts = zip(*(np.split(a, groups, axis) for a, axis in ((values["x"], 1), (array_of(model, "w"), 0))), strict=True)
    made = [reference(model_of([alone], {"x": x.shape}, ["y"], {"w": w}), {"x": x})[0] for x, w in parts]
    agree(model, values=values, expected=[np.concatenate(made, axis=1)])


def test_transposed_convolution_with_a_given_output() -> None:
    """9 elements are written for 4 inputs, stride 2 and kernel 3; the one that is too much is cut off in front."""
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], name="up", strides=[2], output_shape=[8])
    assert expressions(model_of([node], {"x": (1, 2, 4)}, ["y"], {"w": weights(2, 3, 3)})) == [
        "mac: up[m,2*p+r-1] = x[c,p] * W_up[c,m,r]"
    ]


@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize(
    "attributes",
    [
        {"kernel_shape": [2, 2], "strides": [2, 2]},
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]},
        {"kernel_shape": [3, 2], "strides": [1, 2]},
        {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"},
        {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
    ],
)
def test_pool(kind: str, attributes: dict[str, Any]) -> None:
    """An average is the sum of what is inside, over how many these are."""
    node = helper.make_node(kind, ["x"], ["y"], **attributes)
    model = model_of([node], {"x": (2, 3, 7, 8)}, ["y"])
    if kind == "MaxPool":
        agree(model)
        return
    given = random_values(model)
    ones = {"x": np.ones_like(given["x"])}
    result = imported(model)
    (output,) = result.workload.outputs
    total, count = (execute(result.workload, values, {})[output] for values in (given, ones))
    agree(model, {"add": lambda x: x}, values=given, expected=[total])
    np.testing.assert_allclose(total / count, reference(model, given)[0], rtol=1e-4)


def test_pools_of_everything() -> None:
    for kind, scale in (("GlobalMaxPool", 1), ("GlobalAveragePool", 20)):
        model = model_of([helper.make_node(kind, ["x"], ["y"])], {"x": (2, 3, 4, 5)}, ["y"])
        values = random_values(model)
        pooled = values["x"].max((2, 3)) if scale == 1 else values["x"].mean((2, 3)) * scale
        agree(model, values=values, expected=[pooled])


def test_ranks_are_called_as_in_the_shipped_networks() -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["a"], name="stem", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["a", "w2"], ["b"], name="depthwise", group=8, kernel_shape=[3, 3]),
        helper.make_node("Conv", ["b", "w3"], ["c"], name="grouped", group=2, kernel_shape=[1, 1]),
        helper.make_node("Flatten", ["c"], ["d"]),
        helper.make_node("Gemm", ["d", "w4"], ["e"], name="fc", transB=1),
    ]
    constants = {"w1": weights(8, 3, 3, 3), "w2": weights(8, 1, 3, 3), "w3": weights(6, 4, 1, 1), "w4": weights(5, 216)}
    assert expressions(model_of(nodes, {"x": (1, 3, 8, 8)}, ["e"], constants)) == [
        "mac: stem[m,p,q] = x[c,p+r-1,q+s-1] * W_stem[m,c,r,s]",
        "mac: depthwise[m,p,q] = stem[m,p+r,q+s] * W_depthwise[m,r,s]",
        "mac: grouped[3*g+m,p,q] = depthwise[4*g+c,p,q] * W_grouped[3*g+m,c]",
        "mac: fc[f] = grouped[c,r,s] * W_fc[f,c,r,s]",
    ]


def test_a_window_over_one_element_reads_its_surroundings_as_zeros() -> None:
    """`x` is stored with a row and a column, though both have one element: eight of nine taps read beside it."""
    node = helper.make_node("Conv", ["x", "w"], ["y"], name="head", pads=[1, 1, 1, 1])
    model = model_of([node], {"x": (1, 3, 1, 1)}, ["y"], {"w": weights(4, 3, 3, 3)})
    result = imported(model)
    assert expressions(model) == ["mac: head[m] = x[c,r-1,s-1] * W_head[m,c,r,s]"]
    assert result.workload.tensors["x"].shape == (3, 1, 1)


def test_padding_in_front_of_a_convolution_is_part_of_it() -> None:
    nodes = [
        helper.make_node("Pad", ["x", "pads"], ["a"]),
        helper.make_node("Conv", ["a", "w"], ["y"], name="conv", pads=[1, 1, 1, 1]),
    ]
    constants = {"pads": np.array([0, 0, 1, 2, 0, 0, 3, 0]), "w": weights(4, 3, 3, 3)}
    model = model_of(nodes, {"x": (1, 3, 5, 6)}, ["y"], constants)
    assert expressions(model) == ["mac: conv[m,p,q] = x[c,p+r-2,q+s-3] * W_conv[m,c,r,s]"]
    agree(model)


def test_a_slice_is_copied_where_a_window_would_look_beyond_it() -> None:
    """A convolution without padding reads the slice in place; with padding it must not see what was cut off."""
    constants = {"w": weights(2, 3, 3, 3), "start": np.array([1]), "end": np.array([5]), "axis": np.array([2])}
    for pads, layers in (([0, 0, 0, 0], 1), ([1, 1, 1, 1], 2)):
        nodes = [
            helper.make_node("Slice", ["x", "start", "end", "axis"], ["a"], name="cut"),
            helper.make_node("Conv", ["a", "w"], ["y"], name="conv", pads=pads),
        ]
        result = agree(model_of(nodes, {"x": (1, 3, 6, 6)}, ["y"], constants))
        assert len(result.workload.einsums) == layers
        assert result.moved == (("cut",) if layers == 2 else ())
