"""A reduced segment with all readers of a tensor along one loop, and the least of them along all others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from looptree.model.box import Key
from looptree.search.asked.loops import Loop, Positions
from looptree.search.group.loops.reduced_segment import Forgotten, Segment, Standing
from looptree.search.group.loops.tables import LoopTable
from looptree.search.group.loops.windows import Window

PAIR = 2  # readers of which cycles are known where they need parts of a tensor at different steps


class Together(Segment):
    """A segment in which one loop is as in that with all readers of a tensor, and all others as with the least of them.

    At each step of that loop nothing is between what the readers need along it: each point of their hull is one that
    some reader needs. At that point, the reader needs no less along the other loops than the least of all readers does,
    in whatever pieces these loops make of it. So all readers together need no less than the hull, times what the least
    of them needs along the others, with the same new starts. The same holds upstream: what the hull is made of is what
    its points are made of.

    - Two readers may need their parts of the hull at different steps of the other loops. Then no part takes fewer
      cycles than its share, because cycles of parts are rounded up one by one. With more than two readers, some steps
      may be shared by some and others by others, so that shares do not add up: there one reader has to need all of the
      hull at each step of the loop.
    - Windows are no smaller than those of each reader by itself; and than the product, if one reader needs all of the
      hull at each step.

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
        """The least entries of some tables of one loop, each of another one of the segments with one reading."""
        key = tuple(map(id, tables))
        if key not in self._least:
            dimensions = _every([t.dimensions for t in tables])
            ranks = _every([t.ranks for t in tables])
            alike = [_following(s, t, dimensions, ranks) for s, t in zip(self.alone, tables, strict=True)]
            self._least[key] = replace(
                alike[0],
                uneven=frozenset[str]().union(*(t.uneven for t in alike)),
                covering={t: frozenset.intersection(*(o.covering[t] for o in alike)) for t in alike[0].covering},
                alike=frozenset.intersection(*(t.alike for t in alike)),
                fresh=tuple(np.minimum.reduce(each) for each in zip(*(t.fresh for t in alike), strict=True)),
                held=tuple(np.minimum.reduce(each) for each in zip(*(t.held for t in alike), strict=True)),
                moves={key: np.logical_and.reduce([t.moves[key] for t in alike]) for key in alike[0].moves},
                operations=np.minimum.reduce([t.operations for t in alike]),
                cycles=np.minimum.reduce([t.cycles for t in alike]),
                steps=np.minimum.reduce([t.steps for t in alike]),
            )
        return self._least[key]

    def crossing(self, own: Standing) -> set[int]:
        """Those of which loops move one dimension; the tensor only if something is between what its readers need."""
        others = [replace(table, uneven=table.uneven - {self.tensor}) for table in own.tables]
        compared = own.tables[self.at].compared[self.tensor]
        together = compared.turns or (compared.beside and len(self.alone) <= PAIR)
        return self.known.crossing(others) | (set() if together else {self.full.row_of[self.tensor]})

    def _exact(self, known: Standing) -> frozenset[str]:
        return frozenset()

    def _windows(self, row: int, own: Standing) -> list[Window]:
        """Those of each reader by itself, and the product if one reader needs all that any does at each step."""
        found = []
        for segment in self.alone:
            tables = segment.loops.tables(own.loops, own.positions, own.starting)
            found += segment._windows(row, replace(own, tables=tables))
        moved, every = tuple(table.dimensions[row] for table in own.tables), self._every(row, own)
        if own.tables[self.at].compared[self.tensor].turns and all(every):
            found.append(self._product(row, own, self._left(row, moved), every))
        return found


def _every(listed: Sequence[Sequence[frozenset[Key]]]) -> tuple[frozenset[Key], ...]:
    """What is in any of some tables, row by row."""
    return tuple(frozenset[Key]().union(*each) for each in zip(*listed, strict=True))


def _following(
    segment: Segment, table: LoopTable, dimensions: Sequence[frozenset[Key]], ranks: Sequence[frozenset[Key]]
) -> LoopTable:
    """The table of a loop with more dimensions of tensors, and ranks of layers, that follow it: they stay whole."""
    whole, full = segment.known.profiler.whole, segment.full
    words = [
        math.prod(whole.extents(tensor)[key] for key in every - own)
        for tensor, every, own in zip(full.tensors, dimensions, table.dimensions, strict=True)
    ]
    parts = [
        [part for part in whole.operations[name] if part.ranks & every and not part.ranks & own]
        for name, every, own in zip(full.layers, ranks, table.ranks, strict=True)
    ]
    scale = np.array(words, dtype=np.float64)[:, None]
    done, took = (
        np.array([math.prod(getattr(part, name) for part in some) for some in parts], dtype=np.float64)[:, None]
        for name in ("operations", "cycles")
    )
    return replace(
        table,
        fresh=tuple(scale * entries for entries in table.fresh),
        held=tuple(scale * entries for entries in table.held),
        dimensions=tuple(dimensions),
        operations=table.operations * done,
        cycles=table.cycles * took,
        ranks=tuple(ranks),
    )
