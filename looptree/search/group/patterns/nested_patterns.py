"""The loop orders of a group with a nested branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from looptree.errors import UnsupportedError
from looptree.model.box import Coupled
from looptree.search.asked.loops import Loop, Positions, Rank, clashing_ranks, joined_positions
from looptree.search.group.loops.meeting import NOWHERE, Meeting, differing
from looptree.search.group.loops.tables import Depth, InseparableError, LoopTable
from looptree.search.group.patterns.branches import NestedBranch, NestedTables
from looptree.search.group.patterns.pattern import Nesting, Pattern
from looptree.search.group.patterns.patterns import Patterns


class NestedPatterns(Patterns):
    """All patterns of one group with so many loops of its own, and loops of a nested branch inside them.

    Where loops meet there are none.

    Args:
        known: the patterns of the group. outer: loops of the group.
    """

    def __init__(self, known: Patterns, branch: NestedBranch, outer: int) -> None:
        rows = known.tensors, known.layers, known.inner, known.rules
        super().__init__(known.profiler, known.space, *rows, known.ordered)
        self.known = known
        self.branch = branch
        self.loops = NestedTables(known.loops, branch)
        self.outer = outer
        self.nesting = Nesting(outer, branch.rows)

    @cached_property
    def orders(self) -> dict[Positions, list[tuple[Rank, ...]]]:
        """Every order of loops of the group, with every order of loops of the branch."""
        clashes = clashing_ranks(self.part, self.profiler.sinks)
        found: dict[Positions, list[tuple[Rank, ...]]] = {}
        inner = list(self.branch.orders())
        for listed in self.known.orders.values():
            for order in listed:
                if len(order) == self.outer:
                    for own in inner:
                        positions = joined_positions(order, clashes)
                        alone = tuple((len(order) + at,) for at in range(len(own)))
                        found.setdefault((*positions, *alone), []).append((*order, *own))
        return found

    def loops_of(self, order: Sequence[Rank], own: Sequence[int]) -> list[Loop]:
        """Those of the group, or one of the branch."""
        if own[0] < self.outer:
            return super().loops_of(order, own)
        return self.branch.loops(order[own[0]])

    def _meeting(self, loops: Sequence[Loop], tables: Sequence[LoopTable]) -> Meeting:
        """None: loops that meet are in no nested branch."""
        if differing(tables):
            raise InseparableError
        return NOWHERE

    def joined(self, pattern: Pattern, columns: Sequence[Sequence[int]]) -> list[Pattern]:
        """A pattern for some choices of tile shapes, one by one: what each loop is relevant to is a fact then."""
        found = []
        for column in columns:
            loops = tuple(
                replace(loop, tiles=(loop.tiles[at],)) for loop, at in zip(pattern.loops, column, strict=True)
            )
            try:
                tables = self.loops.tables(loops, pattern.positions, pattern.forgotten)
                met = self._meeting(loops, tables)
                bases = self.meetings.bases(tables, met)
            except (InseparableError, UnsupportedError, Coupled):
                continue
            left = tuple(row for row in self.inner if row not in pattern.places)
            found.append(replace(pattern, loops=loops, tables=tables, bases=bases, undecided=left, met=met))
        return found

    def _depths(self, pattern: Pattern, row: int) -> list[Depth]:
        """Those at which nothing is computed again, or all."""
        listed = pattern.depths(row, self.rules[row])
        if self.space.recompute and self.rules[row].recompute:
            return listed
        forgets = pattern.forgets(row)
        return [listed[0], *(d for d in listed[1:] if d.loops > self.outer and not any(forgets[: d.sweep]))]
