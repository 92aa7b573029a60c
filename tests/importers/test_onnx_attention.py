"""Attention: as PyTorch writes it out, and as the operators `Attention` and `RotaryEmbedding`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper

from looptree.workload.load import load_workload
from tests.importers.onnx_execution import agree, expressions, imported, model_of, random_values
from tests.importers.transformer import Encoder


def test_an_exported_encoder_layer() -> None:
    """Heads are ranks; what is laid out, scaled, shifted and activated is folded."""
    assert expressions(Encoder(written_out=False).model()) == [
        "mac: layer0_q[p,h,e] = x[p,d] * W_layer0_q[d,h,e]",
        "mac: layer0_k[p,h,e] = x[p,d] * W_layer0_k[d,h,e]",
        "mac: layer0_v[p,h,e] = x[p,d] * W_layer0_v[d,h,e]",
        "mac: layer0_scores[h,p,k] = layer0_q[p,h,e] * layer0_k[k,h,e]",
        "softmax_stat: layer0_softmax_stat[h,p] = layer0_scores[h,p,k]",
        "softmax: layer0_softmax[h,p,k] = layer0_scores[h,p,k] * layer0_softmax_stat[h,p]",
        "mac: layer0_context[h,p,e] = layer0_softmax[h,p,k] * layer0_v[k,h,e]",
        "mac: layer0_output[p,f] = layer0_context[h,p,e] * W_layer0_output[h,e,f]",
        "add: layer0_add1[p,f] = layer0_output[p,f] * x[p,f]",
        "layer_norm_stat: layer0_norm1_stat[p] = layer0_add1[p,f]",
        "layer_norm: layer0_norm1[p,f] = layer0_add1[p,f] * layer0_norm1_stat[p] * W_layer0_norm1[f]",
        "mac: layer0_ffn1[p,f] = layer0_norm1[p,d] * W_layer0_ffn1[d,f]",
        "mac: layer0_ffn2[p,f] = layer0_ffn1[p,d] * W_layer0_ffn2[d,f]",
        "add: layer0_add2[p,f] = layer0_ffn2[p,f] * layer0_norm1[p,f]",
        "layer_norm_stat: layer0_norm2_stat[p] = layer0_add2[p,f]",
        "layer_norm: layer0_norm2[p,f] = layer0_add2[p,f] * layer0_norm2_stat[p] * W_layer0_norm2[f]",
    ]


@pytest.mark.parametrize("written_out", [False, True])
def test_an_exported_encoder_is_the_shipped_one(written_out: bool) -> None:
    """BERT-base, one layer of 128 tokens: the same operations by kind, and the same elements of weights."""
    shipped = load_workload("bert_base", layers=1, sequence=128)
    found = imported(
        Encoder(768, 12, 3072, written_out=written_out).model("batch", "length"), {"batch": 1, "length": 128}
    )
    assert _operations(found.workload) == _operations(shipped)
    assert found.parameters == sum(t.size for name, t in shipped.tensors.items() if name.startswith("W_"))
    assert not found.moved and not found.opaque


def _operations(workload: Any) -> list[tuple[str, int]]:
    return sorted((einsum.operation, einsum.operations) for einsum in workload.einsums)


def test_attention_written_out_computes_attention() -> None:
    """Everything up to the first product with weights, on numbers; a batch of two is a rank."""
    encoder = Encoder()
    model = encoder.model(2, 5)
    last = next(i for i, node in enumerate(model.graph.node) if node.name == "layer0_output")
    nodes = [node for node in model.graph.node[: last + 1] if node.op_type != "Div"]
    for node in nodes:
        if node.op_type == "Softmax":
            node.input[0] = "layer0_scores"
    result = agree(model_of(nodes, {"x": (2, 5, 8)}, ["layer0_output"], encoder.constants))
    assert [e.operation for e in result.workload.einsums] == ["mac"] * 4 + ["softmax_stat", "softmax", "mac", "mac"]


def attention(query: Any, key: Any, value: Any, extra: dict[str, Any] | None = None, **attributes: Any) -> Any:
    inputs = {"q": query, "k": key, "v": value, **(extra or {})}
    names = ["q", "k", "v", *(name if name in inputs else "" for name in ("mask", "past_key", "past_value"))]
    while names[-1] == "":
        names.pop()
    outputs = ["y", "present_key", "present_value"] if "past_key" in inputs else ["y"]
    node = helper.make_node("Attention", names, outputs, name="att", **attributes)
    return model_of([node], inputs, outputs, opset=23)


@pytest.mark.parametrize(
    "model",
    [
        attention((2, 4, 3, 5), (2, 4, 6, 5), (2, 4, 6, 7)),
        attention((1, 4, 3, 5), (1, 2, 6, 5), (1, 2, 6, 7)),
        attention((2, 3, 20), (2, 6, 10), (2, 6, 14), q_num_heads=4, kv_num_heads=2),
        attention((1, 2, 3, 5), (1, 2, 6, 5), (1, 2, 6, 5), {"mask": (3, 6)}),
        attention((1, 2, 1, 5), (1, 2, 1, 5), (1, 2, 1, 5), {"past_key": (1, 2, 6, 5), "past_value": (1, 2, 6, 5)}),
        attention((2, 2, 3, 5), (2, 2, 2, 5), (2, 2, 2, 5), {"past_key": (2, 2, 6, 5), "past_value": (2, 2, 6, 5)}),
    ],
)
def test_attention_as_one_operator(model: Any) -> None:
    """With queries that are scaled beforehand: the scale is part of the scores."""
    for attribute_free in model.graph.node:
        attribute_free.attribute.append(helper.make_attribute("scale", 1.0))
    result = agree(model)
    assert {"att_scores", "att_softmax_stat", "att_softmax", "att"} <= {e.name for e in result.workload.einsums}


def test_forms_of_attention_that_are_opaque() -> None:
    node = helper.make_node("Attention", ["q", "k", "v"], ["y", "", "", "scores"], name="att")
    shapes = dict.fromkeys("qkv", (1, 2, 3, 4))
    result = imported(model_of([node], shapes, ["y", "scores"], opset=23))
    assert result.opaque == (("att", "Attention"),)


@pytest.mark.parametrize("interleaved", [0, 1])
@pytest.mark.parametrize("heads_first", [True, False])
def test_rotary_embedding(interleaved: int, heads_first: bool) -> None:
    shape = (2, 3, 4, 6) if heads_first else (2, 4, 18)
    heads: dict[str, Any] = {} if heads_first else {"num_heads": 3}
    node = helper.make_node("RotaryEmbedding", ["x", "cos", "sin"], ["y"], name="r", interleaved=interleaved, **heads)
    model = model_of([node], {"x": shape, "cos": (2, 4, 3), "sin": (2, 4, 3)}, ["y"], opset=23)
    values = random_values(model)
    x = values["x"] if heads_first else values["x"].reshape(2, 4, 3, 6).transpose(0, 2, 1, 3)
    halves = x.reshape(2, 3, 4, 3, 2).swapaxes(3, 4) if interleaved else x.reshape(2, 3, 4, 2, 3)
    turned = halves * values["cos"][:, None, :, None] + halves[..., ::-1, :] * values["sin"][:, None, :, None]
    expected = (turned.swapaxes(3, 4) if interleaved else turned).reshape(2, 3, 4, 6)
    expected = expected if heads_first else expected.transpose(0, 2, 1, 3)
    agree(model, {"rotary": lambda x, other, cos, sin: x * cos + other * sin}, values=values, expected=[expected])


def test_rotary_embedding_by_positions_reads_rows_of_the_tables() -> None:
    node = helper.make_node("RotaryEmbedding", ["x", "cos", "sin", "ids"], ["y"], name="r")
    tables = {name: np.ones((50, 3), np.float32) for name in ("cos", "sin")}
    model = model_of([node], {"x": (1, 2, 4, 6), "ids": (1, 4)}, ["y"], tables, opset=23, types={"ids": 7})
    result = imported(model)
    assert result.workload.tensors["W_r_rows"].shape == (4, 3)
    assert result.parameters == 300


def test_embeddings_read_the_rows_that_are_looked_up() -> None:
    """Six tokens of a vocabulary of 1000: six rows are moved, and the table counts as parameters."""
    node = helper.make_node("Gather", ["table", "ids"], ["y"], name="embed")
    table = {"table": np.ones((1000, 8), np.float32)}
    result = imported(model_of([node], {"ids": (1, 6)}, ["y"], table, types={"ids": 7}))
    (embed,) = result.workload.einsums
    assert embed.expression == "embed[p,f] = W_embed_rows[p,f] * ids[p]"
    assert (result.workload.tensors["W_embed_rows"].size, result.parameters) == (48, 8000)
    assert result.workload.tensors["ids"].bits == 64


def test_heads_that_are_repeated_are_read_again() -> None:
    """Grouped queries as PyTorch writes them: keys are expanded and reshaped, which moves nothing."""
    nodes = [
        helper.make_node("Unsqueeze", ["k", "two"], ["wide"]),
        helper.make_node("Expand", ["wide", "times"], ["many"]),
        helper.make_node("Reshape", ["many", "merged"], ["keys"]),
        helper.make_node("Transpose", ["keys"], ["turned"], perm=[0, 1, 3, 2]),
        helper.make_node("MatMul", ["q", "turned"], ["y"], name="scores"),
    ]
    constants = {"two": np.array([2]), "times": np.array([1, 2, 3, 5, 4]), "merged": np.array([1, 6, 5, 4])}
    model = model_of(nodes, {"q": (1, 6, 5, 4), "k": (1, 2, 5, 4)}, ["y"], constants)
    (scores,) = agree(model).workload.einsums
    assert scores.operations == 6 * 5 * 5 * 4


def test_windows_of_a_shifted_window_transformer_are_ranks() -> None:
    """Eight by eight positions in windows of four by four, attended to window by window and put back."""
    nodes = [
        helper.make_node("Reshape", ["x", "cut"], ["a"]),
        helper.make_node("Transpose", ["a"], ["b"], perm=[0, 1, 3, 2, 4, 5]),
        helper.make_node("Reshape", ["b", "windows"], ["c"]),
        helper.make_node("MatMul", ["c", "w"], ["d"], name="linear"),
        helper.make_node("Reshape", ["d", "apart"], ["e"]),
        helper.make_node("Transpose", ["e"], ["f"], perm=[0, 1, 3, 2, 4, 5]),
        helper.make_node("Reshape", ["f", "whole"], ["g"]),
        helper.make_node("Add", ["g", "x"], ["y"], name="add"),
    ]
    constants = {
        "cut": np.array([1, 2, 4, 2, 4, 6]),
        "windows": np.array([4, 16, 6]),
        "w": np.eye(6, dtype=np.float32) * 3,
        "apart": np.array([1, 2, 2, 4, 4, 6]),
        "whole": np.array([1, 8, 8, 6]),
    }
    result = agree(model_of(nodes, {"x": (1, 8, 8, 6)}, ["y"], constants))
    assert [e.name for e in result.workload.einsums] == ["linear", "add"]


def test_rotary_embedding_written_out() -> None:
    """Halves are sliced, one of them negated, joined and scaled: layers that each read what they say."""
    nodes = [
        helper.make_node("Slice", ["x", "zero", "half", "last"], ["first"], name="first"),
        helper.make_node("Slice", ["x", "half", "all", "last"], ["second"], name="second"),
        helper.make_node("Neg", ["second"], ["minus"], name="minus"),
        helper.make_node("Concat", ["minus", "first"], ["turned"], name="turned", axis=-1),
        helper.make_node("Mul", ["turned", "sin"], ["b"], name="b"),
        helper.make_node("Mul", ["x", "cos"], ["a"], name="a"),
        helper.make_node("Add", ["a", "b"], ["y"], name="y"),
    ]
    constants = {"zero": np.array([0]), "half": np.array([3]), "all": np.array([6]), "last": np.array([3])}
    tables = {name: np.random.default_rng(3).random((4, 6), dtype=np.float32) for name in ("sin", "cos")}
    agree(model_of(nodes, {"x": (1, 2, 4, 6)}, ["y"], constants | tables))
