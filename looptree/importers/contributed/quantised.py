"""Quantised operators of ONNX Runtime: dequantised inputs, the operator, and its output quantised again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from looptree.importers.contributed.rewriting import Rewriting


def quantised(count: int, kind: str, **fixed: Any) -> Callable[[Rewriting], bool]:
    """Inputs with scale and zero point each, the operator, and its output with scale and zero point."""

    def write(r: Rewriting) -> bool:
        if r.node.integer("channels_last", 0):
            return False
        given = r.node.inputs
        plain = [r.add("DequantizeLinear", given[3 * i : 3 * i + 3]) for i in range(count)]
        handed = r.attributes(
            "alpha", "axis", "axes", "keepdims", "kernel_shape", "pads", "strides", "auto_pad", "ceil_mode",
            "count_include_pad", "transA", "transB",
        )  # fmt: skip
        made = r.add(kind, plain, name=r.node.name, **fixed, **handed)
        r.final("QuantizeLinear", [made, *given[3 * count : 3 * count + 2]])
        return True

    return write


def quantised_gemm(r: Rewriting) -> None:
    """`QGemm`: the bias is of 32 bits and has no scale; without a scale the output is a float."""
    given = [r.node.given(i) for i in range(9)]
    factors = [r.add("DequantizeLinear", given[place : place + 3]) for place in (0, 3)]
    attributes = r.attributes("alpha", "transA", "transB")
    if not given[7]:
        r.final("Gemm", factors, **attributes)
        return
    r.final("QuantizeLinear", [r.add("Gemm", factors, name=r.node.name, **attributes), given[7], given[8]])


def quantised_join(r: Rewriting) -> None:
    """`QLinearConcat`: scale and zero point of the output come first."""
    given = r.node.inputs
    parts = [r.add("DequantizeLinear", given[place : place + 3]) for place in range(2, len(given), 3)]
    made = r.add("Concat", parts, name=r.node.name, axis=r.node.integer("axis"))
    r.final("QuantizeLinear", [made, *given[:2]])


def same(r: Rewriting) -> None:
    """`QuantizeLinear`, `DequantizeLinear` of further types."""
    r.final(r.node.kind, r.node.inputs, **r.attributes("axis", "block_size"))
