"""Operators that only lay out, take apart or put together."""

from __future__ import annotations

import numpy as np

from looptree.importers.aten.program import Call, Value
from looptree.importers.aten.translation import Translation
from looptree.importers.elements import CODES

_MOST = 2**63 - 1
_WITH_SPLIT = 11
"""The newest `Split` that takes sizes as an attribute."""


def reshaped(translation: Translation, call: Call) -> None:
    """`view`, `reshape`, `flatten`, `squeeze`, `unsqueeze`, ...: the shape is that of the output."""
    translation.node(call, "Reshape", [call.value("self")])


def passed(translation: Translation, call: Call) -> None:
    """The same elements, perhaps of another type."""
    given = call.value("self") or call.value("input")
    made = translation.types[call.outputs[0]].element
    if translation.types[given].element == made:
        translation.node(call, "Identity", [given], call.outputs[:1])
    else:
        translation.node(call, "Cast", [given], call.outputs[:1], to=CODES[made])


def permuted(translation: Translation, call: Call) -> None:
    """`permute`, `transpose`, `t`."""
    dimensions = len(translation.shape(call.value("self")))
    order = list(range(dimensions))
    if call.operator == "permute":
        order = [axis % dimensions for axis in call.integers("dims")]
    elif dimensions > 1:
        first = call.integer("dim0") % dimensions
        second = (call.integer("dim1", 1)) % dimensions
        order[first], order[second] = order[second], order[first]
    translation.node(call, "Transpose", [call.value("self")], perm=tuple(order))


def concatenated(translation: Translation, call: Call) -> None:
    """`cat`; empty vectors, which PyTorch lets pass, are left out."""
    made = translation.shape(call.outputs[0])
    values = [value for value in call.values("tensors") if len(translation.shape(value)) == len(made)]
    translation.node(call, "Concat", values, axis=call.integer("dim"))


def stacked(translation: Translation, call: Call) -> None:
    """`stack`: each with one dimension more, then concatenated."""
    made = translation.shape(call.outputs[0])
    axis = call.integer("dim") % len(made)
    one = (*made[:axis], 1, *made[axis + 1 :])
    values = [translation.between(call, "Reshape", [value], one) for value in call.values("tensors")]
    translation.node(call, "Concat", values, axis=axis)


def split(translation: Translation, call: Call) -> None:
    """`split`, `chunk`, `tensor_split`: one behind the other."""
    axis = call.integer("dim")
    sizes = tuple(translation.shape(value)[axis] if value else 0 for value in call.outputs)
    translation.node(call, "Split", [call.value("self")], version=_WITH_SPLIT, axis=axis, split=sizes)


def unbound(translation: Translation, call: Call) -> None:
    """`unbind`: every element of a dimension on its own."""
    for place, value in enumerate(call.outputs):
        index = translation.constant(np.asarray(place, np.int64))
        translation.node(call, "Gather", [call.value("self"), index], [value], axis=call.integer("dim"))


def sliced(translation: Translation, call: Call) -> None:
    """`slice`, `narrow`: some elements of a dimension."""
    given = call.value("self")
    axis = call.integer("dim")
    extent = translation.shape(given)[axis]
    start = call.integer("start")
    start = max(0, start + extent) if start < 0 else min(start, extent)
    step = call.integer("step", 1)
    stop = start + step * (translation.shape(call.outputs[0])[axis] - 1) + 1
    limits = [translation.integers([number]) for number in (start, stop, axis, step)]
    translation.node(call, "Slice", [given, *limits])


def selected(translation: Translation, call: Call) -> None:
    """`select`: one element of a dimension, which is gone then."""
    index = translation.constant(np.asarray(call.integer("index"), np.int64))
    translation.node(call, "Gather", [call.value("self"), index], axis=call.integer("dim"))


def flipped(translation: Translation, call: Call) -> None:
    """`flip`: dimensions backwards."""
    axes = call.integers("dims")
    starts, stops, steps = [-1] * len(axes), [-_MOST] * len(axes), [-1] * len(axes)
    limits = [translation.integers(numbers) for numbers in (starts, stops, axes, steps)]
    translation.node(call, "Slice", [call.value("self"), *limits])


def rolled(translation: Translation, call: Call) -> bool:
    """`roll`: for each dimension, what is at its end comes to its front; `False` for all dimensions as one."""
    shifts, axes = call.integers("shifts"), call.integers("dims")
    if len(shifts) != len(axes):
        return False
    value = call.value("self")
    shape = translation.shape(value)
    for shift, axis in zip(shifts, axes, strict=True):
        axis %= len(shape)
        extent = shape[axis]
        cut = -shift % extent if extent else 0
        if not cut:
            continue
        halves = [
            translation.temporary(call.name, (*shape[:axis], size, *shape[axis + 1 :]), value)
            for size in (cut, extent - cut)
        ]
        translation.node(
            call, "Split", [value], halves, part="split", version=_WITH_SPLIT, axis=axis, split=(cut, extent - cut)
        )
        value = translation.between(call, "Concat", halves[::-1], shape, axis=axis)
    translation.node(call, "Identity", [value])
    return True


def expanded(translation: Translation, call: Call) -> None:
    """`expand`, `expand_as`, `repeat`: dimensions are repeated."""
    made = translation.shape(call.outputs[0])
    kind = "Tile" if call.operator in ("repeat", "tile") else "Expand"
    wanted = call.integers("repeats") or call.integers("dims") if kind == "Tile" else made
    given = call.value("self")
    if kind == "Tile" and len(wanted) > len(translation.shape(given)):
        missing = len(wanted) - len(translation.shape(given))
        given = translation.between(call, "Reshape", [given], (1,) * missing + translation.shape(given))
    translation.node(call, kind, [given, translation.integers(wanted)])


def padded(translation: Translation, call: Call) -> bool:
    """`pad` with a constant; `False` for other modes. PyTorch counts pairs from the last dimension."""
    if call.text("mode", "constant") != "constant":
        return False
    dimensions = len(translation.shape(call.value("self")))
    pairs = call.integers("pad")
    before, after = [0] * dimensions, [0] * dimensions
    for place in range(len(pairs) // 2):
        before[-1 - place], after[-1 - place] = pairs[2 * place], pairs[2 * place + 1]
    translation.node(call, "Pad", [call.value("self"), translation.integers([*before, *after])])
    return True


def upsampled(translation: Translation, call: Call) -> None:
    """`upsample_nearest1d` to `upsample_nearest3d`, and by interpolation."""
    mode = "nearest" if "nearest" in call.operator else "linear"
    translation.node(call, "Resize", [call.value("self") or call.value("input")], mode=mode)


def shuffled(translation: Translation, call: Call) -> None:
    """`pixel_shuffle` and `pixel_unshuffle`: the channel counts slower than its block."""
    if call.operator == "pixel_shuffle":
        translation.node(
            call, "DepthToSpace", [call.value("self")], blocksize=call.integer("upscale_factor"), mode="CRD"
        )
    else:
        translation.node(
            call, "SpaceToDepth", [call.value("self")], blocksize=call.integer("downscale_factor"), mode="CRD"
        )


def embedding(translation: Translation, call: Call) -> None:
    """`embedding`: rows of a table."""
    translation.node(call, "Gather", [call.value("weight"), call.value("indices")], axis=0)


def index_select(translation: Translation, call: Call) -> None:
    """`index_select`: elements of a dimension by a list of places."""
    translation.node(call, "Gather", [call.value("self"), call.value("index")], axis=call.integer("dim"))


def indexed(translation: Translation, call: Call) -> bool:
    """`index` with one list of places; `False` where there are several, or a mask."""
    indices = call.arguments.get("indices")
    places = [i for i, item in enumerate(indices) if isinstance(item, Value)] if isinstance(indices, tuple) else []
    if len(places) != 1:
        return False
    value = call.values("indices")[places[0]]
    if translation.types[value].element.name == "bool":
        return False
    translation.node(call, "Gather", [call.value("self"), value], axis=places[0])
    return True
