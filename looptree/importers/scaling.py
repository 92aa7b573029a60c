"""Factors of one number in front of a product: they are part of the product, which is linear.

PyTorch multiplies queries and keys by the root of the scale each, before it multiplies them with one another.
"""

from __future__ import annotations

from dataclasses import replace

from looptree.importers.graph import Graph, Node
from looptree.importers.kinds import TRANSPARENT

_LINEAR = ("MatMul", "Gemm", "Einsum", "Conv", "ConvTranspose")


def with_scales(graph: Graph) -> Graph:
    """The graph with an `Identity` for each factor of one number that only products read."""
    readers: dict[str, list[Node]] = {}
    for node in graph.nodes:
        for value in node.reads:
            readers.setdefault(value, []).append(node)

    def only_products(value: str) -> bool:
        """Whether products are all that reads a value, perhaps laid out differently; a stack, for chains are long."""
        waiting, seen = [value], {value}
        while waiting:
            value = waiting.pop()
            if value in graph.outputs or value not in readers:
                return False
            for node in readers[value]:
                if node.domain or (node.kind in _LINEAR and value not in node.inputs[:2]):
                    return False
                if node.kind in _LINEAR:
                    continue
                if node.kind not in TRANSPARENT or any(node.outputs[1:]):
                    return False
                waiting += {node.made(0)} - seen
                seen.add(node.made(0))
        return True

    nodes = []
    for node in graph.nodes:
        given = _scaled(graph, node)
        if given and only_products(node.made(0)):
            node = replace(node, kind="Identity", inputs=(given,), attributes={})
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


def _scaled(graph: Graph, node: Node) -> str:
    """The value that a node multiplies by, or divides by, a constant of one number; nothing for other nodes."""
    if node.domain or node.kind not in ("Mul", "Div") or len(node.inputs) != 2:
        return ""
    numbers = [value in graph.constants and graph.types[value].size == 1 for value in node.inputs]
    place = 0 if numbers == [False, True] else 1 if numbers == [True, False] and node.kind == "Mul" else None
    if place is None or graph.types[node.inputs[place]].shape != graph.types[node.made(0)].shape:
        return ""
    return node.inputs[place]
