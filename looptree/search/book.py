"""Patterns of one group by number, as arrays, so that designs of different loop orders stand side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.model.box import Key
from looptree.search.group import Group, Pattern
from looptree.search.ledger import Columns, Ledger
from looptree.search.relax import UNDECIDED, Places
from looptree.search.tables import Bases


class PatternBook:
    """Patterns by number, as arrays that serve many designs at once.

    Args:
        group: theirs. count: loops of all patterns.
    """

    def __init__(self, group: Group, count: int) -> None:
        self.group = group
        self.patterns = [p for p in group.patterns if len(p.loops) == count]
        self.first = len(self.patterns)
        self.count = count
        widest = max((len(loop.tiles) for p in self.patterns for loop in p.loops), default=1)
        self.ledger = Ledger(widest)
        self._offset: dict[int, int] = {}
        self._children: dict[int, Array] = {}
        self._separable: dict[int, bool] = {}
        self._driven: dict[str, tuple[list[int], list[frozenset[Key]]]] = {}
        self._rows: list[tuple[list[int], list[int], list[bool]]] = []
        self._bases: list[Bases] = []
        self._base_of: dict[int, int] = {}
        self._base: list[int] = []
        for pattern in self.patterns:
            self._add(pattern)
        self._arrays: _Arrays | None = None

    def _add(self, pattern: Pattern) -> None:
        self._rows.append(self._row(pattern))
        number = self._base_of.setdefault(id(pattern.bases), len(self._bases))
        if number == len(self._bases):
            self._bases.append(pattern.bases)
        self._base.append(number)

    def _row(self, pattern: Pattern) -> tuple[list[int], list[int], list[bool]]:
        offsets = []
        for table in pattern.tables:
            if id(table) not in self._offset:
                self._offset[id(table)] = self.ledger.add(table)
            offsets.append(self._offset[id(table)])
        places = [pattern.places.get(row, (UNDECIDED, False)) for row in self.group.inner]
        return offsets, [loops for loops, _ in places], [first for _, first in places]

    def separable(self, number: int) -> bool:
        """Whether the counts of a pattern are products of its tables."""
        if number not in self._separable:
            self._separable[number] = self.patterns[number].separable
        return self._separable[number]

    def children(self, number: int) -> Array:
        """Numbers of the patterns with one more intermediate decided; empty where all are."""
        if number not in self._children:
            found = self.group.decided(self.patterns[number])
            self._children[number] = np.arange(len(self.patterns), len(self.patterns) + len(found))
            for pattern in found:
                self.patterns.append(pattern)
                self._add(pattern)
            self._arrays = None
        return self._children[number]

    def widths(self) -> Array:
        """Tile shapes of each loop of the loop orders, of shape (orders, loops)."""
        listed = [[len(loop.tiles) for loop in p.loops] for p in self.patterns[: self.first]]
        return np.array(listed, dtype=np.int64).reshape(self.first, self.count)

    def driven(self, layer: str, number: Array) -> tuple[Array, list[frozenset[Key]]]:
        """Ranks of a layer that follow the loops: the kind of each pattern, and the ranks of each kind.

        Of a pattern with undecided intermediates those that follow the loops whatever is decided.
        """
        listed, kinds = self._driven.setdefault(layer, ([], []))
        at = self.group.layers.index(layer)
        for pattern in self.patterns[len(listed) :]:
            ranks = frozenset[Key]().union(*(t.ranks[at] for t in pattern.tables))
            if any(t.uneven for t in pattern.tables) and any(len(pattern.depths(r)) > 1 for r in pattern.undecided):
                ranks = frozenset()
            if ranks not in kinds:
                kinds.append(ranks)
            listed.append(kinds.index(ranks))
        return np.array(listed)[number], kinds

    def looseness(self, number: Array, start: Array, stop: Array) -> Array:
        """How much a bound suffers from the range of each loop, of shape (designs, loops).

        Room is least at one end of a range, transfers at the other: the bound takes the least of both. Where one of the
        two does not change, nothing is lost. Only loops above another one start it anew.
        """
        offsets = self._known().offsets[number]
        found = np.zeros(start.shape)
        for loop in range(self.count):
            first, last = offsets[:, loop] + start[:, loop], offsets[:, loop] + stop[:, loop] - 1
            room = self._change("window", first, last)
            moved = self._change("shared", first, last)
            if loop < self.count - 1:
                moved = np.maximum(moved, self._change("apart", first, last))
            found[:, loop] = room * moved
        return found

    def _change(self, name: str, first: Array, last: Array) -> Array:
        table = np.maximum(self.ledger.low[name][0], 1.0)
        return np.asarray(np.abs(np.log(table[:, first] / table[:, last])).max(axis=0))

    def columns(self, number: Array, start: Array, stop: Array) -> tuple[Columns, Places]:
        """Ranges of tile shapes of patterns, of shape (designs, loops), counted from the first of each loop."""
        known = self._known()
        at = known.offsets[number]
        tables = tuple(self.ledger.ranges(at[:, i] + start[:, i], at[:, i] + stop[:, i]) for i in range(self.count))
        bases = (column[:, known.base[number]] for column in known.bases)
        return Columns(tables, *bases), Places(known.loops[:, number], known.first[:, number])

    def _known(self) -> _Arrays:
        if self._arrays is None:
            names = ("words", "operations", "cycles", "points")
            self._arrays = _Arrays(
                np.array([r[0] for r in self._rows], dtype=np.int64).reshape(len(self._rows), self.count),
                np.array([r[1] for r in self._rows], dtype=np.int64).reshape(len(self._rows), -1).T,
                np.array([r[2] for r in self._rows], dtype=bool).reshape(len(self._rows), -1).T,
                np.array(self._base, dtype=np.int64),
                [np.concatenate([getattr(b, n) for b in self._bases], axis=1) for n in names],
            )
        return self._arrays


@dataclass(frozen=True, eq=False, slots=True)
class _Arrays:
    """What is known of all patterns of a book.

    Attributes:
        offsets: where the columns of each loop begin, of shape (patterns, loops).
        loops, first: places of the intermediates, of shape (intermediates, patterns).
        base: number of the bases of each pattern. bases: words, operations, cycles and points of each number.
    """

    offsets: Array
    loops: Array
    first: Array
    base: Array
    bases: list[Array]
