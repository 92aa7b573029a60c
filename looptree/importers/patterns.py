"""Normalisations that are written out as elementwise nodes and reductions, found and put together again.

    LayerNormalization   c = x - mean(x);  y = c / sqrt(mean(c * c) + epsilon)
    RMSNormalization                       y = x / sqrt(mean(x * x) + epsilon)

The mean is over the last dimensions. Scale and shift behind it are folded like any others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from looptree.importers.graph import Graph, Node
from looptree.importers.kinds import PASSING


def with_norms(graph: Graph) -> Graph:
    """The graph with one node for each normalisation that is written out."""
    finder = _Finder(graph)
    gone: set[str] = set()
    new: dict[str, Node] = {}
    for node in graph.nodes:
        found = finder.norm(node)
        if found is not None and not gone & found.names:
            gone |= found.names
            new[node.name] = found.node
    if not new:
        return graph
    nodes = [new.get(node.name, node) for node in graph.nodes if node.name in new or node.name not in gone]
    return replace(graph, nodes=tuple(nodes))


@dataclass(frozen=True, slots=True)
class _Norm:
    """The node that stands for a normalisation, and the names of those that it is written out as."""

    node: Node
    names: frozenset[str]


class _Finder:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.maker = {value: node for node in graph.nodes for value in node.outputs if value}
        self.readers: dict[str, set[str]] = {}
        for node in graph.nodes:
            for value in node.reads:
                self.readers.setdefault(value, set()).add(node.name)
        for value in graph.outputs:
            self.readers.setdefault(value, set()).add("")  # somebody outside

    def norm(self, last: Node) -> _Norm | None:
        """The normalisation that ends with a node."""
        used = [last]
        parts = self._quotient(last, used)
        if parts is None:
            return None
        given, squared = parts
        mean = self._take(squared, ("Add",), used)
        squares = self._mean(self._dynamic(mean) if mean is not None else squared, used)
        base = self._squared(squares[0], used) if squares is not None else None
        if squares is None or base is None or self._source(base) != self._source(given):
            return None
        kind, value, axis = "RMSNormalization", base, squares[1]
        centred = self._centred(base, axis, used)
        if centred is not None:
            kind, value = "LayerNormalization", centred
        used += self._passed([*(v for node in used for v in node.reads)], value)
        names = frozenset(node.name for node in used)
        if any(self.readers[node.made(0)] - names for node in used if node is not last):
            return None
        rank = len(self.graph.types[value].shape)
        node = replace(
            last, kind=kind, inputs=(value,), attributes={"axis": axis - rank}, version=max(last.version, 17)
        )
        return _Norm(node, names)

    def _quotient(self, last: Node, used: list[Node]) -> tuple[str, str] | None:
        """`a / sqrt(b)`, or `a * (1 / sqrt(b))`, as `a, b`."""
        if last.domain or len(last.inputs) != 2:
            return None
        pairs = [(last.inputs[0], last.inputs[1])]
        if last.kind == "Mul":
            pairs.append((last.inputs[1], last.inputs[0]))
        elif last.kind != "Div":
            return None
        for given, other in pairs:
            taken: list[Node] = []
            value: str | None = other
            if last.kind == "Mul":
                inverse = self._take(other, ("Reciprocal", "Div"), taken)
                one = inverse is not None and (inverse.kind == "Reciprocal" or self._is(inverse.given(0), 1))
                value = inverse.inputs[-1] if inverse is not None and one else None
            root = self._take(value, ("Sqrt",), taken) if value else None
            if root is not None:
                used += taken
                return given, root.given(0)
        return None

    def _mean(self, value: str | None, used: list[Node]) -> tuple[str, int] | None:
        """What a mean over the last dimensions is of, and the first of these."""
        node = self._take(value, ("ReduceMean",), used) if value else None
        if node is None:
            return None
        rank = len(self.graph.types[node.given(0)].shape)
        axes: Sequence[int] = ()
        if "axes" in node.attributes:
            axes = node.integers("axes")
        elif node.given(1) and self.graph.constants.get(node.given(1)) is not None:
            axes = [int(axis) for axis in self.graph.constants[node.given(1)].reshape(-1).tolist()]  # type: ignore[union-attr]
        found = sorted({axis % rank for axis in axes}) if rank else []
        is_last = bool(found) and found == list(range(rank - len(found), rank))
        return (node.given(0), found[0]) if is_last and node.integer("keepdims", 1) else None

    def _squared(self, value: str, used: list[Node]) -> str | None:
        node = self._take(value, ("Pow", "Mul"), used)
        if node is None:
            return None
        twice = self._source(node.given(0)) == self._source(node.given(1))
        return node.given(0) if (twice if node.kind == "Mul" else self._is(node.given(1), 2)) else None

    def _centred(self, value: str, axis: int, used: list[Node]) -> str | None:
        """`x` where a value is `x - mean(x)` over the same dimensions."""
        taken: list[Node] = []
        node = self._take(value, ("Sub",), taken)
        mean = self._mean(node.given(1), taken) if node is not None else None
        if node is None or mean is None or mean[1] != axis or self._source(mean[0]) != self._source(node.given(0)):
            return None
        used += taken
        return node.given(0)

    # -- helpers --------------------------------------------------------------------------

    def _take(self, value: str, kinds: Sequence[str], used: list[Node]) -> Node | None:
        """The node that makes a value, casts left out, if it is of one of these kinds."""
        node = self.maker.get(self._source(value))
        if node is None or node.kind not in kinds or node.domain:
            return None
        used.append(node)
        return node

    def _source(self, value: str) -> str:
        """A value without the casts that it went through."""
        node = self.maker.get(value)
        while node is not None and node.kind in PASSING and not node.domain and not node.made(1):
            value = node.given(0)
            node = self.maker.get(value)
        return value

    def _passed(self, values: Sequence[str], until: str) -> list[Node]:
        """The casts between nodes, as far back as the input of the normalisation."""
        found: dict[str, Node] = {}
        for value in values:
            node = self.maker.get(value)
            while value != until and node is not None and node.kind in PASSING:
                found[node.name] = node
                value = node.given(0)
                node = self.maker.get(value)
        return list(found.values())

    def _dynamic(self, node: Node) -> str | None:
        """The one input of a sum that is no constant, if the other one is a number."""
        given = [value for value in node.inputs if value not in self.graph.constants]
        return given[0] if len(given) == 1 and len(node.inputs) == 2 else None

    def _is(self, value: str, number: float) -> bool:
        array = self.graph.constants.get(value)
        return array is not None and array.size == 1 and bool(array.reshape(-1)[0] == number)
