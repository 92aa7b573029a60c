"""Constants computed while reading: the small integer arithmetic by which exporters work out shapes.

Each function takes a node and the arrays of its inputs (`None` where one is left out). What an operator does is in
https://onnx.ai/onnx/operators; only what stands in front of a `Reshape`, a `Slice`, an `Expand` and the like is here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from looptree.importers.elements import ELEMENTS
from looptree.importers.graph import Array, Node

Given = Sequence[Any]
_PLAIN = ("float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def fold(node: Node, arrays: Sequence[Array | None]) -> list[Array] | None:
    """The outputs of a node whose inputs are known; `None` where this is not computed here.

    >>> fold(Node("Gather", "g", ("x", "i"), ("y",)), [np.array([1, 3, 224]), np.array(2)])
    [array(224)]
    """
    compute = _COMPUTED.get(node.kind) if not node.domain else None
    if compute is None or any(array is None for name, array in zip(node.inputs, arrays, strict=True) if name):
        return None
    try:
        with np.errstate(all="ignore"):
            made = compute(node, arrays)
    except (ValueError, IndexError, TypeError, KeyError, ZeroDivisionError, OverflowError, MemoryError):
        return None
    return [np.asarray(array) for array in (made if isinstance(made, list) else [made])]


def _cast(node: Node, given: Given) -> Any:
    element = ELEMENTS.get(node.integer("to"))
    if element is None or element.name not in (*_PLAIN, "bool"):
        raise TypeError(element)
    return given[0].astype(element.name)


def _divide(_: Node, given: Given) -> Any:
    if given[0].dtype.kind == "f":
        return given[0] / given[1]
    quotient = np.abs(given[0]) // np.abs(given[1])  # ONNX divides towards zero
    return (np.sign(given[0]) * np.sign(given[1]) * quotient).astype(given[0].dtype)


def _remainder(node: Node, given: Given) -> Any:
    return (np.fmod if node.integer("fmod", 0) else np.mod)(given[0], given[1])


def _concat(node: Node, given: Given) -> Any:
    return np.concatenate(given, axis=node.integer("axis"))


def _slice(node: Node, given: Given) -> Any:
    if node.version < 10:
        starts, ends = node.integers("starts"), node.integers("ends")
        axes: Sequence[int] = node.integers("axes", tuple(range(len(starts))))
        steps: Sequence[int] = (1,) * len(starts)
    else:
        starts, ends = given[1].tolist(), given[2].tolist()
        axes = given[3].tolist() if len(given) > 3 and given[3] is not None else range(len(starts))
        steps = given[4].tolist() if len(given) > 4 and given[4] is not None else [1] * len(starts)
    cut = [slice(None)] * given[0].ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        cut[axis] = slice(start, None if step < 0 and end < -given[0].shape[axis] else end, step)
    return given[0][tuple(cut)]


def axes_of(node: Node, given: Given, since: int = 13) -> tuple[int, ...] | None:
    """The `axes` of a node: an attribute in old versions, the second input since; `None` where they are left out."""
    if node.version < since or "axes" in node.attributes:
        return node.integers("axes") if "axes" in node.attributes else None
    return tuple(given[1].tolist()) if len(given) > 1 and given[1] is not None else None


def _squeeze(node: Node, given: Given) -> Any:
    return np.squeeze(given[0], axis=axes_of(node, given))


def _unsqueeze(node: Node, given: Given) -> Any:
    return np.expand_dims(given[0], axis=axes_of(node, given) or ())


def _reshape(node: Node, given: Given) -> Any:
    wanted = given[1].tolist()
    if not node.integer("allowzero", 0):
        wanted = [given[0].shape[i] if extent == 0 else extent for i, extent in enumerate(wanted)]
    return given[0].reshape(wanted)


def _transpose(node: Node, given: Given) -> Any:
    return np.transpose(given[0], node.integers("perm", tuple(reversed(range(given[0].ndim)))))


def _constant_of_shape(node: Node, given: Given) -> Any:
    value: Any = node.attributes.get("value")
    value = np.zeros(1, np.float32) if value is None else value
    return np.full(tuple(given[0].tolist()), value.reshape(-1)[0], dtype=value.dtype)


def _range(_: Node, given: Given) -> Any:
    return np.arange(given[0].item(), given[1].item(), given[2].item(), dtype=given[0].dtype)


def _expand(_: Node, given: Given) -> Any:
    return np.broadcast_to(given[0], np.broadcast_shapes(given[0].shape, tuple(given[1].tolist())))


def _split(node: Node, given: Given) -> Any:
    axis, count = node.integer("axis", 0), len(node.outputs)
    sizes = given[1].tolist() if len(given) > 1 and given[1] is not None else node.attributes.get("split")
    if sizes is None:
        whole = given[0].shape[axis]
        sizes = [math.ceil(whole / count)] * count
    return np.split(given[0], np.cumsum(sizes)[:-1].astype(int).tolist(), axis=axis)


def _reduction(reduce: Callable[..., Any], since: int) -> Callable[[Node, Given], Any]:
    def run(node: Node, given: Given) -> Any:
        axes = axes_of(node, given, since)
        if axes is None and node.integer("noop_with_empty_axes", 0):
            return given[0]
        return reduce(given[0], axis=axes or None, keepdims=bool(node.integer("keepdims", 1))).astype(given[0].dtype)

    return run


def _of(function: Callable[..., Any]) -> Callable[[Node, Given], Any]:
    return lambda _, given: function(*given)


def _folded_over(function: Callable[..., Any]) -> Callable[[Node, Given], Any]:
    def run(_: Node, given: Given) -> Any:
        total = given[0]
        for array in given[1:]:
            total = function(total, array)
        return total

    return run


_COMPUTED: Mapping[str, Callable[[Node, Given], Any]] = {
    "Abs": _of(np.abs),
    "Add": _of(np.add),
    "And": _of(np.logical_and),
    "Cast": _cast,
    "Ceil": _of(np.ceil),
    "Concat": _concat,
    "ConstantOfShape": _constant_of_shape,
    "Div": _divide,
    "Equal": _of(np.equal),
    "Expand": _expand,
    "Floor": _of(np.floor),
    "Gather": lambda node, given: np.take(given[0], given[1], axis=node.integer("axis", 0)),
    "Greater": _of(np.greater),
    "GreaterOrEqual": _of(np.greater_equal),
    "Identity": lambda _, given: given[0],
    "Less": _of(np.less),
    "LessOrEqual": _of(np.less_equal),
    "Max": _folded_over(np.maximum),
    "Min": _folded_over(np.minimum),
    "Mod": _remainder,
    "Mul": _of(np.multiply),
    "Neg": _of(np.negative),
    "NonZero": lambda _, given: np.stack(np.nonzero(given[0])).astype(np.int64),
    "Not": _of(np.logical_not),
    "Or": _of(np.logical_or),
    "Pow": lambda _, given: np.power(given[0], given[1]).astype(given[0].dtype),
    "Range": _range,
    "ReduceMax": _reduction(np.max, 18),
    "ReduceMin": _reduction(np.min, 18),
    "ReduceProd": _reduction(np.prod, 18),
    "ReduceSum": _reduction(np.sum, 13),
    "Reshape": _reshape,
    "Round": _of(np.rint),
    "Slice": _slice,
    "Split": _split,
    "Sqrt": _of(np.sqrt),
    "Squeeze": _squeeze,
    "Sub": _of(np.subtract),
    "Tile": lambda _, given: np.tile(given[0], given[1].tolist()),
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
    "Where": _of(np.where),
    "Xor": _of(np.logical_xor),
}
