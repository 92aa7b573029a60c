"""Layers that wait for each other: sets of them as bit masks, their order, and the order of groups of them."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

Edge = tuple[int, int]
"""A layer and one that has to wait for it."""


def bits(mask: int) -> Iterator[int]:
    """The numbers in a set, ascending.

    >>> list(bits(0b1101))
    [0, 2, 3]
    """
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def mask_of(numbers: Iterable[int]) -> int:
    """The set of some numbers.

    >>> bin(mask_of([0, 2, 3]))
    '0b1101'
    """
    mask = 0
    for number in numbers:
        mask |= 1 << number
    return mask


@dataclass(frozen=True, slots=True)
class Precedence:
    """A directed acyclic graph of layers.

    Attributes:
        before, after: the layers one edge before and one edge after each layer, as bit masks.
        order: all layers, none before one that it waits for; of two that could come next, the smaller number.
        ancestors, descendants: all layers on paths into and out of each layer, without itself, as bit masks.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    order: tuple[int, ...]
    ancestors: tuple[int, ...]
    descendants: tuple[int, ...]

    @classmethod
    def of(cls, layers: int, edges: Iterable[Edge]) -> Precedence:
        """The graph with the given edges.

        Raises:
            ValueError: an edge names a layer that does not exist, or the edges make a cycle.
        """
        before, after = [0] * layers, [0] * layers
        for first, second in edges:
            if not (0 <= first < layers and 0 <= second < layers):
                raise ValueError(f"edge ({first}, {second}): expected two layers of 0..{layers - 1}")
            before[second] |= 1 << first
            after[first] |= 1 << second
        order = _order([list(bits(mask)) for mask in after])
        if order is None:
            raise ValueError("the edges make a cycle: expected a directed acyclic graph of layers")
        return cls(
            tuple(before), tuple(after), tuple(order), _closure(before, order), _closure(after, list(reversed(order)))
        )

    @property
    def layers(self) -> int:
        """Their number."""
        return len(self.order)

    @property
    def edges(self) -> list[Edge]:
        """Each once."""
        return [(first, second) for first, later in enumerate(self.after) for second in bits(later)]

    def convex(self, group: int) -> bool:
        """Whether no path leaves a group and comes back.

        A group that is not convex would wait for a layer that waits for the group.

        >>> chain = Precedence.of(3, [(0, 1), (1, 2)])
        >>> chain.convex(0b011), chain.convex(0b101)
        (True, False)
        """
        above = below = 0
        for layer in bits(group):
            above |= self.ancestors[layer]
            below |= self.descendants[layer]
        return not above & below & ~group

    def waits(self, group: int) -> int:
        """The layers outside a group that it waits for directly."""
        mask = 0
        for layer in bits(group):
            mask |= self.before[layer]
        return mask & ~group

    def quotient(self, groups: Sequence[int]) -> list[list[int]]:
        """For each of some disjoint groups, by number, those that wait for it."""
        owner = {layer: number for number, group in enumerate(groups) for layer in bits(group)}
        following = []
        for number, group in enumerate(groups):
            later = {owner[second] for first in bits(group) for second in bits(self.after[first]) if second in owner}
            following.append(sorted(later - {number}))
        return following

    def arranged(self, groups: Sequence[int]) -> list[int] | None:
        """The numbers of some disjoint groups in an order in which they can run; None if they wait in a cycle.

        >>> diamond = Precedence.of(4, [(0, 1), (0, 2), (1, 3), (2, 3)])
        >>> diamond.arranged([0b1000, 0b0110, 0b0001])
        [2, 1, 0]
        >>> crossed = Precedence.of(4, [(0, 1), (2, 3)])
        >>> crossed.arranged([0b1001, 0b0110]) is None
        True
        """
        return _order(self.quotient(groups))


def shortest_cycles(following: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """A shortest cycle through each node that is on one, each cycle once, beginning at its smallest node.

    Args:
        following: for each node those that its edges lead to.

    >>> shortest_cycles([[1], [0, 2], [3], [1]])
    [(0, 1), (1, 2, 3)]
    """
    found = {cycle for node in range(len(following)) if (cycle := _cycle(following, node))}
    return sorted(found, key=lambda cycle: (len(cycle), cycle))


def _cycle(following: Sequence[Sequence[int]], start: int) -> tuple[int, ...]:
    """A shortest cycle through one node, turned so that its smallest node is first; empty if there is none."""
    reached_from: dict[int, int] = {}
    waiting = deque([start])
    while waiting and start not in reached_from:
        node = waiting.popleft()
        for other in following[node]:
            if other not in reached_from:
                reached_from[other] = node
                waiting.append(other)
    if start not in reached_from:
        return ()
    cycle = [start]
    while reached_from[cycle[-1]] != start:
        cycle.append(reached_from[cycle[-1]])
    cycle.reverse()
    least = cycle.index(min(cycle))
    return tuple(cycle[least:] + cycle[:least])


def _order(following: Sequence[Sequence[int]]) -> list[int] | None:
    """A topological order, smaller numbers first where there is a choice; None if there is a cycle."""
    missing = [0] * len(following)
    for later in following:
        for node in later:
            missing[node] += 1
    ready = [node for node, count in enumerate(missing) if not count]
    order = []
    while ready:
        order.append(heapq.heappop(ready))
        for node in following[order[-1]]:
            missing[node] -= 1
            if not missing[node]:
                heapq.heappush(ready, node)
    return order if len(order) == len(following) else None


def _closure(direct: Sequence[int], order: Sequence[int]) -> tuple[int, ...]:
    """All that is reached over the direct ones, which stand earlier in the order."""
    reached = [0] * len(direct)
    for node in order:
        for other in bits(direct[node]):
            reached[node] |= 1 << other | reached[other]
    return tuple(reached)
