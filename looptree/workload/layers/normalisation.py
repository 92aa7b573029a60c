"""Softmax and normalisation: a statistic of a whole row, then its application.

`Y_stat[p] = X[p,k]` reduces the row, `Y[p,k] = X[p,k] * Y_stat[p]` applies it. The reduction rank is
what stops a fused tile from cutting the row. A statistic (maximum and sum, mean and variance) counts as
one word per row. Shifts (beta) are biases and ignored, as are the stored statistics of a batch norm.
"""

from __future__ import annotations

from looptree.workload.layers.feature import Feature
from looptree.workload.layers.layer import Expansion, Layer, plain


def softmax(layer: Layer) -> Expansion:
    """`softmax`: axis (default: the last dimension)."""
    if layer.input.is_image and "axis" not in layer.keys:
        raise layer.error("key 'axis' is missing", "an image has no default; axis: 0 takes the channels")
    return softmax_of(layer, layer.name, layer.input, layer.axis(default=-1))


def layer_norm(layer: Layer) -> Expansion:
    """`layer_norm`: axis (default: the last dimension), scale (default: true)."""
    return _row_norm(layer, "layer_norm")


def rms_norm(layer: Layer) -> Expansion:
    """`rms_norm`: axis (default: the last dimension), scale (default: true)."""
    return _row_norm(layer, "rms_norm")


def batch_norm(layer: Layer) -> Expansion:
    """`batch_norm` at inference: one multiplication per element by a factor per channel."""
    feature = layer.input
    channel = feature.ranks[0 if feature.is_image else -1]
    einsum = layer.einsum(
        feature.extents,
        (layer.name, plain(*feature.ranks)),
        [(feature, plain(*feature.ranks))],
        "mul",
        plain(channel),
    )
    return Expansion((einsum,), (Feature(layer.name, feature.shape, feature.ranks),))


def softmax_of(layer: Layer, name: str, feature: Feature, axis: int) -> Expansion:
    """The two Einsums of a softmax over one dimension of a feature."""
    return _stat_and_apply(layer, name, feature, axis, "softmax", scale=False)


def _row_norm(layer: Layer, operation: str) -> Expansion:
    if layer.input.is_image and "axis" not in layer.keys:
        raise layer.error("key 'axis' is missing", "an image has no default; axis: 0 takes the channels")
    scale = layer.flag("scale", True)
    return _stat_and_apply(layer, layer.name, layer.input, layer.axis(default=-1), operation, scale=scale)


def _stat_and_apply(layer: Layer, name: str, feature: Feature, axis: int, operation: str, *, scale: bool) -> Expansion:
    ranks = feature.ranks
    row = ranks[:axis] + ranks[axis + 1 :]
    stat = Feature(f"{name}_stat", tuple(feature.extents[r] for r in row), row)
    reduce = layer.einsum(feature.extents, (stat.tensor, plain(*row)), [(feature, plain(*ranks))], f"{operation}_stat")
    apply = layer.einsum(
        feature.extents,
        (name, plain(*ranks)),
        [(feature, plain(*ranks)), (stat, plain(*row))],
        operation,
        plain(ranks[axis]) if scale else None,
    )
    return Expansion((reduce, apply), (stat, Feature(name, feature.shape, ranks)))
