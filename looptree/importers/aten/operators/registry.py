"""Which function translates which ATen operator."""

from __future__ import annotations

from collections.abc import Callable

from looptree.importers.aten.operators import (
    creation,
    elementwise,
    layout,
    norms,
    products,
    recurrent,
    reductions,
    windows,
)
from looptree.importers.aten.operators.quantisation import quantised
from looptree.importers.aten.program import Call
from looptree.importers.aten.translation import Translation

Translate = Callable[[Translation, Call], bool | None]
"""Adds the nodes of a call; `False` where it has a form that is not known, so that it becomes opaque."""

_CONVOLUTIONS = ("convolution", *(f"conv{t}{n}d" for t in ("", "_transpose") for n in (1, 2, 3)))
_POOLS = (
    *(f"{k}_pool{n}d" for k in ("max", "avg") for n in (1, 2, 3)),
    "max_pool2d_with_indices",
    "max_pool3d_with_indices",
)
_ADAPTIVE = (
    *(f"{u}adaptive_avg_pool{n}d" for u in ("", "_") for n in (1, 2, 3)),
    *(f"adaptive_max_pool{n}d" for n in (1, 2, 3)),
)
_RESHAPING = (
    "view", "reshape", "_unsafe_view", "flatten", "unflatten", "squeeze", "unsqueeze", "view_as", "reshape_as", "ravel"
)  # fmt: skip
_PASSING = (
    "alias", "clone", "contiguous", "detach", "dropout", "feature_dropout", "alpha_dropout", "lift_fresh_copy", "to",
    "_to_copy", "type_as", "native_dropout", "positive", "expand_copy", "dtype_promotion",
)  # fmt: skip
_UPSAMPLING = (
    *(f"upsample_{kind}" for kind in ("linear1d", "bilinear2d", "trilinear3d", "bicubic2d")),
    *(f"upsample_nearest{n}d" for n in (1, 2, 3)),
)  # fmt: skip

_QUANTISED = "quantized_decomposed"

OPERATORS: dict[str, Translate] = {
    **dict.fromkeys(_CONVOLUTIONS, windows.convolution),
    **dict.fromkeys(_POOLS, windows.pool),
    **dict.fromkeys(_ADAPTIVE, windows.adaptive_pool),
    **dict.fromkeys(("matmul", "mm", "bmm", "mv", "dot"), products.product),
    **dict.fromkeys(("addmm", "baddbmm", "addmv"), products.added_product),
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), recurrent.recurrent),
    "linear": products.linear,
    "einsum": products.einsum,
    "scaled_dot_product_attention": products.attention,
    **dict.fromkeys(("batch_norm", "_native_batch_norm_legit_no_training"), norms.batch_norm),
    **dict.fromkeys(("layer_norm", "native_layer_norm", "rms_norm", "_fused_rms_norm"), norms.layer_norm),
    **dict.fromkeys(("group_norm", "native_group_norm"), norms.group_norm),
    "instance_norm": norms.instance_norm,
    **dict.fromkeys(("softmax", "_softmax", "log_softmax", "_log_softmax"), norms.softmax),
    **dict.fromkeys(elementwise.UNARY, elementwise.unary),
    **dict.fromkeys(elementwise.BINARY, elementwise.binary),
    **dict.fromkeys(elementwise.TWO_STEPS, elementwise.two_steps),
    **dict.fromkeys(("clamp", "clamp_min", "clamp_max", "hardtanh", "relu6"), elementwise.clamped),
    **dict.fromkeys(("where", "masked_fill"), elementwise.chosen),
    **dict.fromkeys(("tril", "triu"), elementwise.triangle),
    "square": elementwise.squared,
    "rsub": elementwise.reversed_subtraction,
    "ne": elementwise.not_equal,
    "addcmul": elementwise.fused("Mul", "Add"),
    "addcdiv": elementwise.fused("Div", "Add"),
    "glu": elementwise.gated,
    **dict.fromkeys(reductions.KINDS, reductions.reduction),
    **dict.fromkeys(("linalg_vector_norm", "norm"), reductions.norm),
    **dict.fromkeys(("var", "std", "var_mean"), reductions.variance),
    **dict.fromkeys(("argmax", "argmin"), reductions.extreme_place),
    **dict.fromkeys(_RESHAPING, layout.reshaped),
    **dict.fromkeys(_PASSING, layout.passed),
    **dict.fromkeys(("permute", "transpose", "t"), layout.permuted),
    **dict.fromkeys(("split", "split_with_sizes", "chunk", "tensor_split"), layout.split),
    **dict.fromkeys(("slice", "narrow"), layout.sliced),
    **dict.fromkeys(("expand", "expand_as", "repeat", "tile"), layout.expanded),
    **dict.fromkeys(("pad", "constant_pad_nd"), layout.padded),
    **dict.fromkeys(_UPSAMPLING, layout.upsampled),
    **dict.fromkeys(("pixel_shuffle", "pixel_unshuffle"), layout.shuffled),
    "cat": layout.concatenated,
    "stack": layout.stacked,
    "unbind": layout.unbound,
    "select": layout.selected,
    "flip": layout.flipped,
    "roll": layout.rolled,
    "embedding": layout.embedding,
    "index_select": layout.index_select,
    "index": layout.indexed,
    **dict.fromkeys(("zeros", "zeros_like", "new_zeros", "empty", "new_empty", "empty_like"), creation.filled(0)),
    **dict.fromkeys(("ones", "ones_like", "new_ones"), creation.filled(1)),
    **dict.fromkeys(("full", "full_like", "new_full", "scalar_tensor"), creation.filled()),
    "arange": creation.counted,
    **{f"{_QUANTISED}.quantize_{per}": quantised("QuantizeLinear") for per in ("per_tensor", "per_channel")},
    **{f"{_QUANTISED}.dequantize_{per}": quantised("DequantizeLinear") for per in ("per_tensor", "per_channel")},
}
"""By the name of the operator without its overload; all others become opaque layers."""

OPAQUE = frozenset(
    (
        *("gru", "lstm", "rnn_tanh", "rnn_relu", "embedding_bag", "_embedding_bag"),
        *("cumsum", "topk", "sort", "gather", "scatter"),
        *("grid_sampler", "grid_sampler_2d", "grid_sampler_3d"),
    )
)
"""Operators that are opaque as in ONNX models: written out they would be a layer or more per step."""
