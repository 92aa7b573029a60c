"""Writing results onto a layer graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from looptree.errors import InputError, nearest

if TYPE_CHECKING:
    import networkx


def annotate(graph: networkx.DiGraph, values: Mapping[str, Mapping[str, Any]]) -> networkx.DiGraph:
    """A copy of the graph whose nodes carry further attributes; the graph itself stays as it is.

    Args:
        graph: a layer graph.
        values: for an Einsum, attribute names and values, such as `{"conv1": {"group": 0}}`.

    Raises:
        InputError: the graph has no such Einsum.
    """
    for name in values:
        if name not in graph:
            raise InputError(f"there is no einsum {name!r} in the layer graph", hint=nearest(name, graph))
    annotated = graph.copy()
    for name, attributes in values.items():
        annotated.nodes[name].update(attributes)
    return annotated
