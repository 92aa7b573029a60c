"""Convolutions and pooling expanded to Einsums, run on numbers, against a direct computation of what they mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.workload.layer_runs import network, padded, patches, run

CONVOLUTIONS: list[tuple[str, dict[str, Any]]] = [
    ("kernel: 3", {}),
    ("kernel: 3, padding: 1", {"padding": (1, 1, 1, 1)}),
    ("kernel: 3, stride: 2, padding: 1", {"padding": (1, 1, 1, 1), "stride": (2, 2)}),
    ("kernel: [3, 2], stride: [1, 3]", {"kernel": (3, 2), "stride": (1, 3)}),
    ("kernel: [1, 3], padding: [0, 1]", {"kernel": (1, 3), "padding": (0, 0, 1, 1)}),
    ("kernel: 3, dilation: 2, padding: 2", {"dilation": (2, 2), "padding": (2, 2, 2, 2)}),
    ("kernel: 3, padding: [0, 2, 1, 0]", {"padding": (0, 2, 1, 0)}),
    ("kernel: 3, padding: same", {"padding": (1, 1, 1, 1)}),
    ("kernel: 3, stride: 2, padding: same", {"padding": (1, 1, 0, 1), "stride": (2, 2)}),
    ("kernel: 1, stride: 2", {"kernel": (1, 1), "stride": (2, 2)}),
    ("kernel: 1, padding: 1", {"kernel": (1, 1), "padding": (1, 1, 1, 1)}),
]


def geometry(given: dict[str, Any]) -> tuple[Any, ...]:
    defaults = {"kernel": (3, 3), "stride": (1, 1), "dilation": (1, 1), "padding": (0, 0, 0, 0)}
    return tuple((defaults | given)[key] for key in ("kernel", "stride", "dilation", "padding"))


@pytest.mark.parametrize(("keys", "given"), CONVOLUTIONS)
def test_convolution(keys: str, given: dict[str, Any]) -> None:
    kernel, stride, dilation, padding = geometry(given)
    values, found = run("{x: [3, 7, 8]}", f"{{name: y, type: conv, out_channels: 4, {keys}}}")
    weight = values["W_y"].reshape(4, 3, *kernel)
    expected = np.einsum("cpqrs,mcrs->mpq", patches(padded(values["x"], padding), kernel, stride, dilation), weight)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(
    ("keys", "groups", "outputs"),
    [
        ("groups: 2, out_channels: 6", 2, 6),
        ("groups: 2, out_channels: 2", 2, 2),
        ("groups: 4, out_channels: 8", 4, 8),
        ("depthwise: true", 4, 4),
        ("depthwise: true, out_channels: 8", 4, 8),
    ],
)
def test_grouped_convolution(keys: str, groups: int, outputs: int) -> None:
    values, found = run("{x: [4, 5, 5]}", f"{{name: y, type: conv, kernel: 3, padding: 1, {keys}}}")
    windows = patches(padded(values["x"], (1, 1, 1, 1)), (3, 3), (1, 1), (1, 1))
    weight = values["W_y"].reshape(outputs, 4 // groups, 3, 3)
    expected = []
    for m in range(outputs):
        group = m // (outputs // groups)
        channels = windows[group * (4 // groups) : (group + 1) * (4 // groups)]
        expected.append(np.einsum("cpqrs,crs->pq", channels, weight[m]))
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(
    ("keys", "stride", "padding", "dilation", "extra"),
    [
        ("stride: 2", 2, 0, 1, 0),
        ("stride: 2, padding: 1, output_padding: 1", 2, 1, 1, 1),
        ("stride: 3, padding: 1", 3, 1, 1, 0),
        ("stride: 1, padding: 2, dilation: 2", 1, 2, 2, 0),
    ],
)
def test_transposed_convolution(keys: str, stride: int, padding: int, dilation: int, extra: int) -> None:
    values, found = run("{x: [2, 4, 5]}", f"{{name: y, type: conv_transpose, out_channels: 3, kernel: 3, {keys}}}")
    image, weight = values["x"], values["W_y"]
    whole = np.zeros((3, (4 - 1) * stride + 2 * dilation + 1 + extra, (5 - 1) * stride + 2 * dilation + 1 + extra))
    for p, q, r, s in np.ndindex(4, 5, 3, 3):
        whole[:, p * stride + r * dilation, q * stride + s * dilation] += weight[:, :, r, s] @ image[:, p, q]
    rows, columns = whole.shape[1] - padding, whole.shape[2] - padding
    np.testing.assert_allclose(found, whole[:, padding:rows, padding:columns])


def test_grouped_transposed_convolution() -> None:
    values, found = run(
        "{x: [4, 3, 3]}", "{name: y, type: conv_transpose, out_channels: 4, kernel: 2, stride: 2, groups: 2}"
    )
    weight = values["W_y"]  # [output channels, input channels of the group, rows, columns]
    expected = np.zeros((4, 6, 6))
    for m, c, p, q, r, s in np.ndindex(4, 2, 3, 3, 2, 2):
        expected[m, 2 * p + r, 2 * q + s] += weight[m, c, r, s] * values["x"][2 * (m // 2) + c, p, q]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(
    ("keys", "stride", "padding"),
    [
        ("kernel: 2", 2, (0, 0, 0, 0)),
        ("kernel: 3, stride: 2", 2, (0, 0, 0, 0)),
        ("kernel: 3, stride: 1, padding: 1", 1, (1, 1, 1, 1)),
        ("kernel: 2, ceil_mode: true", 2, (0, 1, 0, 0)),
        ("kernel: 3, stride: 2, ceil_mode: true", 2, (0, 0, 0, 1)),
    ],
)
def test_pooling(keys: str, stride: int, padding: tuple[int, int, int, int]) -> None:
    kernel = int(keys[8])
    for kind, reduce in (("max_pool", np.max), ("avg_pool", np.sum)):
        values, found = run("{x: [2, 7, 8]}", f"{{name: y, type: {kind}, {keys}}}")
        windows = patches(padded(values["x"], padding), (kernel, kernel), (stride, stride), (1, 1))
        np.testing.assert_allclose(found, reduce(windows, axis=(3, 4)))


def test_a_window_that_would_start_behind_the_input_is_dropped() -> None:
    """Kernel 2, stride 3, 7 rows: windows at 0, 3 and 6 (cut); with 6 rows the one at 6 has nothing to read."""
    for rows, expected in ((7, 3), (6, 2)):
        pool = network(
            f"{{x: [1, {rows}, {rows}]}}", "{name: y, type: max_pool, kernel: 2, stride: 3, ceil_mode: true}"
        )
        assert pool.einsum("y").ranks["p"] == expected


@pytest.mark.parametrize("keep", ["false", "true"])
def test_global_average(keep: str) -> None:
    values, found = run("{x: [3, 4, 5]}", f"{{name: y, type: global_avg_pool, keep_dims: {keep}}}")
    expected = values["x"].sum(axis=(1, 2), keepdims=keep == "true")
    np.testing.assert_allclose(found, expected)
