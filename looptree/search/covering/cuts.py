"""Inequalities that forbid groups to wait for each other in a cycle.

A cycle of k groups enters the i-th of them by an edge to layer e_i and leaves it by an edge from layer o_i to
e_(i+1). Call {e_i, o_i} the i-th *pair*. If a cover has every pair inside one of its groups, then these are all the
same group, or else they wait for each other in a cycle. So for every cover

    sum over columns A of min(number of pairs inside A, k - 1) x_A <= k - 1.

This speaks of every column that has a pair inside, not only of those that were seen in a cycle.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from looptree.search.covering.precedence import Precedence, bits, shortest_cycles
from looptree.search.covering.rows import Row

MOST_PER_CYCLE = 64
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, order=True)
class Cut:
    """One such inequality: the pairs as bit masks, ascending.

    >>> cut = Cut((0b0011, 0b1100))
    >>> [cut.coefficient(mask) for mask in (0b0001, 0b0111, 0b1111)], cut.most
    ([0, 1, 1], 1)
    """

    pairs: tuple[int, ...]

    @property
    def most(self) -> int:
        """The right-hand side."""
        return len(self.pairs) - 1

    def coefficient(self, mask: int) -> int:
        """Of a column with these members."""
        return min(sum(pair & mask == pair for pair in self.pairs), self.most)

    def row(self, masks: Sequence[int], holders: Sequence[Sequence[int]]) -> Row:
        """The inequality over some columns.

        Args:
            masks: members of each column. holders: for each layer the places in `masks` of the columns that have it.
        """
        inside: dict[int, int] = {}
        for pair in self.pairs:
            for place in holders[(pair & -pair).bit_length() - 1]:
                if masks[place] & pair == pair:
                    inside[place] = inside.get(place, 0) + 1
        return Row(tuple((place, min(count, self.most)) for place, count in sorted(inside.items())), self.most)


def cuts_of(precedence: Precedence, groups: Sequence[int]) -> list[Cut]:
    """Cuts that the groups of a partition break: for shortest cycles through each of them, over several edges."""
    found: set[Cut] = set()
    for cycle in shortest_cycles(precedence.quotient(groups)):
        found.update(itertools.islice(_around(precedence, [groups[number] for number in cycle]), MOST_PER_CYCLE))
    return sorted(found)


def _around(precedence: Precedence, cycle: Sequence[int]) -> Iterator[Cut]:
    """A cut for each way to go round a cycle of groups."""
    steps = []
    for first, second in zip(cycle, (*cycle[1:], cycle[0]), strict=True):
        steps.append([(o, e) for o in bits(first) for e in bits(precedence.after[o] & second)])
    for edges in itertools.product(*steps):
        entered = [edges[-1][1], *(e for _, e in edges[:-1])]
        yield Cut(tuple(sorted(1 << e | 1 << o for e, (o, _) in zip(entered, edges, strict=True))))


def cuts_of_fractions(precedence: Precedence, shares: Mapping[int, float]) -> list[Cut]:
    """Cuts that a fractional solution breaks: for each layer the most broken one over it and larger layers.

    Going on from layer e to layer f by an edge o -> f costs 1 - (values of the columns with e and o, but not f). A
    cycle that costs less than 1 breaks the cut of its pairs, so the cheapest cycle through each layer is looked for.

    Args:
        shares: for members, as a bit mask, the sum of the values of the columns that have them.
    """
    steps = _steps(precedence, shares)
    found = set()
    for start in range(precedence.layers):
        cycle = _cheapest_cycle(steps, start)
        if cycle:
            found.add(Cut(tuple(sorted(1 << entry | 1 << leave for entry, leave in cycle))))
    return sorted(found)


_Steps = dict[int, dict[int, tuple[float, int]]]
"""For each entry e and each next entry f the least cost of a step and the layer o that it leaves from."""


def _steps(precedence: Precedence, shares: Mapping[int, float]) -> _Steps:
    """The cheapest step from each layer to each next one."""
    passed: dict[tuple[int, int, int], float] = {}
    for mask, share in shares.items():
        for leave in bits(mask):
            for following in bits(precedence.after[leave] & ~mask):
                for entry in bits(mask):
                    passed[entry, leave, following] = passed.get((entry, leave, following), 0.0) + share
    steps: _Steps = {}
    for (entry, leave, following), share in sorted(passed.items()):
        step = (max(0.0, 1.0 - share), leave)
        known = steps.setdefault(entry, {})
        known[following] = min(step, known.get(following, step))
    return steps


def _cheapest_cycle(steps: _Steps, start: int) -> list[tuple[int, int]]:
    """Entry and exit of each pair of the cheapest cycle over a layer and larger ones; empty if it costs 1 or more."""
    came: dict[int, tuple[int, int]] = {}
    waiting = [(0.0, start, -1, -1)]
    while waiting:
        cost, layer, before, left = heapq.heappop(waiting)
        if layer in came:
            continue
        if before >= 0:
            came[layer] = before, left
            if layer == start:
                return _backwards(came, start)
        for following, (step, leave) in steps.get(layer, {}).items():
            if following >= start and following not in came and cost + step < 1 - TOLERANCE:
                heapq.heappush(waiting, (cost + step, following, layer, leave))
    return []


def _backwards(came: Mapping[int, tuple[int, int]], start: int) -> list[tuple[int, int]]:
    """Entry and exit of each pair of a cycle, given where each layer was come to from."""
    pairs = [came[start]]
    while pairs[-1][0] != start:
        pairs.append(came[pairs[-1][0]])
    return pairs
