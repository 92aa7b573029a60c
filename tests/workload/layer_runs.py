"""Layers from their text, run on random numbers."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from looptree.documents import parse_document
from looptree.workload.layers import network_from_node
from looptree.workload.workload import Workload
from tests.workload.einsum_execution import Array, execute, random_inputs


def network(inputs: str, *layers: str, batch: int = 1) -> Workload:
    text = f"inputs: {inputs}\nlayers:\n" + "".join(f"  - {layer}\n" for layer in layers)
    return network_from_node(parse_document(text), {"batch": batch})


def run(inputs: str, *layers: str, batch: int = 1) -> tuple[dict[str, Array], Array]:
    """Every tensor, and the output of the last layer."""
    workload = network(inputs, *layers, batch=batch)
    values = execute(workload, random_inputs(workload))
    return values, values[workload.outputs[-1]]


def padded(image: Array, padding: tuple[int, int, int, int], value: float = 0.0) -> Array:
    top, bottom, left, right = padding
    return np.pad(image, ((0, 0), (top, bottom), (left, right)), constant_values=value)


def patches(image: Array, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]) -> Array:
    """`[channels, rows, columns, kernel rows, kernel columns]`."""
    reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    windows = sliding_window_view(image, reach, axis=(1, 2))
    return windows[:, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
