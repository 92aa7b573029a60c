"""The tables of all loops of a group in one place, so that designs with different loops can stand side by side.

A design is a column. `low[name][level, row, column]` of a ledger is the least entry of `2 ** level` columns of one
table from `column` on, `high` the largest: so a column of a sample may also stand for a range of tile shapes.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from looptree.model.axis import Array
from looptree.search.asked.loops import Positions
from looptree.search.group.loops.tables import LoopTable

FIRST_COLUMNS = 256  # that there is room for at first
LAYER_TABLES = ("operations", "cycles", "steps", "reads")


def entries_of(table: LoopTable) -> tuple[dict[str, Array], dict[str, Array]]:
    """The entries of a table by name: those whose least counts, and those whose largest does."""
    low = {f"fresh {own}": entries for own, entries in enumerate(table.fresh)}
    low |= {f"held {own}": entries for own, entries in enumerate(table.held)}
    low |= {name: getattr(table, name) for name in LAYER_TABLES}
    return low, {"top": table.fresh[0], "points": table.points}


class Stack:
    """Range minima, or maxima, of rows by name; all names stand in one array, so that ranges of all are one look-up.

    Columns that are looked at together are powers of two; there are as many levels as the widest table needs.

    Args:
        least: of two entries.
    """

    def __init__(self, least: np.ufunc) -> None:
        self.least = least
        self.rows: dict[str, slice] = {}
        self._table = np.zeros((0, 0, 0))

    @property
    def size_bytes(self) -> int:
        """What it takes of memory."""
        return self._table.nbytes

    def __getitem__(self, name: str) -> Array:
        """The entries of a name, of shape (levels, rows, columns)."""
        return self._table[:, :, self.rows[name]].swapaxes(1, 2)

    def add(self, entries: Mapping[str, Array], start: int) -> None:
        """Add columns from `start` on."""
        if not self.rows:
            ends = [0, *itertools.accumulate(map(len, entries.values()))]
            self.rows = {n: slice(a, b) for n, (a, b) in zip(entries, itertools.pairwise(ends), strict=True)}
            self._table = np.zeros((0, 0, ends[-1]))
        table = np.concatenate(list(entries.values())).T
        stop = start + len(table)
        levels, columns = self._table.shape[:2]
        if stop > columns or len(table).bit_length() > levels:
            columns = max(FIRST_COLUMNS, 2 * stop) if stop > columns else columns
            grown = np.zeros((max(levels, len(table).bit_length()), columns, table.shape[1]))
            grown[:levels, :start] = self._table[:, :start]
            self._table = grown
        self._table[0, start:stop] = table
        for level in range(1, len(table).bit_length()):
            below, known = self._table[level - 1, start:stop], self._table[level, start:stop]
            reach = 1 << (level - 1)
            known[:] = below
            if reach < len(below):
                self.least(below[:-reach], below[reach:], out=known[:-reach])

    def ranges(self, level: Array | int, start: Array, other: Array | None) -> dict[str, Array]:
        """Entries of ranges by name, each of which two powers of two of columns cover; or of single columns."""
        found = self._table[level, start]
        if other is not None:
            found = self.least(found, self._table[level, other])
        found = np.ascontiguousarray(found.T)
        return {name: found[rows] for name, rows in self.rows.items()}


class Ledger:
    """Range minima and maxima of tables of equally many loops, which are added as they are needed."""

    def __init__(self) -> None:
        self.size = 0
        self.low, self.high = Stack(np.minimum), Stack(np.maximum)
        self.moves: dict[tuple[int, int], Array] = {}

    def add(self, table: LoopTable) -> int:
        """Add a table; where its columns begin."""
        start, stop = self.size, self.size + table.columns
        for store, entries in zip((self.low, self.high), entries_of(table), strict=True):
            store.add(entries, start)
        for key, moving in table.moves.items():
            known = self.moves.get(key, np.zeros((len(moving), 0), dtype=bool))
            if stop > known.shape[1]:
                wider = np.zeros((len(moving), max(256, 2 * stop)), dtype=bool)
                wider[:, :start] = known[:, :start]
                known = wider
            known[:, start:stop] = moving[:, None]
            self.moves[key] = known
        self.size = stop
        return start

    def ranges(self, start: Array, stop: Array) -> LoopColumns:
        """Bounds of ranges of columns, one per design; `start` and `stop` count in the whole ledger."""
        length = stop - start
        moves = {key: moving[:, start] for key, moving in self.moves.items()}
        if (length == 1).all():
            return LoopColumns(self.low.ranges(0, start, None), self.high.ranges(0, start, None), moves)
        level = np.frexp(length)[1] - 1
        other = stop - (1 << level)
        return LoopColumns(self.low.ranges(level, start, other), self.high.ranges(level, start, other), moves)


class Ledgers:
    """The tables of one group, or some of them, each of which is added once, whoever asks."""

    def __init__(self) -> None:
        self._of: dict[int, Ledger] = {}
        self._known: dict[int, tuple[LoopTable, int]] = {}

    def of(self, loops: int) -> Ledger:
        """The tables of so many loops together."""
        return self._of.setdefault(loops, Ledger())

    def added(self, table: LoopTable, loops: int) -> int:
        """Where the columns of a table of so many loops begin."""
        if id(table) not in self._known:
            self._known[id(table)] = table, self.of(loops).add(table)
        return self._known[id(table)][1]

    @property
    def size_bytes(self) -> int:
        """What they take of memory."""
        return sum(known.low.size_bytes + known.high.size_bytes for known in self._of.values())


@dataclass(frozen=True, eq=False, slots=True)
class LoopColumns:
    """One loop, or a few together, of each design: tables by name, of shape (tensors or layers, designs)."""

    low: dict[str, Array]
    high: dict[str, Array]
    moves: dict[tuple[int, int], Array]


@dataclass(frozen=True, eq=False)
class Columns:
    """Designs side by side.

    Attributes:
        loops: tables. positions: of the loops of each table in the order of all loops, counted from 0.
        outer: how many of the loops, the outermost ones, are those of the group; others are of a nested branch.
        words, windows, operations, cycles, points, reads: what no loop changes, of shape (rows, designs).
    """

    loops: tuple[LoopColumns, ...]
    positions: Positions
    outer: int
    words: Array
    windows: Array
    operations: Array
    cycles: Array
    points: Array
    reads: Array

    @property
    def size(self) -> int:
        """How many designs."""
        return int(self.words.shape[1])

    @cached_property
    def count(self) -> int:
        """How many loops."""
        return sum(map(len, self.positions))

    def _times(self, words: Array, name: str, above: int) -> Array:
        """Words, times the tables by the number of their loops that are among the outermost so many."""
        found = words
        for loop, own in zip(self.loops, self.positions, strict=True):
            found = found * loop.low[f"{name} {sum(position < above for position in own)}"]
        return found

    @property
    def steps(self) -> Array:
        """Of each layer without loops."""
        return np.ones_like(self.cycles)

    @cached_property
    def kept(self) -> list[Array]:
        """Largest window of each tensor, in words, by the number of loops above its storage node."""
        return [self._times(self.windows, "held", above) for above in range(self.count + 1)]

    @cached_property
    def _anew(self) -> list[Array]:
        """Words of each tensor that enter where each step of so many loops starts anew."""
        return [self._times(self.words, "fresh", still) for still in range(self.count + 1)]

    @cached_property
    def entered(self) -> list[Array]:
        """Words of each tensor that enter, by the number of loops above its storage node.

        The innermost relevant loop above the node sweeps; each step of a loop further out starts anew.
        """
        found = [self._anew[0]]
        for above in range(1, self.count + 1):
            table = self._anew[0]
            for position in range(1, above):
                table = np.where(self.moving(position, above), self._anew[position], table)
            found.append(table)
        return found

    @cached_property
    def reloaded(self) -> list[Array]:
        """The same inside a nested branch, by the number of its loops above: each step of the others starts anew."""
        found = []
        for above in range(self.outer, self.count + 1):
            table = self._anew[self.outer]
            for position in range(self.outer, above):
                table = np.where(self.moving(position, above), self._anew[position], table)
            found.append(table)
        return found

    @cached_property
    def dropped(self) -> list[Array]:
        """The same where overlap is dropped: each step of the innermost relevant loop starts anew as well."""
        found = [self._anew[0]]
        for above in range(1, self.count + 1):
            table = self._anew[0]
            for position in range(above):
                table = np.where(self.moving(position, above), self._anew[position + 1], table)
            found.append(table)
        return found

    def moving(self, position: int, above: int) -> Array:
        """Tensors to which a loop is relevant if their nodes are below so many loops."""
        at = next(i for i, own in enumerate(self.positions) if position in own)
        own = self.positions[at]
        return self.loops[at].moves[sum(p < above for p in own), own.index(position)]

    @property
    def apart(self) -> Array:
        """Words of each tensor where every step starts anew."""
        return self._anew[-1]

    @cached_property
    def first(self) -> Array:
        """Words of each tensor that enter at least once (an upper bound)."""
        table = self.words
        for loop in self.loops:
            table = table * loop.high["top"]
        return table

    def work(self, name: str) -> Array:
        """`operations`, `cycles` or `steps` of each layer, or `points` per operation (an upper bound).

        Or `reads`, words that each reader of a tensor with several needs at all steps.
        """
        table: Array = getattr(self, name)
        for loop in self.loops:
            table = table * (loop.high if name == "points" else loop.low)[name]
        return table
