"""What is folded into the layer in front, what becomes one layer, and what must not be folded."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from tests.importers.onnx_execution import agree, expressions, imported, model_of

CONV = helper.make_node("Conv", ["x", "w"], ["c"], name="conv", kernel_shape=[1, 1])
WEIGHT = np.ones((4, 3, 1, 1), np.float32)
SHAPE = {"x": (1, 3, 5, 5)}
CONV_TEXT = "mac: conv[m,p,q] = x[c,p,q] * W_conv[m,c]"


def node(kind: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), [output], name=output, **attributes)


def behind_a_convolution(*nodes: onnx.NodeProto, constants: Any = None, fold: bool = True) -> list[str]:
    """The layers behind `c`, which a convolution makes; the last node makes the output."""
    return expressions(
        model_of([CONV, *nodes], SHAPE, list(nodes[-1].output), {"w": WEIGHT, **(constants or {})}), fold=fold
    )


def vector(extent: int, *shape: int) -> Any:
    return np.ones(extent, np.float32).reshape(shape or (extent,))


BATCH_NORM = {name: vector(4) for name in ("s", "b", "mean", "var")}


def test_batch_normalisation_and_activation() -> None:
    nodes = [node("BatchNormalization", "c s b mean var", "n"), node("Relu", "n", "y")]
    assert behind_a_convolution(*nodes, constants=BATCH_NORM) == [CONV_TEXT]
    assert behind_a_convolution(*nodes, fold=False, constants=BATCH_NORM) == [
        CONV_TEXT,
        "mul: n[m,p,q] = conv[m,p,q] * W_n[m]",
        "relu: y[m,p,q] = n[m,p,q]",
    ]


def test_bias_and_scale_per_channel() -> None:
    bias = {"b": vector(4, 1, 4, 1, 1)}
    assert behind_a_convolution(node("Add", "c b", "y"), constants=bias) == [CONV_TEXT]
    assert behind_a_convolution(node("Mul", "b c", "y"), constants=bias) == [CONV_TEXT]
    assert behind_a_convolution(node("Add", "c b", "y"), fold=False, constants=bias)[1:] == [
        "add: y[m,p,q] = conv[m,p,q] * W_y[m]"
    ]


def test_a_constant_for_every_element_is_no_bias() -> None:
    """A positional embedding is read, whatever it is added to."""
    whole = {"b": np.ones((1, 4, 5, 5), np.float32)}
    assert behind_a_convolution(node("Add", "c b", "y"), constants=whole)[1:] == [
        "add: y[m,p,q] = conv[m,p,q] * W_y[m,p,q]"
    ]


def test_a_scale_per_row_is_not_part_of_the_weights() -> None:
    rows = {"b": vector(5, 5, 1)}
    assert behind_a_convolution(node("Mul", "c b", "y"), constants=rows)[1:] == ["mul: y[m,p,q] = conv[m,p,q] * W_y[p]"]


@pytest.mark.parametrize(
    "nodes",
    [
        [node("Sigmoid", "c", "s"), node("Mul", "c s", "y")],
        [node("HardSigmoid", "c", "s"), node("Mul", "s c", "y")],
        [node("Softplus", "c", "s"), node("Tanh", "s", "t"), node("Mul", "c t", "y")],
        [node("Clip", "c zero six", "y")],
        [node("PRelu", "c slope", "y")],
        [node("Relu", "c", "r"), node("Identity", "r", "i"), node("Cast", "i", "y", to=1)],
        [node("Relu", "c", "r"), node("Reshape", "r shape", "f"), node("Tanh", "f", "y")],
    ],
)
def test_functions_of_one_value_are_folded(nodes: list[onnx.NodeProto]) -> None:
    constants = {
        "zero": np.float32(0),
        "six": np.float32(6),
        "slope": vector(4, 4, 1, 1),
        "shape": np.array([1, 4, 25]),
    }
    assert behind_a_convolution(*nodes, constants=constants) == [CONV_TEXT]


def test_a_function_of_an_input_is_one_layer() -> None:
    """`x * sigmoid(x)` reads `x` once."""
    nodes = [node("Sigmoid", "x", "s"), node("Mul", "x s", "y")]
    assert expressions(model_of(nodes, {"x": (2, 3)}, ["y"])) == ["silu: y[b,f] = x[b,f]"]
    assert expressions(model_of(nodes, {"x": (2, 3)}, ["y"]), fold=False) == [
        "sigmoid: s[b,f] = x[b,f]",
        "mul: y[b,f] = x[b,f] * s[b,f]",
    ]


def test_what_two_read_is_not_folded_away() -> None:
    """The sum is wanted before and after its activation: two layers; a third reader of the sigmoid alone: three."""
    add = node("Add", "x z", "a")
    both = {"x": (2, 3), "z": (2, 3)}
    nodes = [add, node("Sigmoid", "a", "s"), node("Mul", "a s", "m")]
    assert expressions(model_of(nodes, both, ["a", "m"])) == ["add: a[b,f] = x[b,f] * z[b,f]", "silu: m[b,f] = a[b,f]"]
    model = model_of(nodes, both, ["s", "m"])
    assert expressions(model) == [
        "add: a[b,f] = x[b,f] * z[b,f]",
        "sigmoid: s[b,f] = a[b,f]",
        "mul: m[b,f] = a[b,f] * s[b,f]",
    ]
    agree(model)


def test_normalisation_in_front_of_an_activation_is_one_layer_where_nothing_takes_it_in() -> None:
    """DenseNet: a concatenation is normalised; the factors per channel are read, the activation is part of it."""
    nodes = [
        helper.make_node("Concat", ["x", "z"], ["c"], name="joined", axis=1),
        node("BatchNormalization", "c s b mean var", "n"),
        node("Relu", "n", "y"),
    ]
    constants = {name: vector(5) for name in ("s", "b", "mean", "var")}
    assert expressions(model_of(nodes, {"x": (1, 3, 4, 4), "z": (1, 2, 4, 4)}, ["y"], constants)) == [
        "copy: joined[m,p,q] = x[m,p,q] * z[m-3,p,q]",
        "mul: y[m,p,q] = joined[m,p,q] * W_n[m]",
    ]


def test_a_product_of_a_value_with_its_own_transpose_is_no_function_of_each_element() -> None:
    nodes = [node("Transpose", "x", "t", perm=[1, 0]), node("Mul", "x t", "y")]
    model = model_of(nodes, {"x": (3, 3)}, ["y"])
    assert expressions(model) == ["mul: y[b,f] = x[b,f] * x[f,b]"]
    agree(model)


def test_normalisation_written_out() -> None:
    """Mean, difference, square, mean, root and quotient are the two layers of a layer normalisation."""
    constants = {"two": np.float32(2), "eps": np.float32(1e-5), "g": vector(6), "b": vector(6)}
    centred = [node("ReduceMean", "x", "mean", axes=[-1]), node("Sub", "x mean", "d")]
    squares = [node("Pow", "d two", "p"), node("ReduceMean", "p", "v", axes=[-1]), node("Add", "v eps", "e")]
    tail = [node("Sqrt", "e", "r"), node("Div", "d r", "q"), node("Mul", "q g", "m"), node("Add", "m b", "y")]
    model = model_of([*centred, *squares, *tail], {"x": (1, 4, 6)}, ["y"], constants)
    assert expressions(model) == [
        "layer_norm_stat: q_stat[p] = x[p,f]",
        "layer_norm: q[p,f] = x[p,f] * q_stat[p] * W_m[f]",
    ]
    assert dict(imported(model).folded) == {"Add": 2, "Mul": 1, "Pow": 1, "ReduceMean": 2, "Sqrt": 1, "Sub": 1}
    assert len(imported(model, fold=False).workload.einsums) == 9
    agree(model, {"pow": np.square, "sqrt": np.sqrt, "add": _mean_of(6)}, fold=False)


def _mean_of(extent: int) -> Any:
    """`add` in this model is a mean, a difference or a shift: told apart by what is read."""

    def run(*read: Any) -> Any:
        if len(read) == 1:
            return read[0] / extent if len(read[0]) == 4 * extent else read[0] + 1e-5
        return read[0] - read[1] if read[1].max() < 1 and (read[1] != 1).any() else read[0] + read[1]

    return run


def test_root_mean_square_norm_written_out() -> None:
    constants = {"two": np.float32(2), "eps": np.float32(1e-5), "g": vector(6)}
    nodes = [
        node("Cast", "x", "wide", to=1),
        node("Pow", "wide two", "p"),
        node("ReduceMean", "p", "v", axes=[-1]),
        node("Add", "v eps", "e"),
        node("Sqrt", "e", "r"),
        node("Reciprocal", "r", "i"),
        node("Mul", "wide i", "q"),
        node("Cast", "q", "narrow", to=10),
        node("Mul", "g16 narrow", "y"),
    ]
    model = model_of(
        nodes, {"x": (1, 4, 6)}, ["y"], {**constants, "g16": vector(6).astype(np.float16)}, types={"x": 10, "y": 10}
    )
    assert expressions(model) == ["rms_norm_stat: q_stat[p] = x[p,f]", "rms_norm: q[p,f] = x[p,f] * q_stat[p] * W_y[f]"]
    assert {tensor.bits for tensor in imported(model).workload.tensors.values()} == {16}


def test_a_folded_value_may_have_more_dimensions_than_what_it_is_folded_into() -> None:
    nodes = [node("MatMul", "x w", "a"), node("Add", "a b", "y"), node("Neg", "y", "z")]
    constants = {"w": np.ones((3, 4), np.float32), "b": vector(4, 1, 1, 4)}
    assert expressions(model_of([*nodes, node("Exp", "z", "e")], {"x": (2, 3)}, ["e"], constants)) == [
        "mac: a[b,f] = x[b,d] * W_a[d,f]"
    ]


def test_a_number_in_front_of_a_product_is_part_of_it() -> None:
    """Queries and keys of one projection, each multiplied by the root of the scale, as PyTorch writes them."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["qk"], name="projected"),
        helper.make_node("Split", ["qk"], ["q", "k"], axis=1, num_outputs=2),
        helper.make_node("Mul", ["q", "root"], ["qs"], name="scaled_queries"),
        helper.make_node("Transpose", ["k"], ["kt"], perm=[1, 0]),
        helper.make_node("Mul", ["root", "kt"], ["ks"], name="scaled_keys"),
        helper.make_node("MatMul", ["qs", "ks"], ["y"], name="scores"),
    ]
    constants = {"w": np.ones((4, 6), np.float32), "root": np.float32(0.5)}
    result = imported(model_of(nodes, {"x": (5, 4)}, ["y"], constants, opset=18))
    assert [einsum.name for einsum in result.workload.einsums] == ["projected", "scores"]
    assert result.folded["Mul"] == 2
    leaving = imported(model_of(nodes, {"x": (5, 4)}, ["y", "qs"], constants, opset=18))
    assert [einsum.name for einsum in leaving.workload.einsums] == ["projected", "scaled_queries", "scores"]
