"""Reductions over some dimensions: sums, means, extremes, norms, and where the extreme is."""

from __future__ import annotations

from collections.abc import Collection

from looptree.importers.builder import Builder
from looptree.importers.graph import Node
from looptree.importers.kinds import snake
from looptree.importers.nest import Index, Read
from looptree.importers.operators.elementwise import loop_names

_OPERATIONS = {
    "ReduceSum": "add", "ReduceMean": "add", "ReduceMax": "max", "ReduceMin": "min", "ReduceProd": "mul",
    "ReduceL1": "abs", "ReduceL2": "square", "ReduceSumSquare": "square",
    "ReduceLogSum": "add", "ReduceLogSumExp": "exp",
}  # fmt: skip
_AXES_ARE_AN_INPUT = {"ReduceSum": 13}
"""The operator set since which `axes` are an input; 18 for all others."""


def reduce(builder: Builder, node: Node) -> None:
    """`ReduceSum` and the like, `ArgMax`, `ArgMin`: one operation per element of the input.

    What is done to the result once (a root, a logarithm, a division) is part of the layer.
    """
    view = builder.view(node.given(0), node)
    shape = builder.type(node.given(0)).shape
    gone = _axes(builder, node, len(shape))
    names = loop_names([view], shape)
    loops = dict(zip(names, shape, strict=True))
    kept = bool(node.integer("keepdims", 1))
    index: list[Index] = [
        () if axis in gone else (name,) for axis, name in enumerate(names) if kept or axis not in gone
    ]
    made = builder.type(node.made(0)).shape
    if len(index) != len(made):
        raise node.error(f"expected an output of {len(index)} dimensions, found {list(made)}")
    reads = [Read(view, tuple((name,) for name in names))]
    kind = _OPERATIONS.get(node.kind) or snake(node.kind)
    summed = [names[axis] for axis in gone]
    builder.emit(node, node.made(0), loops, reads, index, kind if gone else "copy", summed=summed)


def _axes(builder: Builder, node: Node, dimensions: int) -> Collection[int]:
    if node.kind.startswith("Arg"):
        axes: tuple[int, ...] = (node.integer("axis", 0),)
    elif node.version < _AXES_ARE_AN_INPUT.get(node.kind, 18):
        axes = node.integers("axes", ())
    else:
        axes = ()
        if node.given(1):
            array = builder.graph.constants.get(node.given(1))
            if array is None:
                raise node.error("expected the axes as a constant, found ones that depend on data")
            axes = tuple(int(axis) for axis in array.reshape(-1).tolist())
    if not axes and not node.integer("noop_with_empty_axes", 0):
        axes = tuple(range(dimensions))
    if any(not -dimensions <= axis < dimensions for axis in axes):
        raise node.error(f"expected axes of {dimensions} dimensions, found {list(axes)}")
    return sorted({axis % dimensions for axis in axes})
