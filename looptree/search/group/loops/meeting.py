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
(`looptree.search.group.patterns.joining`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np

from looptree.model.axis import Array
from looptree.model.box import Key
from looptree.search.group.loops.bounds import complete_layers, compulsory_words
from looptree.search.group.loops.factors import Factors
from looptree.search.group.loops.passes import Needs
from looptree.search.group.loops.profile import Profiler
from looptree.search.group.loops.tables import Bases, LoopTable, bases_of
from looptree.search.group.loops.whole import left


@dataclass(frozen=True, slots=True)
class Meeting:
    """What the product of some tables does not count.

    Attributes:
        tensors, layers: rows of tensors, and of layers.
        bounds: of some of the tensors.
        blurred: whether the tables are those of fewer decisions, because after the last one relevance depends on the
            tile shapes.
    """

    tensors: frozenset[int]
    layers: frozenset[int]
    bounds: frozenset[Bound] = frozenset()
    blurred: bool = False

    def __bool__(self) -> bool:
        return bool(self.tensors or self.layers or self.blurred)


@dataclass(frozen=True, slots=True)
class Bound:
    """What is known of a tensor where loops meet, besides the tables.

    Attributes:
        row: of the tensor. reader: position of a reader whose needs are products, if there is one.
        enters: words of a sweep along what that reader's loops do not move; without a reader, all that enters at least.
        begun: words of the first window along what no loop narrows, 0 if it is no product.
    """

    row: int
    reader: int | None
    enters: float
    begun: float


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
        self._begun: dict[tuple[int, ...], tuple[tuple[Mapping[str, Needs], ...], dict[int, float]]] = {}

    def of(self, tables: Sequence[LoopTable]) -> Meeting:
        """Where the loops of some tables meet, and all that is upstream of it."""
        rows = self.crossing(tables)
        works = {row for row in range(len(self.layers)) if _overlap([t.ranks[row] for t in tables])}
        if not rows and not works:
            return NOWHERE
        upstream: set[int] = set()
        for row in reversed(range(len(self.layers))):
            einsum = self.part.einsum(self.layers[row])
            if row in works or self.row_of.get(einsum.output.tensor) in rows | upstream:
                works.add(row)
                upstream |= {self.row_of[tensor] for tensor in einsum.reads if tensor in self.row_of}
                upstream |= {self.row_of[name] for name, (_, by) in self.profiler.apart.items() if by == einsum.name}
        found = frozenset(rows | upstream)
        begun = self.begun(tables)
        bounds = frozenset(self._bound(row, tables, begun, apart=row not in upstream) for row in found)
        return Meeting(found, frozenset(works), bounds)

    def pairs(self, tables: Sequence[LoopTable]) -> list[tuple[int, int]]:
        """Which of some tables are of loops that meet."""
        return [(i, j) for i, j in combinations(range(len(tables)), 2) if self.of([tables[i], tables[j]])]

    def crossing(self, tables: Sequence[LoopTable]) -> set[int]:
        """Rows of the tensors at which the loops of some tables meet."""
        return self.overlapping(tables) | {self.row_of[tensor] for tensor in differing(tables)}

    def overlapping(self, tables: Sequence[LoopTable]) -> set[int]:
        """Rows of the tensors of which two of some loops move one dimension."""
        return {row for row in range(len(self.tensors)) if _overlap([t.dimensions[row] for t in tables])}

    def _bound(self, row: int, tables: Sequence[LoopTable], begun: Mapping[int, float], *, apart: bool) -> Bound:
        """What is known of a tensor; `apart`: all its readers are where no loops meet."""
        tensor = self.tensors[row]
        if tensor not in self.part.inputs:
            return Bound(row, None, 0.0, begun.get(row, 0.0))
        sizes = []
        for reader in range(len(tables[0].needs[tensor].readers)) if apart else ():
            factors = [table.needs[tensor].readers[reader] for table in tables]
            words = left(self.profiler.whole.reads[tensor][reader], tuple(f.dimensions for f in factors))
            if words is not None:
                sizes.append((sum(map(_amount, factors)), -reader, words))
        if sizes:
            _, reader, words = max(sizes)
            return Bound(row, -reader, words, begun.get(row, 0.0))
        return Bound(row, None, float(self._compulsory.get(tensor, 0)), begun.get(row, 0.0))

    def begun(self, tables: Sequence[LoopTable]) -> dict[int, float]:
        """Words of the first window of each tensor along what no loop narrows, if it is a product."""
        every = tuple(table.needs for table in tables)
        key = tuple(map(id, every))
        if key not in self._begun:
            self._begun[key] = every, self._begun_of(every)
        return self._begun[key][1]

    def _begun_of(self, every: Sequence[Mapping[str, Needs]]) -> dict[int, float]:
        """The same, from what is needed of each tensor."""
        found: dict[int, float] = {}
        mixed: set[str] = set()
        for row, tensor in enumerate(self.tensors):
            needs = [known[tensor] for known in every if tensor in known]
            if not needs or _overlap([n.narrowed for n in needs]):
                mixed.add(tensor)
                continue
            words = left(self.profiler.whole.asked[tensor][-1], tuple(n.begun[0] for n in needs))
            found[row] = words or 0.0
        for name in reversed(self.layers):
            einsum = self.part.einsum(name)
            if einsum.output.tensor in mixed and self.part.consumers(einsum.output.tensor):
                mixed |= set(einsum.reads)
        return {row: words for row, words in found.items() if self.tensors[row] not in mixed}

    @cached_property
    def _compulsory(self) -> Mapping[str, int]:
        return compulsory_words(self.part)

    @cached_property
    def complete(self) -> frozenset[str]:
        """Layers that run all their operations in every design."""
        return complete_layers(self.part)

    def without(self, table: LoopTable, met: Meeting) -> LoopTable:
        """A table with bounds where loops meet."""
        rows, works = sorted(met.tensors), sorted(met.layers)
        fresh = [put(entries, rows, 0.0) for entries in table.fresh]
        held = [put(entries, rows, 0.0) for entries in table.held]
        moves = {key: put(entries, rows, False) for key, entries in table.moves.items()}
        for known in met.bounds:
            needs = table.needs.get(self.tensors[known.row])
            for own in range(len(fresh)):
                of_reader = 1.0 if known.reader is None or needs is None else needs.readers[known.reader].fresh[own]
                fresh[own][known.row] = of_reader
                held[own][known.row] = self.window(known.row, needs, own) if known.begun else 0.0
            for key, entries in moves.items():
                entries[known.row] = known.reader is not None and self._whole_needs and table.moves[key][known.row]
        return replace(
            table,
            fresh=tuple(fresh),
            held=tuple(held),
            moves=moves,
            forgets=tuple(put(entries, rows, False) for entries in table.forgets),
            operations=put(table.operations, works, 1.0),
            cycles=put(table.cycles, works, 1.0),
            points=put(table.points, works, 1.0),
            steps=put(table.steps, works if self.profiler.fills else (), 1.0),
            dimensions=tuple(frozenset() if row in met.tensors else d for row, d in enumerate(table.dimensions)),
            ranks=tuple(frozenset() if row in met.layers else r for row, r in enumerate(table.ranks)),
        )

    def window(self, row: int, needs: Needs | None, own: int) -> Array | float:
        """What some loops leave at least of the window of a tensor below so many of them; 0 if nothing is known."""
        if needs is None:
            return 0.0
        if own:
            return needs.begun[1]
        extents = self.profiler.whole.asked[self.tensors[row]][-1]
        return float(math.prod(extents[dimension] for dimension in needs.begun[0]))

    @property
    def _whole_needs(self) -> bool:
        """Whether the steps of a loop need together what is needed without it."""
        return len(self.complete) == len(self.part.einsums)

    def bases(self, tables: Sequence[LoopTable], met: Meeting) -> Bases:
        """What no loop changes, with bounds where loops meet.

        Args:
            tables: as they are, without bounds.

        Raises:
            InseparableError: two loops change the same dimension or rank, but do not meet.
        """
        listed = [self.without(table, met) if met else table for table in tables]
        bases = bases_of(self.profiler, self.tensors, self.layers, listed)
        if not met:
            return bases
        idle = [row for row in met.layers if self.layers[row] not in self.complete]
        operations, cycles = put(bases.operations, idle, 0.0), put(bases.cycles, idle, 0.0)
        for row in met.layers - set(idle):
            cycles[row] = self.profiler.fewest_cycles(self.layers[row])
        words, windows = bases.words.copy(), bases.windows.copy()
        for known in met.bounds:
            words[known.row], windows[known.row] = known.enters, known.begun
        reads = self.reads_where(bases.reads, met)
        return replace(bases, words=words, windows=windows, operations=operations, cycles=cycles, reads=reads)

    def reads_where(self, reads: Array, met: Meeting) -> Array:
        """What the readers of tensors with several ask for, nothing where loops meet."""
        rows = [row for row, (_, _, name) in enumerate(self.profiler.readers) if self.layers.index(name) in met.layers]
        return put(reads, rows, 0.0)


def _overlap(moved: Sequence[frozenset[Key]]) -> bool:
    return sum(map(len, moved)) > len(frozenset().union(*moved))


def _amount(factors: Factors) -> float:
    """How much a reader needs, roughly."""
    return float(np.log(np.maximum(factors.held[-1], 1.0)).mean() + np.log(np.maximum(factors.fresh[-1], 1.0)).mean())


def put(entries: Array, rows: Sequence[int], value: float) -> Array:
    """Entries with one value in some rows."""
    changed = entries.copy()
    changed[list(rows)] = value
    return changed
