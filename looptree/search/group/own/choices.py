"""Own loops of a layer with every choice of their tile shapes, and what each leaves of its tensors.

What is stored inside the branch, and below which of these loops, is asked in many ways of the same loops: so what a
choice leaves is computed once for each tensor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.search.group.own.division import Shares, Steps
from looptree.search.group.own.ways import Table

MOST_CHOICES = 2048  # beyond that, tables take more room than it takes time to make them again


@dataclass(frozen=True, slots=True)
class OwnLoops:
    """Own loops over some ranks; every choice of one tile shape for each is counted.

    Attributes:
        order: their ranks. tiles: of each. bases: the loops of the group whose steps they divide, with the positions of
            the own loops that do.
    """

    order: tuple[str, ...]
    tiles: tuple[tuple[int, ...], ...]
    bases: tuple[tuple[Steps, tuple[int, ...]], ...]

    @property
    def choices(self) -> int:
        """How many."""
        return math.prod(map(len, self.tiles))

    def numbers(self, positions: Sequence[int]) -> Array:
        """The number of each choice among those of the own loops at some positions alone."""
        every = np.indices(tuple(map(len, self.tiles))).reshape(len(self.tiles), -1)
        own = tuple(len(self.tiles[at]) for at in positions)
        return np.asarray(np.ravel_multi_index(tuple(every[list(positions)]), own))


class Left:
    """What every choice of some own loops leaves.

    Args:
        loops: those. shares: for each of their bases.

    Attributes:
        cycles, trips: of the layer, as shares.
    """

    def __init__(self, loops: OwnLoops, shares: Sequence[Shares]) -> None:
        self.loops = loops
        self.cycles = self.trips = np.ones(loops.choices)
        self._parts = []
        for known, (_, positions) in zip(shares, loops.bases, strict=True):
            at = loops.numbers(positions)
            self._parts.append((known, at, positions))
            self.cycles = self.cycles * known.cycles[at]
            self.trips = self.trips * known.trips[at]
        self._tables: dict[str, list[Table]] = {}

    def tells(self, tensors: Sequence[str]) -> bool:
        """Whether it is known what they leave of some tensors."""
        return all(shares.held.keys() >= set(tensors) for shares, _, _ in self._parts)

    def tables(self, tensor: str, some: Array) -> list[Table]:
        """What some choices leave of a tensor, by how many of the loops are above its storage node."""
        every = len(some) == self.loops.choices
        if self.loops.choices > MOST_CHOICES:
            parts = self._parts if every else [(shares, at[some], own) for shares, at, own in self._parts]
            return self._of(tensor, parts)
        if tensor not in self._tables:
            self._tables[tensor] = self._of(tensor, self._parts)
        found = self._tables[tensor]
        return found if every else [Table(held[some], fresh[some], moves[some]) for held, fresh, moves in found]

    def _of(self, tensor: str, parts: Sequence[tuple[Shares, Array, tuple[int, ...]]]) -> list[Table]:
        choices, count = len(parts[0][1]), len(self.loops.order)
        part_of = {position: part for part in parts for position in part[2]}
        found = []
        for depth in range(count + 1):
            sweep = np.full(choices, -1)
            for position in range(depth):
                shares, at, own = part_of[position]
                inside = sum(other < depth for other in own)
                sweep = np.where(shares.moves[tensor][inside, own.index(position)][at], position, sweep)
            held = fresh = np.ones(choices)
            for shares, at, own in parts:
                held = held * shares.held[tensor][sum(position < depth for position in own)][at]
                anew = sum((np.array(position) < sweep).astype(np.int64) for position in own)
                fresh = fresh * np.stack(shares.fresh[tensor])[anew, at]
            found.append(Table(held, fresh, sweep >= 0))
        return found
