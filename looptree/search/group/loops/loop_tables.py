"""The loops that a group may have, and their tables, each of which is made once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array
from looptree.model.box import Coupled
from looptree.search.asked.loops import Loop, Positions, Rank
from looptree.search.asked.restrictions import Restrictions
from looptree.search.group.loops.passes import Pass, kinds_of
from looptree.search.group.loops.profile import Profiler
from looptree.search.group.loops.tables import LoopTable


class LoopTables:
    """The loops of one group.

    Args:
        tensors, layers: names of the rows of its tables. bounding: see `LoopTable.of`.
    """

    def __init__(
        self,
        profiler: Profiler,
        tensors: Sequence[str],
        layers: Sequence[str],
        restrictions: Restrictions,
        *,
        bounding: bool = False,
    ) -> None:
        self.bounding = bounding
        self.part = profiler.part
        self.profiler = profiler
        self.tensors = tensors
        self.layers = layers
        self.restrictions = restrictions
        self._known: dict[tuple[Rank, ...], list[Loop]] = {}
        self._tables: dict[tuple[Loop, tuple[frozenset[str], ...]], LoopTable] = {}

    def of(self, ranks: tuple[Rank, ...]) -> list[Loop]:
        """The useful tile shapes of some ranks, apart where the loops are relevant to different tensors."""
        if ranks not in self._known:
            self._known[ranks] = self._find(ranks)
        return self._known[ranks]

    def _find(self, ranks: tuple[Rank, ...]) -> list[Loop]:
        tiles = self.restrictions.tilings(self.part, ranks)
        if not tiles:
            return []
        try:
            run = self.profiler.run(ranks, tiles, (frozenset(),) * len(ranks))
        except (UnsupportedError, Coupled):
            return []
        whole = self._leave_whole(run, len(tiles))
        kinds = [[column for column in columns if whole[column]] for columns in kinds_of(run)]
        return [Loop(ranks, tuple(tiles[column] for column in columns)) for columns in kinds if columns]

    def _leave_whole(self, run: Pass, choices: int) -> Array:
        """For which tile shapes no point of an intermediate that leaves the group is left out between tiles."""
        found = np.ones(choices, dtype=bool)
        for tensor in set(self.part.intermediates) & set(self.part.outputs):
            if tensor not in run.tensors:
                return np.zeros(choices, dtype=bool)
            factors, extents = run.tensors[tensor], self.profiler.whole.extents(tensor)
            found &= factors.fresh[0] >= math.prod(extents[d] for d in factors.dimensions)
        return found

    def tables(
        self, loops: Sequence[Loop], positions: Positions, forgotten: Sequence[frozenset[str]]
    ) -> tuple[LoopTable, ...]:
        """The tables of loops; `forgotten` are, per loop of the order, the intermediates that its steps start anew."""
        return tuple(
            self.table(loop, tuple(forgotten[at] for at in own)) for loop, own in zip(loops, positions, strict=True)
        )

    def table(self, loop: Loop, forgotten: tuple[frozenset[str], ...]) -> LoopTable:
        """The table of a loop, or of joined ones; see `tables`."""
        key = (loop, forgotten)
        if key not in self._tables:
            run = self.profiler.run(loop.ranks, loop.tiles, forgotten)
            self._tables[key] = LoopTable.of(run, self.profiler, self.tensors, self.layers, bounding=self.bounding)
        return self._tables[key]
