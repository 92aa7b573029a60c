"""`Concat`: one operation writes one element and reads it from the input that holds it.

`Y[m,p,q] = A[m,p,q] + B[m-64,p,q]`: coordinates outside a tensor are implicit zeros.
"""

from __future__ import annotations

from dataclasses import replace

from looptree.importers.builder import Builder
from looptree.importers.graph import Node
from looptree.importers.nest import Index, Read
from looptree.importers.operators.elementwise import loop_names
from looptree.importers.view import View
from looptree.workload.affine import Affine


def concatenation(builder: Builder, node: Node) -> None:
    """`Concat`: inputs without elements are left out; slices of one tensor that follow each other are read as one."""
    shape = builder.type(node.made(0)).shape
    axis = node.integer("axis", 1 if node.version < 4 else None)
    if not -len(shape) <= axis < len(shape):
        raise node.error(f"expected an axis of {len(shape)} dimensions, found {axis}")
    axis %= len(shape)
    values = [value for value in node.inputs if value and builder.type(value).size]
    views = _joined([builder.view(value, node) for value in values], axis)
    if len(views) == 1:
        builder.show(node.made(0), views[0], node)
        return
    names = loop_names(views, shape)
    loops = dict(zip(names, shape, strict=True))
    reads = []
    start = 0
    for view in views:
        index: list[Index] = [(name,) for name in names]
        index[axis] = Affine(((names[axis], 1),), -start)
        reads.append(Read(view, tuple(index)))
        start += view.extents[axis]
    if start != shape[axis]:
        raise node.error(f"expected inputs of {shape[axis]} elements along axis {axis}, found {start}")
    builder.emit(node, node.made(0), loops, reads, [(name,) for name in names], "copy")


def _joined(views: list[View], axis: int) -> list[View]:
    """Neighbouring slices of one tensor put together again."""
    found: list[View] = []
    for view in views:
        whole = _followed(found[-1], view, axis) if found else None
        found[-1:] = [whole] if whole is not None else [*found[-1:], view]
    return found


def _followed(first: View, second: View, axis: int) -> View | None:
    """Both as one view, if the second begins in the same tensor where the first ends."""
    if first.tensor != second.tensor or len(first.dimensions[axis]) != 1:
        return None
    (factor,) = first.dimensions[axis]
    longer = replace(factor, extent=factor.extent + second.extents[axis])
    whole = replace(first, dimensions=(*first.dimensions[:axis], (longer,), *first.dimensions[axis + 1 :]))
    return whole if whole.sliced(axis, factor.extent, 1, second.extents[axis]) == second else None
