"""Nodes of the branch and bound of a group, as arrays: many are bounded, split and dropped at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from looptree.model.axis import Array


@dataclass(frozen=True, eq=False, slots=True)
class Nodes:
    """Ranges of tile shapes of loop orders, with or without places of intermediates.

    Attributes:
        pattern: number of the loop order and the places decided. start, stop: range of each loop, or of joined ones
            together, counted from its first tile shape, of shape (nodes, tables). bound: of the objective. exact:
            whether a single design has the objective that is its bound. rates: prices per byte, of shape (sums, nodes).
    """

    pattern: Array
    start: Array
    stop: Array
    bound: Array
    exact: Array
    rates: Array

    def __len__(self) -> int:
        return len(self.pattern)

    def at(self, some: Array) -> Nodes:
        """Some of the nodes."""
        return Nodes(
            self.pattern[some],
            self.start[some],
            self.stop[some],
            self.bound[some],
            self.exact[some],
            self.rates[:, some],
        )

    def joined(self, *others: Nodes) -> Nodes:
        """These and others."""
        every = (self, *others)
        return Nodes(
            np.concatenate([n.pattern for n in every]),
            np.concatenate([n.start for n in every]),
            np.concatenate([n.stop for n in every]),
            np.concatenate([n.bound for n in every]),
            np.concatenate([n.exact for n in every]),
            np.concatenate([n.rates for n in every], axis=1),
        )

    @property
    def points(self) -> Array:
        """Tile shapes in each node."""
        return np.asarray((self.stop - self.start).prod(axis=1))

    def best(self, count: int) -> tuple[Nodes, Nodes]:
        """The nodes of least bounds, in order, and the rest."""
        order = np.argsort(self.bound, kind="stable")
        return self.at(order[:count]), self.at(order[count:])

    def newest(self, bound: float, count: int) -> tuple[Nodes, Nodes]:
        """The last few nodes with bounds of no more than a value, and the rest."""
        chosen = np.zeros(len(self), dtype=bool)
        chosen[np.flatnonzero(self.bound <= bound)[-count:]] = True
        return self.at(np.flatnonzero(chosen)), self.at(np.flatnonzero(~chosen))

    def halves(self, looseness: Array) -> Nodes:
        """Each node cut in two along one loop, in proportion to where its range begins.

        Args:
            looseness: how much the bound suffers from the range of each loop, of shape (nodes, loops). The loosest
                loop is cut; among equals the one whose range reaches furthest.
        """
        rows = np.arange(len(self))
        length = self.stop - self.start
        reach = length / (self.start + 1.5)
        loop = np.where(length > 1, looseness + 1e-6 * reach, -1.0).argmax(axis=1)
        start, stop = self.start[rows, loop], self.stop[rows, loop]
        middle = np.sqrt((start + 1.0) * (stop + 1.0)).astype(np.int64) - 1
        middle = np.clip(middle, start + 1, stop - 1)
        low, high = self.stop.copy(), self.start.copy()
        low[rows, loop] = middle
        high[rows, loop] = middle
        first = replace(self, stop=low)
        return first.joined(replace(self, start=high))

    def bounded(self, bound: Array, rates: Array, exact: Array) -> Nodes:
        """The same with other bounds."""
        return replace(self, bound=bound, rates=rates, exact=exact)

    def with_pattern(self, pattern: Array) -> Nodes:
        """The same ranges with more places decided."""
        return replace(self, pattern=pattern)


def least(nodes: Nodes) -> float:
    """The least bound of some nodes, infinite if there are none."""
    return float(nodes.bound.min(initial=math.inf))
