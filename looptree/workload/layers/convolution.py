"""Convolutions: strided, dilated, padded, grouped, depthwise and transposed. Biases are ignored.

A convolution reads `X[c, stride*p + dilation*r - padding, ...]` and writes `Y[m, p, q]`; a transposed
one reads `X[c, p, q]` and writes `Y[m, stride*p + dilation*r - padding, ...]`. Groups are a rank `g` of
their own in front of the channels of one group; a depthwise convolution has neither `g` nor `c`.
"""

from __future__ import annotations

from looptree.workload.affine import Affine
from looptree.workload.layers.feature import IMAGE, Feature
from looptree.workload.layers.layer import Expansion, Layer, form
from looptree.workload.layers.window import Window, fitting, windows


def convolution(layer: Layer) -> Expansion:
    """`conv`: out_channels, kernel, stride, padding, dilation, groups, depthwise."""
    kernel, stride = layer.pair("kernel"), layer.pair("stride", 1)
    down, across = windows(layer, kernel=kernel, stride=stride)
    _, rows, columns = layer.image().shape
    extents = fitting(layer, down, rows, "rows"), fitting(layer, across, columns, "columns")
    ranks, written, read, weight = _channels(layer)
    ranks = _with_positions(ranks, extents) | down.ranks("r") | across.ranks("s")
    return _expansion(
        layer,
        ranks,
        output=(written, *map(_plain, "pq")),
        read=(read, down.form("p", "r"), across.form("q", "s")),
        weight=(*weight, *_elements(down, across)),
        shape=(_out_channels(layer), *extents),
    )


def transposed_convolution(layer: Layer) -> Expansion:
    """`conv_transpose`: out_channels, kernel, stride, padding, output_padding, dilation, groups."""
    kernel, stride = layer.pair("kernel"), layer.pair("stride", 1)
    if "padding" in layer.keys and layer.keys["padding"].value == "same":
        raise layer.error("expected the padding of a transposed convolution in numbers, found 'same'", key="padding")
    down, across = windows(layer, kernel=kernel, stride=stride)
    extra = layer.pair("output_padding", 0, least=0)
    _, rows, columns = layer.image().shape
    extents = down.scattered(rows) + extra[0], across.scattered(columns) + extra[1]
    if min(extents) < 1:
        raise layer.error(
            f"expected an output of at least 1 x 1, found {extents[0]} x {extents[1]}", "use less padding", "padding"
        )
    ranks, written, read, weight = _channels(layer)
    ranks = _with_positions(ranks, (rows, columns)) | down.ranks("r") | across.ranks("s")
    return _expansion(
        layer,
        ranks,
        output=(written, down.form("p", "r"), across.form("q", "s")),
        read=(read, *map(_plain, "pq")),
        weight=(*weight, *_elements(down, across)),
        shape=(_out_channels(layer), *extents),
    )


def _expansion(
    layer: Layer,
    ranks: dict[str, int],
    *,
    output: tuple[Affine, ...],
    read: tuple[Affine, ...],
    weight: tuple[Affine, ...],
    shape: tuple[int, ...],
) -> Expansion:
    einsum = layer.einsum(ranks, (layer.name, output), [(layer.input, read)], "mac", weight)
    return Expansion((einsum,), (Feature(layer.name, shape, IMAGE),))


def _channels(layer: Layer) -> tuple[dict[str, int], Affine, Affine, tuple[Affine, ...]]:
    """Ranks of the channels; how output, input and weights are indexed by them."""
    inputs, outputs, groups = layer.image().shape[0], _out_channels(layer), _groups(layer)
    reads, writes = inputs // groups, outputs // groups
    if groups == 1:
        return {"m": writes, "c": reads}, _plain("m"), _plain("c"), (_plain("m"), _plain("c"))
    if reads == writes == 1:
        return {"m": groups}, _plain("m"), _plain("m"), (_plain("m"),)
    written = _grouped("m", writes)
    ranks = {"g": groups} | ({"m": writes} if writes > 1 else {}) | ({"c": reads} if reads > 1 else {})
    return ranks, written, _grouped("c", reads), (written, *((_plain("c"),) if reads > 1 else ()))


def _out_channels(layer: Layer) -> int:
    if "out_channels" in layer.keys:
        return layer.integer("out_channels")
    if layer.flag("depthwise", False):
        return layer.image().shape[0]
    raise layer.error("key 'out_channels' is missing", "only a depthwise convolution does without")


def _groups(layer: Layer) -> int:
    inputs, outputs = layer.image().shape[0], _out_channels(layer)
    depthwise = layer.flag("depthwise", False)
    if depthwise and "groups" in layer.keys:
        raise layer.error("expected groups or depthwise, found both", key="groups")
    groups = inputs if depthwise else layer.integer("groups", 1)
    for what, channels in (("input", inputs), ("output", outputs)):
        if channels % groups:
            raise layer.error(
                f"expected {what} channels that {groups} groups divide, found {channels} ({layer.input})",
                key="groups" if "groups" in layer.keys else "out_channels",
            )
    return groups


def _grouped(rank: str, extent: int) -> Affine:
    return form({"g": extent, rank: 1}) if extent > 1 else form({"g": 1})


def _plain(rank: str) -> Affine:
    return form({rank: 1})


def _elements(down: Window, across: Window) -> tuple[Affine, ...]:
    return tuple(map(_plain, (*down.ranks("r"), *across.ranks("s"))))


def _with_positions(channels: dict[str, int], extents: tuple[int, int]) -> dict[str, int]:
    """Rank order: output channels, rows, columns, input channels."""
    front = {rank: extent for rank, extent in channels.items() if rank != "c"}
    back = {rank: extent for rank, extent in channels.items() if rank == "c"}
    return front | {"p": extents[0], "q": extents[1]} | back
