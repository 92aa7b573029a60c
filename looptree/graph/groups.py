"""Which Einsums may be fused: connected and convex sets of nodes.

A set is convex when no path leaves it and comes back: only then can it run as one step, with what it
reads complete before it starts. Sets of nodes are held as the bits of one integer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from looptree.errors import InputError, nearest
from looptree.graph.layer_graph import topological_order

if TYPE_CHECKING:
    import networkx


def is_convex(graph: networkx.DiGraph, nodes: Iterable[str]) -> bool:
    """Whether no path leaves the set of nodes and comes back to it.

    Raises:
        InputError: the graph has no such Einsum.
    """
    bits = _Bits(graph)
    members = 0
    for name in nodes:
        if name not in bits.position:
            raise InputError(f"there is no einsum {name!r} in the layer graph", hint=nearest(name, graph))
        members |= 1 << bits.position[name]
    return bits.is_convex(members)


def fusion_candidates(
    graph: networkx.DiGraph, *, largest: int = 6, siblings: bool = False
) -> Iterator[tuple[str, ...]]:
    """Every connected convex set of 1 to `largest` Einsums, smaller ones first, each in topological order.

    A connected convex set of two or more always has a first or last Einsum without which it is still
    connected and convex: an outer block of its block tree has one that is not shared with the rest. So
    growing sets by one neighbour at a time misses none.

    Args:
        graph: a layer graph.
        largest: Einsums in a set.
        siblings: Einsums that read the same tensor count as connected, too, such as the query, key and
            value projections of one input.

    Raises:
        InputError: `largest` is below 1.
    """
    if largest < 1:
        raise InputError(f"expected groups of at least 1 einsum, found largest = {largest}")
    bits = _Bits(graph, siblings)
    sets = [1 << i for i in range(len(bits.order))]
    for size in range(1, largest + 1):
        for members in sets:
            yield bits.names(members)
        if size == largest:
            return
        grown = {members | bit for members in sets for bit in bits.neighbours_of(members)}
        sets = sorted((members for members in grown if bits.is_convex(members)), key=bits.places)


class _Bits:
    """A layer graph as integers: bit `i` is the Einsum at position `i` of the topological order."""

    def __init__(self, graph: networkx.DiGraph, siblings: bool = False) -> None:
        self.order = topological_order(graph)
        self.position = {name: i for i, name in enumerate(self.order)}
        self.ancestors = [0] * len(self.order)
        self.descendants = [0] * len(self.order)
        self.neighbours = [0] * len(self.order)
        for i, name in enumerate(self.order):
            for before in (self.position[p] for p in graph.predecessors(name)):
                self.ancestors[i] |= self.ancestors[before] | 1 << before
                self.neighbours[i] |= 1 << before
                self.neighbours[before] |= 1 << i
        for i in reversed(range(len(self.order))):
            for after in (self.position[s] for s in graph.successors(self.order[i])):
                self.descendants[i] |= self.descendants[after] | 1 << after
        if siblings:
            self._join_siblings(graph)

    def _join_siblings(self, graph: networkx.DiGraph) -> None:
        readers: dict[str, int] = {}
        for name, i in self.position.items():
            inside = (edge["tensor"] for _, _, edge in graph.in_edges(name, data=True))
            for tensor in (*inside, *graph.nodes[name]["inputs"]):
                readers[tensor] = readers.get(tensor, 0) | 1 << i
        for together in readers.values():
            for i in self.places(together):
                self.neighbours[i] |= together & ~(1 << i)

    def places(self, members: int) -> list[int]:
        """Positions of the members, ascending."""
        found = []
        while members:
            lowest = members & -members
            found.append(lowest.bit_length() - 1)
            members ^= lowest
        return found

    def names(self, members: int) -> tuple[str, ...]:
        """The members in topological order."""
        return tuple(self.order[i] for i in self.places(members))

    def is_convex(self, members: int) -> bool:
        """No Einsum outside has members both before and after it."""
        before = after = 0
        for i in self.places(members):
            before |= self.ancestors[i]
            after |= self.descendants[i]
        return not before & after & ~members

    def neighbours_of(self, members: int) -> list[int]:
        """The bit of each Einsum outside that is next to a member."""
        around = 0
        for i in self.places(members):
            around |= self.neighbours[i]
        return [1 << i for i in self.places(around & ~members)]
