"""Which function expands which operator."""

from __future__ import annotations

from collections.abc import Callable

from looptree.importers.builder import Builder
from looptree.importers.graph import Node
from looptree.importers.kinds import POINTWISE, REDUCTIONS, TRANSPARENT
from looptree.importers.operators import (
    attention,
    convolution,
    elementwise,
    joining,
    layout,
    lookup,
    normalisation,
    pooling,
    product,
    recurrent,
    reduction,
)

Expand = Callable[[Builder, Node], bool | None]
"""Adds the layers of a node; `False` where the node has a form that is not known, so that it becomes opaque."""

OPERATORS: dict[str, Expand] = {
    **dict.fromkeys(POINTWISE, elementwise.pointwise),
    **dict.fromkeys(TRANSPARENT, layout.passed),
    **dict.fromkeys((*REDUCTIONS, "ArgMax", "ArgMin"), reduction.reduce),
    **dict.fromkeys(("Conv", "ConvInteger", "QLinearConv"), convolution.convolution),
    **dict.fromkeys(("MatMul", "MatMulInteger", "QLinearMatMul"), product.matrix_product),
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool"), pooling.pool),
    **dict.fromkeys(("GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool"), pooling.global_pool),
    **dict.fromkeys(("Softmax", "LogSoftmax", "Hardmax"), normalisation.softmax),
    **dict.fromkeys(("LayerNormalization", "RMSNormalization"), normalisation.layer_norm),
    **dict.fromkeys(("Expand", "Tile"), layout.expanded),
    **dict.fromkeys(("Resize", "Upsample"), layout.upsampled),
    "Attention": attention.attention,
    "Concat": joining.concatenation,
    "ConvTranspose": convolution.transposed_convolution,
    "DepthToSpace": layout.depth_to_space,
    "DynamicQuantizeLinear": normalisation.quantised_dynamically,
    "Einsum": product.einsum,
    "Gather": lookup.gather,
    "Gemm": product.general_product,
    "GroupNormalization": normalisation.group_norm,
    "InstanceNormalization": normalisation.instance_norm,
    "LRN": normalisation.local_response,
    "LpNormalization": normalisation.lp_normalisation,
    "MeanVarianceNormalization": normalisation.mean_variance,
    "Pad": layout.padded,
    **dict.fromkeys(("GRU", "LSTM", "RNN"), recurrent.recurrent),
    "RotaryEmbedding": attention.rotary,
    "Slice": layout.part,
    "SpaceToDepth": layout.space_to_depth,
    "Split": layout.split,
    "Trilu": elementwise.pointwise,
}
"""By the name of the operator, in the domain of ONNX itself; all others become opaque layers."""

MORE_OUTPUTS = frozenset(("Attention", "DynamicQuantizeLinear", "GRU", "LSTM", "LayerNormalization", "RNN", "Split"))
"""Operators whose outputs after the first are expanded as well; others that make several are opaque."""
