"""From a graph to layers: every node expanded, folded, or made opaque."""

from __future__ import annotations

from looptree.errors import InputError
from looptree.importers.builder import Builder
from looptree.importers.graph import Graph, Node
from looptree.importers.kinds import LAYOUT
from looptree.importers.made import Made
from looptree.importers.operators.layout import lay_out, reshaped
from looptree.importers.operators.registry import MORE_OUTPUTS, OPERATORS
from looptree.importers.operators.unknown import opaque
from looptree.importers.regions import Roles


def lowered(graph: Graph, roles: Roles, *, strict: bool = False) -> Builder:
    """The layers of a graph.

    Args:
        graph: nodes, types and constants.
        roles: which elementwise nodes are folded into others.
        strict: an operator that is not known is an error.

    Raises:
        InputError: naming file and node.
    """
    builder = Builder(graph, roles, lay_out)
    for node in graph.nodes:
        _expand(builder, node, strict=strict)
    for value in graph.outputs:
        _leave(builder, value)
    if not builder.made.drafts:
        raise InputError("expected a model that computes something, found none", where=graph.file)
    return builder


def _expand(builder: Builder, node: Node, *, strict: bool) -> None:
    graph = builder.graph
    made = [value for value in node.outputs if value in graph.types]
    if all(graph.types[value].size == 0 for value in made):
        if node.kind in LAYOUT or any(graph.types[value].size == 0 for value in node.reads):
            return  # an empty past, for instance; only `Concat` and `Attention` read such a value
        raise node.error(f"makes no elements: {[list(graph.types[value].shape) for value in made]}")
    if node.name in builder.roles.folded or node.name in builder.roles.inner:
        _pass_on(builder, node)
        return
    empty = next((v for v in node.reads if graph.types[v].size == 0 and v not in graph.constants), None)
    if empty is not None and node.kind not in ("Concat", "Attention"):
        raise node.error(f"reads {empty!r}, which has no elements: {list(graph.types[empty].shape)}")
    expand = OPERATORS.get(node.kind) if not node.domain else None
    if any(node.outputs[1:]) and node.kind not in MORE_OUTPUTS:
        expand = None
    if expand is not None and expand(builder, node) is not False:
        return
    if strict:
        raise node.error("is not known: it would become an opaque layer", "leave out --strict to accept this")
    opaque(builder, node)


def _pass_on(builder: Builder, node: Node) -> None:
    """A folded node: what it makes lies where its first input does that is no constant."""
    given = next(value for value in node.inputs if value and not builder.is_constant(value))
    view, shape = builder.view(given, node), builder.type(node.made(0)).shape
    builder.show(node.made(0), view if view.extents == shape else reshaped(builder, node, view, shape), node)


def _leave(builder: Builder, value: str) -> None:
    """An output of the model: stored in full, each element once."""
    if builder.is_constant(value) or not builder.type(value).size:
        return
    made: Made = builder.made
    node = (
        next(node for node in builder.graph.nodes if value in node.outputs)
        if value not in builder.graph.inputs
        else None
    )
    if node is None:
        return
    view = builder.view(value, node)
    if not view.is_whole:
        view = builder.copied(view, node)
    made.leaving[value] = view.tensor
    if view.tensor not in made.origins:  # neither an input passed through, nor off chip already
        made.outputs[view.tensor] = None
