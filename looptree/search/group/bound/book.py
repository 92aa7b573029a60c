"""Patterns of one group by number, as arrays, so that designs of different loop orders stand side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.model.box import Key
from looptree.search.asked.loops import Rank
from looptree.search.group.bound.places import UNDECIDED, Places
from looptree.search.group.group import Group
from looptree.search.group.loops.ledger import Columns, Ledger, Ledgers
from looptree.search.group.loops.tables import Bases
from looptree.search.group.patterns.pattern import Pattern
from looptree.search.group.patterns.patterns import Patterns


class PatternBook:
    """Patterns by number, as arrays that serve many designs at once.

    Args:
        group: theirs. patterns: whose loops are joined at the same positions. source: where more of them come from;
        else those of the group. ledgers: where their tables stand beside those of other books; by themselves if not
        given.
    """

    def __init__(
        self,
        group: Group,
        patterns: Sequence[Pattern],
        source: Patterns | None = None,
        ledgers: Ledgers | None = None,
    ) -> None:
        self.group = group
        self.source = group.patterns if source is None else source
        self.patterns = list(patterns)
        self.first = len(self.patterns)
        self.positions = patterns[0].positions
        self.count = sum(map(len, self.positions))
        nesting = patterns[0].nesting
        self.outer = self.count if nesting is None else nesting.outer
        self._ledgers = Ledgers() if ledgers is None else ledgers
        self._children: dict[int, Array] = {}
        self._separable: dict[int, bool] = {}
        self._meant: dict[int, int] = {}
        self._others: dict[int, PatternBook | None] = {}
        self._driven: dict[str, tuple[Array, list[frozenset[Key]]]] = {}
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
        offsets = [
            self._ledgers.added(table, len(own)) for table, own in zip(pattern.tables, self.positions, strict=True)
        ]
        places = [pattern.places.get(row, (UNDECIDED, False)) for row in self.group.inner]
        return offsets, [loops for loops, _ in places], [first for _, first in places]

    def _ledger(self, at: int) -> Ledger:
        """The tables of equally many loops as the one at a place of the patterns has."""
        return self._ledgers.of(len(self.positions[at]))

    def separable(self, number: int) -> bool:
        """Whether the counts of a pattern are products of its tables."""
        if number not in self._separable:
            self._separable[number] = self.patterns[number].separable
        return self._separable[number]

    def joined(self, number: int, columns: Sequence[Sequence[int]]) -> PatternBook | None:
        """A pattern for some choices of tile shapes, with tables of the loops that meet; see `Patterns.joined`."""
        patterns = self.source.joined(self.patterns[number], columns)
        return PatternBook(self.group, patterns, self.source) if patterns else None

    def numbered(self, designs: Sequence[Sequence[tuple[Rank, int]]]) -> tuple[Array, Array]:
        """Where single designs of the first patterns stand: the number of the pattern, and the column of each table.

        Args:
            designs: the loops of each with their tile shapes.

        Returns:
            Arrays of shape (designs,) and (designs, tables).
        """
        columns = [[{tiles: at for at, tiles in enumerate(loop.tiles)} for loop in p.loops] for p in self.patterns]
        numbers, found = [], []
        for loops in designs:
            tiles = [tuple(loops[at][1] for at in own) for own in self.positions]
            every = (
                (number, [of[each] for of, each in zip(known, tiles, strict=True)])
                for number, known in enumerate(columns[: self.first])
                if all(each in of for of, each in zip(known, tiles, strict=True))
            )
            number, column = next(every)
            numbers.append(number)
            found.append(column)
        return np.array(numbers, dtype=np.int64), np.array(found, dtype=np.int64)

    def meant(self, number: int) -> int:
        """The number of a pattern without what is only supposed of it; see `Pattern.base`."""
        return self._meant.get(number, number)

    def others(self, number: int) -> PatternBook | None:
        """The same pattern with other bounds, if loops meet and there are some; see `Patterns.others`."""
        if number not in self._others:
            found = self.source.others(self.patterns[number])
            self._others[number] = PatternBook(self.group, found, self.source, self._ledgers) if found else None
        return self._others[number]

    def children(self, number: int) -> Array:
        """Numbers of the patterns with one more intermediate decided; empty where all are."""
        if number not in self._children:
            found = self.source.decided(self.patterns[number])
            self._children[number] = np.arange(len(self.patterns), len(self.patterns) + len(found))
            for pattern in found:
                if pattern.base is not None:
                    self._meant[len(self.patterns)] = self.meant(number)
                self.patterns.append(pattern)
                self._add(pattern)
            self._arrays = None
        return self._children[number]

    def widths(self) -> Array:
        """Choices of tile shapes of each table of the loop orders, of shape (orders, tables)."""
        listed = [[len(loop.tiles) for loop in p.loops] for p in self.patterns[: self.first]]
        return np.array(listed, dtype=np.int64).reshape(self.first, len(self.positions))

    def driven(self, layer: str, number: Array) -> tuple[Array, list[frozenset[Key]]]:
        """Ranks of a layer that the loops do not leave whole: the kind of each pattern, and the ranks of each kind.

        Of a pattern with undecided intermediates those that follow the loops whatever is decided.
        """
        listed, kinds = self._driven.setdefault(layer, (np.zeros(0, dtype=np.int64), []))
        if len(listed) < len(self.patterns):
            more = [self._kind(layer, pattern, kinds) for pattern in self.patterns[len(listed) :]]
            listed = np.append(listed, more)
            self._driven[layer] = listed, kinds
        return listed[number], kinds

    def _kind(self, layer: str, pattern: Pattern, kinds: list[frozenset[Key]]) -> int:
        """The number of the kind of a pattern; a new one is added to those known."""
        at, cut = self.group.layers.index(layer), self.group.profiler.cut(layer)
        ranks = cut.union(*(t.ranks[at] for t in pattern.tables))
        if any(t.uneven for t in pattern.tables) and (
            pattern.met.blurred or any(len(pattern.depths(r)) > 1 for r in pattern.undecided)
        ):
            ranks = cut
        if ranks not in kinds:
            kinds.append(ranks)
        return kinds.index(ranks)

    def looseness(self, number: Array, start: Array, stop: Array) -> Array:
        """How much a bound suffers from the range of each table, of shape (designs, tables).

        Room is least at one end of a range, transfers at the other: the bound takes the least of both. Where one of the
        two does not change, nothing is lost. Only loops above another one start it anew.
        """
        offsets = self._known().offsets[number]
        found = np.zeros(start.shape)
        for loop, own in enumerate(self.positions):
            known = self._ledger(loop)
            first, last = offsets[:, loop] + start[:, loop], offsets[:, loop] + stop[:, loop] - 1
            room = [self._change(known, f"held {above}", first, last) for above in range(1, len(own) + 1)]
            anew = [still for still in range(len(own) + 1) if still < len(own) or own[-1] < self.count - 1]
            moved = [self._change(known, f"fresh {still}", first, last) for still in anew]
            found[:, loop] = np.max(room, axis=0) * np.max(moved, axis=0)
        return found

    @staticmethod
    def _change(ledger: Ledger, name: str, first: Array, last: Array) -> Array:
        table = ledger.low[name][0]
        share = np.maximum(table[:, first], 1.0) / np.maximum(table[:, last], 1.0)
        return np.asarray(np.abs(np.log(share)).max(axis=0))

    def columns(self, number: Array, start: Array, stop: Array) -> tuple[Columns, Places]:
        """Ranges of tile shapes of patterns, of shape (designs, tables), counted from the first of each table."""
        known = self._known()
        at = known.offsets[number]
        tables = tuple(
            self._ledger(i).ranges(at[:, i] + start[:, i], at[:, i] + stop[:, i]) for i in range(at.shape[1])
        )
        bases = (column[:, known.base[number]] for column in known.bases)
        return Columns(tables, self.positions, self.outer, *bases), Places(
            known.loops[:, number], known.first[:, number]
        )

    def _known(self) -> _Arrays:
        if self._arrays is None:
            names = ("words", "windows", "operations", "cycles", "points", "reads")
            self._arrays = _Arrays(
                np.array([r[0] for r in self._rows], dtype=np.int64).reshape(len(self._rows), len(self.positions)),
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
        offsets: where the columns of each table begin, of shape (patterns, tables).
        loops, first: places of the intermediates, of shape (intermediates, patterns).
        base: number of the bases of each pattern. bases: words, windows, operations, cycles, points and reads of each
            number.
    """

    offsets: Array
    loops: Array
    first: Array
    base: Array
    bases: list[Array]
