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

Each reduced segment bounds all designs of a loop order, and so does the largest of the bounds by several of them. One
that seems to be good serves ranges of tile shapes; single designs are bounded by all of them, because tables of the
loops that meet take much longer. Besides those with fewer readings there are segments with all readers along one loop
and the least of them along the others (`looptree.search.group.loops.together`).

So places of tensors where loops meet, and upstream of it, may be decided in the reduced segment as well: each choice of
places of the design has one in it that takes no more.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress

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
from looptree.search.group.loops.together import Together

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
        self._together: dict[tuple[Hearing, str, int], Together] = {}

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
        segment: Segment | None = None,
    ) -> Reduced | None:
        """Bounds of a loop order whose loops meet; `None` if there is no reduced segment in which they do not.

        Args:
            forgotten: per loop of the order, the intermediates that its steps start anew.
            tables: of the segment, those with the same or where less starts anew. met: where they meet.
            decided: tensors of which it is known which loops start them anew.
            segment: the one to take, if they meet nowhere in it; one that seems to be good if not given.
        """
        known, given = self._first(met) if segment is None else segment, segment is not None
        for _ in range(1 + len(self.known.tensors)):
            if known is None:
                break
            try:
                own = known.standing(loops, positions, forgotten, met)
                crossing = known.crossing(own)
                if not crossing:
                    return known.bounded(own, tables)
            except (InseparableError, UnsupportedError, Coupled):
                return None
            if given:
                break
            ways = self._ways(known, crossing, loops, positions, forgotten, met)
            known = self._further(self._next(known, crossing), ways, decided)
        return None

    def every(
        self, loops: Sequence[Loop], positions: Positions, forgotten: Forgotten, met: Meeting
    ) -> Iterator[Segment]:
        """All reduced segments in which the loops of an order do not meet; arguments as for `of`."""
        waiting = [known for known in (self._first(met),) if known is not None]
        while waiting:
            segment = waiting.pop()
            try:
                crossing = segment.crossing(segment.standing(loops, positions, forgotten, met))
            except (InseparableError, UnsupportedError, Coupled):
                continue
            if not crossing:
                yield segment
            waiting += [found for found, _ in self._ways(segment, crossing, loops, positions, forgotten, met)]

    def _first(self, met: Meeting) -> Segment | None:
        """The segment in which everything counts, if what is upstream may be bounded at all."""
        even = not met.blurred and all(map(self._even, met.layers))
        return self._segment(EVERYTHING) if even else None

    def _segment(self, hearing: Hearing) -> Segment:
        if hearing not in self._segments:
            self._segments[hearing] = Segment(self.known, self.restrictions, hearing)
        return self._segments[hearing]

    def _further(
        self, tensor: str | None, ways: Iterator[tuple[Segment, Standing]], decided: Collection[str]
    ) -> Segment | None:
        """Of some ways not to meet at a tensor, one in which much of it enters, and much is known."""
        best, most = None, -math.inf
        for other, own in ways:
            assert tensor is not None, "there is one to choose readings of"
            row = self.known.row_of[tensor]
            amount = EXACT * (tensor in own.exact) + (
                _entering(own, row) if tensor not in decided else _entering_where_decided(own, row, tensor)
            )
            if amount > most:
                best, most = other, amount
        return best

    def _next(self, segment: Segment, crossing: Collection[int]) -> str | None:
        """The first tensor from the sinks upwards at which loops meet, if several of its readings count."""
        listed = (*(e.output.tensor for e in reversed(self.part.einsums)), *self.part.inputs)
        return next((t for t in listed if self.known.row_of.get(t) in crossing and len(segment.heard(t)) > 1), None)

    def _ways(
        self,
        segment: Segment,
        crossing: Collection[int],
        loops: Sequence[Loop],
        positions: Positions,
        forgotten: Forgotten,
        met: Meeting,
    ) -> Iterator[tuple[Segment, Standing]]:
        """All segments in which loops meet at one tensor less, and the loop order in each."""
        tensor = self._next(segment, crossing)
        if tensor is None:
            return
        row = self.known.row_of[tensor]
        for other in self._choices(segment, tensor, len(loops) if crossing == {row} else 0, met):
            with suppress(InseparableError, UnsupportedError, Coupled):
                own = other.standing(loops, positions, forgotten, met)
                if row not in other.crossing(own):
                    yield other, own

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
                if key not in self._together:
                    self._together[key] = Together(segment, tensor, at, alone)
                yield self._together[key]


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
