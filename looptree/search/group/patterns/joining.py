"""Patterns in which the loops that meet have one table together, so that their counts are exact.

Where loops meet, a product of the tables of single loops is only a bound; see `looptree.search.group.loops.meeting`.
One table of these loops together is exact, but it has a column for each choice of all their tile shapes. So it is made
for single choices only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from looptree.errors import UnsupportedError
from looptree.model.box import Coupled
from looptree.search.asked.loops import Loop, Positions, merged
from looptree.search.group.loops.loop_tables import LoopTables
from looptree.search.group.loops.meeting import Meetings
from looptree.search.group.loops.passes import kinds_of
from looptree.search.group.loops.tables import InseparableError, LoopTable, bases_of
from looptree.search.group.patterns.pattern import Pattern


class Joining:
    """Joins the loops of the patterns of one group.

    Args:
        meetings: where these loops meet. loops: their tables. inner: rows of the intermediates that stay inside, from
            the sinks upwards.
    """

    def __init__(self, meetings: Meetings, loops: LoopTables, inner: Sequence[int]) -> None:
        self.meetings = meetings
        self.profiler = meetings.profiler
        self.tensors = meetings.tensors
        self.layers = meetings.layers
        self.loops = loops
        self.inner = inner

    def of(self, pattern: Pattern, columns: Sequence[Sequence[int]]) -> list[Pattern]:
        """A pattern for some choices of tile shapes, with the loops that meet joined, so that its counts are exact.

        Other choices may be among those of the result. It is empty where the loops cannot be counted together.

        Args:
            columns: of the tables of the pattern, for each choice.
        """
        pattern = pattern.base or pattern
        tables = () if pattern.met.blurred else self.loops.tables(pattern.loops, pattern.positions, pattern.forgotten)
        whole = (tuple(range(len(pattern.forgotten))),)
        firsts = [own[0] for own in pattern.positions]
        pairs = [(firsts[i], firsts[j]) for i, j in self.meetings.pairs(tables)]
        for positions in (merged(pattern.positions, pairs), whole):
            try:
                found = [self._with(pattern, positions, loops) for loops in self._some(pattern, columns, positions)]
            except (InseparableError, UnsupportedError, Coupled):
                return []
            if all(p.separable or positions == whole for p in found):
                return found
        return []

    def _some(
        self, pattern: Pattern, columns: Sequence[Sequence[int]], positions: Positions
    ) -> Iterator[tuple[tuple[Loop, LoopTable], ...]]:
        """The loops of a pattern, joined at these positions, with their tables, for some choices of tile shapes."""
        chosen = [pattern.picked(column) for column in columns]
        listed = []
        for own in positions:
            ranks = tuple(chosen[0][at][0] for at in own)
            tiles = sorted({tuple(loops[at][1] for at in own) for loops in chosen}, reverse=True)
            lost = tuple(pattern.forgotten[at] for at in own)
            run = self.profiler.run(ranks, tiles, lost)
            kinds = kinds_of(run)
            listed.append(
                [
                    (
                        Loop(ranks, tuple(tiles[column] for column in some)),
                        LoopTable.of(run, self.profiler, self.tensors, self.layers, some),
                    )
                    for some in kinds
                ]
            )
        return product(*listed)

    def _with(self, pattern: Pattern, positions: Positions, loops: Sequence[tuple[Loop, LoopTable]]) -> Pattern:
        """The pattern with these loops and their tables."""
        tables = tuple(table for _, table in loops)
        bases = bases_of(self.profiler, self.tensors, self.layers, tables)
        left = tuple(row for row in self.inner if row not in pattern.places)
        chosen = tuple(loop for loop, _ in loops)
        apart = None if pattern.met.blurred else pattern
        return Pattern(chosen, positions, tables, bases, pattern.forgotten, pattern.places, left, apart=apart)
