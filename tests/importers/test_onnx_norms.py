"""Softmax and normalisations: a statistic and its application, over the right elements."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper

from tests.importers.onnx_execution import Meaning, agree, expressions, imported, model_of, random_values

SUM: dict[str, Meaning] = {"stat": lambda x: x, "apply": lambda *read: np.prod(read, axis=0)}
"""Stand-ins that show what is summed up and what it is applied to: `Y = X * sum(X) * scale`."""


def scaled(kind: str, shape: tuple[int, ...], scale: tuple[int, ...] | None = None, **attributes: Any) -> Any:
    names = ["x", "s"] if scale else ["x"]
    bias = ["b"] if kind in ("LayerNormalization", "InstanceNormalization", "GroupNormalization") else []
    node = helper.make_node(kind, names + bias, ["y"], name="norm", **attributes)
    constants = {
        name: np.arange(1, 1 + np.prod(scale or 1), dtype=np.float32).reshape(scale or ()) for name in ("s", "b")
    }
    used = {name: constants[name] for name in (["s"] if scale else []) + bias}
    return model_of([node], {"x": shape}, ["y"], used, opset=23 if kind == "RMSNormalization" else 18), constants["s"]


@pytest.mark.parametrize(
    ("kind", "shape", "scale", "attributes", "together"),
    [
        ("LayerNormalization", (2, 3, 4), (4,), {}, (2,)),
        ("LayerNormalization", (2, 3, 4), (3, 4), {"axis": 1}, (1, 2)),
        ("RMSNormalization", (2, 3, 4), (4,), {}, (2,)),
        ("InstanceNormalization", (2, 3, 4, 5), (3,), {}, (2, 3)),
        ("LpNormalization", (2, 3, 4), None, {"axis": 1}, (1,)),
        ("MeanVarianceNormalization", (2, 3, 4, 5), None, {}, (0, 2, 3)),
        ("Softmax", (2, 3, 4), None, {"axis": 1}, (1,)),
        ("LogSoftmax", (2, 3, 4), None, {}, (2,)),
        ("Hardmax", (2, 3, 4), None, {}, (2,)),
    ],
)
def test_what_is_normalised_together(
    kind: str, shape: tuple[int, ...], scale: Any, attributes: dict[str, Any], together: tuple[int, ...]
) -> None:
    model, factor = scaled(kind, shape, scale, **attributes)
    values = random_values(model)
    x = values["x"]
    expected = x * x.sum(together, keepdims=True)
    if scale:
        expected = expected * (factor[:, None, None] if kind == "InstanceNormalization" else factor)
    result = agree_on_sums(model, values, expected)
    stat, apply = result.workload.einsums
    assert (stat.name, apply.name) == ("norm_stat", "norm")


def agree_on_sums(model: Any, values: Any, expected: Any) -> Any:
    names = [einsum.operation for einsum in imported(model).workload.einsums]
    meanings = {name: SUM["stat" if name.endswith("_stat") else "apply"] for name in names}
    return agree(model, meanings, values=values, expected=[expected])


@pytest.mark.parametrize("opset", [18, 21])
def test_group_normalisation(opset: int) -> None:
    """Six channels in two groups: a scale per group until operator set 20, per channel since 21."""
    node = helper.make_node("GroupNormalization", ["x", "s", "b"], ["y"], name="norm", num_groups=2)
    extent = 2 if opset == 18 else 6
    scale = np.arange(1, 1 + extent, dtype=np.float32)
    model = model_of([node], {"x": (2, 6, 3, 4)}, ["y"], {"s": scale, "b": scale}, opset=opset)
    values = random_values(model)
    x = values["x"].reshape(2, 2, 3, 3, 4)
    whole = np.repeat(scale, 3) if opset == 18 else scale
    expected = (x * x.sum((2, 3, 4), keepdims=True)).reshape(2, 6, 3, 4) * whole[:, None, None]
    agree_on_sums(model, values, expected)


def test_softmax_before_version_13_is_over_everything_from_an_axis_on() -> None:
    for opset, text in ((12, "softmax_stat: y_stat[b] = x[b,p,f]"), (13, "softmax_stat: y_stat[b,f] = x[b,p,f]")):
        node = helper.make_node("Softmax", ["x"], ["y"], name="y", axis=1)
        assert expressions(model_of([node], {"x": (2, 3, 4)}, ["y"], opset=opset))[0] == text
    model = model_of([helper.make_node("Softmax", ["x"], ["y"], axis=1)], {"x": (2, 3, 4)}, ["y"])
    agree(model)


def test_local_response_reads_neighbouring_channels() -> None:
    """Size 5: two channels in front, two behind, zeros beyond the first and the last."""
    node = helper.make_node("LRN", ["x"], ["y"], name="lrn", size=5)
    model = model_of([node], {"x": (1, 7, 2, 2)}, ["y"])
    values = random_values(model)
    around = np.pad(values["x"] ** 2, ((0, 0), (2, 2), (0, 0), (0, 0)))
    squares = sum(around[:, i : i + 7] for i in range(5))
    meanings: dict[str, Meaning] = {"lrn_stat": np.square, "lrn": lambda x, stat: x / (1 + 1e-4 / 5 * stat) ** 0.75}
    agree(model, meanings, values=values, expected=[values["x"] / (1 + 1e-4 / 5 * squares) ** 0.75])
    agree(model, meanings, values=values)


def test_mean_and_deviation_of_a_layer_norm_may_be_read() -> None:
    """Both are the one statistic."""
    nodes = [
        helper.make_node("LayerNormalization", ["x", "s"], ["n", "mean"], name="norm"),
        helper.make_node("Sub", ["x", "mean"], ["y"], name="y"),
    ]
    model = model_of(nodes, {"x": (2, 3, 4)}, ["n", "y"], {"s": np.ones(4, np.float32)})
    assert expressions(model)[2] == "add: y[b,p,f] = x[b,p,f] * norm_stat[b,p]"


def test_dynamic_quantisation() -> None:
    """Scale and zero point come from one statistic of everything; the quantised elements have 8 bits."""
    node = helper.make_node("DynamicQuantizeLinear", ["x"], ["y", "scale", "zero"], name="q")
    workload = imported(model_of([node], {"x": (3, 4)}, ["y"])).workload
    assert [e.expression for e in workload.einsums] == ["q_stat[0] = x[b,f]", "q[b,f] = x[b,f] * q_stat[0]"]
    assert workload.tensors["q"].bits == 8
