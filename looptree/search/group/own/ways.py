"""Ways to stream the tensors of one layer, for all tile shapes of its own loops at once; which no other one beats."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from looptree.model.axis import Array
from looptree.search.group.own.streaming import Idle, Streamed, Streaming
from looptree.search.undominated import undominated


class Table(NamedTuple):
    """What choices leave of a tensor that is stored below some of the loops.

    Attributes:
        held: share of its window. fresh: share of the words that enter. moves: whether one of these loops moves it.
    """

    held: Array
    fresh: Array
    moves: Array


@dataclass(frozen=True, eq=False, slots=True)
class Ways:
    """Choices of tile shapes of some own loops, with tensors stored below so many of them each.

    Attributes:
        order: ranks of the loops, outermost first. tiles: shapes of each. depths, tables: of each tensor.
        trips, cycles: of the layer. choices: their numbers among all combinations of tile shapes.
    """

    order: tuple[str, ...]
    tiles: Sequence[Sequence[int]]
    depths: tuple[int, ...]
    tables: Sequence[Table]
    trips: Array
    cycles: Array
    choices: Array

    def rows(self, idle: Idle, *, fills: bool) -> Array:
        """What makes one choice better than another, a row for each; `fills`: whether trips count."""
        shares = [share for table in self.tables for share in table[:2]]
        return np.stack([self.trips * fills, self.cycles * idle.counted, *shares], axis=1)

    def only(self, some: Array) -> Ways:
        """Some of the choices."""
        tables = [Table(held[some], fresh[some], moves[some]) for held, fresh, moves in self.tables]
        kept = self.trips[some], self.cycles[some], self.choices[some]
        return Ways(self.order, self.tiles, self.depths, tables, *kept)

    def way(self, at: int, tensors: Sequence[str]) -> Streaming:
        """One choice."""
        streamed = {
            tensor: Streamed(depth, float(held[at]), float(fresh[at]), bool(moves[at]))
            for tensor, depth, (held, fresh, moves) in zip(tensors, self.depths, self.tables, strict=True)
        }
        chosen = np.unravel_index(self.choices[at], tuple(map(len, self.tiles)))
        loops = tuple((rank, tiles[i]) for rank, tiles, i in zip(self.order, self.tiles, chosen, strict=True))
        return Streaming(loops, streamed, float(self.trips[at]), float(self.cycles[at]))


def ways_of(
    order: tuple[str, ...],
    tiles: Sequence[Sequence[int]],
    tables: Sequence[Sequence[Table]],
    trips: Array,
    cycles: Array,
    choices: Array,
    idle: Idle,
    *,
    fills: bool,
) -> list[Ways]:
    """The ways with own loops in an order that no other ones with them, and tensors below as many, beat.

    Args:
        order, tiles, trips, cycles, choices: as in `Ways`. tables: of each tensor below each number of loops.
        idle: what is listed. fills: whether fewer trips are better.
    """
    found, count = list[Ways](), len(order)
    for depths in itertools.product(range(count + 1), repeat=len(tables)) if len(choices) else ():
        if max(depths) == count:  # else the innermost loop serves nobody
            chosen = [below[depth] for below, depth in zip(tables, depths, strict=True)]
            every = Ways(order, tiles, depths, chosen, trips, cycles, choices)
            found.append(every.only(undominated(every.rows(idle, fills=fills))))
    return found


def best_ways(found: Sequence[Ways], tensors: Sequence[str], idle: Idle, *, fills: bool) -> list[Streaming]:
    """Those that no other one beats, of equal ones that with the fewest cycles, those with fewer cycles first."""
    if not found:
        return []
    rows = np.concatenate([ways.rows(idle, fills=fills) for ways in found])
    order = np.argsort(np.concatenate([ways.cycles for ways in found]), kind="stable")
    best = order[undominated(rows[order])]
    ends = np.cumsum([len(ways.choices) for ways in found])
    which = np.searchsorted(ends, best, side="right")
    return [
        found[number].way(int(at - ends[number]) + len(found[number].choices), tensors)
        for number, at in zip(which.tolist(), best.tolist(), strict=True)
    ]
