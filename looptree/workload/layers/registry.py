"""The types of layers: what each is called, which keys it takes and what expands it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from looptree.workload.layers import (
    convolution,
    elementwise,
    normalisation,
    pooling,
    product,
    rearrangement,
)
from looptree.workload.layers.layer import Expansion, Layer

ANY = 1_000


@dataclass(frozen=True, slots=True)
class LayerType:
    """A type of layer.

    Attributes:
        expand: from a layer to its Einsums.
        required, optional: keys beyond `name`, `type`, `input`, `inputs` and `repeat`.
        least, most: number of inputs.
        folds: an `activation:` key may be folded into it.
    """

    expand: Callable[[Layer], Expansion]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    least: int = 1
    most: int = 1
    folds: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key of this type."""
        return (*self.required, *self.optional, *(("activation",) if self.folds else ()))


_WINDOW = ("stride", "padding", "dilation")

LAYER_TYPES: dict[str, LayerType] = {
    "conv": LayerType(
        convolution.convolution, ("kernel",), ("out_channels", *_WINDOW, "groups", "depthwise"), folds=True
    ),
    "conv_transpose": LayerType(
        convolution.transposed_convolution,
        ("out_channels", "kernel"),
        (*_WINDOW, "output_padding", "groups"),
        folds=True,
    ),
    "max_pool": LayerType(pooling.max_pool, ("kernel",), (*_WINDOW, "ceil_mode")),
    "avg_pool": LayerType(pooling.average_pool, ("kernel",), ("stride", "padding", "ceil_mode")),
    "global_avg_pool": LayerType(pooling.global_average_pool, (), ("keep_dims",)),
    "linear": LayerType(product.linear, ("out_features",), ("heads",), folds=True),
    "matmul": LayerType(product.matrix_product, (), ("transpose_b",), least=2, most=2, folds=True),
    "attention": LayerType(product.attention, least=3, most=3),
    "add": LayerType(elementwise.addition, least=2, most=ANY, folds=True),
    "multiply": LayerType(elementwise.multiplication, least=2, most=ANY, folds=True),
    "activation": LayerType(elementwise.activation, ("function",)),
    "softmax": LayerType(normalisation.softmax, (), ("axis",)),
    "layer_norm": LayerType(normalisation.layer_norm, (), ("axis", "scale")),
    "rms_norm": LayerType(normalisation.rms_norm, (), ("axis", "scale")),
    "batch_norm": LayerType(normalisation.batch_norm, folds=True),
    "concat": LayerType(rearrangement.concatenation, (), ("axis", "crop"), least=2, most=ANY),
    "slice": LayerType(rearrangement.part, ("axis",), ("start", "stop", "step")),
    "transpose": LayerType(rearrangement.transposition, ("order",), ("ranks",)),
    "reshape": LayerType(rearrangement.reshape, ("shape",), ("ranks",)),
    "flatten": LayerType(rearrangement.flatten),
    "upsample_nearest": LayerType(rearrangement.nearest_upsampling, ("factor",)),
    "pixel_shuffle": LayerType(rearrangement.pixel_shuffle, ("factor",)),
}
"""Every type by its name; a template of the network file adds a type of its own."""
