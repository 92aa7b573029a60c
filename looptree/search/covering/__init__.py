"""Which candidate groups make up the network: exact set partitioning with an acyclic quotient.

Layers are the numbers 0..n-1, a candidate is a `Column` of layers with a cost, and `cover` picks the candidates that
hold every layer exactly once, wait for each other in no cycle, keep within the limits and cost least. It proves it.
`epsilon_front` asks for the cheapest cover for every amount of one or two limited quantities.

The package knows nothing of workloads, architectures or designs, and no type of a solver leaves it.

    >>> columns = [Column(frozenset({0}), 5), Column(frozenset({1}), 5), Column(frozenset({0, 1}), 7)]
    >>> found = cover(2, [(0, 1)], columns)
    >>> found.chosen, found.cost, found.bound, found.status
    ((2,), 7, 7, 'optimal')
"""

from __future__ import annotations

from looptree.search.covering.front import Front, epsilon_front
from looptree.search.covering.problem import Column
from looptree.search.covering.result import Cover, Progress
from looptree.search.covering.solve import cover

__all__ = ["Column", "Cover", "Front", "Progress", "cover", "epsilon_front"]
