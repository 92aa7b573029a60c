"""Where loops of a group meet: what a product of their tables counts there, and what it does not.

Loops over different ranks meet where they move one dimension of a tensor, or let readers of a tensor rest at different
steps: what is needed along one loop then depends on the step of another. Needs are found from the sinks upwards. So all
that is not upstream of such a place is as in the segment without the layers upstream of it, in which no loops meet:
there the product of the tables of single loops is exact.

The rest is bounded from below. Of a tensor whose readers differ, what one reader needs is such a product, and so is the
hull of what all of them need at the steps at which none rests. No less is needed of it in all: neither at a time, nor in
a sweep (what is fresh in a sweep is the union of its steps). Along one loop, what is needed is the hull over the steps of
the others; so a loop that moves it by itself also moves it among others. What is upstream takes what every design takes:
compulsory transfers, every operation of a complete layer once, on an array as full as without tiles; and no room, unless
no loop moves any of its coordinates: then it is there as a whole. What these bounds leave over is counted with one
table for the loops that meet (`looptree.search.group.Group.joined`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from looptree.model.axis import Array
from looptree.model.box import Key
from looptree.search.bounds import complete_layers, compulsory_words
from looptree.search.profile import Factors, Profiler, left
from looptree.search.tables import Bases, LoopTable, bases_of


@dataclass(frozen=True, slots=True)
class Meeting:
    """What the product of some tables does not count.

    Attributes:
        tensors, layers: rows of tensors, and of layers. readers: of some of the tensors, pairs of the row and the
            position of a reader whose needs are products, or one more for what all need at a time. still: those of the
            tensors that no loop moves.
    """

    tensors: frozenset[int]
    layers: frozenset[int]
    readers: frozenset[tuple[int, int]] = frozenset()
    still: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.tensors or self.layers)


NOWHERE = Meeting(frozenset(), frozenset())


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

    def of(self, tables: Sequence[LoopTable]) -> Meeting:
        """Where the loops of some tables meet, and all that is upstream of it."""
        rows = {row for row in range(len(self.tensors)) if _overlap([t.dimensions[row] for t in tables])}
        rows |= {self.row_of[tensor] for tensor in differing(tables)}
        works = {row for row in range(len(self.layers)) if _overlap([t.ranks[row] for t in tables])}
        if not rows and not works:
            return NOWHERE
        upstream: set[int] = set()
        for row in reversed(range(len(self.layers))):
            einsum = self.part.einsum(self.layers[row])
            if row in works or self.row_of.get(einsum.output.tensor) in rows | upstream:
                works.add(row)
                upstream |= {self.row_of[tensor] for tensor in einsum.reads if tensor in self.row_of}
        several = {row for row in rows - upstream if self.tensors[row] in tables[0].readers}
        chosen = {(row, self._reader(row, tables)) for row in several}
        readers = frozenset((row, reader) for row, reader in chosen if reader is not None)
        still = frozenset(row for row in upstream if not any(t.dimensions[row] for t in tables))
        return Meeting(frozenset(rows | upstream), frozenset(works), readers, still)

    def _reader(self, row: int, tables: Sequence[LoopTable]) -> int | None:
        """The reader of a tensor whose needs are products, and most."""
        tensor = self.tensors[row]
        sizes = []
        for reader in range(len(self.profiler.whole.asked[tensor])):
            factors = self._factors(row, reader, tables)
            if factors is not None and self._words(row, reader, factors) is not None:
                sizes.append((sum(map(_amount, factors)), -reader))
        return -max(sizes)[1] if sizes else None

    def _factors(self, row: int, reader: int, tables: Sequence[LoopTable]) -> list[Factors] | None:
        """What each loop contributes to what a reader needs; `None` if that is no product."""
        listed = [table.readers[self.tensors[row]].factors for table in tables]
        if reader == len(listed[0]) - 1:
            apart = [[f.dimensions for f in known[:-1] if f is not None] for known in listed]
            if _overlap([frozenset[Key]().union(*dimensions) for dimensions in apart]):
                return None  # two readers follow two loops along one dimension
        found = [factors for known in listed if (factors := known[reader]) is not None]
        return found if len(found) == len(tables) else None

    def _words(self, row: int, reader: int, factors: Sequence[Factors]) -> float | None:
        """What a reader needs along the dimensions that no loop moves; `None` if two loops move one."""
        extents = self.profiler.whole.asked[self.tensors[row]][reader]
        return left(extents, tuple(f.dimensions for f in factors))

    def without(self, table: LoopTable, met: Meeting) -> LoopTable:
        """A table with bounds where loops meet."""
        rows, works = sorted(met.tensors), sorted(met.layers)
        kept = sorted(met.still)
        only_read = [row for row in rows if self._enters(row)]
        fresh = [_put(_put(entries, rows, 0.0), only_read, 1.0) for entries in table.fresh]
        held = [_put(_put(entries, rows, 0.0), kept, 1.0) for entries in table.held]
        moves = {key: _put(entries, rows, False) for key, entries in table.moves.items()}
        for row, reader in met.readers:
            known = table.readers[self.tensors[row]].factors[reader]
            assert known is not None, "a reader whose needs are products"
            for own, (enters, stays) in enumerate(zip(fresh, held, strict=True)):
                enters[row] = known.fresh[own] if self._enters(row) else 0.0
                stays[row] = known.held[own]
            for key, entries in moves.items():
                entries[row] = self._whole_needs and table.moves[key][row]
        return replace(
            table,
            fresh=tuple(fresh),
            held=tuple(held),
            moves=moves,
            forgets=tuple(_put(entries, rows, False) for entries in table.forgets),
            operations=_put(table.operations, works, 1.0),
            cycles=_put(table.cycles, works, 1.0),
            points=_put(table.points, works, 1.0),
            dimensions=tuple(frozenset() if row in met.tensors else d for row, d in enumerate(table.dimensions)),
            ranks=tuple(frozenset() if row in met.layers else r for row, r in enumerate(table.ranks)),
        )

    def _enters(self, row: int) -> bool:
        """Whether a tensor is only read, so that all that is fresh enters."""
        return self.tensors[row] in self.part.inputs

    @cached_property
    def _complete(self) -> frozenset[str]:
        return complete_layers(self.part)

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
        if not met:
            return bases_of(self.profiler, self.tensors, self.layers, tables)
        bases = bases_of(self.profiler, self.tensors, self.layers, [self.without(table, met) for table in tables])
        compulsory, words = compulsory_words(self.part), bases.words.copy()
        for row in met.tensors - met.still:
            words[row] = compulsory.get(self.tensors[row], 0)
        for row, reader in met.readers:
            words[row] = self._words(row, reader, self._factors(row, reader, tables) or [])
        idle = [row for row in met.layers if self.layers[row] not in self._complete]
        return Bases(words, _put(bases.operations, idle, 0.0), _put(bases.cycles, idle, 0.0), bases.points)


def _overlap(moved: Sequence[frozenset[Key]]) -> bool:
    return sum(map(len, moved)) > len(frozenset().union(*moved))


def _amount(factors: Factors) -> float:
    """How much a reader needs, roughly."""
    return float(np.log(np.maximum(factors.held[-1], 1.0)).mean() + np.log(np.maximum(factors.fresh[-1], 1.0)).mean())


def _put(entries: Array, rows: Sequence[int], value: float) -> Array:
    changed = entries.copy()
    changed[rows] = value
    return changed
