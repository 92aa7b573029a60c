"""Element types of ONNX tensors and their widths."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Element:
    """What one element of a tensor is.

    Attributes:
        name: as NumPy and ONNX call it.
        bits: its width; 0 where it has none (text).
        floating: a floating-point number: `--bits` replaces its width.
    """

    name: str
    bits: int
    floating: bool = False


_FLOATS = {1: ("float32", 32), 10: ("float16", 16), 11: ("float64", 64), 16: ("bfloat16", 16)}
_SMALL_FLOATS = {
    17: ("float8e4m3fn", 8),
    18: ("float8e4m3fnuz", 8),
    19: ("float8e5m2", 8),
    20: ("float8e5m2fnuz", 8),
    23: ("float4e2m1", 4),
    24: ("float8e8m0", 8),
}
_OTHERS = {
    2: ("uint8", 8),
    3: ("int8", 8),
    4: ("uint16", 16),
    5: ("int16", 16),
    6: ("int32", 32),
    7: ("int64", 64),
    8: ("string", 0),
    9: ("bool", 8),
    12: ("uint32", 32),
    13: ("uint64", 64),
    14: ("complex64", 64),
    15: ("complex128", 128),
    21: ("uint4", 4),
    22: ("int4", 4),
    25: ("uint2", 2),
    26: ("int2", 2),
}

ELEMENTS = {
    **{code: Element(name, bits, True) for code, (name, bits) in (_FLOATS | _SMALL_FLOATS).items()},
    **{code: Element(name, bits) for code, (name, bits) in _OTHERS.items()},
}
"""Element types by their number in `TensorProto.DataType` (onnx.proto, IR version 13). A `bool` is stored in a byte."""

CODES = {element: code for code, element in ELEMENTS.items()}
"""The numbers by element type."""


def narrowest(elements: list[Element]) -> Element:
    """The element type with the fewest bits; the first one of several.

    >>> narrowest([ELEMENTS[1], ELEMENTS[3], ELEMENTS[1]]).name
    'int8'
    """
    return min(elements, key=lambda element: element.bits)
