"""Bounds of what is upstream of a place where loops meet: as if some of the readers there read nothing.

Loops meet where readers of a tensor rest at different steps, or where two of them move one dimension of it. With one of
these readers alone the counts are products of single loops again, or with all of them, but only at steps at which each
of them reads something. Such a *reduced* segment bounds the design:

- Let T be a tensor all of whose readers that count are where no loops meet. At every step at least as much of T is
  needed as in the reduced segment, so that in every sweep at least the union of that is made, or fetched.
- Upstream of T, a step at which T starts anew asks for what makes that union. How the rest of what is needed of T comes
  about is not known: it may all be made at the first step. So only steps count as a new start of what is upstream
  of which everything between it and T starts anew as well; along all other loops everything is needed once. That is the
  same however it is divided among steps, if nothing is left out between two of them: see `Reductions.whole`.
- A loop that moves a tensor in the reduced segment may leave it where it is in the design. Then the first window of the
  design holds all steps of that loop, as a storage node further out does in the reduced segment, with no more new
  starts. So the best place of the reduced segment is no worse than that of the design.
- Windows of T are no smaller than in the reduced segment. Upstream of it they are at the first step, where nothing was
  there before, and so they are at the first step of each new start. Where the first window of the whole segment is a
  product, and larger, that is taken.
- A layer takes no fewer cycles than the fewest for all that it does in each new start.

So places of tensors where loops meet, and upstream of it, may be decided in the reduced segment as well: each choice of
places of the design has one in it that takes no more.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cached_property

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.box import Coupled
from looptree.search.asked.loops import Loop, Positions
from looptree.search.asked.restrictions import Restrictions
from looptree.search.group.loops.bounds import complete_layers, operations_per_word, words_read
from looptree.search.group.loops.inferred import EVERYTHING, Hearing
from looptree.search.group.loops.meeting import Meeting, Meetings
from looptree.search.group.loops.reduced_segment import Forgotten, Reduced, Segment
from looptree.search.group.loops.tables import InseparableError, LoopTable


class Reductions:
    """The reduced segments of one segment.

    Args:
        known: where the loops of the segment meet. restrictions: what its loops may be.
    """

    def __init__(self, known: Meetings, restrictions: Restrictions) -> None:
        self.known = known
        self.part = known.part
        self.restrictions = restrictions
        self._segments: dict[Hearing, Segment] = {}

    @cached_property
    def whole(self) -> bool:
        """Whether what is needed once is the same however it is divided among steps.

        Every layer runs all its operations, each reading of a tensor reaches all of its words, and each word takes
        equally many operations.
        """
        part, needed = self.part, self.known.profiler.whole.tensors
        makers = [e for e in part.einsums if part.consumers(e.output.tensor)]
        return (
            len(complete_layers(part)) == len(part.einsums)
            and all(operations_per_word(e) > 0 for e in makers)
            and all(
                words_read(part, e, tensor) == math.prod(needed[tensor].values())
                for e in part.einsums
                for tensor in e.reads
            )
        )

    def of(
        self,
        loops: Sequence[Loop],
        positions: Positions,
        forgotten: Forgotten,
        tables: Sequence[LoopTable],
        met: Meeting,
    ) -> Reduced | None:
        """Bounds of a loop order whose loops meet; `None` if there is no reduced segment in which they do not.

        Args:
            forgotten: per loop of the order, the intermediates that its steps start anew.
            tables: of the segment, those with the same or where less starts anew. met: where they meet.
        """
        segment = self._segment(EVERYTHING) if self.whole and not met.blurred else None
        while segment is not None:
            try:
                own = segment.standing(loops, positions, forgotten, met)
            except (InseparableError, UnsupportedError, Coupled):
                return None
            crossing = segment.known.crossing(own.tables)
            if not crossing:
                return segment.bounded(own, tables)
            segment = self._further(segment, crossing, loops, positions, forgotten, met)
        return None

    def _segment(self, hearing: Hearing) -> Segment:
        if hearing not in self._segments:
            self._segments[hearing] = Segment(self.known, self.restrictions, hearing)
        return self._segments[hearing]

    def _further(
        self,
        segment: Segment,
        crossing: Collection[int],
        loops: Sequence[Loop],
        positions: Positions,
        forgotten: Forgotten,
        met: Meeting,
    ) -> Segment | None:
        """A segment in which loops meet at one tensor less: the one in which most of it enters."""
        tensor = next(
            (
                name
                for name in (*(e.output.tensor for e in reversed(self.part.einsums)), *self.part.inputs)
                if self.known.row_of.get(name) in crossing and len(segment.heard(name)) > 1
            ),
            None,
        )
        if tensor is None:
            return None
        row, listed = self.known.row_of[tensor], segment.heard(tensor)
        ignored, common = segment.hearing.ignored, segment.hearing.common
        choices = [Hearing(ignored.union(one for one in listed if one != kept), common) for kept in listed]
        best, most = None, -math.inf
        for other in map(self._segment, (*choices, Hearing(ignored, common | {tensor}))):
            try:
                tables = other.standing(loops, positions, forgotten, met).tables
            except (InseparableError, UnsupportedError, Coupled):
                continue
            amount = sum(_amount(table, row) for table in tables)
            if amount > most and row not in other.known.crossing(tables):
                best, most = other, amount
        return best


def _amount(table: LoopTable, row: int) -> float:
    """How much enters of a tensor, roughly."""
    return float(sum(np.log(np.maximum(table.fresh[own][row], 1.0)).mean() for own in (0, -1)))
