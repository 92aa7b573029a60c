"""The layer graph for other tools: DOT for Graphviz, GraphML for Gephi, yEd and networkx."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import networkx

_INVALID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""


def graphml(graph: networkx.DiGraph) -> str:
    """The graph as GraphML, with all attributes; those that are no numbers are written as text.

    >>> import networkx
    >>> text = graphml(networkx.DiGraph([("conv1", "conv2", {"tensor": "F2", "bytes": 8})]))
    >>> networkx.parse_graphml(text).edges["conv1", "conv2"]
    {'tensor': 'F2', 'bytes': 8}
    """
    import networkx

    plain = networkx.DiGraph(name=str(graph.graph.get("name", "")))
    for name, attributes in graph.nodes(data=True):
        plain.add_node(printable(name), **_plain(attributes))
    for source, target, attributes in graph.edges(data=True):
        plain.add_edge(printable(source), printable(target), **_plain(attributes))
    return "\n".join(networkx.generate_graphml(plain)) + "\n"


def plain_graph(graph: networkx.DiGraph) -> dict[str, Any]:
    """The graph as plain data for JSON: layers with their attributes, and the tensors between them.

    >>> import networkx
    >>> plain_graph(networkx.DiGraph([("conv1", "conv2", {"tensor": "F2", "bytes": 8})]))["tensors"]
    [{'from': 'conv1', 'to': 'conv2', 'tensor': 'F2', 'bytes': 8}]
    """
    return {
        "name": graph.graph.get("name", ""),
        "layers": [{"name": name, **attributes} for name, attributes in graph.nodes(data=True)],
        "tensors": [{"from": source, "to": target, **about} for source, target, about in graph.edges(data=True)],
    }


def dot(graph: networkx.DiGraph) -> str:
    """The graph as DOT: a box per layer with its ranks, an arrow per tensor with its bytes.

    >>> import networkx
    >>> pair = networkx.DiGraph([("conv1", "conv2", {"tensor": "F2", "bytes": 8})])
    >>> print(dot(pair).splitlines()[-2].strip())
    "conv1" -> "conv2" [label="F2\\n8 B"];
    """
    lines = [f"digraph {_quoted(str(graph.graph.get('name', '')))} {{", "  node [shape=box];"]
    for name, attributes in graph.nodes(data=True):
        ranks = " ".join(f"{rank}{extent}" for rank, extent in attributes.get("ranks", {}).items())
        label = f"{name}\n{attributes['operation']} {ranks}" if "operation" in attributes else name
        lines.append(f"  {_quoted(name)} [label={_quoted(label)}];")
    for source, target, attributes in graph.edges(data=True):
        moved = f"{attributes['tensor']}\n{attributes['bytes']:,} B"
        lines.append(f"  {_quoted(source)} -> {_quoted(target)} [label={_quoted(moved)}];")
    return "\n".join([*lines, "}"]) + "\n"


def _plain(attributes: Mapping[str, Any]) -> dict[str, str | int | float | bool]:
    found: dict[str, str | int | float | bool] = {}
    for key, value in attributes.items():
        if isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 2**63):
            found[key] = value
        elif isinstance(value, Mapping):
            found[key] = printable(" ".join(f"{name}={entry}" for name, entry in value.items()))
        elif isinstance(value, tuple | list):
            found[key] = printable(" ".join(map(str, value)))
        else:
            found[key] = printable(str(value))
    return found


def printable(text: str) -> str:
    """The text without what XML 1.0 cannot hold."""
    return _INVALID.sub("?", text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
