"""A reduced segment in which the readers of a tensor need all that any of them needs in turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from looptree.search.asked.loops import Loop, Positions
from looptree.search.group.loops.reduced_segment import Forgotten, Segment, Standing
from looptree.search.group.loops.tables import InseparableError, LoopTable


class Turns(Segment):
    """A segment in which one loop is as in that with all readers of a tensor, and all others as with the least of them.

    At each step of that loop one of the readers needs all that any of them needs along it. What it needs along the
    other loops is no less than what the least of all readers does.

    Args:
        base: a segment in which loops meet at the tensor only. tensor: of which all readings are where no loops meet.
        at: number of the table of the loop. alone: segments with one reading of the tensor each.
    """

    def __init__(self, base: Segment, tensor: str, at: int, alone: Sequence[Segment]) -> None:
        super().__init__(base.full, base.loops.restrictions, base.hearing)
        self.tensor = tensor
        self.at = at
        self.alone = alone
        self._least: dict[tuple[int, ...], LoopTable] = {}

    def _tables(self, loops: Sequence[Loop], positions: Positions, starting: Forgotten) -> tuple[LoopTable, ...]:
        every = self.loops.tables(loops, positions, starting)
        listed = zip(*(segment.loops.tables(loops, positions, starting) for segment in self.alone), strict=True)
        return tuple(every[at] if at == self.at else self._least_of(tables) for at, tables in enumerate(listed))

    def _least_of(self, tables: Sequence[LoopTable]) -> LoopTable:
        """The least entries of some tables.

        Raises:
            InseparableError: other coordinates follow the loop in one of them.
        """
        key = tuple(map(id, tables))
        if key not in self._least:
            if any((table.dimensions, table.ranks) != (tables[0].dimensions, tables[0].ranks) for table in tables):
                raise InseparableError
            self._least[key] = replace(
                tables[0],
                fresh=tuple(np.minimum.reduce(each) for each in zip(*(t.fresh for t in tables), strict=True)),
                held=tuple(np.minimum.reduce(each) for each in zip(*(t.held for t in tables), strict=True)),
                moves={key: np.logical_and.reduce([t.moves[key] for t in tables]) for key in tables[0].moves},
                operations=np.minimum.reduce([t.operations for t in tables]),
                cycles=np.minimum.reduce([t.cycles for t in tables]),
                steps=np.minimum.reduce([t.steps for t in tables]),
            )
        return self._least[key]

    def crossing(self, own: Standing) -> set[int]:
        """Those of which loops move one dimension; the tensor only if no reader needs all at each step of the loop."""
        rows = self.known.overlapping(own.tables)
        turns = own.tables[self.at].compared[self.tensor].turns
        return rows if turns else rows | {self.full.row_of[self.tensor]}

    def _exact(self, known: Standing) -> frozenset[str]:
        return frozenset()

    def _begun(self, own: Standing) -> dict[int, float]:
        return {}
