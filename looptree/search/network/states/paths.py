"""Shortest paths through the states of a network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from looptree.model.axis import Array


@dataclass(frozen=True)
class Paths:
    """Paths from the first state, in which nothing is done, to the last one; steps only lead to states further on.

    Attributes:
        source, target: state of each step; steps are sorted by target. query: number of what a step costs.
        ideals: layers that are done in each state, in order of how many. movable: layers that exchanges of branches
            may put in place of each other.
    """

    source: Array
    target: Array
    query: Array
    ideals: tuple[int, ...]
    movable: int

    @cached_property
    def first(self) -> Array:
        """Where the steps into each state begin."""
        return np.searchsorted(self.target, np.arange(len(self.ideals) + 1))

    def shortest(self, cost: Array) -> tuple[float, list[int]]:
        """The length of a shortest path and its steps; `cost` is per step."""
        reached, last = self._reached(cost), len(self.ideals) - 1
        if not math.isfinite(reached[last]):
            return math.inf, []
        path, state = [], last
        while state:
            start, stop = self.first[state], self.first[state + 1]
            path.append(int(start + (reached[self.source[start:stop]] + cost[start:stop]).argmin()))
            state = int(self.source[path[-1]])
        return float(reached[-1]), path[::-1]

    def _reached(self, cost: Array) -> Array:
        """The lengths of shortest paths to each state: all states with equally many layers done are found together."""
        reached = np.full(len(self.ideals), np.inf)
        reached[0] = 0.0
        for states, starts, steps in self._levels:
            lengths = reached[self.source[steps]] + cost[steps]
            reached[states] = np.minimum.reduceat(lengths, starts)
        return reached

    @cached_property
    def _levels(self) -> list[tuple[Array, Array, slice]]:
        """States with equally many layers done into which steps lead, where these begin among those into all, and all.

        A step leads to more layers done, so that where it begins is known before.
        """
        done = np.array([ideal.bit_count() for ideal in self.ideals])
        counts, found = np.diff(self.first), []
        for number in range(1, int(done[-1]) + 1):
            states = np.flatnonzero((done == number) & (counts > 0))
            if len(states):
                start, stop = int(self.first[states[0]]), int(self.first[states[-1] + 1])
                found.append((states, self.first[states] - start, slice(start, stop)))
        return found

    def ways(self, cost: Array) -> tuple[Array, Array]:
        """The lengths of shortest paths from the first state to each one, and from each one to the last."""
        after = np.full(len(self.ideals), np.inf)
        after[-1] = 0.0
        for states, starts, steps in self._levels_back:
            after[states] = np.minimum.reduceat(cost[steps] + after[self.target[steps]], starts)
        return self._reached(cost), after

    def through(self, cost: Array) -> Array:
        """The length of a shortest path with each step."""
        before, after = self.ways(cost)
        return np.asarray(before[self.source] + cost + after[self.target])

    @cached_property
    def _levels_back(self) -> list[tuple[Array, Array, Array]]:
        """States with equally many layers done from which steps lead, where these begin among those of all, and all.

        The last states come first.
        """
        steps = np.argsort(self.source, kind="stable")
        states, starts = np.unique(self.source[steps], return_index=True)
        stops = np.append(starts[1:], len(steps))
        done, found = np.array([self.ideals[state].bit_count() for state in states.tolist()]), []
        for number in np.unique(done)[::-1]:
            some = np.flatnonzero(done == number)
            start = starts[some[0]]
            found.append((states[some], starts[some] - start, steps[start : stops[some[-1]]]))
        return found

    def between(self, cost: Array, step: int) -> float:
        """The length of a shortest path from where a step begins to where it ends."""
        start, stop = int(self.source[step]), int(self.target[step])
        reached = {start: 0.0}
        beyond = ~self.ideals[stop] & ~self.movable
        for state in range(start + 1, stop + 1):
            if self.ideals[state] & beyond:
                continue
            a, b = self.first[state], self.first[state + 1]
            each = cost[self.query[a:b]]
            known = [
                reached[s] + c for s, c in zip(self.source[a:b].tolist(), each.tolist(), strict=True) if s in reached
            ]
            if known:
                reached[state] = min(known)
        return reached[stop]
