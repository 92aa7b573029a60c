"""Looking things up: `Gather` by a constant is a slice; rows of a table are read where indices depend on data."""

from __future__ import annotations

import math

from looptree.importers.builder import Builder
from looptree.importers.graph import Array, Node
from looptree.importers.names import default_ranks
from looptree.importers.nest import Read
from looptree.importers.operators.layout import reshaped, sliced


def gather(builder: Builder, node: Node) -> bool:
    """`Gather`; `False` where it is neither a slice nor a lookup in a table of constants."""
    given, wanted = node.given(0), node.given(1)
    shape = builder.type(given).shape
    axis = node.integer("axis", 0)
    if not -len(shape) <= axis < len(shape):
        raise node.error(f"expected an axis of {len(shape)} dimensions, found {axis}")
    indices = builder.graph.constants.get(wanted)
    if indices is not None:
        return _slice(builder, node, axis % len(shape), indices)
    if not builder.is_constant(given):
        return False
    _rows(builder, node, axis % len(shape))
    return True


def _slice(builder: Builder, node: Node, axis: int, indices: Array) -> bool:
    """Indices at equal distances: `Y[i] = X[start + step*i]`."""
    extent = builder.type(node.given(0)).shape[axis]
    places = [int(i) + (extent if int(i) < 0 else 0) for i in indices.reshape(-1).tolist()]
    step = places[1] - places[0] if len(places) > 1 else 1
    if not step or any(place != places[0] + i * step for i, place in enumerate(places)):
        return False
    view = sliced(builder, node, builder.view(node.given(0), node), axis, places[0], step, len(places))
    builder.show(node.made(0), reshaped(builder, node, view, builder.type(node.made(0)).shape), node)
    return True


def _rows(builder: Builder, node: Node, axis: int) -> None:
    """An embedding: each index reads one row, and only those rows are read: `Y[p,f] = rows[p,f]` by `ids[p]`."""
    table, wanted = builder.type(node.given(0)), builder.type(node.given(1))
    shape = builder.type(node.made(0)).shape
    names = default_ranks(shape)
    rows = builder.outside(f"W_{builder.layer(node)}_rows", shape, builder.element(node.given(0)), node.given(0))
    builder.made.tables[rows.tensor] = math.prod(table.shape)
    index = tuple((name,) for name in names)
    own = index[axis : axis + len(wanted.shape)]
    reads = [Read(rows, index), Read(builder.view(node.given(1), node), own)]
    builder.emit(node, node.made(0), dict(zip(names, shape, strict=True)), reads, index, "gather")
