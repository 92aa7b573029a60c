"""The tables of loops, stacked over tensors and layers, and what designs with several loops make of them.

What a tensor or a layer counts with several loops is a product of one table per loop, or per few loops that move the
same dimension (see `looptree.search.group.loops.profile`).
So designs are evaluated many at a time: a *sample* picks entries of each loop's tables, one column per design,
and everything else is products of columns. Where the entries are the least of a range of tile shapes
instead, every product is a lower bound of all designs in that range, because no factor is negative.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.model.box import Key
from looptree.search.group.loops.boxes import Compared
from looptree.search.group.loops.passes import Needs, Pass
from looptree.search.group.loops.profile import Profiler
from looptree.search.group.loops.whole import left


class InseparableError(Exception):
    """The counts of a design are no product of tables of these loops."""


class RelevanceError(InseparableError):
    """Loops are relevant to different tensors, depending on their tile shapes."""


@dataclass(frozen=True, eq=False)
class LoopTable:
    """What one loop, or a few together, contribute, per tensor (or layer) and choice of tile shapes (columns).

    Attributes:
        fresh, held: words of each tensor; see `factors.Factors`.
        moves: tensors to which a loop is relevant; see `factors.Factors`.
        forgets: per loop, tensors for which it matters that a step of it starts anew.
        operations, cycles: of each layer. points: output points per operation (an upper bound).
        steps: of each layer; no rows where they do not matter.
        dimensions: coordinates of each tensor that follow the loops. ranks: ranks of each layer that do.
        uneven, covering, alike, needs, compared: see `passes.Pass`.
        reads: words that each of `Profiler.readers` asks for, over all steps. read: coordinates that follow the loops.
    """

    fresh: tuple[Array, ...]
    held: tuple[Array, ...]
    moves: Mapping[tuple[int, int], Array]
    forgets: tuple[Array, ...]
    operations: Array
    cycles: Array
    points: Array
    steps: Array
    dimensions: tuple[frozenset[Key], ...]
    ranks: tuple[frozenset[Key], ...]
    uneven: frozenset[str]
    covering: Mapping[str, frozenset[int]]
    alike: frozenset[str]
    needs: Mapping[str, Needs]
    compared: Mapping[str, Compared]
    reads: Array
    read: tuple[frozenset[Key], ...]

    @property
    def columns(self) -> int:
        """Choices of tile shapes."""
        return int(self.cycles.shape[1])

    @classmethod
    def of(
        cls,
        run: Pass,
        profiler: Profiler,
        tensors: Sequence[str],
        layers: Sequence[str],
        columns: Sequence[int] | None = None,
        *,
        bounding: bool = False,
    ) -> LoopTable:
        """The tables of one run, stacked; of all choices of tile shapes, or of some.

        Args:
            bounding: whether loops that are relevant to a tensor for some of these only count as if they were for none:
                then less starts anew.

        Raises:
            InseparableError: a tensor or a layer is missing in the run, because it is without loops.
            RelevanceError: relevance depends on the tile shapes.
        """
        sinks = profiler.whole.writes
        factors = [(run.writes if t in sinks else run.tensors).get(t) for t in tensors]
        works = [run.work.get(name) for name in layers]
        rows = [f for f in factors if f is not None]
        work = [w for w in works if w is not None]
        if len(rows) < len(tensors) or len(work) < len(layers):
            raise InseparableError
        some = slice(None) if columns is None else list(columns)
        fresh = tuple(np.stack(each)[:, some] for each in zip(*(f.fresh for f in rows), strict=True))
        held = tuple(np.stack(each)[:, some] for each in zip(*(f.held for f in rows), strict=True))
        moves = {key: np.stack([f.moves[key] for f in rows])[:, some] for key in rows[0].moves}
        if not bounding and any((table != table[:, :1]).any() for table in moves.values()):
            raise RelevanceError
        operations, cycles, points = (
            np.stack([getattr(w, name) for w in work])[:, some] for name in ("operations", "cycles", "points")
        )
        points = points / np.maximum(operations, 1)
        readers = [run.needs[tensor].readers[at] for tensor, at, _ in profiler.readers]
        reads = np.stack([f.fresh[-1] for f in readers])[:, some] if readers else np.zeros((0, cycles.shape[1]))
        return cls(
            fresh,
            held,
            {key: np.asarray(table.all(axis=1)) for key, table in moves.items()},
            tuple((less != more).any(axis=1) for less, more in itertools.pairwise(fresh)),
            operations,
            cycles,
            points,
            np.stack([w.steps for w in work])[: None if profiler.fills else 0, some],
            tuple(f.dimensions for f in rows),
            tuple(w.ranks for w in work),
            run.uneven,
            run.covering,
            run.alike,
            run.needs,
            run.compared,
            reads,
            tuple(f.dimensions for f in readers),
        )


def bases_of(profiler: Profiler, tensors: Sequence[str], layers: Sequence[str], tables: Sequence[LoopTable]) -> Bases:
    """What no loop changes: words of each tensor, and operations, cycles and points per operation of each layer.

    Raises:
        InseparableError: two loops change the same dimension or rank.
    """
    whole = profiler.whole
    words, work = [], []
    for row, tensor in enumerate(tensors):
        base = left(whole.extents(tensor), tuple(t.dimensions[row] for t in tables))
        if base is None:
            raise InseparableError
        words.append(base)
    for row, name in enumerate(layers):
        untiled = profiler.untiled_work(name, tuple(t.ranks[row] for t in tables))
        if untiled is None:
            raise InseparableError
        work.append((untiled[0], untiled[1], untiled[2] / max(1.0, untiled[0])))
    columns = np.array(work, dtype=np.float64).reshape(-1, 3)
    asked = [whole.reads[tensor][at] for tensor, at, _ in profiler.readers]
    reads = [left(extents, tuple(t.read[row] for t in tables)) or 0.0 for row, extents in enumerate(asked)]
    held = np.array(words)[:, None]
    return Bases(held, held, columns[:, :1], columns[:, 1:2], columns[:, 2:], np.array(reads)[:, None])


@dataclass(frozen=True, eq=False, slots=True)
class Bases:
    """What no loop changes; see `bases_of`. Each of shape (rows, 1); `reads` are 0 where loops change one dimension.

    `windows` are words of the largest window, which are the same but in bounds.
    """

    words: Array
    windows: Array
    operations: Array
    cycles: Array
    points: Array
    reads: Array


@dataclass(frozen=True, slots=True)
class Depth:
    """A place for the storage node of one tensor.

    Attributes:
        loops: loops above it. sweep: those above the innermost relevant one among them (0 if there is none): each of
            their steps starts anew.
    """

    loops: int
    sweep: int


def depths_of(sweeps: Sequence[int], forgets: Sequence[bool], allowed: Sequence[int]) -> list[Depth]:
    """The places of one tensor that are worth trying, outermost first.

    Of places from which the same loops sweep, the innermost one holds least and receives the same. Where a sweep over
    fewer loops forgets nothing more, the deeper place receives the same and holds less.

    Args:
        sweeps: of a node below so many loops, the loops that stand still while it sweeps.
        forgets: per loop, whether something is lost if its steps start anew.
        allowed: numbers of loops that may be above.

    >>> depths_of([0, 0, 0, 2], [True, True, True], range(4))
    [Depth(loops=2, sweep=0), Depth(loops=3, sweep=2)]
    >>> depths_of([0, 0, 1], [True, False], range(3))
    [Depth(loops=1, sweep=0), Depth(loops=2, sweep=1)]
    >>> depths_of([0, 0, 1], [False, True], range(3))
    [Depth(loops=2, sweep=1)]
    """
    found: list[Depth] = []
    for loops in allowed:
        sweep = sweeps[loops]
        while found and (found[-1].sweep >= sweep or not any(forgets[found[-1].sweep : sweep])):
            found.pop()
        found.append(Depth(loops, sweep))
    return found
