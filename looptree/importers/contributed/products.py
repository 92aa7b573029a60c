"""Fused and quantised products of ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from looptree.importers.contributed.rewriting import Rewriting
from looptree.importers.elements import ELEMENTS
from looptree.importers.graph import Type

_BITS = {2: ELEMENTS[25], 4: ELEMENTS[21], 8: ELEMENTS[2]}


def _activation(r: Rewriting, value: str) -> None:
    """What follows a fused operator, if anything."""
    kind = r.node.text("activation", "")
    if kind:
        r.final(kind, [value])


def _turned(r: Rewriting, value: str, wanted: int) -> str:
    """A value with its last two dimensions exchanged, if that is wanted."""
    rank = len(r.shape(value))
    if not wanted or rank < 2:
        return value
    return r.add("Transpose", [value], perm=[*range(rank - 2), rank - 1, rank - 2])


def fused_product(r: Rewriting) -> bool:
    """`FusedMatMul`: factors perhaps transposed."""
    if r.node.integer("transBatchA", 0) or r.node.integer("transBatchB", 0):
        return False
    a = _turned(r, r.node.given(0), r.node.integer("transA", 0))
    r.final("MatMul", [a, _turned(r, r.node.given(1), r.node.integer("transB", 0))])
    return True


def fused_gemm(r: Rewriting) -> None:
    """`FusedGemm`: a product and an activation."""
    attributes = r.attributes("alpha", "beta", "transA", "transB")
    if not r.node.text("activation", ""):
        r.final("Gemm", r.node.inputs[:3], **attributes)
        return
    _activation(r, r.add("Gemm", r.node.inputs[:3], name=r.node.name, **attributes))


def fused_convolution(r: Rewriting) -> None:
    """`FusedConv`: a convolution, perhaps a sum, perhaps an activation."""
    attributes = r.attributes("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
    other, active = r.node.given(3), bool(r.node.text("activation", ""))
    if not other and not active:
        r.final("Conv", r.node.inputs[:3], **attributes)
        return
    value = r.add("Conv", r.node.inputs[:3], name=r.node.name, **attributes)
    if other:
        value = r.add("Add", [value, other], None if active else [r.node.made(0)])
    _activation(r, value)


def product_of_few_bits(r: Rewriting) -> bool:
    """`MatMulNBits`: weights of 2, 4 or 8 bits, with a scale per block that is part of them."""
    rows, columns, bits = r.node.integer("K"), r.node.integer("N"), r.node.integer("bits", 4)
    if bits not in _BITS or min(rows, columns) < 1 or max(rows, columns) > 2**31:
        return False
    weights = f"{r.node.given(1)}/{rows}x{columns}"
    r.known.know(weights, Type(_BITS[bits], (rows, columns)), None)
    r.final("MatMul", [r.node.given(0), r.add("DequantizeLinear", [weights, scale_of_one(r)])])
    return True


def scale_of_one(r: Rewriting) -> str:
    """A scale of one."""
    name = f"{r.node.name}/one"
    r.known.know(name, Type(ELEMENTS[1], ()), np.array(1, np.float32))
    return name


def integer_product(r: Rewriting, a: str, b: str, zeros: Sequence[str]) -> str:
    """A product of quantised factors."""
    name = "" if r.node.kind == "QAttention" else r.node.name
    return r.add("MatMulInteger", [a, b, *zeros], name=name)


def dynamic_product(r: Rewriting) -> None:
    """`DynamicQuantizeMatMul`: the first factor is quantised on the way."""
    made = [r.fresh("quantised"), r.fresh("scale"), r.fresh("zero")]
    r.add("DynamicQuantizeLinear", [r.node.given(0)], made)
    r.final("Cast", [integer_product(r, made[0], r.node.given(1), [made[2], r.node.given(3)])], to=1)


def product_to_float(r: Rewriting) -> None:
    """`MatMulIntegerToFloat`."""
    product = integer_product(r, r.node.given(0), r.node.given(1), [r.node.given(4), r.node.given(5)])
    r.final("Cast", [product], to=1)


def quantised_lstm(r: Rewriting) -> None:
    """`DynamicQuantizeLSTM`: its weights have the inputs first, and a scale of their own."""
    weights = [r.add("DequantizeLinear", [value, scale_of_one(r)]) for value in r.node.inputs[1:3]]
    turned = [r.add("Transpose", [value], perm=[0, 2, 1]) for value in weights]
    r.add(
        "LSTM", [r.node.given(0), *turned, *r.node.inputs[3:7]], r.node.outputs, r.node.name,
        **r.attributes("hidden_size", "direction"),
    )  # fmt: skip
