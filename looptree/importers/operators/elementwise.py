"""Elementwise operators with broadcasting, and regions of them that became one layer."""

from __future__ import annotations

from collections.abc import Sequence

from looptree.importers.builder import Builder
from looptree.importers.graph import Node
from looptree.importers.kinds import operation
from looptree.importers.names import default_ranks, fresh
from looptree.importers.nest import Index, Read
from looptree.importers.regions import names_of
from looptree.importers.view import View


def pointwise(builder: Builder, node: Node) -> None:
    """One operation per element of the output; constants of one element are part of the operation."""
    region = builder.roles.whole.get(node.name, ())
    values = [value for value in node.inputs if value and not builder.is_scalar(value)]
    name = operation(node, *(builder.graph.constants.get(node.given(i)) for i in (1, 2)))
    if node.name in builder.roles.whole:  # its constants are among the factors of the region, or ignored
        values = [value for value in values if not builder.is_constant(value)][:1]
        scaled = bool(builder.roles.factors.get(node.made(0)))
        name = (names_of(region) if len(region) > 1 else "") or ("mul" if scaled else name)
    elif node.kind == "BatchNormalization":
        _normalised(builder, node)
        return
    shape = builder.type(node.made(0)).shape
    views = [builder.view(value, node) for value in values]
    loops = loop_names(views, shape)
    reads = [Read(view, aligned(view, loops)) for view in views]
    extents = dict(zip(loops, shape, strict=True))
    builder.emit(node, node.made(0), extents, reads, [(loop,) for loop in loops], name)


def aligned(view: View, loops: Sequence[str]) -> tuple[Index, ...]:
    """The indices of an input under the loops of the output: the last dimensions belong together, 1 is repeated.

    An input with more dimensions than there are loops gets too few indices, which the builder complains about.
    """
    own = loops[max(0, len(loops) - len(view.dimensions)) :]
    return tuple((loop,) if dimension else () for loop, dimension in zip(own, view.dimensions, strict=False))


def loop_names(views: Sequence[View], shape: Sequence[int], usual: Sequence[str] = ()) -> list[str]:
    """A loop per dimension of the output, called as in the largest input that has this dimension, or as `usual`.

    >>> from looptree.importers.view import plain
    >>> loop_names([plain("X", (1, 8, 4), "npf"), plain("Y", (5, 8, 4), "bkd")], (5, 8, 4))
    ['b', 'k', 'd']
    """
    found: list[str] = []
    usual = usual or default_ranks(tuple(shape))
    largest = sorted(views, key=lambda view: -sum(bool(dimension) for dimension in view.dimensions))
    for axis in range(len(shape)):
        place = axis - len(shape)
        named = [v.dimensions[place] for v in largest if -place <= len(v.dimensions) and v.dimensions[place]]
        whole = [dimension[0].name for dimension in named if len(dimension) == 1]
        found.append(fresh(whole[0] if whole else usual[axis], found))
    return found


def _normalised(builder: Builder, node: Node) -> None:
    """A batch normalisation on its own: one factor per channel; shifts and statistics are part of it, or ignored."""
    view = builder.view(node.given(0), node)
    shape = builder.type(node.made(0)).shape
    loops = loop_names([view], shape)
    reads = [Read(view, aligned(view, loops))]
    if len(loops) < 2:
        raise node.error(f"expected an input with channels as second dimension, found {list(shape)}")
    if not builder.is_scalar(node.given(1)):
        reads.append(Read(builder.view(node.given(1), node), ((loops[1],),)))
    extents = dict(zip(loops, shape, strict=True))
    builder.emit(node, node.made(0), extents, reads, [(loop,) for loop in loops], "mul")
