"""Pooling over windows and over whole images. An average is counted as additions."""

from __future__ import annotations

from looptree.workload.layers.feature import DEFAULT_RANKS, IMAGE, Feature
from looptree.workload.layers.layer import Expansion, Layer, form, plain
from looptree.workload.layers.window import Window, fitting, windows


def max_pool(layer: Layer) -> Expansion:
    """`max_pool`: kernel, stride (default: the kernel), padding, dilation, ceil_mode."""
    return _pooled(layer, "max")


def average_pool(layer: Layer) -> Expansion:
    """`avg_pool`: kernel, stride (default: the kernel), padding, ceil_mode."""
    return _pooled(layer, "add")


def global_average_pool(layer: Layer) -> Expansion:
    """`global_avg_pool`: one value per channel; `keep_dims` leaves an image of 1 x 1."""
    channels, rows, columns = layer.image().shape
    if layer.flag("keep_dims", False):
        return _over_windows(layer, "add", Window(rows), Window(columns), (1, 1))
    einsum = layer.einsum(
        {"m": channels, "r": rows, "s": columns},
        (layer.name, plain("m")),
        [(layer.input, plain("m", "r", "s"))],
        "add",
    )
    return Expansion((einsum,), (Feature(layer.name, (channels,), DEFAULT_RANKS[1]),))


def _pooled(layer: Layer, operation: str) -> Expansion:
    kernel = layer.pair("kernel")
    stride = layer.pair("stride") if "stride" in layer.keys else kernel
    down, across = windows(layer, kernel=kernel, stride=stride)
    _, rows, columns = layer.image().shape
    ceil_mode = layer.flag("ceil_mode", False)
    extents = (
        fitting(layer, down, rows, "rows", ceil_mode=ceil_mode),
        fitting(layer, across, columns, "columns", ceil_mode=ceil_mode),
    )
    return _over_windows(layer, operation, down, across, extents)


def _over_windows(layer: Layer, operation: str, down: Window, across: Window, extents: tuple[int, int]) -> Expansion:
    channels = layer.image().shape[0]
    ranks = {"m": channels, "p": extents[0], "q": extents[1]} | down.ranks("r") | across.ranks("s")
    read = (form({"m": 1}), down.form("p", "r"), across.form("q", "s"))
    einsum = layer.einsum(ranks, (layer.name, plain(*IMAGE)), [(layer.input, read)], operation)
    return Expansion((einsum,), (Feature(layer.name, (channels, *extents), IMAGE),))
