"""A loop order of a group, with what is decided of its intermediates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from looptree.search.asked.loops import Loop, Positions, Rank
from looptree.search.asked.rules import TensorRule
from looptree.search.group.loops.meeting import NOWHERE, Meeting, differing
from looptree.search.group.loops.reduced_segment import Segment
from looptree.search.group.loops.tables import Bases, Depth, LoopTable, depths_of

Item = TypeVar("Item")
ANYWHERE = TensorRule()


@dataclass(frozen=True, slots=True)
class Nesting:
    """Loops of a nested branch, which stand inside those of the group.

    A place inside the branch is counted on from those outside of it: below `outer` loops of the group and d of the
    branch it is number `outer` + 1 + d.

    Attributes:
        outer: loops of the group. rows: of the tensors that may be stored inside the branch.
    """

    outer: int
    rows: frozenset[int]

    def depths(self, sweeps: Sequence[int], forgets: Sequence[bool]) -> list[Depth]:
        """Places of a tensor inside the branch that are worth trying: all loops of the group stand still there."""
        anew = [max(sweep, self.outer) for sweep in sweeps[self.outer :]]
        found = depths_of(anew, forgets, range(len(anew)))
        return [Depth(self.outer + 1 + depth.loops, depth.sweep) for depth in found]


@dataclass(frozen=True, eq=False, slots=True)
class Pattern:
    """A loop order and where some of its intermediates are kept.

    Attributes:
        loops: those that have a table of their own, and joined ones. positions: of each in the loop order.
        tables: of each of them, with what it forgets. bases: what no loop changes.
        forgotten: per loop of the order, the intermediates that each of its steps starts anew.
        places: per intermediate that is decided, loops above its node and whether nothing is computed again.
        undecided: rows of the intermediates that are left, from the sinks upwards.
        met: what the tables only bound from below, because loops meet. reduced: whether they are those of a reduced
            segment; see `looptree.search.group.loops.reduced`. base: the same where no place is decided that is none
            of the design, but of that segment, if some are. segment: the one that all decisions keep to, if any.
        nesting: which of the loops stand above a nested branch, if any do.
        apart: the same with a table for each loop, where loops are joined because they meet.
    """

    loops: tuple[Loop, ...]
    positions: Positions
    tables: tuple[LoopTable, ...]
    bases: Bases
    forgotten: tuple[frozenset[str], ...]
    places: Mapping[int, tuple[int, bool]]
    undecided: tuple[int, ...]
    met: Meeting = NOWHERE
    reduced: bool = False
    base: Pattern | None = None
    segment: Segment | None = None
    nesting: Nesting | None = None
    apart: Pattern | None = None

    @property
    def separable(self) -> bool:
        """Whether the counts are products of the tables."""
        return not self.met and not differing(self.tables)

    def depths(self, row: int, rule: TensorRule = ANYWHERE) -> list[Depth]:
        """Places of a tensor that are worth trying; at the first one nothing starts anew.

        Where a rule allows no such place, the first one is above all loops: there only a spilled tensor may be kept.
        """
        sweeps, forgets = self.sweeps(row), self.forgets(row)
        if rule.drop:
            sweeps = self.sweeps(row, drop=True)
        outer = len(self.forgotten) if self.nesting is None else self.nesting.outer
        found = depths_of(sweeps, forgets, rule.depths(outer))
        if not found or any(forgets[: found[0].sweep]):
            found.insert(0, Depth(0, 0))
        if self.nesting is not None and row in self.nesting.rows:
            found += self.nesting.depths(sweeps, forgets)
        return found

    def forgets(self, row: int) -> list[bool]:
        """Per loop of the order, whether it matters to a tensor that its steps start anew."""
        return self._in_order([[bool(lost[row]) for lost in t.forgets] for t in self.tables])

    def sweeps(self, row: int, *, drop: bool = False) -> list[int]:
        """Of a node of a tensor below so many loops, those above the innermost relevant one: they stand still.

        Where overlap is dropped, that one stands still, too.
        """
        count = len(self.forgotten)
        found = [0] * (count + 1)
        for table, own in zip(self.tables, self.positions, strict=True):
            for above in range(1, count + 1):
                inside = sum(position < above for position in own)
                for loop in range(inside):
                    if table.moves[inside, loop][row]:
                        found[above] = max(found[above], own[loop] + drop)
        return found

    def picked(self, columns: Sequence[int]) -> tuple[tuple[Rank, int], ...]:
        """The loops of the order with their tile shapes, given the column of each table."""
        loops = [zip(loop.ranks, loop.tiles[at], strict=True) for loop, at in zip(self.loops, columns, strict=True)]
        return tuple(self._in_order([list(listed) for listed in loops]))

    def _in_order(self, listed: Sequence[Sequence[Item]]) -> list[Item]:
        """What belongs to the loops of each table, in the loop order."""
        by_position = {
            position: item
            for items, own in zip(listed, self.positions, strict=True)
            for position, item in zip(own, items, strict=True)
        }
        return [by_position[position] for position in sorted(by_position)]
