"""All covers worth having when both the cost and one or two quantities count: the epsilon-constraint method.

A cover is *on the front* if no other one is at most as large in the cost and in every quantity, and smaller in one of
them. With one quantity u: of the cheapest covers the one with the least u is on the front, and every other point has
less u, so the next one is found with the limit u - 1, until nothing is within the limit. With one quantity more, this
is done for falling limits of it: a point that was not found needs less of it than the point found that needs most (M.
Ozlen and M. Azizoglu, Multi-objective integer programming, European Journal of Operational Research 199, 2009).
Amounts are integers that are not negative, so it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from looptree.search.covering.clock import Clock
from looptree.search.covering.precedence import Edge
from looptree.search.covering.problem import Column
from looptree.search.covering.result import Cover, Progress
from looptree.search.covering.solve import cover

Limits = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Front:
    """The covers on a front.

    Attributes:
        points: one cover for each point, by ascending cost, then ascending uses; each proven.
        status: `complete` (there are no other points, proven), `truncated` (there are more than were asked for), or
            `stopped` (the time ran out or somebody pressed Ctrl-C).
        seconds: wall-clock time.
    """

    points: tuple[Cover, ...]
    status: Literal["complete", "truncated", "stopped"]
    seconds: float


def epsilon_front(
    layers: int,
    edges: Iterable[Edge],
    columns: Sequence[Column],
    *,
    quantities: Sequence[int],
    limits: Sequence[int | None] | None = None,
    max_points: int = 1000,
    seconds: float | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Front:
    """Every trade-off between the cost and some of the quantities that columns use.

    Args:
        layers, edges, columns, seconds, workers, progress: as for `cover`; `seconds` is for all together.
        quantities: which entries of `Column.uses` count. One, or two if the front stays small.
        limits: the most of each quantity, whether it counts or not; None for no limits.
        max_points: when to stop.

    Raises:
        ValueError: as for `cover`, or a quantity does not exist or is named twice.

    >>> columns = [Column(frozenset({0}), 4, (1,)), Column(frozenset({0}), 2, (5,)), Column(frozenset({1}), 3, (1,))]
    >>> [(point.cost, point.uses) for point in epsilon_front(2, [(0, 1)], columns, quantities=[0]).points]
    [(5, (6,)), (7, (2,))]
    """
    uses = len(columns[0].uses) if columns else 0
    if len(set(quantities)) < len(quantities) or any(not 0 <= quantity < uses for quantity in quantities):
        raise ValueError(
            f"the quantities are {list(quantities)}: expected different ones of the {uses} that columns use"
        )
    if max_points < 1:
        raise ValueError(f"at most {max_points} points: expected at least one")
    asked = _Asked(layers, tuple(edges), tuple(columns), Clock(seconds), workers, progress)
    walk = _Walk(asked, tuple(quantities), max_points)
    return walk.front((None,) * uses if limits is None else tuple(limits))


class _Truncated(Exception):
    """There are more points than asked for."""


class _Stopped(Exception):
    """A question was not answered in time."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """The problem, and the means to solve it."""

    layers: int
    edges: tuple[Edge, ...]
    columns: tuple[Column, ...]
    clock: Clock
    workers: int
    progress: Progress | None

    def cheapest(self, columns: Sequence[Column], limits: Limits, incumbent: Sequence[int] | None = None) -> Cover:
        """The cheapest cover within some limits, proven.

        Raises:
            _Stopped: there was no time to prove it.
        """
        found = cover(
            self.layers,
            self.edges,
            columns,
            limits=limits,
            incumbent=incumbent,
            seconds=self.clock.left,
            workers=self.workers,
            progress=self.progress,
        )
        if not found.proven:
            raise _Stopped
        return found


class _Walk:
    """Finds points of a front.

    Attributes:
        points: those found, by cost and quantities.
    """

    def __init__(self, asked: _Asked, quantities: tuple[int, ...], max_points: int) -> None:
        self.points: dict[tuple[int, ...], Cover] = {}
        self._asked = asked
        self._quantities = quantities
        self._max_points = max_points
        self._known: list[tuple[Limits, Cover]] = []
        self._swapped = {
            quantity: [Column(c.members, c.uses[quantity], (c.cost, *c.uses)) for c in asked.columns]
            for quantity in quantities
        }

    def front(self, limits: Limits) -> Front:
        """All points within limits, or as many as there is time and room for."""
        status: Literal["complete", "truncated", "stopped"] = "complete"
        try:
            self._along(len(self._quantities), limits)
        except _Truncated:
            status = "truncated"
        except (_Stopped, KeyboardInterrupt):
            status = "stopped"
        points = sorted(self.points.values(), key=lambda point: (point.cost, point.uses))
        return Front(tuple(points), status, self._asked.clock.seconds)

    def _along(self, depth: int, limits: Limits) -> list[Cover]:
        """The front of the cost and the first `depth` quantities, within limits.

        Raises:
            _Stopped, _Truncated: it could not be finished.
        """
        if not depth:
            point = self._least(limits)
            return [point] if point.found else []
        quantity = self._quantities[depth - 1]
        points: list[Cover] = []
        while some := self._along(depth - 1, limits):
            points += some
            most = max(point.uses[quantity] for point in some)
            limits = _with(limits, quantity, most - 1)
        return points

    def _least(self, limits: Limits) -> Cover:
        """The cover of least cost, then least amounts, in the order of the quantities."""
        for others, answer in self._known:
            if _covers(others, limits) and (not answer.found or _keeps(answer.uses, limits)):
                return answer
        answer = self._asked.cheapest(self._asked.columns, limits)
        if answer.found:
            answer = self._thriftiest(answer, limits)
            self.points.setdefault((answer.cost, *(answer.uses[quantity] for quantity in self._quantities)), answer)
            if len(self.points) > self._max_points:
                self.points.popitem()
                raise _Truncated
        self._known.append((limits, answer))
        return answer

    def _thriftiest(self, answer: Cover, limits: Limits) -> Cover:
        """Of the covers that cost the same the one of least amounts."""
        for quantity in self._quantities:
            better = self._asked.cheapest(self._swapped[quantity], (answer.cost, *limits), answer.chosen)
            answer = replace(
                answer,
                chosen=better.chosen,
                uses=better.uses[1:],
                columns_left=better.columns_left,
                cuts=answer.cuts + better.cuts,
                seconds=answer.seconds + better.seconds,
            )
            limits = _with(limits, quantity, better.cost)
        return answer


def _with(limits: Limits, quantity: int, limit: int) -> Limits:
    """Limits with one of them replaced."""
    return (*limits[:quantity], limit, *limits[quantity + 1 :])


def _covers(wide: Limits, narrow: Limits) -> bool:
    """Whether whatever is within the narrow limits is within the wide ones."""
    return all(w is None or (n is not None and n <= w) for w, n in zip(wide, narrow, strict=True))


def _keeps(uses: Sequence[int], limits: Limits) -> bool:
    """Whether amounts are within limits."""
    return all(limit is None or used <= limit for used, limit in zip(uses, limits, strict=True))
