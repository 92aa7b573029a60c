"""The cheapest cover.

minimise    sum of cost_j x_j
subject to  sum of x_j over the columns j that have layer i as a member = 1,  for every layer i
            sum of uses_jk x_j <= limits_k,  for every quantity k
            the chosen groups, with an edge from one to another wherever there is one between their members,
            make no cycle
            x_j either 0 or 1
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from looptree.search.covering.clock import Clock
from looptree.search.covering.precedence import Edge
from looptree.search.covering.problem import Column, Problem
from looptree.search.covering.result import Cover, Progress
from looptree.search.covering.search import Search


def cover(
    layers: int,
    edges: Iterable[Edge],
    columns: Sequence[Column],
    *,
    limits: Sequence[int | None] = (),
    incumbent: Sequence[int] | None = None,
    seconds: float | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Cover:
    """Columns of least total cost that hold every layer exactly once, wait in no cycle and keep within the limits.

    Args:
        layers, edges: numbers 0..layers-1, and pairs of one and another that waits for it.
        columns: the candidates, all with as many uses as there are limits.
        limits: the most of each quantity, in its unit; None for no limit.
        incumbent: numbers of the columns of a cover that is known, to start from.
        seconds: when to stop (wall clock); None to run until the answer is proven. Ctrl-C stops, too.
        workers: threads that may be used. So that answers do not depend on it, integer programs run on one.
        progress: told of every step.

    Raises:
        ValueError: the edges make a cycle, a number is out of its range or no integer, or the incumbent is no cover.
            That there is no cover is no error but an answer.

    >>> singles = [Column(frozenset({i}), 4, (0,)) for i in range(4)]
    >>> pairs = [Column(frozenset({0, 1}), 5, (1,)), Column(frozenset({2, 3}), 6, (1,))]
    >>> cover(4, [(0, 1), (1, 2), (2, 3)], [*singles, *pairs], limits=[1]).chosen  # 5 + 4 + 4 < 4 + 4 + 6
    (4, 2, 3)
    """
    if workers < 1:
        raise ValueError(f"{workers} workers: expected at least one")
    search = Search(Problem.of(layers, edges, columns, limits), Clock(seconds), progress)
    if incumbent is not None:
        search.offer(search.problem.checked_cover(incumbent))
    try:
        search.run()
    except KeyboardInterrupt:
        search.tell("interrupted")
    return search.result()
