"""Tensors that are made of nothing: ranges, zeros, ones. Small ones are known by their elements."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from looptree.importers.aten.program import Argument, Call
from looptree.importers.aten.translation import Translation
from looptree.importers.graph import Array
from looptree.importers.known import MAX_VALUES


def filled(number: float | None = None) -> Callable[[Translation, Call], None]:
    """`zeros`, `ones`, `full`, `scalar_tensor` and their kin."""

    def translate(translation: Translation, call: Call) -> None:
        given: Argument = number
        if given is None:
            given = next((call.arguments[name] for name in ("fill_value", "s", "value") if call.has(name)), 0)
        shape = translation.shape(call.outputs[0])
        plain = isinstance(given, (int, float))
        _know(translation, call, np.broadcast_to(np.asarray(given), shape) if plain else None)

    return translate


def counted(translation: Translation, call: Call) -> None:
    """`arange`: from `start`, by `step`."""
    (count,) = translation.shape(call.outputs[0])
    start, step = (call.arguments.get(name) for name in ("start", "step"))
    first = start if isinstance(start, (int, float)) else 0
    distance = step if isinstance(step, (int, float)) else 1
    _know(translation, call, first + distance * np.arange(count) if count <= MAX_VALUES else None)


def _know(translation: Translation, call: Call, array: Array | None) -> None:
    (value,) = call.outputs
    type_ = translation.types[value]
    known = array is not None and type_.size <= MAX_VALUES and type_.element.name in _DTYPES
    translation.known.know(value, type_, array.astype(type_.element.name) if array is not None and known else None)


_DTYPES = frozenset(("float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "bool"))
