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

import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array
from looptree.model.box import Coupled, Key
from looptree.search.asked.loops import Loop, Positions
from looptree.search.asked.restrictions import Restrictions
from looptree.search.group.loops.bounds import complete_layers, operations_per_word, words_read
from looptree.search.group.loops.inferred import EVERYTHING, Hearing, Reading
from looptree.search.group.loops.loop_tables import LoopTables
from looptree.search.group.loops.meeting import Meeting, Meetings, put
from looptree.search.group.loops.profile import left
from looptree.search.group.loops.tables import Bases, InseparableError, LoopTable, bases_of

Forgotten = tuple[frozenset[str], ...]
"""Per loop, the intermediates that each of its steps starts anew."""
NOTHING, WHOLE, FIRST, EVERY = "nothing", "whole", "first", "every"


@dataclass(frozen=True, eq=False, slots=True)
class Reduced:
    """Tables that bound a loop order from below, and what no loop changes of them."""

    tables: tuple[LoopTable, ...]
    bases: Bases


class Reductions:
    """The reduced segments of one segment.

    Args:
        known: where the loops of the segment meet. restrictions: what its loops may be.
    """

    def __init__(self, known: Meetings, restrictions: Restrictions) -> None:
        self.known = known
        self.part = known.part
        self.restrictions = restrictions
        self._segments: dict[Hearing, _Segment] = {}

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
                own = segment.tables(loops, positions, segment.starting(forgotten, met))
            except (InseparableError, UnsupportedError, Coupled):
                return None
            crossing = segment.known.crossing(own)
            if not crossing:
                return segment.bounded(loops, positions, forgotten, tables, met)
            segment = self._further(segment, crossing, loops, positions, forgotten, met)
        return None

    def _segment(self, hearing: Hearing) -> _Segment:
        if hearing not in self._segments:
            self._segments[hearing] = _Segment(self, hearing)
        return self._segments[hearing]

    def _further(
        self,
        segment: _Segment,
        crossing: Collection[int],
        loops: Sequence[Loop],
        positions: Positions,
        forgotten: Forgotten,
        met: Meeting,
    ) -> _Segment | None:
        """A segment in which loops meet at one tensor less: the one in which most of it enters."""
        tensor = next(
            (
                name
                for name in (*(e.output.tensor for e in reversed(self.part.einsums)), *self.part.inputs)
                if self.known.row_of.get(name) in crossing and len(segment.readings(name)) > 1
            ),
            None,
        )
        if tensor is None:
            return None
        row, listed = self.known.row_of[tensor], segment.readings(tensor)
        ignored, common = segment.hearing.ignored, segment.hearing.common
        choices = [Hearing(ignored.union(one for one in listed if one != kept), common) for kept in listed]
        best, most = None, -math.inf
        for other in map(self._segment, (*choices, Hearing(ignored, common | {tensor}))):
            try:
                tables = other.tables(loops, positions, other.starting(forgotten, met))
            except (InseparableError, UnsupportedError, Coupled):
                continue
            amount = sum(_amount(table, row) for table in tables)
            if amount > most and row not in other.known.crossing(tables):
                best, most = other, amount
        return best


@dataclass(frozen=True, slots=True)
class _Window:
    """A product that is no larger than the window of a tensor.

    Attributes:
        words: that no loop changes. sources: where the factor of each table comes from, `NOTHING` for 0, `WHOLE` for
            the first step of the segment, `FIRST` for that of the reduced one, `EVERY` for the largest of its steps.
    """

    words: float
    sources: tuple[str, ...]


class _Segment:
    """One reduced segment.

    Args:
        reductions: of the segment. hearing: readings that count.
    """

    def __init__(self, reductions: Reductions, hearing: Hearing) -> None:
        known = reductions.known
        self.full = known
        self.part = known.part
        self.hearing = hearing
        profiler = known.profiler.where(hearing)
        self.known = Meetings(profiler, known.tensors, known.layers)
        self.loops = LoopTables(profiler, known.tensors, known.layers, reductions.restrictions)
        self._bounded: dict[tuple[object, ...], LoopTable] = {}

    def readings(self, tensor: str) -> list[Reading]:
        """Those of a tensor that count."""
        inputs = ((e.name, number, access.tensor) for e in self.part.einsums for number, access in enumerate(e.inputs))
        return [(name, at) for name, at, read in inputs if read == tensor and (name, at) not in self.hearing.ignored]

    def feeds(self, tensor: str, met: Meeting) -> frozenset[str]:
        """What the readers make, as far as these are where loops meet."""
        names = {name for name, _ in self.readings(tensor)}
        return frozenset(
            self.part.einsum(name).output.tensor for name in names if self.full.layers.index(name) in met.layers
        )

    def starting(self, forgotten: Forgotten, met: Meeting) -> Forgotten:
        """What a loop starts anew, as far as all between that and where no loops meet starts anew, too."""
        order = [e.output.tensor for e in reversed(self.part.einsums)]
        found = []
        for names in forgotten:
            anew: set[str] = set()
            for tensor in order:
                if tensor in names and self.feeds(tensor, met) <= anew:
                    anew.add(tensor)
            found.append(frozenset(anew))
        return tuple(found)

    def tables(self, loops: Sequence[Loop], positions: Positions, starting: Forgotten) -> tuple[LoopTable, ...]:
        """Those of the segment as they are; see `LoopTables.tables`."""
        return self.loops.tables(loops, positions, starting)

    def bounded(
        self,
        loops: Sequence[Loop],
        positions: Positions,
        forgotten: Forgotten,
        full: Sequence[LoopTable],
        met: Meeting,
    ) -> Reduced:
        """What these loops take at least."""
        starting = self.starting(forgotten, met)
        own = self.tables(loops, positions, starting)
        windows = {row: self._window(row, own, positions, starting, full, met) for row in met.tensors}
        found = []
        for number, (loop, at, whole) in enumerate(zip(loops, positions, full, strict=True)):
            lost = tuple(starting[position] for position in at)
            sources = frozenset((row, window.sources[number]) for row, window in windows.items())
            key = (loop, lost, id(whole), met, sources)
            if key not in self._bounded:
                self._bounded[key] = self._lowered(self.loops.table(loop, lost), whole, lost, dict(sources), met)
            found.append(self._bounded[key])
        bases = bases_of(self.known.profiler, self.full.tensors, self.full.layers, own)
        below = bases.windows.copy()
        cycles = bases.cycles.copy()
        for row, window in windows.items():
            below[row] = window.words
        for row in met.layers:
            name = self.full.layers[row]
            output, ranks = self.part.einsum(name).output.tensor, frozenset[Key]()
            for table, at in zip(own, positions, strict=True):
                if all(output in starting[position] for position in at):
                    ranks |= table.ranks[row]
            cycles[row] = self.known.profiler.fewest_cycles(name, ranks)
        reads = self.full.reads_where(bases.reads, met)
        return Reduced(tuple(found), replace(bases, cycles=cycles, windows=below, reads=reads))

    def _window(
        self,
        row: int,
        own: Sequence[LoopTable],
        positions: Positions,
        starting: Forgotten,
        full: Sequence[LoopTable],
        met: Meeting,
    ) -> _Window:
        """The largest of the products that are no larger than the window of a tensor in any place."""
        tensor, nothing = self.full.tensors[row], (NOTHING,) * len(own)
        begun, alone = self.full.begun(full), self.known.begun(own)
        found = [_Window(0.0, nothing)]
        if row in begun:
            found.append(_Window(begun[row], (WHOLE,) * len(own)))
        if row in alone:
            found.append(_Window(alone[row], (FIRST,) * len(own)))
        feeds = self.feeds(tensor, met)
        anew = [all(feeds <= starting[position] for position in at) for at in positions]
        narrowed = [
            table.dimensions[row] if always else table.needs[tensor].narrowed
            for table, always in zip(own, anew, strict=True)
        ]
        if sum(map(len, narrowed)) == len(frozenset().union(*narrowed)):
            driven = tuple(
                table.dimensions[row] if always else table.needs[tensor].begun[0]
                for table, always in zip(own, anew, strict=True)
            )
            words = left(self.known.profiler.whole.asked[tensor][-1], driven) or 0.0
            found.append(_Window(words, tuple(EVERY if always else FIRST for always in anew)))
        return max(found, key=lambda window: self._size(window, row, own, full))

    def _size(self, window: _Window, row: int, own: Sequence[LoopTable], full: Sequence[LoopTable]) -> float:
        """Logarithm of a window below all loops, on average."""
        tables = zip(window.sources, own, full, strict=True)
        factors = [
            np.maximum(self._held(source, row, table, whole, len(table.held) - 1), 1e-9)
            for source, table, whole in tables
        ]
        return float(np.log(max(window.words, 1e-9)) + sum(np.log(factor).mean() for factor in factors))

    def _held(self, source: str, row: int, table: LoopTable, whole: LoopTable, own: int) -> Array | float:
        """What loops leave at least of the window of a tensor below so many of them."""
        tensor = self.full.tensors[row]
        if source == EVERY:
            return np.asarray(table.held[own][row])
        if source == WHOLE:
            return self.full.window(row, whole.needs.get(tensor), own)
        return self.known.window(row, table.needs.get(tensor), own) if source == FIRST else 0.0

    def _lowered(
        self,
        table: LoopTable,
        whole: LoopTable,
        lost: Forgotten,
        sources: Mapping[int, str],
        met: Meeting,
    ) -> LoopTable:
        """A table of the reduced segment with bounds where it does not say what the segment takes at least.

        Args:
            whole: the table of the segment. lost: what each of the loops starts anew. sources: of windows.
        """
        fresh, held = [entries.copy() for entries in table.fresh], [entries.copy() for entries in table.held]
        for row, source in sources.items():
            feeds = self.feeds(self.full.tensors[row], met)
            for own in range(len(fresh)):
                if own and not all(feeds <= names for names in lost[:own]):
                    fresh[own][row] = fresh[own - 1][row]
                held[own][row] = self._held(source, row, table, whole, own)
        works = sorted(met.layers)
        still = [row for row in works if not all(self._made(row) in names for names in lost)]
        return replace(
            table,
            fresh=tuple(fresh),
            held=tuple(held),
            forgets=tuple((less != more).any(axis=1) for less, more in itertools.pairwise(fresh)),
            cycles=put(table.cycles, still, 1.0),
            points=put(table.points, works, 1.0),
            steps=put(table.steps, works if self.full.profiler.fills else (), 1.0),
            ranks=tuple(frozenset() if row in met.layers else ranks for row, ranks in enumerate(table.ranks)),
            uneven=whole.uneven,
            covering=whole.covering,
            alike=whole.alike,
            needs=whole.needs,
            reads=whole.reads,
            read=whole.read,
        )

    def _made(self, row: int) -> str:
        return self.part.einsum(self.full.layers[row]).output.tensor


def _amount(table: LoopTable, row: int) -> float:
    """How much enters of a tensor, roughly."""
    return float(sum(np.log(np.maximum(table.fresh[own][row], 1.0)).mean() for own in (0, -1)))
