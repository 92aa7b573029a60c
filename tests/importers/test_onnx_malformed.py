"""Files and models that are not what they should be: one message that says where, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from looptree.errors import InputError
from looptree.importers.assembly import assembled
from looptree.importers.file import parse_model
from looptree.importers.inference import graph_of
from looptree.importers.load import import_onnx
from tests.importers.onnx_execution import imported, model_of
from tests.importers.transformer import Encoder


def conv(**attributes: Any) -> onnx.ModelProto:
    node = helper.make_node("Conv", ["x", "w"], ["y"], name="stem", **attributes)
    return model_of([node], {"x": (1, 3, 8, 8)}, ["y"], {"w": np.ones((4, 3, 3, 3), np.float32)})


def message(model: onnx.ModelProto, **dimensions: int) -> str:
    with pytest.raises(InputError) as problem:
        imported(model, dimensions)
    assert "\n" not in str(problem.value)
    return str(problem.value)


def changed(change: Callable[[onnx.GraphProto], object], model: onnx.ModelProto | None = None) -> onnx.ModelProto:
    model = conv() if model is None else model
    change(model.graph)
    return model


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "the file is empty"),
        (b"\x00" * 100, "expected an ONNX model, found something else or a part of one"),
        (bytes(range(256)) * 10, "expected an ONNX model"),
        (conv().SerializeToString()[:-50], "expected an ONNX model"),
        (b"name: resnet\nlayers: []\n", "expected an ONNX model"),
        (onnx.ModelProto().SerializeToString() + b"\x08\x08", "expected an ONNX model with nodes, found none"),
    ],
)
def test_files(tmp_path: Path, data: bytes, expected: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    with pytest.raises(InputError) as problem:
        import_onnx(path)
    assert str(problem.value).startswith(f"{path}: {expected}")


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        import_onnx(tmp_path / "none.onnx")
    with pytest.raises(InputError, match="expected a file, found a directory"):
        import_onnx(tmp_path)


def test_dynamic_dimensions_are_named_in_one_message() -> None:
    model = Encoder().model("batch", "sequence")
    assert message(model) == (
        "model.onnx: dynamic dimensions without a value: batch, sequence, of x[batch, sequence, 8] "
        "(give each one a value by --dim (looptree import) or --set, as in batch=1 sequence=1)"
    )
    assert "without a value: sequence" in message(model, batch=1)
    assert "no dynamic dimension 'length' (did you mean" not in message(model, batch=1, sequence=4, length=1)
    assert "the model has no dynamic dimension 'sequense' (did you mean 'sequence'?)" in message(
        model, batch=1, sequence=4, sequense=1
    )
    assert "expected an extent from 1 to 1099511627776 for dimension 'batch', found -1" in message(
        model, batch=-1, sequence=4
    )
    assert imported(model, {"batch": 2, "sequence": 4}).workload.tensors["x"].shape == (2, 4, 8)


def test_dimensions_without_a_name_are_named_by_their_place() -> None:
    """Some exporters write -1, 0 or nothing for a dimension that is not fixed."""
    for extent in (-1, 0):
        model = conv()
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = extent
        assert "dynamic dimension without a value: x_0" in message(model)
        assert imported(model, {"x_0": 1}).workload.tensors["x"].shape == (3, 8, 8)


def _remove_shape(graph: onnx.GraphProto) -> None:
    graph.input[0].type.tensor_type.ClearField("shape")


def _cycle(graph: onnx.GraphProto) -> None:
    graph.node.append(helper.make_node("Relu", ["y"], ["z"], name="relu"))
    graph.node[0].input[0] = "z"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_remove_shape, "the shape of input 'x' is missing"),
        (_cycle, "depends on itself: "),
        (lambda g: g.output.pop(), "expected a model with outputs, found none"),
        (lambda g: setattr(g.output[0], "name", "z"), "expected an output that a node makes, found 'z'"),
        (
            lambda g: g.node[0].input.__setitem__(0, "v"),
            "node 'stem' (Conv): reads 'v', which nothing makes (known: y, x, w)",
        ),
        (lambda g: g.node.append(g.node[0]), "makes 'y', which node 'stem' makes as well"),
        (lambda g: g.node[0].output.__setitem__(0, "w"), "makes 'w', which is an input or a constant of the model"),
        (lambda g: g.initializer.append(g.initializer[0]), "constant 'w': two constants have this name"),
        (lambda g: g.input.append(g.input[0]), "input 'x': two inputs have this name"),
        (lambda g: g.initializer[0].dims.__setitem__(0, -4), "constant 'w': expected extents that are not negative"),
        (lambda g: g.initializer[0].dims.__setitem__(0, 5), "the elements of a constant do not fit its shape"),
        (lambda g: setattr(g.initializer[0], "data_type", 99), "constant 'w': unknown element type 99"),
        (lambda g: setattr(g.node[0], "op_type", "Konv"), "there is no operator 'Konv' in operator set 17"),
        (lambda g: g.node[0].input.pop(), "node 'stem' (Conv): expected 2 to 3 inputs, found 1"),
        (lambda g: g.node[0].input.__setitem__(1, ""), "node 'stem' (Conv): input 'W' is missing"),
        (lambda g: setattr(g.node[0], "name", "a\nb"), "expected names that can be printed, found 'a\\nb'"),
    ],
)
def test_graphs(change: Callable[[onnx.GraphProto], object], expected: str) -> None:
    assert expected in message(changed(change))


@pytest.mark.parametrize(
    "attributes",
    [
        {"strides": [0, 0]},
        {"strides": [1]},
        {"pads": [1, 1, 1]},
        {"pads": [-9, -9, -9, -9]},
        {"dilations": [-1, 1]},
        {"kernel_shape": [3, 3, 3]},
        {"kernel_shape": [9, 9]},
        {"group": 0},
        {"group": 2},
        {"group": -1},
        {"strides": "1"},
        {"auto_pad": 7},
    ],
)
def test_attributes_of_a_convolution(attributes: dict[str, Any]) -> None:
    assert message(conv(**attributes)).startswith("model.onnx: node 'stem' (Conv): ")


def test_what_would_end_the_process_inside_the_package() -> None:
    """Shape inference of `onnx` crashes on these, or never ends."""
    for kind, attributes, outputs in (
        ("LayerNormalization", {"axis": 2**63 - 1}, ["y"]),
        ("Split", {"num_outputs": 1}, ["y", "z"]),
        ("Einsum", {"equation": "-\xea"}, ["y"]),
    ):
        inputs = ["x", "x"] if kind == "LayerNormalization" else ["x"]
        node = helper.make_node(kind, inputs, outputs, **attributes)
        assert message(model_of([node], {"x": (4, 6)}, ["y"], opset=18)).startswith(
            f"model.onnx: node '{kind}_0' ({kind}): "
        )


def test_operator_sets() -> None:
    for version, expected in ((6, "expected operator set 7 to"), (999, "pip install --upgrade onnx")):
        model = conv()
        model.opset_import[0].version = version
        assert expected in message(model)
    model = conv()
    del model.opset_import[:]
    assert "does not say which operator set it uses" in message(model)


def test_shapes_that_depend_on_data() -> None:
    nodes = [helper.make_node("NonZero", ["x"], ["n"], name="where"), helper.make_node("Neg", ["n"], ["y"], name="neg")]
    expected = (
        "node 'neg' (Neg): the shape of 'n' is not known: node 'where' (NonZero) makes it, and it depends on data"
    )
    assert expected in message(model_of(nodes, {"x": (4, 6)}, ["y"], types={"y": TensorProto.INT64}))


def test_text_and_sequences() -> None:
    node = helper.make_node("Equal", ["x", "x"], ["y"])
    assert "holds text" in message(model_of([node], {"x": (4,)}, ["y"], opset=19, types={"x": 8, "y": 9}))
    model = conv()
    model.graph.input[0].type.ClearField("tensor_type")
    assert "expected a tensor, found a sequence or the like" in message(model)


def test_huge_shapes_take_neither_time_nor_memory() -> None:
    nodes = [
        helper.make_node("ConstantOfShape", ["s"], ["c"]),
        helper.make_node("Range", ["zero", "many", "one"], ["r"]),
        helper.make_node("Expand", ["zero", "s"], ["e"]),
        helper.make_node("Add", ["x", "c"], ["y"], name="y"),
    ]
    constants = {"s": np.array([2**30, 2**30]), "zero": np.int64(0), "many": np.int64(2**40), "one": np.int64(1)}
    (add,) = imported(model_of(nodes, {"x": (1, 2**30)}, ["y"], constants)).workload.einsums
    assert add.operations == 2**60


def outside(place: str) -> onnx.ModelProto:
    """A model whose weights are in another file, from before its beginning to far behind its end."""
    model = conv()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", place), ("offset", "-1"), ("length", str(2**62))):
        tensor.external_data.add(key=key, value=value)
    return model


def test_weights_elsewhere_are_not_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(outside("data/weights.bin").SerializeToString())
    assert import_onnx(path).parameters == 108


@pytest.mark.parametrize("place", ["../../secret", "/etc/passwd", "a/../../b", "..\\b", "C:\\b", "//host/b", ""])
def test_weights_outside_of_the_folder_are_refused(tmp_path: Path, place: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(outside(place).SerializeToString())
    with pytest.raises(InputError, match="expected external data beside the model, found"):
        import_onnx(path)


@given(st.data())
def test_noise_in_a_model_is_one_message_or_another_model(data: st.DataObject) -> None:
    """Some bytes replaced, removed or put in."""
    noisy = bytearray(SMALL)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(noisy) - 1))
        noisy[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    try:
        assembled(graph_of(parse_model(bytes(noisy), "m.onnx"), "m.onnx", {}))
    except InputError as problem:
        assert str(problem).startswith("m.onnx: ")
        assert "\n" not in str(problem)


SMALL = Encoder(hidden=4, forward=4).model().SerializeToString()
