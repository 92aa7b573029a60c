"""Functions of each element, with broadcasting; some are written out as several."""

from __future__ import annotations

from collections.abc import Callable

from looptree.importers.aten.program import Call
from looptree.importers.aten.translation import Translation

UNARY = {
    "abs": "Abs", "acos": "Acos", "acosh": "Acosh", "asin": "Asin", "asinh": "Asinh", "atan": "Atan",
    "atanh": "Atanh", "bitwise_not": "BitwiseNot", "ceil": "Ceil", "celu": "Celu", "cos": "Cos", "cosh": "Cosh",
    "elu": "Elu", "erf": "Erf", "exp": "Exp", "floor": "Floor", "gelu": "Gelu", "hardsigmoid": "HardSigmoid",
    "hardshrink": "Shrink", "hardswish": "HardSwish", "isinf": "IsInf", "isnan": "IsNaN",
    "leaky_relu": "LeakyRelu", "log": "Log", "logical_not": "Not", "mish": "Mish", "neg": "Neg",
    "reciprocal": "Reciprocal", "relu": "Relu", "round": "Round", "selu": "Selu", "sigmoid": "Sigmoid",
    "sign": "Sign", "sgn": "Sign", "sin": "Sin", "sinh": "Sinh", "softplus": "Softplus", "softshrink": "Shrink",
    "sqrt": "Sqrt", "tan": "Tan", "tanh": "Tanh", "threshold": "ThresholdedRelu", "trunc": "Floor",
    "log1p": "Log", "log2": "Log", "log10": "Log", "expm1": "Exp", "exp2": "Exp",
}  # fmt: skip
"""Each is one operation; a constant factor or summand is part of it."""

BINARY = {
    "add": "Add", "bitwise_and": "BitwiseAnd", "bitwise_or": "BitwiseOr", "bitwise_xor": "BitwiseXor", "div": "Div",
    "eq": "Equal", "floor_divide": "Div", "fmod": "Mod", "ge": "GreaterOrEqual", "gt": "Greater",
    "le": "LessOrEqual", "logical_and": "And", "logical_or": "Or", "logical_xor": "Xor", "lt": "Less",
    "maximum": "Max", "minimum": "Min", "mul": "Mul", "pow": "Pow", "prelu": "PRelu", "remainder": "Mod",
    "sub": "Sub", "true_divide": "Div",
}  # fmt: skip

_TWO_STEPS = {"silu": ("Sigmoid", "Mul"), "rsqrt": ("Sqrt", "Reciprocal"), "log_sigmoid": ("Sigmoid", "Log")}
TWO_STEPS = tuple(_TWO_STEPS)


def unary(translation: Translation, call: Call) -> None:
    """One operator for one operator."""
    translation.node(call, UNARY[call.operator], [call.value("self")], call.outputs[:1])


def binary(translation: Translation, call: Call) -> None:
    """Two inputs, either of which may be a number; a factor of the second one (`alpha`) is part of it."""
    names = [name for name in ("self", "other", "exponent", "weight") if call.has(name)]
    like = next(filter(None, map(call.value, names)), call.outputs[0])
    inputs = [translation.scalar_or_value(call.arguments[name], like) for name in names]
    if call.operator == "prelu":
        inputs[1] = _slopes(translation, call, *inputs)
    translation.node(call, BINARY[call.operator], inputs)


def _slopes(translation: Translation, call: Call, given: str, slopes: str) -> str:
    """The slopes of a PReLU, one per channel, along the second dimension."""
    dimensions = len(translation.shape(given))
    count = translation.shape(slopes)[0] if translation.shape(slopes) else 1
    if count == 1 or dimensions <= 2:
        return slopes
    return translation.between(call, "Reshape", [slopes], (count, *(1,) * (dimensions - 2)))


def reversed_subtraction(translation: Translation, call: Call) -> None:
    """`rsub`: the second less the first."""
    given = call.value("self")
    translation.node(call, "Sub", [translation.scalar_or_value(call.arguments["other"], given), given])


def not_equal(translation: Translation, call: Call) -> None:
    """`ne`: equal, and not."""
    given = call.value("self")
    other = translation.scalar_or_value(call.arguments["other"], given)
    equal = translation.between(call, "Equal", [given, other], translation.shape(call.outputs[0]))
    translation.node(call, "Not", [equal])


def two_steps(translation: Translation, call: Call) -> None:
    """`silu` as `x * sigmoid(x)` and the like."""
    first, second = _TWO_STEPS[call.operator]
    given = call.value("self")
    inner = translation.between(call, first, [given], translation.shape(given))
    translation.node(call, second, [given, inner] if second == "Mul" else [inner], call.outputs[:1])


def clamped(translation: Translation, call: Call) -> None:
    """`clamp`, `hardtanh`, `relu6`, `clamp_min`, `clamp_max`: between numbers or tensors."""
    given = call.value("self")
    low = next((call.arguments[n] for n in ("min", "min_val") if call.has(n)), None)
    high = next((call.arguments[n] for n in ("max", "max_val") if call.has(n)), None)
    if call.operator == "relu6":
        low, high = 0.0, 6.0
    if not call.value("min") and not call.value("max"):
        bounds = [translation.number(b, given) if b is not None else "" for b in (low, high)]
        translation.node(call, "Clip", [given, *bounds] if bounds[1] else [given, bounds[0]])
        return
    shape = translation.shape(call.outputs[0])
    if low is not None and high is not None:
        raised = translation.between(call, "Max", [given, translation.scalar_or_value(low, given)], shape)
        translation.node(call, "Min", [raised, translation.scalar_or_value(high, given)])
    else:
        kind, bound = ("Max", low) if low is not None else ("Min", high)
        translation.node(call, kind, [given, translation.scalar_or_value(bound, given)])


def chosen(translation: Translation, call: Call) -> None:
    """`where` and `masked_fill`."""
    if call.operator == "where":
        names = ("self", "other")
        like = next(filter(None, map(call.value, names)), call.outputs[0])
        choices = [translation.scalar_or_value(call.arguments[name], like) for name in names]
        translation.node(call, "Where", [call.value("condition"), *choices])
        return
    given = call.value("self")
    filled = translation.scalar_or_value(call.arguments["value"], given)
    translation.node(call, "Where", [call.value("mask"), filled, given])


def fused(first: str, second: str) -> Callable[[Translation, Call], None]:
    """`addcmul`, `addcdiv`: two operators, the first one of the two tensors, the second with what it is added to."""

    def translate(translation: Translation, call: Call) -> None:
        shape = translation.shape(call.outputs[0])
        inner = translation.between(call, first, [call.value("tensor1"), call.value("tensor2")], shape)
        translation.node(call, second, [call.value("self"), inner])

    return translate


def gated(translation: Translation, call: Call) -> None:
    """`glu`: one half times the sigmoid of the other."""
    given, made = call.value("self"), call.outputs[0]
    shape = translation.shape(made)
    axis = call.integer("dim", -1)
    halves = [translation.temporary(call.name, shape, given) for _ in range(2)]
    translation.node(call, "Split", [given], halves, part="split", axis=axis)
    gate = translation.between(call, "Sigmoid", [halves[1]], shape)
    translation.node(call, "Mul", [halves[0], gate])


def squared(translation: Translation, call: Call) -> None:
    """`square`: each element times itself."""
    translation.node(call, "Mul", [call.value("self")] * 2)


def triangle(translation: Translation, call: Call) -> None:
    """`tril` and `triu`."""
    translation.node(call, "Trilu", [call.value("self")], upper=int(call.operator == "triu"))
