"""Nodes in an order in which each comes after what it reads, without those that nothing needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from looptree.errors import InputError, nearest
from looptree.importers.graph import Node

Item = TypeVar("Item")


def ordered(
    nodes: Sequence[tuple[Node, Item]], given: Collection[str], wanted: Iterable[str], file: str
) -> list[tuple[Node, Item]]:
    """The nodes that `wanted` values depend on, in topological order, the order of the file where it is free.

    Args:
        nodes: each with whatever goes with it.
        given: inputs and constants.
        wanted: values that have to be known in the end.
        file: for messages.

    Raises:
        InputError: a value that two nodes make, that nothing makes, or that depends on itself.
    """
    maker = _makers(nodes, given)
    order: dict[int, None] = {}
    for value in wanted:
        if value not in maker and value not in given:
            raise InputError(
                f"expected an output that a node makes, found {value!r}", where=file, hint=nearest(value, maker)
            )
        if value in maker:
            _visit(maker[value], nodes, maker, given, order)
    as_written = sorted(order)  # which has to be a topological order already, in ONNX
    is_sorted = all(maker.get(value, -1) < index for index in as_written for value in nodes[index][0].reads)
    return [nodes[index] for index in (as_written if is_sorted else order)]


def _makers(nodes: Sequence[tuple[Node, Item]], given: Collection[str]) -> dict[str, int]:
    maker: dict[str, int] = {}
    for index, (node, _) in enumerate(nodes):
        for value in filter(None, node.outputs):
            if value in maker:
                other = nodes[maker[value]][0]
                raise node.error(f"makes {value!r}, which node {other.name!r} makes as well")
            if value in given:
                raise node.error(f"makes {value!r}, which is an input or a constant of the model")
            maker[value] = index
    return maker


def _visit(
    root: int,
    nodes: Sequence[tuple[Node, Item]],
    maker: dict[str, int],
    given: Collection[str],
    order: dict[int, None],
) -> None:
    """Put a node and all that it needs into the order; an explicit stack, for chains are long."""
    path: dict[int, None] = {root: None} if root not in order else {}
    while path:
        index = next(reversed(path))
        node = nodes[index][0]
        waiting = None
        for value in node.reads:
            if value in given:
                continue
            if value not in maker:
                raise node.error(f"reads {value!r}, which nothing makes", nearest(value, [*maker, *given]))
            if maker[value] not in order:
                waiting = maker[value]
                break
        if waiting is None:
            order[index] = None
            path.popitem()
        elif waiting in path:
            names = [nodes[i][0].name for i in path]
            cycle = names[list(path).index(waiting) :]
            shown = " <- ".join([*cycle[:6], "..."] if len(cycle) > 6 else [*cycle, cycle[0]])
            raise node.error(f"depends on itself: {shown}")
        else:
            path[waiting] = None
