"""What kind of operator each one is: which work element by element, which only lay out, which take others in."""

from __future__ import annotations

import re

from looptree.importers.graph import Array, Node

PASSING = frozenset(("Identity", "Dropout", "Cast", "CastLike", "QuantizeLinear", "DequantizeLinear"))
"""The same elements, perhaps in another element type."""

RESHAPING = frozenset(("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose"))
"""The same elements, each once, in other places."""

TRANSPARENT = PASSING | RESHAPING

LAYOUT = TRANSPARENT | frozenset(
    ("DepthToSpace", "Expand", "Gather", "Pad", "Resize", "Slice", "SpaceToDepth", "Split", "Tile", "Upsample")
)
"""What has no layer of its own, unless its elements have to be copied."""

UNARY = frozenset(
    [
        "Abs",
        "Acos",
        "Acosh",
        "Asin",
        "Asinh",
        "Atan",
        "Atanh",
        "BitwiseNot",
        "Ceil",
        "Celu",
        "Clip",
        "Cos",
        "Cosh",
        "Elu",
        "Erf",
        "Exp",
        "Floor",
        "Gelu",
        "HardSigmoid",
        "HardSwish",
        "IsInf",
        "IsNaN",
        "LeakyRelu",
        "Log",
        "Mish",
        "Neg",
        "Not",
        "Reciprocal",
        "Relu",
        "Round",
        "Selu",
        "Shrink",
        "Sigmoid",
        "Sign",
        "Sin",
        "Sinh",
        "Softplus",
        "Softsign",
        "Sqrt",
        "Swish",
        "Tan",
        "Tanh",
        "ThresholdedRelu",
    ]
)

SEVERAL = frozenset(
    [
        "Add",
        "And",
        "BitShift",
        "BitwiseAnd",
        "BitwiseOr",
        "BitwiseXor",
        "Div",
        "Equal",
        "Greater",
        "GreaterOrEqual",
        "Less",
        "LessOrEqual",
        "Max",
        "Mean",
        "Min",
        "Mod",
        "Mul",
        "Or",
        "Pow",
        "PRelu",
        "Sub",
        "Sum",
        "Where",
        "Xor",
    ]
)

POINTWISE = UNARY | SEVERAL | {"BatchNormalization"}
"""Every element of the output from the elements at its place (after broadcasting)."""

WEIGHTED = frozenset(
    ["Conv", "ConvTranspose", "ConvInteger", "QLinearConv", "Gemm", "MatMul", "MatMulInteger", "QLinearMatMul"]
)
"""A factor per output channel is multiplied into the weights of these."""

REDUCTIONS = frozenset(
    [
        "ReduceL1",
        "ReduceL2",
        "ReduceLogSum",
        "ReduceLogSumExp",
        "ReduceMax",
        "ReduceMean",
        "ReduceMin",
        "ReduceProd",
        "ReduceSum",
        "ReduceSumSquare",
    ]
)
"""One element from all elements along some axes, by operations on them."""

COMPUTING = (
    POINTWISE
    | WEIGHTED
    | REDUCTIONS
    | frozenset(
        [
            "Attention",
            "AveragePool",
            "Einsum",
            "GlobalAveragePool",
            "GlobalLpPool",
            "GlobalMaxPool",
            "GroupNormalization",
            "InstanceNormalization",
            "LayerNormalization",
            "LogSoftmax",
            "LpNormalization",
            "LpPool",
            "LRN",
            "MaxPool",
            "MeanVarianceNormalization",
            "RMSNormalization",
            "RotaryEmbedding",
            "Softmax",
        ]
    )
)
"""What follows element by element may be folded into these, as it is written."""

_OPERATIONS = {"Sub": "add", "Sum": "add", "Mean": "add", "BatchNormalization": "mul", "PRelu": "prelu"}


def operation(node: Node, low: Array | None = None, high: Array | None = None) -> str:
    """What one operation of an elementwise node is called.

    >>> operation(Node("HardSwish", "a", ("x",), ("y",))), operation(Node("Sub", "a", ("x", "y"), ("z",)))
    ('hard_swish', 'add')
    """
    if node.kind == "Clip" and low is not None and high is not None and low.size == high.size == 1:
        return "relu6" if (float(low.reshape(-1)[0]), float(high.reshape(-1)[0])) == (0, 6) else "clip"
    return _OPERATIONS.get(node.kind) or snake(node.kind)


def snake(kind: str) -> str:
    """`LeakyRelu` as `leaky_relu`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind).lower()
