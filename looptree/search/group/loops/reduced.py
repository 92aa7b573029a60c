"""Bounds of what is upstream of a place where loops meet: as if some of the readers there read nothing.

Loops meet where readers of a tensor rest at different steps, or where two of them move one dimension of it. With one of
these readers alone the counts are products of single loops again, or with all of them, but only at steps at which each
of them reads something. Such a *reduced* segment bounds the design:

- Let T be a tensor all of whose readers that count are where no loops meet. At every step at least as much of T is
  needed as in the reduced segment, so that in every sweep at least the union of that is made, or fetched.
- Upstream of T, a step at which T starts anew asks for what makes that union. How the rest of what is needed of T comes
  about is not known: it may all be made at the first step. So only steps count as a new start of what is upstream
  of which everything between it and T starts anew as well; along all other loops the union of all steps is needed once.
  That is no less in whatever pieces it is made, if layers there leave out nothing that a piece as a whole reads.
- T is *exact* where one reading is ahead of all others: at each step of a loop that does not start T anew it has asked
  for all that any of them asks for there, at this step or before. (Of readings that count at common steps only, it has
  to rest wherever another one does.) Then T is made at each step as in the reduced segment, or more of it, and upstream
  of it everything is known as if no loops met; but where more of T may be made at each step of a loop that starts it
  anew, only of what starts anew there as well.
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
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array
from looptree.model.box import Coupled
from looptree.search.asked.loops import Loop, Positions
from looptree.search.asked.restrictions import Restrictions
from looptree.search.group.loops.bounds import operations_per_word, words_read
from looptree.search.group.loops.inferred import EVERYTHING, Hearing
from looptree.search.group.loops.meeting import Meeting, Meetings
from looptree.search.group.loops.reduced_segment import Forgotten, Reduced, Segment, Standing
from looptree.search.group.loops.tables import InseparableError, LoopTable
from looptree.search.group.loops.turns import Turns

EXACT = 0.5  # what it is worth to know what is made at each step: so much more of the tensor, as a logarithm


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
        self._known_even: dict[int, bool] = {}
        self._turns: dict[tuple[Hearing, str, int], Turns] = {}

    def _even(self, layer: int) -> bool:
        """Whether what a layer takes to make some words is no less in whatever pieces it makes them, and others.

        Each word takes equally many operations, and what a piece reads is what each of its words reads.
        """
        if layer not in self._known_even:
            einsum, needed = self.part.einsum(self.known.layers[layer]), self.known.profiler.whole.reads
            extents = {
                tensor: max(
                    math.prod(needed[tensor][at].values())
                    for at, (name, _) in enumerate(self._segment(EVERYTHING).readings[tensor])
                    if name == einsum.name
                )
                for tensor in einsum.reads
            }
            reached = all(words_read(self.part, einsum, tensor) == words for tensor, words in extents.items())
            self._known_even[layer] = reached and operations_per_word(einsum) > 0
        return self._known_even[layer]

    def of(
        self,
        loops: Sequence[Loop],
        positions: Positions,
        forgotten: Forgotten,
        tables: Sequence[LoopTable],
        met: Meeting,
        decided: Collection[str] = (),
    ) -> Reduced | None:
        """Bounds of a loop order whose loops meet; `None` if there is no reduced segment in which they do not.

        Args:
            forgotten: per loop of the order, the intermediates that its steps start anew.
            tables: of the segment, those with the same or where less starts anew. met: where they meet.
            decided: tensors of which it is known which loops start them anew.
        """
        even = not met.blurred and all(map(self._even, met.layers))
        segment = self._segment(EVERYTHING) if even else None
        for _ in range(1 + len(self.known.tensors)):
            if segment is None:
                break
            try:
                own = segment.standing(loops, positions, forgotten, met)
                crossing = segment.crossing(own)
                if not crossing:
                    return segment.bounded(own, tables)
            except (InseparableError, UnsupportedError, Coupled):
                return None
            segment = self._further(segment, crossing, loops, positions, forgotten, met, decided)
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
        decided: Collection[str],
    ) -> Segment | None:
        """A segment in which loops meet at one tensor less: one in which much of it enters, and much is known."""
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
        row, best, most = self.known.row_of[tensor], None, -math.inf
        for other in self._choices(segment, tensor, len(loops) if crossing == {row} else 0, met):
            try:
                own = other.standing(loops, positions, forgotten, met)
            except (InseparableError, UnsupportedError, Coupled):
                continue
            amount = EXACT * (tensor in own.exact) + (
                _entering(own, row) if tensor not in decided else _entering_where_decided(own, row, tensor)
            )
            if amount > most and row not in other.crossing(own):
                best, most = other, amount
        return best

    def _choices(self, segment: Segment, tensor: str, tables: int, met: Meeting) -> Iterator[Segment]:
        """Segments in which loops may not meet at a tensor.

        Args:
            tables: of loops, if they meet nowhere else.
        """
        listed, ignored, common = segment.heard(tensor), segment.hearing.ignored, segment.hearing.common
        alone = [self._segment(Hearing(ignored.union(one for one in listed if one != kept), common)) for kept in listed]
        yield from alone
        yield self._segment(Hearing(ignored, common | {tensor}))
        if not segment.feeds(tensor, met, frozenset()):
            for at in range(tables):
                key = segment.hearing, tensor, at
                if key not in self._turns:
                    self._turns[key] = Turns(segment, tensor, at, alone)
                yield self._turns[key]


def _entering(own: Standing, row: int) -> float:
    """Logarithm of how much enters of a tensor, the sum of all its places below loops; roughly."""
    still, anew = ([_mean(table.fresh[at][row]) for table in own.tables] for at in (0, -1))
    moving = [any(moved[row] for moved in table.moves.values()) for table in own.tables]
    outermost = [at[0] for at in own.positions]
    amount = 0.0
    for above in range(1, 1 + sum(map(len, own.positions))):
        inside = max((at for at, moved in zip(outermost, moving, strict=True) if moved and at < above), default=0)
        amount += sum(a if at < inside else s for at, s, a in zip(outermost, still, anew, strict=True))
    return amount


def _entering_where_decided(own: Standing, row: int, tensor: str) -> float:
    """The same where it is known which loops start it anew."""
    lost = [any(tensor in names for names in own.lost(number)) for number in range(len(own.tables))]
    return sum(_mean(table.fresh[-1 if anew else 0][row]) for table, anew in zip(own.tables, lost, strict=True))


def _mean(entries: Array) -> float:
    return float(np.log(np.maximum(entries, 1.0)).mean())
