"""Quantisation as PyTorch's own tools write it: `quantized_decomposed.quantize_per_tensor` and its kin."""

from __future__ import annotations

from collections.abc import Callable

from looptree.importers.aten.program import Call
from looptree.importers.aten.translation import Translation


def quantised(kind: str) -> Callable[[Translation, Call], None]:
    """`QuantizeLinear` or `DequantizeLinear`; scales and zero points are part of the layers."""

    def translate(translation: Translation, call: Call) -> None:
        translation.node(call, kind, [call.value("input")], call.outputs[:1])

    return translate
