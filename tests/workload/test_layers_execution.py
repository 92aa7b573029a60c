"""Layers expanded to Einsums, run on numbers, against a direct computation of what the layer means."""

from __future__ import annotations

import numpy as np
import pytest

from tests.workload.einsum_execution import execute, random_inputs
from tests.workload.layer_runs import network, run


def test_linear_on_a_sequence_and_on_a_vector() -> None:
    for shape in ("[5, 6]", "[6]"):
        values, found = run(f"{{x: {shape}}}", "{name: y, type: linear, out_features: 4}")
        np.testing.assert_allclose(found, values["x"] @ values["W_y"].T)


def test_linear_splits_into_heads_and_merges_them() -> None:
    values, found = run(
        "{x: [5, 6]}",
        "{name: split, type: linear, out_features: 8, heads: 2}",
        "{name: merged, type: linear, out_features: 3}",
    )
    heads = np.einsum("pd,hed->hpe", values["x"], values["W_split"])
    np.testing.assert_allclose(values["split"], heads)
    np.testing.assert_allclose(found, np.einsum("hpe,fhe->pf", heads, values["W_merged"]))


def test_flatten_folds_into_the_linear_layer_behind_it() -> None:
    values, found = run("{x: [2, 3, 4]}", "{name: flat, type: flatten}", "{name: y, type: linear, out_features: 5}")
    assert "flat" not in values
    np.testing.assert_allclose(found, values["W_y"].reshape(5, -1) @ values["x"].reshape(-1))


def test_flatten_is_a_copy_where_something_else_reads_it() -> None:
    values, found = run("{x: [2, 3, 4]}", "{name: flat, type: flatten}", "{name: y, type: relu}")
    np.testing.assert_allclose(values["flat"], values["x"].reshape(-1))
    np.testing.assert_allclose(found, np.maximum(values["x"].reshape(-1), 0))


def test_matrix_product() -> None:
    values, found = run("{a: [3, 4], b: [4, 5]}", "{name: y, type: matmul, inputs: [a, b]}")
    np.testing.assert_allclose(found, values["a"] @ values["b"])
    values, found = run("{a: [3, 4], b: [5, 4]}", "{name: y, type: matmul, inputs: [a, b], transpose_b: true}")
    np.testing.assert_allclose(found, values["a"] @ values["b"].T)


def test_matrix_product_with_leading_dimensions() -> None:
    heads = "{shape: [%s], ranks: [h, p, e]}"
    inputs = f"{{a: {heads % '4, 3, 5'}, b: {heads % '2, 5, 6'}}}"
    values, found = run(inputs, "{name: y, type: matmul, inputs: [a, b]}")
    np.testing.assert_allclose(found, values["a"] @ np.repeat(values["b"], 2, axis=0))
    values, found = run(f"{{a: {heads % '4, 3, 5'}, b: [5, 6]}}", "{name: y, type: matmul, inputs: [a, b]}")
    np.testing.assert_allclose(found, values["a"] @ values["b"])
    inputs = f"{{a: {heads % '4, 3, 5'}, b: {heads % '1, 5, 6'}}}"
    values, found = run(inputs, "{name: y, type: matmul, inputs: [a, b]}")
    np.testing.assert_allclose(found, values["a"] @ values["b"])


@pytest.mark.parametrize("key_heads", [1, 2, 4])
def test_attention_with_grouped_heads(key_heads: int) -> None:
    shapes = {"q": (4, 3, 5), "k": (key_heads, 6, 5), "v": (key_heads, 6, 5)}
    inputs = ", ".join(f"{n}: {{shape: {list(s)}, ranks: [h, p, e]}}" for n, s in shapes.items())
    values, found = run(f"{{{inputs}}}", "{name: y, type: attention, inputs: [q, k, v]}")
    key, value = (np.repeat(values[name], 4 // key_heads, axis=0) for name in ("k", "v"))
    scores = np.exp(values["q"] @ key.transpose(0, 2, 1))
    np.testing.assert_allclose(found, scores / scores.sum(axis=2, keepdims=True) @ value)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax(axis: int) -> None:
    values, found = run("{x: [3, 4]}", f"{{name: y, type: softmax, axis: {axis}}}")
    expected = np.exp(values["x"]) / np.exp(values["x"]).sum(axis=axis, keepdims=True)
    np.testing.assert_allclose(found, expected)


def test_rms_norm() -> None:
    values, found = run("{x: [3, 4]}", "{name: y, type: rms_norm}")
    row = np.sqrt(np.mean(values["x"] ** 2, axis=1, keepdims=True))
    np.testing.assert_allclose(found, values["x"] / row * values["W_y"])


def test_a_norm_reads_whole_rows() -> None:
    norm = network("{x: [3, 4]}", "{name: y, type: layer_norm}")
    assert [(e.expression, e.operation, e.reduction_ranks) for e in norm.einsums] == [
        ("y_stat[p] = x[p,f]", "layer_norm_stat", ("f",)),
        ("y[p,f] = x[p,f] * y_stat[p] * W_y[f]", "layer_norm", ()),
    ]


def test_batch_norm_scales_channels() -> None:
    values, found = run("{x: [3, 4, 5]}", "{name: y, type: batch_norm}")
    np.testing.assert_allclose(found, values["x"] * values["W_y"][:, None, None])


def test_elementwise() -> None:
    values, found = run("{a: [2, 3, 4], b: [2, 3, 4]}", "{name: y, type: add, inputs: [a, b, a]}")
    np.testing.assert_allclose(found, 2 * values["a"] + values["b"])
    values, found = run("{a: [2, 3, 4], b: [2, 3, 4]}", "{name: y, type: multiply, inputs: [a, b]}")
    np.testing.assert_allclose(found, values["a"] * values["b"])
    values, found = run("{a: [5]}", "{name: y, type: activation, function: sigmoid}")
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-values["a"])))


@pytest.mark.parametrize(
    ("shape", "factor"), [("[2, 3, 4]", "[2]"), ("[2, 3, 4]", "[2, 1, 1]"), ("[3, 4]", "[4]"), ("[3, 4]", "[3, 1]")]
)
def test_elementwise_repeats_dimensions_of_one_and_channel_vectors(shape: str, factor: str) -> None:
    values, found = run(f"{{a: {shape}, b: {factor}}}", "{name: y, type: multiply, inputs: [a, b]}")
    factors = values["b"].reshape(2, 1, 1) if shape == "[2, 3, 4]" else values["b"]
    np.testing.assert_allclose(found, values["a"] * factors)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_concatenation(axis: int) -> None:
    shapes = {name: [2, 3, 4] for name in "abc"}
    shapes["b"][axis] = 5
    values, found = run(f"{shapes}".replace("'", ""), f"{{name: y, type: concat, inputs: [a, b, c], axis: {axis}}}")
    np.testing.assert_allclose(found, np.concatenate([values[name] for name in "abc"], axis=axis))


def test_concatenation_crops_to_the_smallest() -> None:
    inputs = "{a: [2, 8, 9], b: [3, 4, 6], c: [1, 5, 5]}"
    values, found = run(inputs, "{name: y, type: concat, inputs: [a, b, c], crop: true}")
    cut = values["a"][:, 2:6, 2:7], values["b"][:, :, :5], values["c"][:, :4]
    np.testing.assert_allclose(found, np.concatenate(cut))


def test_slice() -> None:
    values, found = run("{x: [6, 3, 4]}", "{name: y, type: slice, axis: 0, start: 1, stop: 6, step: 2}")
    np.testing.assert_allclose(found, values["x"][1:6:2])
    values, found = run("{x: [6, 3, 4]}", "{name: y, type: slice, axis: q, start: 2}")
    np.testing.assert_allclose(found, values["x"][:, :, 2:])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[6, 4]", [24]),
        ("[24]", [2, 3, 4]),
        ("[6, 4]", [3, 8]),
        ("[2, 3, 4]", [6, 4]),
        ("[2, 3, 4]", [2, 12]),
        ("[6, 1, 1]", [6]),
        ("[6]", [1, 6]),
        ("[1, 1]", [1]),
        ("[6, 4]", [3, -1]),
    ],
)
def test_reshape(before: str, after: list[int]) -> None:
    values, found = run(f"{{x: {before}}}", f"{{name: y, type: reshape, shape: {after}}}")
    np.testing.assert_allclose(found, values["x"].reshape(after))


def test_transpose_and_channel_shuffle() -> None:
    """ShuffleNet shuffles channels by a split, a transposition and a merge."""
    values, found = run(
        "{x: [6, 2, 3]}",
        "{name: split, type: reshape, shape: [2, 3, 2, 3], ranks: [g, m, p, q]}",
        "{name: swap, type: transpose, order: [1, 0, 2, 3]}",
        "{name: y, type: reshape, shape: [6, 2, 3]}",
    )
    np.testing.assert_allclose(found, values["x"][[0, 3, 1, 4, 2, 5]])


def test_nearest_upsampling() -> None:
    values, found = run("{x: [2, 3, 4]}", "{name: y, type: upsample_nearest, factor: [2, 3]}")
    np.testing.assert_allclose(found, values["x"].repeat(2, axis=1).repeat(3, axis=2))


def test_pixel_shuffle() -> None:
    values, found = run("{x: [12, 2, 5]}", "{name: y, type: pixel_shuffle, factor: [2, 3]}")
    expected = values["x"].reshape(2, 2, 3, 2, 5).transpose(0, 3, 1, 4, 2).reshape(2, 4, 15)
    np.testing.assert_allclose(found, expected)


def test_a_batch_is_a_dimension_in_front_of_every_activation() -> None:
    layers = (
        "{name: c, type: conv, out_channels: 4, kernel: 3, stride: 2, padding: 1}",
        "{name: up, type: upsample_nearest, factor: 2}",
        "{name: cut, type: slice, axis: 1, stop: 4}",
        "{name: flat, type: flatten}",
        "{name: fc, type: linear, out_features: 6}",
        "{name: y, type: softmax}",
    )
    one = network("{x: [3, 6, 6]}", *layers)
    many = network("{x: [3, 6, 6]}", *layers, batch=2)
    values = execute(many, random_inputs(many))
    assert values["x"].shape == (2, 3, 6, 6)
    for sample in range(2):
        weights = {name: array for name, array in values.items() if name.startswith("W_")}
        alone = execute(one, weights | {"x": values["x"][sample]})
        np.testing.assert_allclose(alone["y"], values["y"][sample])
    assert many.einsum("c").ranks["n"] == many.einsum("y").ranks["b"] == 2
