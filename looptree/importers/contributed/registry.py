"""Which function rewrites which operator of ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import onnx

from looptree.importers.contributed import attention, pointwise, products, quantised
from looptree.importers.contributed.rewriting import Rewriting
from looptree.importers.graph import Node, Type
from looptree.importers.known import Known

DOMAIN = "com.microsoft"
_SAME_SHAPE = ("GroupNorm", "Inverse", "SkipGroupNorm")

OPERATORS: Mapping[str, Callable[[Rewriting], bool | None]] = {
    "Attention": attention.attention,
    "BiasAdd": pointwise.biased,
    "BiasGelu": pointwise.gelu,
    "BiasSoftmax": pointwise.biased_softmax,
    "BiasSplitGelu": pointwise.split_gelu,
    "DequantizeLinear": quantised.same,
    "DynamicQuantizeMatMul": products.dynamic_product,
    "DynamicQuantizeLSTM": products.quantised_lstm,
    "EmbedLayerNormalization": pointwise.embedded,
    "FastGelu": pointwise.gelu,
    "FusedConv": products.fused_convolution,
    "FusedGemm": products.fused_gemm,
    "FusedMatMul": products.fused_product,
    "Gelu": pointwise.gelu,
    "GroupQueryAttention": attention.grouped_queries,
    "MatMulIntegerToFloat": products.product_to_float,
    "MatMulNBits": products.product_of_few_bits,
    "MultiHeadAttention": attention.many_heads,
    "QAttention": attention.quantised_attention,
    "QGemm": quantised.quantised_gemm,
    "QLinearAdd": quantised.quantised(2, "Add"),
    "QLinearAveragePool": quantised.quantised(1, "AveragePool"),
    "QLinearConcat": quantised.quantised_join,
    "QLinearGlobalAveragePool": quantised.quantised(1, "GlobalAveragePool"),
    "QLinearLeakyRelu": quantised.quantised(1, "LeakyRelu"),
    "QLinearMul": quantised.quantised(2, "Mul"),
    "QLinearReduceMean": quantised.quantised(1, "ReduceMean"),
    "QLinearSigmoid": quantised.quantised(1, "Sigmoid"),
    "QLinearSoftmax": quantised.quantised(1, "Softmax"),
    "QuantizeLinear": quantised.same,
    "QuickGelu": pointwise.gelu,
    "RotaryEmbedding": attention.rotary,
    "SimplifiedLayerNormalization": pointwise.simplified_norm,
    "SkipLayerNormalization": pointwise.skip_norm,
    "SkipSimplifiedLayerNormalization": pointwise.skip_norm,
    "TransposeMatMul": products.fused_product,
}
"""By the name of the operator; `False` where it has a form that is not known."""


_NEEDED: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("BiasAdd", "BiasGelu", "BiasSoftmax", "BiasSplitGelu", "Attention"), (0, 1)),
    **dict.fromkeys(("DequantizeLinear", "QuantizeLinear", "MatMulNBits", "SimplifiedLayerNormalization"), (0, 1)),
    **dict.fromkeys(("FusedConv", "FusedGemm", "FusedMatMul", "TransposeMatMul", "QAttention"), (0, 1)),
    **dict.fromkeys(("DynamicQuantizeMatMul", "MatMulIntegerToFloat"), (0, 1, 2)),
    **dict.fromkeys(("DynamicQuantizeLSTM", "SkipLayerNormalization", "SkipSimplifiedLayerNormalization"), (0, 1, 2)),
    **dict.fromkeys(("QLinearAdd", "QLinearMul"), (0, 1, 3, 4, 6)),
    "EmbedLayerNormalization": (0, 2, 3, 5, 6),
    "QGemm": (0, 1, 3, 4),
    "QLinearConcat": (0, 2, 3),
    "RotaryEmbedding": (0, 1, 2, 3),
}
"""Places of inputs that an operator cannot do without; the first one, where it is not here."""


def rewritten(node: Node, known: Known) -> list[onnx.NodeProto] | None:
    """Nodes of ONNX itself that do what a node of ONNX Runtime does; `None` where it is another one."""
    is_own = node.domain == DOMAIN or (not node.domain and node.kind == "SimplifiedLayerNormalization")
    write = OPERATORS.get(node.kind) if is_own else None
    if write is None or any(value not in known.types for value in node.reads):
        return None
    for place in _NEEDED.get(node.kind, (0,)):
        if not node.given(place):
            raise node.error(f"input {place + 1} is missing")
    rewriting = Rewriting(node, known)
    if write(rewriting) is False:
        return None
    made = {value for message in rewriting.nodes for value in message.output}
    return rewriting.nodes if made.issuperset(filter(None, node.outputs)) else None


def shapes_of(node: Node, types: Mapping[str, Type]) -> dict[str, Type]:
    """Types of what an operator makes that is not rewritten, as far as they are known: it becomes an opaque layer."""
    given = [types.get(value) for value in node.inputs]
    if node.domain != DOMAIN or not given or given[0] is None:
        return {}
    first = given[0]
    if node.kind in _SAME_SHAPE:
        return {node.made(0): first}
    if node.kind in ("Attention", "QAttention") and len(given) > 1 and given[1] is not None:
        sizes = node.integers("qkv_hidden_sizes", ()) or (given[1].shape[-1] // 3,)
        made = {node.made(0): Type(first.element, (*first.shape[:-1], sizes[-1]))}
        past = given[4] if len(given) > 4 else None
        if past is not None and len(past.shape) == 5:
            longer = (*past.shape[:3], past.shape[3] + first.shape[1], past.shape[4])
            made[node.made(1)] = Type(past.element, longer)
        return made
    return {}
