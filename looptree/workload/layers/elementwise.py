"""Elementwise layers: activations, sums and products of tensors of one shape."""

from __future__ import annotations

from looptree.workload.affine import Affine
from looptree.workload.layers.feature import Feature
from looptree.workload.layers.layer import Expansion, Layer, form, plain

ACTIVATIONS = (
    "relu", "relu6", "leaky_relu", "prelu", "elu", "gelu", "silu", "sigmoid", "hard_sigmoid",
    "hard_swish", "tanh", "softplus", "mish", "exp", "identity",
)  # fmt: skip


def activation(layer: Layer) -> Expansion:
    """`activation` with `function: relu` (also written `type: relu`): one operation per element."""
    function = layer.keys["function"].choice(ACTIVATIONS)
    return _elementwise(layer, function)


def addition(layer: Layer) -> Expansion:
    """`add`: inputs of one shape; a dimension of 1 and a vector over the channels are repeated."""
    return _elementwise(layer, "add")


def multiplication(layer: Layer) -> Expansion:
    """`multiply`: inputs of one shape; a dimension of 1 and a vector over the channels are repeated."""
    return _elementwise(layer, "mul")


def _elementwise(layer: Layer, operation: str) -> Expansion:
    whole = max(layer.inputs, key=lambda feature: (len(feature.shape), feature.size))
    reads = [(feature, _aligned(layer, feature, whole)) for feature in layer.inputs]
    einsum = layer.einsum(whole.extents, (layer.name, plain(*whole.ranks)), reads, operation)
    return Expansion((einsum,), (Feature(layer.name, whole.shape, whole.ranks),))


def _aligned(layer: Layer, feature: Feature, whole: Feature) -> tuple[Affine, ...]:
    """How a feature is read under the ranks of the largest one."""
    channel = 0 if whole.is_image else -1
    if len(feature.shape) == 1 < len(whole.shape) and feature.shape[0] == whole.shape[channel]:
        return plain(whole.ranks[channel])
    pairs = list(zip(feature.shape, whole.shape, strict=False))
    if len(feature.shape) != len(whole.shape) or any(own not in (1, full) for own, full in pairs):
        raise layer.error(
            f"expected inputs of one shape, found {' and '.join(map(str, layer.inputs))}",
            "stride, padding and channels of both paths have to agree",
        )
    return tuple(
        form({rank: 1}) if own == full else form({}) for rank, (own, full) in zip(whole.ranks, pairs, strict=True)
    )
