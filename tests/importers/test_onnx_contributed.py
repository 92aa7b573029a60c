"""Operators of ONNX Runtime: the same layers as the operators of ONNX that they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from looptree.importers.imported import Imported
from tests.importers.onnx_execution import imported, model_of

INT8, UINT8, INT64 = TensorProto.INT8, TensorProto.UINT8, TensorProto.INT64


def found(
    node: onnx.NodeProto,
    inputs: Mapping[str, Sequence[int | str]],
    constants: Mapping[str, Any],
    outputs: list[str] | None = None,
    types: Mapping[str, int] | None = None,
) -> Imported:
    """The import of a model of one node in the domain of ONNX Runtime."""
    if node.op_type != "SimplifiedLayerNormalization":
        node.domain = "com.microsoft"
    model = model_of([node], inputs, outputs or ["y"], constants, types=types)
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return imported(model)


def layers(result: Imported) -> list[str]:
    assert not result.opaque
    return [f"{e.operation}: {e.expression}" for e in result.workload.einsums]


def ones(*shape: int, kind: type = np.float32) -> Any:
    return np.ones(shape, kind)


def test_fused_products_and_convolutions() -> None:
    node = helper.make_node("FusedMatMul", ["a", "w"], ["y"], name="fc", transA=1, transB=1, alpha=0.5)
    assert layers(found(node, {"a": [4, 3]}, {"w": ones(5, 4)})) == ["mac: fc[f,k] = a[b,f] * W_fc[k,b]"]
    node = helper.make_node("FusedGemm", ["a", "w", "b"], ["y"], name="fc", activation="Relu")
    assert layers(found(node, {"a": [3, 4]}, {"w": ones(4, 5), "b": ones(5)}))[0].startswith("mac: fc")
    node = helper.make_node(
        "FusedConv", ["x", "w", "", "z"], ["y"], name="conv", activation="Relu", pads=[1, 1, 1, 1], kernel_shape=[3, 3]
    )
    told = layers(found(node, {"x": [1, 3, 8, 8], "z": [1, 4, 8, 8]}, {"w": ones(4, 3, 3, 3)}))
    assert [text.split(":")[0] for text in told] == ["mac", "add"]


@pytest.mark.parametrize("kind", ["Gelu", "FastGelu", "QuickGelu", "BiasGelu"])
def test_activations_follow_their_producer(kind: str) -> None:
    inputs = ["x", "b"] if kind in ("BiasGelu", "FastGelu") else ["x"]
    node = helper.make_node(kind, inputs, ["y"], name="act")
    assert layers(found(node, {"x": [3, 8]}, {"b": ones(8)}))[-1].startswith("gelu: ")


def test_norms_with_a_skip() -> None:
    node = helper.make_node("SkipLayerNormalization", ["x", "s", "g", "b"], ["y", "", "", "sum"], name="norm")
    told = found(node, {"x": [1, 3, 8], "s": [1, 3, 8]}, {"g": ones(8), "b": ones(8)}, ["y", "sum"])
    assert [e.operation for e in told.workload.einsums] == ["add", "layer_norm_stat", "layer_norm"]
    node = helper.make_node("SkipSimplifiedLayerNormalization", ["x", "s", "g"], ["y"], name="norm")
    told = found(node, {"x": [1, 3, 8], "s": [1, 3, 8]}, {"g": ones(8)})
    assert [e.operation for e in told.workload.einsums] == ["add", "rms_norm_stat", "rms_norm"]
    node = helper.make_node("SimplifiedLayerNormalization", ["x", "g"], ["y"], name="norm", axis=-1)
    assert [e.operation for e in found(node, {"x": [1, 3, 8]}, {"g": ones(8)}).workload.einsums][1] == "rms_norm"


def macs(result: Imported) -> list[int]:
    assert not result.opaque
    return [e.operations for e in result.workload.einsums if e.operation == "mac"]


def test_attention_with_its_projections() -> None:
    """5 rows of 16 to 3 * 16 columns, then 2 heads of 8: scores and context of 2 * 5 * 5 * 8 each."""
    node = helper.make_node("Attention", ["x", "w", "b"], ["y"], name="att", num_heads=2)
    told = found(node, {"x": [1, 5, 16]}, {"w": ones(16, 48), "b": ones(48)})
    assert macs(told) == [5 * 16 * 48, 400, 400]
    assert told.parameters == 16 * 48


def test_quantised_attention() -> None:
    names = ["x", "w", "b", "s", "ws", "", "zx", "zw"]
    node = helper.make_node("QAttention", names, ["y"], name="att", num_heads=2)
    given = {"w": ones(16, 48, kind=np.int8), "b": ones(48), "s": ones(), "ws": ones()}
    given |= {"zx": np.uint8(0), "zw": np.int8(0)}
    told = found(node, {"x": [1, 5, 16]}, given, types={"x": UINT8})
    assert macs(told) == [5 * 16 * 48, 400, 400]
    assert {t.bits for name, t in told.workload.tensors.items() if name.startswith("W_")} == {8}


def test_many_heads_with_a_past() -> None:
    """3 new rows behind 4: 2 heads of 8 see 7 rows."""
    inputs = ["q", "k", "v", "", "", "", "pk", "pv"]
    node = helper.make_node("MultiHeadAttention", inputs, ["y", "nk", "nv"], name="att", num_heads=2)
    rows = {name: [1, 3, 16] for name in "qkv"} | {name: [1, 2, 4, 8] for name in ("pk", "pv")}
    told = found(node, rows, {}, ["y", "nk", "nv"])
    assert macs(told) == [2 * 3 * 7 * 8] * 2
    assert told.workload.tensors[told.outputs["nk"]].size == 2 * 7 * 8


def test_packed_queries_keys_and_values() -> None:
    node = helper.make_node("MultiHeadAttention", ["x"], ["y"], name="att", num_heads=2)
    assert macs(found(node, {"x": [1, 3, 2, 3, 8]}, {})) == [2 * 3 * 3 * 8] * 2


@pytest.mark.parametrize("packed", [False, True])
def test_grouped_queries_with_turned_positions(packed: bool) -> None:
    """4 heads of queries and 2 of keys, of 8; 3 rows behind a past of 4."""
    names = ["qkv", "", ""] if packed else ["q", "k", "v"]
    inputs = [*names, "pk", "pv", "lengths", "total", "cos", "sin"]
    attributes = {"num_heads": 4, "kv_num_heads": 2, "do_rotary": 1}
    node = helper.make_node("GroupQueryAttention", inputs, ["y", "nk", "nv"], name="att", **attributes)  # type: ignore[arg-type]
    own = {"qkv": [1, 3, 64]} if packed else {"q": [1, 3, 32], "k": [1, 3, 16], "v": [1, 3, 16]}
    rows = own | {"pk": [1, 2, 4, 8], "pv": [1, 2, 4, 8], "lengths": [1], "total": [1]}
    types = {"lengths": TensorProto.INT32, "total": TensorProto.INT32}
    told = found(node, rows, {"cos": ones(32, 4), "sin": ones(32, 4)}, ["y", "nk", "nv"], types)
    assert macs(told) == [4 * 3 * 7 * 8] * 2
    turned = [e.operations for e in told.workload.einsums if e.operation == "rotary"]
    assert turned == [3 * 32, 3 * 16]


def test_weights_of_four_bits() -> None:
    inputs = ["x", "w", "s"]
    node = helper.make_node("MatMulNBits", inputs, ["y"], name="fc", K=64, N=32, bits=4, block_size=32)
    told = found(node, {"x": [1, 3, 64]}, {"w": ones(32, 2, 16, kind=np.uint8), "s": ones(64)})
    assert layers(told) == ["mac: fc[p,f] = x[p,d] * W_fc[d,f]"]
    assert (told.workload.tensors["W_fc"].bits, told.parameters) == (4, 64 * 32)


QUANTISED = {"s": np.float32(0.1), "z": np.uint8(3)}


@pytest.mark.parametrize(
    ("kind", "inputs", "operation"),
    [
        ("QLinearAdd", ["a", "s", "z", "b", "s", "z", "s", "z"], "add"),
        ("QLinearMul", ["a", "s", "z", "b", "s", "z", "s", "z"], "mul"),
        ("QLinearSigmoid", ["a", "s", "z", "s", "z"], "sigmoid"),
        ("QLinearLeakyRelu", ["a", "s", "z", "s", "z"], "leaky_relu"),
        ("QLinearGlobalAveragePool", ["a", "s", "z", "s", "z"], "add"),
        ("QLinearSoftmax", ["a", "s", "z", "s", "z"], "softmax"),
    ],
)
def test_quantised_operators_store_bytes(kind: str, inputs: list[str], operation: str) -> None:
    node = helper.make_node(kind, inputs, ["y"], name="q")
    shapes: dict[str, Sequence[int | str]] = {name: [1, 4, 6, 6] for name in ("a", "b") if name in inputs}
    told = found(node, shapes, dict(QUANTISED), types=dict.fromkeys(("a", "b", "y"), UINT8))
    assert layers(told)[-1].startswith(operation)
    assert {told.workload.tensors[name].bits for name in ("a", told.outputs["y"])} == {8}


def test_quantised_products() -> None:
    names = ["a", "s", "z", "w", "s", "z", "", "s", "z"]
    told = found(
        helper.make_node("QGemm", names, ["y"], name="fc"), {"a": [3, 4]},
        {**QUANTISED, "w": ones(4, 5, kind=np.uint8)}, types={"a": UINT8, "y": UINT8},
    )  # fmt: skip
    assert layers(told) == ["mac: fc[b,f] = a[b,d] * W_fc[d,f]"]
    assert {t.bits for t in told.workload.tensors.values()} == {8}
    node = helper.make_node("DynamicQuantizeMatMul", ["x", "w", "s", "z"], ["y"], name="fc")
    told = found(node, {"x": [3, 4]}, {**QUANTISED, "w": ones(4, 5, kind=np.uint8)})
    assert macs(told) == [60]
    node = helper.make_node("MatMulIntegerToFloat", ["a", "w", "s", "s", "z", "z"], ["y"], name="fc")
    assert macs(found(node, {"a": [3, 4]}, {**QUANTISED, "w": ones(4, 5, kind=np.uint8)}, types={"a": UINT8})) == [60]


def test_quantised_parts_are_joined() -> None:
    node = helper.make_node("QLinearConcat", ["s", "z", "a", "s", "z", "b", "s", "z"], ["y"], name="join", axis=1)
    told = found(node, {"a": [1, 2, 4], "b": [1, 3, 4]}, dict(QUANTISED), types=dict.fromkeys(("a", "b", "y"), UINT8))
    assert told.workload.tensors[told.outputs["y"]].size == 20 and not told.opaque


def test_embeddings_of_words_places_and_kinds() -> None:
    inputs = ["ids", "kinds", "word", "place", "kind", "g", "b", "mask"]
    node = helper.make_node("EmbedLayerNormalization", inputs, ["y", "m"], name="embed")
    tables = {"word": ones(100, 8), "place": ones(16, 8), "kind": ones(2, 8), "g": ones(8), "b": ones(8)}
    integers = dict.fromkeys(("ids", "kinds", "mask"), TensorProto.INT32)
    told = found(node, {"ids": [1, 5], "kinds": [1, 5], "mask": [1, 5]}, tables, ["y"], integers)
    assert not told.opaque
    assert told.workload.tensors[told.outputs["y"]].size == 40
    assert told.parameters >= 100 * 8 + 2 * 8


def test_a_quantised_lstm() -> None:
    """5 steps, 3 inputs, 2 directions of 4 gates of 4: weights are bytes."""
    inputs = ["x", "w", "r", "", "", "", "", "", "s", "z", "s", "z"]
    node = helper.make_node(
        "DynamicQuantizeLSTM", inputs, ["y", "h"], name="rnn", hidden_size=4, direction="bidirectional"
    )
    given = {**QUANTISED, "w": ones(2, 3, 16, kind=np.uint8), "r": ones(2, 4, 16, kind=np.uint8)}
    told = found(node, {"x": [5, 1, 3]}, given, ["y", "h"])
    assert [(e.operation, e.operations) for e in told.workload.einsums] == [
        ("mac", 5 * 2 * 16 * 3),
        ("lstm", 5 * 2 * 16 * 4),
        ("copy", 2 * 4),
    ]
    assert {told.workload.tensors[name].bits for name in ("W_rnn", "W_r")} == {8}
