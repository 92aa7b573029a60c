"""Reductions over some dimensions, or all of them."""

from __future__ import annotations

from looptree.importers.aten.program import Call
from looptree.importers.aten.translation import Translation

KINDS = {
    "all": "ReduceMin", "amax": "ReduceMax", "amin": "ReduceMin", "any": "ReduceMax", "logsumexp": "ReduceLogSumExp",
    "max": "ReduceMax", "mean": "ReduceMean", "min": "ReduceMin", "prod": "ReduceProd", "sum": "ReduceSum",
}  # fmt: skip
_WITH_AXES = 11
"""The newest operators that take axes as an attribute."""


def reduction(translation: Translation, call: Call) -> None:
    """`sum`, `mean`, `amax`, ...; `max` and `min` of two tensors are elementwise."""
    if call.value("other"):
        kind = "Max" if call.operator == "max" else "Min"
        translation.node(call, kind, [call.value("self"), call.value("other")])
        return
    _reduce(translation, call, KINDS[call.operator], call.value("self"))


def norm(translation: Translation, call: Call) -> bool:
    """`linalg_vector_norm` and `norm` of order 1, 2 or infinity; `False` for others."""
    order = call.arguments.get("ord", call.arguments.get("p"))
    if order not in (None, 1, 2, float("inf")):
        return False
    if order == float("inf"):
        magnitude = translation.between(call, "Abs", [call.value("self")], translation.shape(call.value("self")))
        _reduce(translation, call, "ReduceMax", magnitude)
        return True
    _reduce(translation, call, "ReduceL1" if order == 1 else "ReduceL2", call.value("self"))
    return True


def variance(translation: Translation, call: Call) -> bool:
    """`var`, `std` and `var_mean`: a mean, and the mean of what differs from it, squared."""
    given = call.value("self")
    shape = translation.shape(given)
    axes = _axes(call, len(shape))
    kept = tuple(1 if axis in axes else extent for axis, extent in enumerate(shape))
    mean = translation.between(call, "ReduceMean", [given], kept, version=_WITH_AXES, axes=axes, keepdims=1)
    if len(call.outputs) > 1 and call.outputs[1]:
        translation.node(call, "Reshape", [mean], call.outputs[1:2], part="mean")
    centred = translation.between(call, "Sub", [given, mean], shape)
    squares = translation.between(call, "Mul", [centred, centred], shape)
    if call.operator != "std":
        _reduce(translation, call, "ReduceMean", squares, axes)
        return True
    made = translation.shape(call.outputs[0])
    keep = int(len(made) == len(shape))
    wide = translation.between(
        call, "ReduceMean", [squares], made, part="", version=_WITH_AXES, axes=axes, keepdims=keep
    )
    translation.node(call, "Sqrt", [wide], part="sqrt")
    return True


def extreme_place(translation: Translation, call: Call) -> None:
    """`argmax` and `argmin`, over one dimension or over all as one."""
    kind = "ArgMax" if call.operator == "argmax" else "ArgMin"
    given = call.value("self")
    if call.has("dim"):
        translation.node(
            call, kind, [given], version=_WITH_AXES, axis=call.integer("dim"), keepdims=call.integer("keepdim")
        )
        return
    flat = translation.between(call, "Reshape", [given], (translation.types[given].size,))
    translation.node(call, kind, [flat], version=_WITH_AXES, axis=0, keepdims=0)


def _reduce(translation: Translation, call: Call, kind: str, given: str, axes: tuple[int, ...] | None = None) -> None:
    dimensions = len(translation.shape(given))
    axes = _axes(call, dimensions) if axes is None else axes
    keep = int(len(translation.shape(call.outputs[0])) == dimensions)
    outputs = call.outputs if call.operator in ("max", "min") else call.outputs[:1]
    translation.node(call, kind, [given], outputs, version=_WITH_AXES, axes=axes, keepdims=keep)


def _axes(call: Call, dimensions: int) -> tuple[int, ...]:
    wanted = call.integers("dim")
    return tuple(axis % dimensions for axis in wanted) if wanted and dimensions else tuple(range(dimensions))
