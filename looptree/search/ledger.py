"""The tables of all loops of a group in one place, so that designs with different loops can stand side by side.

A design is a column. `low[name][level, row, column]` is the least entry of `2 ** level` columns of one table from
`column` on, `high` the largest: so a column of a sample may also stand for a range of tile shapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from looptree.model.axis import Array
from looptree.search.tables import LoopTable

TENSOR_TABLES = ("apart", "shared", "window", "hull")
LAYER_TABLES = ("operations", "cycles")
LOW = TENSOR_TABLES + LAYER_TABLES
HIGH = ("top", "points")


class Ledger:
    """Range minima and maxima of tables, which are added as they are needed.

    Args:
        widest: most columns of a table.
    """

    def __init__(self, widest: int) -> None:
        self.levels = max(1, widest).bit_length()
        self.size = 0
        self.low: dict[str, Array] = {}
        self.high: dict[str, Array] = {}
        self.moves: Array = np.zeros((0, 0), dtype=bool)

    def add(self, table: LoopTable) -> int:
        """Add a table; where its columns begin."""
        start, width = self.size, table.apart.shape[1]
        if not self.low or start + width > self.moves.shape[1]:
            self._grow(table, max(256, 2 * (start + width)))
        for names, store, least in ((LOW, self.low, np.minimum), (HIGH, self.high, np.maximum)):
            for name in names:
                store[name][:, :, start : start + width] = self._ladder(getattr(table, name), least)
        self.moves[:, start : start + width] = table.moves[:, None]
        self.size += width
        return start

    def _ladder(self, table: Array, least: np.ufunc) -> Array:
        steps = [table]
        for level in range(1, self.levels):
            known, reach = steps[-1].copy(), 1 << (level - 1)
            if reach < known.shape[1]:
                known[:, :-reach] = least(steps[-1][:, :-reach], steps[-1][:, reach:])
            steps.append(known)
        return np.stack(steps)

    def _grow(self, table: LoopTable, width: int) -> None:
        for names, store in ((LOW, self.low), (HIGH, self.high)):
            for name in names:
                grown = np.zeros((self.levels, len(getattr(table, name)), width))
                if name in store:
                    grown[:, :, : self.size] = store[name][:, :, : self.size]
                store[name] = grown
        moves = np.zeros((len(table.moves), width), dtype=bool)
        if self.size:
            moves[:, : self.size] = self.moves[:, : self.size]
        self.moves = moves

    def ranges(self, start: Array, stop: Array) -> LoopColumns:
        """Bounds of ranges of columns, one per design; `start` and `stop` count in the whole ledger."""
        length = stop - start
        if (length == 1).all():
            low = {n: t[0][:, start] for n, t in self.low.items()}
            return LoopColumns(low, {n: t[0][:, start] for n, t in self.high.items()}, self.moves[:, start])
        level = np.frexp(length)[1] - 1
        other = stop - (1 << level)
        low = {n: np.minimum(t[level, :, start], t[level, :, other]).T for n, t in self.low.items()}
        high = {n: np.maximum(t[level, :, start], t[level, :, other]).T for n, t in self.high.items()}
        return LoopColumns(low, high, self.moves[:, start])


@dataclass(frozen=True, eq=False, slots=True)
class LoopColumns:
    """One loop of each design: its tables by name, of shape (tensors or layers, designs)."""

    low: dict[str, Array]
    high: dict[str, Array]
    moves: Array


@dataclass(frozen=True, eq=False)
class Columns:
    """Designs side by side.

    Attributes:
        loops: outermost first. words, operations, cycles, points: what no loop changes, of shape (rows, designs).
    """

    loops: tuple[LoopColumns, ...]
    words: Array
    operations: Array
    cycles: Array
    points: Array

    @property
    def size(self) -> int:
        """How many designs."""
        return int(self.words.shape[1])

    @cached_property
    def kept(self) -> list[Array]:
        """Largest window of each tensor, in words, by the number of loops above its storage node."""
        inside = [self.words]
        for loop in reversed(self.loops):
            inside.append(inside[-1] * loop.low["hull"])
        inside.reverse()
        found, outer = [inside[0]], None
        for count, loop in enumerate(self.loops, start=1):
            outer = loop.low["window"] if outer is None else outer * loop.low["window"]
            found.append(outer * inside[count])
        return found

    @cached_property
    def entered(self) -> list[Array]:
        """Words of each tensor that enter, by the number of loops above its storage node.

        The innermost relevant loop above the node sweeps; each step of a loop further out starts anew.
        """
        tail = [self.words]
        for loop in reversed(self.loops):
            tail.append(tail[-1] * loop.low["shared"])
        tail.reverse()
        found = [tail[0]]
        for count in range(1, len(self.loops) + 1):
            table = tail[count] * self.loops[count - 1].low["shared"]
            still = self.loops[count - 1].moves
            for loop in reversed(self.loops[: count - 1]):
                table = table * np.where(still, loop.low["apart"], loop.low["shared"])
                still = still | loop.moves
            found.append(table)
        return found

    @cached_property
    def apart(self) -> Array:
        """Words of each tensor where every step starts anew."""
        table = self.words
        for loop in self.loops:
            table = table * loop.low["apart"]
        return table

    @cached_property
    def first(self) -> Array:
        """Words of each tensor that enter at least once (an upper bound)."""
        table = self.words
        for loop in self.loops:
            table = table * loop.high["top"]
        return table

    def work(self, name: str) -> Array:
        """`operations` or `cycles` of each layer, or `points` per operation (an upper bound)."""
        table: Array = getattr(self, name)
        for loop in self.loops:
            table = table * (loop.high if name == "points" else loop.low)[name]
        return table
