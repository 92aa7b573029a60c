"""Where loops of a group meet: what a product of their tables counts there, and what it does not.

Loops over different ranks meet where they move one dimension of a tensor, or let readers of a tensor rest at different
steps: what is needed along one loop then depends on the step of another. Needs are found from the sinks upwards. So all
that is not upstream of such a place is as in the segment without the layers upstream of it, in which no loops meet:
there the product of the tables of single loops is exact.

The rest is bounded from below, tensor by tensor:

- At the first step of all loops nothing is there yet. All that is needed is fresh, and upstream of it everything is a
  function of the first tiles alone. If each dimension is narrowed by one loop only, as far as any reader goes, the
  first window is the product of the first windows of single loops. The first window of a place below some of the loops
  is no smaller than the same product over these: all steps of the others together need what is needed without them,
  because nothing was there before.
- Of a tensor whose readers differ, what one reader needs is a product of its tables. All of them together need no less
  in a sweep: what is fresh in a sweep is the union of its steps. Along one loop, what is needed is the hull over the
  steps of the others; so a loop that moves it by itself also moves it among others.
- What is upstream takes what every design takes: compulsory transfers, every operation of a complete layer once, on an
  array as full as without tiles.

What these bounds leave over is counted with one table for the loops that meet
(`looptree.search.group.patterns.Patterns.joined`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from looptree.model.axis import Array
from looptree.model.box import Key
from looptree.search.asked.loops import Positions
from looptree.search.group.bounds import complete_layers, compulsory_words, operations_per_word
from looptree.search.group.factors import Factors
from looptree.search.group.passes import Needs
from looptree.search.group.profile import Profiler, left
from looptree.search.group.tables import Bases, LoopTable, bases_of
from looptree.workload import Affine, Einsum


@dataclass(frozen=True, slots=True)
class Meeting:
    """What the product of some tables does not count.

    Attributes:
        tensors, layers: rows of tensors, and of layers.
        bounds: of some of the tensors.
        carriers: how many of the tables, those of the outermost loops, count as if there were no other loops.
        blurred: whether the tables are those of fewer decisions, because after the last one relevance depends on the
            tile shapes.
    """

    tensors: frozenset[int]
    layers: frozenset[int]
    bounds: frozenset[Bound] = frozenset()
    carriers: int = 0
    blurred: bool = False

    def __bool__(self) -> bool:
        return bool(self.tensors or self.layers or self.blurred)


@dataclass(frozen=True, slots=True)
class Bound:
    """What is known of a tensor where loops meet, besides the tables.

    Attributes:
        row: of the tensor. reader: position of a reader whose needs are products and counted, if there are no carriers.
        enters: words of a sweep along what these loops do not move; without a reader or carriers, all that enters.
        starter: position of what begins with a window that is a product: a reader, or -1 for all of them together.
        begun: words of that window along what no loop narrows, 0 if none is a product.
        moved: whether a loop that moves it by itself does so among the others.
    """

    row: int
    reader: int | None
    enters: float
    starter: int
    begun: float
    moved: bool


NOWHERE = Meeting(frozenset(), frozenset())
BLURRED = Meeting(frozenset(), frozenset(), blurred=True)


def differing(tables: Sequence[LoopTable]) -> frozenset[str]:
    """Tensors whose readers differ in a way that is no product of tables.

    They may where readers rest at different steps of a loop. They do not if one reader covers the needs of all others
    along every loop, or if the readers differ along one loop only.
    """
    if len(tables) < 2:
        return frozenset()
    uneven = frozenset[str]().union(*(t.uneven for t in tables))
    return frozenset(
        tensor
        for tensor in uneven
        if not frozenset.intersection(*(t.covering[tensor] for t in tables))
        and sum(tensor not in t.alike for t in tables) > 1
    )


class Meetings:
    """Where the loops of one segment meet.

    Args:
        profiler: of the segment. tensors, layers: the rows of its tables.
    """

    def __init__(self, profiler: Profiler, tensors: Sequence[str], layers: Sequence[str]) -> None:
        self.profiler = profiler
        self.part = profiler.part
        self.tensors = tensors
        self.layers = layers
        self.row_of = {tensor: row for row, tensor in enumerate(tensors)}

    def meet(self, tables: Sequence[LoopTable]) -> bool:
        """Whether the loops of some tables meet anywhere."""
        return any(map(bool, self._rows(tables)))

    def _rows(self, tables: Sequence[LoopTable]) -> tuple[set[int], set[int]]:
        """Rows of tensors and of layers where loops meet."""
        rows = {row for row in range(len(self.tensors)) if _overlap([t.dimensions[row] for t in tables])}
        rows |= {self.row_of[tensor] for tensor in differing(tables)}
        return rows, {row for row in range(len(self.layers)) if _overlap([t.ranks[row] for t in tables])}

    def of(self, tables: Sequence[LoopTable], positions: Positions, least: Meeting | None = None) -> Meeting:
        """Where the loops of some tables meet, and all that is upstream of it; no less than another meeting has."""
        rows, works = self._rows(tables)
        if least is not None:
            rows, works = rows | least.tensors, works | least.layers
        if not rows and not works:
            return NOWHERE
        upstream: set[int] = set()
        for row in reversed(range(len(self.layers))):
            einsum = self.part.einsum(self.layers[row])
            if row in works or self.row_of.get(einsum.output.tensor) in rows | upstream:
                works.add(row)
                upstream |= {self.row_of[tensor] for tensor in einsum.reads if tensor in self.row_of}
        found = frozenset(rows | upstream)
        begun, carriers = self._begun(tables), self.carriers(tables, positions)
        bounds = frozenset(self._bound(row, tables, begun, carriers, apart=row not in upstream) for row in found)
        return Meeting(found, frozenset(works), bounds, carriers)

    def carriers(self, tables: Sequence[LoopTable], positions: Positions) -> int:
        """How many of the tables, those of the outermost loops, count as if there were no others; 0 if that is open."""
        if not self.plain or not self._whole_needs or not all(map(_begins, tables)):
            return 0
        if not all(self._contiguous(row, tables) for row in range(len(self.layers))):
            return 0
        for count in range(len(tables) - 1, 0, -1):
            outer, others = (list(itertools.chain(*some)) for some in (positions[:count], positions[count:]))
            apart = not self.meet(tables[:count]) and all(t.boxed for t in tables[:count])
            if max(outer) < min(others) and apart and self._gapless(tables[:count], tables[count:]):
                return count
        return 0

    @staticmethod
    def _gapless(tables: Sequence[LoopTable], others: Sequence[LoopTable]) -> bool:
        """Whether readers leave no gaps along some loops that others might not leave.

        Those of a tensor leave none along several loops together if they leave none along single ones, and one of them
        covers the others or they differ along one loop only. Where all of them are active, there are the same gaps at
        the first step of other loops that do not narrow the tensor there.
        """
        for tensor in tables[0].covering:
            together = frozenset.intersection(*(t.covering[tensor] for t in tables))
            if len(tables) > 1 and not together and sum(tensor not in t.alike for t in tables) > 1:
                return False
            whole = not any(t.needs[tensor].begun[-1][0] for t in others)
            if any(tensor in (t.torn if whole and len(tables) == 1 else t.gaps) for t in tables):
                return False
        return True

    @cached_property
    def plain(self) -> bool:
        """Whether layers above sinks write through ranks of their own, and a reader asks for all of each tensor."""
        whole, sinks = self.profiler.whole, self.profiler.sinks
        return all(operations_per_word(e) for e in self.part.einsums if e.name not in sinks) and all(
            any(extents == whole.tensors[tensor] for extents in readers)
            for tensor, readers in whole.reads.items()
            if tensor in whole.tensors
        )

    def _contiguous(self, row: int, tables: Sequence[LoopTable]) -> bool:
        """Whether a layer reads no gaps, however long the pieces are that the loops leave of the ranks they move."""
        einsum = self.part.einsum(self.layers[row])
        moved = self.profiler.cut(einsum.name).union(*(t.ranks[row] for t in tables))
        return all(_without_gaps(form, einsum, moved) for access in einsum.inputs for form in access.projection)

    def _bound(
        self,
        row: int,
        tables: Sequence[LoopTable],
        begun: Mapping[int, tuple[int, float]],
        carriers: int,
        *,
        apart: bool,
    ) -> Bound:
        """What is known of a tensor; `apart`: all its readers are where no loops meet."""
        tensor = self.tensors[row]
        starter, words = begun.get(row, (-1, 0.0))
        if apart and not words:
            starter, words = self._begun_of_readers(tensor, tables)
        if carriers:
            enters = left(self.profiler.whole.extents(tensor), tuple(t.dimensions[row] for t in tables[:carriers]))
            return Bound(row, None, enters or 0.0, starter, words, moved=apart or row in begun)
        sizes = []
        for reader in range(len(tables[0].needs[tensor].readers)) if apart and tensor in self.part.inputs else ():
            factors = [table.needs[tensor].readers[reader] for table in tables]
            entering = left(self.profiler.whole.reads[tensor][reader], tuple(f.dimensions for f in factors))
            if entering is not None:
                sizes.append((sum(map(_amount, factors)), -reader, entering))
        if sizes:
            _, reader, entering = max(sizes)
            return Bound(row, -reader, entering, starter, words, moved=self._whole_needs)
        return Bound(row, None, float(self._compulsory.get(tensor, 0)), starter, words, moved=False)

    def _begun(self, tables: Sequence[LoopTable]) -> dict[int, tuple[int, float]]:
        """Words of the first window of each tensor along what no loop narrows, if it is a product."""
        found: dict[int, tuple[int, float]] = {}
        mixed: set[str] = set()
        for row, tensor in enumerate(self.tensors):
            needs = [table.needs[tensor] for table in tables if tensor in table.needs]
            if not needs or _overlap([n.narrowed for n in needs]):
                mixed.add(tensor)
                continue
            words = left(self.profiler.whole.asked[tensor][-1], tuple(n.begun[-1][0] for n in needs))
            found[row] = -1, words or 0.0
        for name in reversed(self.layers):
            einsum = self.part.einsum(name)
            if einsum.output.tensor in mixed and self.part.consumers(einsum.output.tensor):
                mixed |= set(einsum.reads)
        return {row: first for row, first in found.items() if self.tensors[row] not in mixed}

    def _begun_of_readers(self, tensor: str, tables: Sequence[LoopTable]) -> tuple[int, float]:
        """The same of the reader with the largest first window that is a product; 0 if there is none."""
        sizes = [(0.0, 0, 0.0)]
        needs = [table.needs[tensor] for table in tables]
        for reader, extents in enumerate(self.profiler.whole.reads[tensor]):
            words = left(extents, tuple(n.begun[reader][0] for n in needs))
            if words is not None:
                sizes.append((words * math.prod(float(n.begun[reader][1].mean()) for n in needs), -reader, words))
        _, reader, words = max(sizes)
        return -reader, words

    @cached_property
    def _compulsory(self) -> Mapping[str, int]:
        return compulsory_words(self.part)

    @cached_property
    def _complete(self) -> frozenset[str]:
        return complete_layers(self.part)

    def without(self, table: LoopTable, met: Meeting, at: int) -> LoopTable:
        """A table with bounds where loops meet.

        Args:
            at: its place among the tables; the first one has what no loop changes, too.
        """
        rows, works = sorted(met.tensors), sorted(met.layers)
        carries = at < met.carriers
        fresh = [_put(entries, rows, 0.0) for entries in table.fresh]
        held = [_put(entries, rows, 0.0) for entries in table.held]
        moves = {key: _put(entries, rows, False) for key, entries in table.moves.items()}
        forgets = [_put(entries, rows, False) for entries in table.forgets]
        for known in met.bounds:
            row, needs = known.row, table.needs.get(self.tensors[known.row])
            enters, begun = (1.0, 1.0) if at else (known.enters, known.begun)
            for own in range(len(fresh)):
                fresh[own][row] = self._entering(known, table, needs, own, carries=carries) * enters
                held[own][row] = self._window(known, needs, own) * begun
            for key, entries in moves.items():
                entries[row] = known.moved and table.moves[key][row]
            for loop, lost in enumerate(forgets):
                lost[row] = carries and table.forgets[loop][row]
        skipping = [row for row in works if self._skips(self.layers[row])] if carries else works
        if carries:
            works = []
        return replace(
            table,
            fresh=tuple(fresh),
            held=tuple(held),
            moves=moves,
            forgets=tuple(forgets),
            operations=_put(table.operations, works, 1.0),
            cycles=_put(table.cycles, skipping, 1.0),
            points=_put(table.points, works, 1.0),
            steps=_put(table.steps, works if self.profiler.fills else (), 1.0),
            dimensions=tuple(frozenset() if row in met.tensors else d for row, d in enumerate(table.dimensions)),
            ranks=tuple(frozenset() if row in works else r for row, r in enumerate(table.ranks)),
        )

    def _skips(self, name: str) -> bool:
        """Whether loops may leave out cycles of a layer, some of whose ranks are joined."""
        return any(part.fewest < part.cycles for part in self.profiler.whole.operations[name])

    @staticmethod
    def _entering(known: Bound, table: LoopTable, needs: Needs | None, own: int, *, carries: bool) -> Array | float:
        """Words that enter at least along the loops of a table, so many of which start anew."""
        if carries:
            entering: Array = table.fresh[own][known.row]
            return entering
        return 1.0 if known.reader is None or needs is None else needs.readers[known.reader].fresh[own]

    def _window(self, known: Bound, needs: Needs | None, own: int) -> Array | float:
        """What some loops leave at least of the window of a tensor below so many of them; 0 if nothing is known."""
        if needs is None or not known.begun:
            return 0.0
        narrowed, words = needs.begun[known.starter]
        if own:
            return words
        extents = self.profiler.whole.firsts(self.tensors[known.row])[known.starter]
        return float(math.prod(extents[dimension] for dimension in narrowed))

    @property
    def _whole_needs(self) -> bool:
        """Whether the steps of a loop need together what is needed without it."""
        return len(self._complete) == len(self.part.einsums)

    def bases(self, tables: Sequence[LoopTable], met: Meeting) -> Bases:
        """What no loop changes, with bounds where loops meet.

        Args:
            tables: as they are, without bounds.

        Raises:
            InseparableError: two loops change the same dimension or rank, but do not meet.
        """
        listed = [self.without(table, met, at) if met else table for at, table in enumerate(tables)]
        bases = bases_of(self.profiler, self.tensors, self.layers, listed)
        if not met:
            return bases
        idle = [row for row in met.layers if self.layers[row] not in self._complete]
        operations, cycles = _put(bases.operations, idle, 0.0), _put(bases.cycles, idle, 0.0)
        for row in met.layers - set(idle):
            if self._skips(self.layers[row]):
                cycles[row] = self.profiler.fewest_cycles(self.layers[row])
        reads = [row for row, (_, _, name) in enumerate(self.profiler.readers) if self.layers.index(name) in met.layers]
        words = _put(bases.words, sorted(met.tensors), 1.0)
        return Bases(words, operations, cycles, bases.points, _put(bases.reads, reads, 0.0))


def _overlap(moved: Sequence[frozenset[Key]]) -> bool:
    return sum(map(len, moved)) > len(frozenset().union(*moved))


def _begins(table: LoopTable) -> bool:
    """Whether all readers need something at the first step."""
    return all(words.all() for needs in table.needs.values() for _, words in needs.begun)


def _without_gaps(form: Affine, einsum: Einsum, moved: frozenset[Key]) -> bool:
    """Whether a sum of ranks leaves no gap, if those that are moved may be cut into pieces of any length."""
    terms = sorted((abs(c), rank) for rank, c in form.terms if einsum.ranks[rank] > 1)
    reach = 1
    for c, rank in terms:
        if rank not in moved:
            if c > reach:
                return False
            reach += c * (einsum.ranks[rank] - 1)
    return all(c <= reach for c, rank in terms if rank in moved)


def _amount(factors: Factors) -> float:
    """How much a reader needs, roughly."""
    return float(np.log(np.maximum(factors.held[-1], 1.0)).mean() + np.log(np.maximum(factors.fresh[-1], 1.0)).mean())


def _put(entries: Array, rows: Sequence[int], value: float) -> Array:
    changed = entries.copy()
    changed[list(rows)] = value
    return changed
