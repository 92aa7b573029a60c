"""The designs of one loop order: tile shapes times what each tensor retains.

A design is a tile shape of every loop above the branch and, for every tensor, an *option*: the loops above its storage
node, whether overlap is kept or dropped, and whether an intermediate is spilled. Designs that cannot differ in any
number are listed once: a node stands right below a loop that is relevant to its tensor (or above all loops), and
overlap is dropped only where there is some.

What is computed depends on the intermediates that are kept without being spilled: on the loops whose steps start them
anew. A *branch* is one such pattern. Within it the tables of all loops are the same, so every combination of options
is a sum of one table per tensor.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array
from looptree.model.box import Coupled
from looptree.search.asked.loops import Loop, Rank
from looptree.search.group.group import Group
from looptree.search.group.loops.ledger import Columns, LoopColumns, entries_of
from looptree.search.group.loops.tables import InseparableError, LoopTable
from looptree.search.group.patterns.pattern import Pattern

INNER = 64  # combinations of the options of some tensors that are summed up innermost, at most


@dataclass(frozen=True, slots=True)
class Option:
    """A place for the storage node of one tensor.

    Attributes:
        depth: loops above it. still: loops that stand still while it sweeps; each of their steps starts anew.
        drop: whether overlap is dropped. spilled: whether an intermediate is written out and fetched again.
    """

    depth: int
    still: int
    drop: bool = False
    spilled: bool = False


def options_of(moves: Sequence[bool], forgets: Sequence[bool]) -> list[Option]:
    """The places of a tensor, outermost first.

    Args:
        moves: per loop, whether it is relevant to the tensor. forgets: whether something is lost if it starts anew.

    >>> for option in options_of([True, False, True], [True, True, False]):
    ...     print(option.depth, option.still, option.drop)
    0 0 False
    1 0 False
    1 1 True
    3 2 False
    """
    found = [Option(0, 0)]
    for loop, (moving, overlap) in enumerate(zip(moves, forgets, strict=True)):
        if moving:
            found.append(Option(loop + 1, loop))
            if overlap:
                found.append(Option(loop + 1, loop + 1, drop=True))
    return found


@dataclass(frozen=True, eq=False)
class Branch:
    """Designs of one loop order in which the same is computed.

    Attributes:
        pattern: the loops and their tables.
        options: per row of the tables (tensor) its options.
    """

    pattern: Pattern
    options: tuple[tuple[Option, ...], ...]

    @property
    def loops(self) -> tuple[Loop, ...]:
        """The loops, outermost first."""
        return self.pattern.loops

    @property
    def shape(self) -> tuple[int, ...]:
        """Tile shapes per loop."""
        return tuple(len(loop.tiles) for loop in self.loops)

    @property
    def tiles(self) -> int:
        """Combinations of tile shapes."""
        return math.prod(self.shape)

    @property
    def combinations(self) -> int:
        """Combinations of options."""
        return math.prod(len(listed) for listed in self.options)

    @property
    def designs(self) -> int:
        """How many designs."""
        return self.tiles * self.combinations

    @cached_property
    def rows(self) -> tuple[int, ...]:
        """Tensors in the order in which their options are combined, the last one fastest.

        The last ones multiply to as many combinations as there can be up to `INNER`.
        """
        several = [row for row, listed in enumerate(self.options) if len(listed) > 1]
        best: tuple[int, ...] = ()
        for count in range(1, len(several) + 1):
            for some in itertools.combinations(several, count):
                if self._product(best) < self._product(some) <= INNER:
                    best = some
        return (*(row for row in range(len(self.options)) if row not in best), *best)

    def _product(self, rows: Sequence[int]) -> int:
        return math.prod(len(self.options[row]) for row in rows)

    def picked(self, start: int, stop: int) -> tuple[Array, ...]:
        """Per loop the tile shape in each of some combinations, by number."""
        return np.unravel_index(np.arange(start, stop), self.shape) if self.loops else ()

    def columns(self, start: int, stop: int) -> Columns:
        """The tables at some combinations of tile shapes, the last loop fastest."""
        listed = zip(self.pattern.tables, self.picked(start, stop), strict=True)
        loops = tuple(_columns(table, at) for table, at in listed)
        width, bases = (stop - start), self.pattern.bases
        return Columns(
            loops,
            self.pattern.positions,
            len(self.pattern.forgotten),
            *(
                np.broadcast_to(b, (len(b), width))
                for b in (bases.words, bases.windows, bases.operations, bases.cycles, bases.points, bases.reads)
            ),
        )

    def chosen(self, tile: int, combination: int) -> tuple[tuple[tuple[Rank, int], ...], tuple[Option, ...]]:
        """The loops and options of one design; numbered by the tile shapes and the options, see `rows`."""
        at = np.unravel_index(tile, self.shape) if self.loops else ()
        loops = self.pattern.picked([int(i) for i in at])
        picked = np.unravel_index(combination, tuple(len(self.options[row]) for row in self.rows))
        options = {row: self.options[row][int(i)] for row, i in zip(self.rows, picked, strict=True)}
        return loops, tuple(options[row] for row in range(len(options)))


def _columns(table: LoopTable, at: Array) -> LoopColumns:
    low, high = entries_of(table)
    return LoopColumns(
        {name: known[:, at] for name, known in low.items()},
        {name: known[:, at] for name, known in high.items()},
        {key: moving[:, None] for key, moving in table.moves.items()},
    )


def branches_of(group: Group, pattern: Pattern) -> Iterator[Branch | None]:
    """The branches of one loop order; `None` for each whose counts are no products of tables."""
    yield from _branches(group, pattern, {})


def _branches(group: Group, pattern: Pattern, decided: dict[int, tuple[Option, ...]]) -> Iterator[Branch | None]:
    if not pattern.undecided:
        yield _branch(group, pattern, decided)
        return
    row, *rest = pattern.undecided
    name = group.tensors[row]
    forgets = pattern.forgets(row)
    options = options_of([bool(table.moves[1, 0][row]) for table in pattern.tables], forgets)
    ways: dict[frozenset[int], list[Option]] = {}
    for option in options:
        ways.setdefault(frozenset(i for i in range(option.still) if forgets[i]), []).append(option)
    if group.space.spill:
        ways[frozenset()] += [Option(o.depth, o.still, o.drop, spilled=True) for o in options]
    for again, listed in ways.items():
        if again and not group.space.recompute:
            continue
        lost = tuple(known | {name} if i in again else known for i, known in enumerate(pattern.forgotten))
        try:
            tables = group.patterns.loops.tables(pattern.loops, pattern.positions, lost)
        except (InseparableError, UnsupportedError, Coupled):
            yield None
            continue
        below = Pattern(pattern.loops, pattern.positions, tables, pattern.bases, lost, {}, tuple(rest))
        yield from _branches(group, below, {**decided, row: tuple(listed)})


def _branch(group: Group, pattern: Pattern, decided: dict[int, tuple[Option, ...]]) -> Branch | None:
    if not pattern.separable:
        return None
    tables = pattern.tables
    options = [
        decided.get(row) or tuple(options_of([bool(t.moves[1, 0][row]) for t in tables], pattern.forgets(row)))
        for row in range(len(group.tensors))
    ]
    return Branch(pattern, tuple(options))
