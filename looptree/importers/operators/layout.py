"""Operators that lay elements out differently: views, which cost nothing.

Where no affine view exists (a dimension of 6 x 4 as 4 x 6, a window over a dimension that was merged), the elements are
copied first, by a layer of its own that carries the name of the operator.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from looptree.importers.builder import Builder
from looptree.importers.graph import Array, Node
from looptree.importers.view import View


def passed(builder: Builder, node: Node) -> None:
    """`Identity`, `Cast`, `Dropout`, quantisation and what only reshapes: the value of the first input, laid out."""
    source = builder.view(node.given(0), node)
    builder.show(node.made(0), lay_out(builder, node, source), node)


def lay_out(builder: Builder, node: Node, view: View) -> View:
    """The first input of a transparent operator as its output."""
    shape = builder.type(node.made(0)).shape
    if node.kind == "Transpose":
        order = node.integers("perm", tuple(reversed(range(len(shape)))))
        if sorted(order) != list(range(len(view.dimensions))):
            raise node.error(f"expected a permutation of {len(view.dimensions)} dimensions, found {list(order)}")
        return view.transposed(order)
    return reshaped(builder, node, view, shape) if view.extents != shape else view


def reshaped(builder: Builder, node: Node, view: View, shape: Sequence[int]) -> View:
    """A view under another shape, over a copy in one dimension where it has to be."""
    if math.prod(shape) != math.prod(view.extents):
        raise node.error(f"expected {math.prod(view.extents)} elements, found the shape {list(shape)}")
    found = view.reshaped(shape)
    if found is None:
        found = builder.copied(view, node, flat=True).reshaped(shape)
    assert found is not None
    return found


def part(builder: Builder, node: Node) -> None:
    """`Slice`: `Y[i] = X[start + step*i]`."""
    view = builder.view(node.given(0), node)
    shape = builder.type(node.given(0)).shape
    wanted = builder.type(node.made(0)).shape
    for axis, start, step in _slices(builder, node, shape):
        view = sliced(builder, node, view, axis, start, step, wanted[axis])
    builder.show(node.made(0), view, node)


def sliced(builder: Builder, node: Node, view: View, axis: int, start: int, step: int, count: int) -> View:
    """Some elements of a dimension, over a copy where the dimension was merged from several."""
    whole = view.extents[axis]
    if not (0 <= start < whole and 0 <= start + step * (count - 1) < whole):
        raise node.error(f"expected a slice of dimension {axis} within its {whole} elements")
    found = view.sliced(axis, start, step, count)
    return found if found is not None else _known(builder.copied(view, node).sliced(axis, start, step, count))


def split(builder: Builder, node: Node) -> None:
    """`Split`: slices one after the other."""
    view = builder.view(node.given(0), node)
    axis = node.integer("axis", 0) % max(1, len(view.dimensions))
    start = 0
    for value in node.outputs:
        count = builder.type(value).shape[axis] if value else 0
        if count:
            builder.show(value, sliced(builder, node, view, axis, start, 1, count), node)
        start += count


def expanded(builder: Builder, node: Node) -> None:
    """`Expand` and `Tile`: dimensions are repeated, which no element is read twice for."""
    view = builder.view(node.given(0), node)
    shape = builder.type(node.made(0)).shape
    extents = (1,) * (len(shape) - len(view.extents)) + view.extents
    view = reshaped(builder, node, view, extents) if extents != view.extents else view
    for axis, (own, wanted) in enumerate(zip(extents, shape, strict=True)):
        if wanted % own:
            raise node.error(f"expected to repeat {own} elements to {wanted}")
        view = view.repeated(axis, wanted // own)
    builder.show(node.made(0), view, node)


def padded(builder: Builder, node: Node) -> bool:
    """`Pad` with a constant: implicit zeros around, or a slice where it is negative; `False` for other modes."""
    view = builder.view(node.given(0), node)
    pads = _pads(builder, node, len(view.dimensions))
    if node.text("mode", "constant") != "constant" or pads is None:
        return False
    shape = builder.type(node.made(0)).shape
    half = len(view.dimensions)
    if len(shape) != half:
        raise node.error(f"expected {half} dimensions as in the input, found {list(shape)}")
    for axis, (before, after) in enumerate(zip(pads[:half], pads[half:], strict=True)):
        if before < 0 or after < 0:
            count = view.extents[axis] + min(0, before) + min(0, after)
            view = sliced(builder, node, view, axis, max(0, -before), 1, count)
        if before > 0 or after > 0:
            extent = view.extents[axis] + max(0, before) + max(0, after)
            found = builder.unit(view, axis).shifted(axis, max(0, before), extent)
            if found is None:
                found = builder.unit(builder.copied(view, node), axis).shifted(axis, max(0, before), extent)
            view = _known(found)
    builder.show(node.made(0), view, node)
    return True


def depth_to_space(builder: Builder, node: Node) -> None:
    """`DepthToSpace`: blocks of channels become blocks of pixels."""
    batch, channels, rows, columns = _four(builder, node)
    size = node.integer("blocksize")
    inner = channels // (size * size)
    if node.text("mode", "DCR") == "CRD":
        shape, order = (batch, inner, size, size, rows, columns), (0, 1, 4, 2, 5, 3)
    else:
        shape, order = (batch, size, size, inner, rows, columns), (0, 3, 4, 1, 5, 2)
    _through(builder, node, shape, order)


def space_to_depth(builder: Builder, node: Node) -> None:
    """`SpaceToDepth`: blocks of pixels become blocks of channels."""
    batch, channels, rows, columns = _four(builder, node)
    size = node.integer("blocksize")
    order = (0, 1, 3, 5, 2, 4) if node.text("mode", "DCR") == "CRD" else (0, 3, 5, 1, 2, 4)
    _through(builder, node, (batch, channels, rows // size, size, columns // size, size), order)


def upsampled(builder: Builder, node: Node) -> bool:
    """`Resize` and `Upsample` to the nearest element, by whole factors: `Y[f*i + r] = X[i]`; `False` for others."""
    view = builder.view(node.given(0), node)
    shape = builder.type(node.made(0)).shape
    if len(shape) != len(view.extents):
        raise node.error(f"expected {len(view.extents)} dimensions as in the input, found {list(shape)}")
    whole = all(wanted % own == 0 for own, wanted in zip(view.extents, shape, strict=True))
    if node.text("mode", "nearest") != "nearest" or not whole:
        return False
    for axis, wanted in enumerate(shape):
        name = "s" if axis == 3 else "r"
        view = view.repeated(axis, wanted // view.extents[axis], inside=True, name=name)
    builder.show(node.made(0), view, node)
    return True


def _through(builder: Builder, node: Node, shape: Sequence[int], order: Sequence[int]) -> None:
    view = reshaped(builder, node, builder.view(node.given(0), node), shape).transposed(order)
    builder.show(node.made(0), reshaped(builder, node, view, builder.type(node.made(0)).shape), node)


def _four(builder: Builder, node: Node) -> tuple[int, ...]:
    shape = builder.type(node.given(0)).shape
    if len(shape) != 4 or node.integer("blocksize") < 1:
        raise node.error(f"expected four dimensions and a block of at least 1, found {list(shape)}")
    return shape


def _slices(builder: Builder, node: Node, shape: Sequence[int]) -> list[tuple[int, int, int]]:
    """Axis, first element and step of each slice."""
    if node.version < 10:
        starts = node.integers("starts")
        axes, steps = node.integers("axes", tuple(range(len(starts)))), (1,) * len(starts)
    else:
        given = [_integers(builder, node, position) for position in range(1, 5)]
        starts = given[0] or ()
        axes, steps = given[2] or tuple(range(len(starts))), given[3] or (1,) * len(starts)
    if not len(axes) == len(starts) == len(steps) or any(not -len(shape) <= axis < len(shape) for axis in axes):
        raise node.error(f"expected a start and a step for each axis of {len(shape)}, found {starts}, {steps}, {axes}")
    found = []
    for axis, start, step in zip(axes, starts, steps, strict=True):
        axis %= len(shape)
        start += shape[axis] if start < 0 else 0
        low, high = (0, shape[axis]) if step > 0 else (0, shape[axis] - 1)
        found.append((axis, min(max(start, low), high), step))
    return found


def _integers(builder: Builder, node: Node, position: int) -> tuple[int, ...] | None:
    """A constant input of whole numbers; `None` where it is left out."""
    value = node.given(position)
    if not value:
        return None
    array: Array | None = builder.graph.constants.get(value)
    if array is None:
        raise node.error(f"expected input {value!r} as a constant, found one that depends on data")
    return tuple(int(number) for number in array.reshape(-1).tolist())


def _pads(builder: Builder, node: Node, dimensions: int) -> tuple[int, ...] | None:
    if node.version < 11:
        return node.integers("pads", length=2 * dimensions)
    pads = _integers(builder, node, 1) or ()
    axes = _integers(builder, node, 3)
    if axes is None:
        return pads if len(pads) == 2 * dimensions else None
    if len(pads) != 2 * len(axes):
        return None
    full = [0] * (2 * dimensions)
    for i, axis in enumerate(axes):
        full[axis % dimensions], full[dimensions + axis % dimensions] = pads[i], pads[len(axes) + i]
    return tuple(full)


def _known(view: View | None) -> View:
    assert view is not None
    return view
