"""Operators that are not expanded: opaque layers with the right traffic, at which the network is cut.

Nothing is known about which inputs an element of the output needs, so an opaque layer cannot be fused with anything:
what it reads is written off chip before (`X` leaves, and is read again as `X_stored`), and so is what it makes. It
reads each input whole and writes each output whole. Its operations count the words that it moves, for want of better.
A layer has one output: further ones have a layer each, which reads one word, so that inputs do not count again.
"""

from __future__ import annotations

from collections.abc import Sequence

from looptree.importers.builder import Builder
from looptree.importers.graph import Node
from looptree.importers.made import Draft
from looptree.importers.names import default_ranks, fresh, tensor_name
from looptree.importers.view import View, plain
from looptree.workload.affine import Affine
from looptree.workload.einsum import Access

Tensors = dict[str, tuple[int, ...]]


def opaque(builder: Builder, node: Node) -> None:
    """One opaque layer per output, the first of which reads all inputs."""
    read: Tensors = {}
    for value in dict.fromkeys(node.reads):
        if not builder.is_scalar(value) and builder.type(value).size:
            read |= _stored(builder, node, value)
    builder.made.opaque.append((node.name, node.title))
    makes = [(place, value) for place, value in enumerate(node.outputs) if value and value in builder.graph.types]
    for place, value in makes:
        _output(builder, node, value, f"output{place}" if place else "", read, whole=(place, value) == makes[0])


def off_chip(builder: Builder, view: View, shape: Sequence[int]) -> View:
    """What a view shows, as a tensor that is off chip before anybody reads it."""
    if view.tensor in builder.made.origins:
        return view
    builder.made.outputs[view.tensor] = None
    return plain(builder.again(view.tensor), shape, default_ranks(tuple(shape)))


def _stored(builder: Builder, node: Node, value: str) -> Tensors:
    """A value as a tensor that is off chip before the layer begins."""
    view = builder.view(value, node)
    if view.tensor in builder.made.origins:
        return {view.tensor: builder.made.shapes[view.tensor]}
    if not view.is_whole:
        view = builder.copied(view, node)
    again = off_chip(builder, view, view.extents).tensor
    return {again: builder.made.shapes[again]}


def _output(builder: Builder, node: Node, value: str, part: str, read: Tensors, *, whole: bool) -> None:
    type_ = builder.type(value)
    element = builder.element(value)
    if not read:  # random numbers, for instance
        builder.show(value, builder.outside(tensor_name(value), type_.shape, element, value), node)
        return
    name = builder.name(node, part)
    shape = tuple(extent for extent in type_.shape if extent > 1)
    ranks = _ranks(shape, list(read.values()) if whole else [])
    if whole:
        reads = tuple(Access(tensor, _sorted_forms(extents, ranks)) for tensor, extents in read.items())
    else:
        tensor, extents = next(iter(read.items()))
        reads = (Access(tensor, tuple(Affine(()) for _ in extents)),)
    output = Access(name, _sorted_forms(shape, ranks))
    builder.made.drafts.append(Draft(name, ranks, reads, output, "opaque", builder.layer(node), node.title))
    builder.made.shapes[name] = shape
    builder.made.elements[name] = element
    if builder.is_read(value):
        builder.show(value, builder.outside(f"{name}_stored", type_.shape, element, value), node)
    else:
        builder.show(value, plain(name, type_.shape, default_ranks(type_.shape)), node)


def _ranks(made: Sequence[int], read: Sequence[Sequence[int]]) -> dict[str, int]:
    """As many ranks as the tensor with most dimensions has, the largest first; the largest dimensions share one.

    >>> _ranks((4, 6), [(7,), (4, 6, 2)])
    {'f': 7, 'b': 4, 'k': 2}
    """
    rising = [sorted(shape, reverse=True) for shape in (made, *read)]
    count = max(len(shape) for shape in rising)
    usual = default_ranks(tuple(made))
    names = [usual[axis] for axis in _by_size(made)]
    while len(names) < count:
        names.append(fresh("k", names))
    return {name: max(shape[i] for shape in rising if i < len(shape)) for i, name in enumerate(names)}


def _by_size(shape: Sequence[int]) -> list[int]:
    """The dimensions, the largest first."""
    return sorted(range(len(shape)), key=lambda axis: -shape[axis])


def _sorted_forms(shape: Sequence[int], ranks: dict[str, int]) -> tuple[Affine, ...]:
    """Each dimension by the rank of its size."""
    of = dict(zip(_by_size(shape), ranks, strict=False))
    return tuple(Affine(((of[axis], 1),)) for axis in range(len(shape)))
