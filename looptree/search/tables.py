"""The tables of single loops, stacked over tensors and layers, and what designs with several loops make of them.

What a tensor or a layer counts with several loops is a product of one table per loop (see `looptree.search.profile`).
So designs are evaluated many at a time: a *sample* picks entries of each loop's tables, one column per design,
and everything else is products of columns. Where the entries are the least of a range of tile shapes
instead, every product is a lower bound of all designs in that range, because no factor is negative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.model.box import Key
from looptree.search.profile import Pass, Profiler, left


class InseparableError(Exception):
    """The counts of a design are no product of tables of single loops."""


@dataclass(frozen=True, eq=False)
class LoopTable:
    """What one loop contributes, per tensor (or layer) and tile shape (columns).

    Attributes:
        apart, shared, window, hull: words of each tensor; see `profile.Factors`. top: upper bound of `shared`.
        moves: tensors to which the loop is relevant. forgets: tensors for which it matters that a step starts anew.
        operations, cycles: of each layer. points: output points per operation (an upper bound).
        dimensions: coordinates of each tensor that follow the loop. ranks: ranks of each layer that do.
        uneven, covering, alike: see `profile.Pass`.
    """

    apart: Array
    shared: Array
    window: Array
    hull: Array
    top: Array
    moves: Array
    forgets: Array
    operations: Array
    cycles: Array
    points: Array
    dimensions: tuple[frozenset[Key], ...]
    ranks: tuple[frozenset[Key], ...]
    uneven: frozenset[str]
    covering: Mapping[str, frozenset[int]]
    alike: frozenset[str]

    @classmethod
    def of(cls, run: Pass, profiler: Profiler, tensors: Sequence[str], layers: Sequence[str]) -> LoopTable:
        """The tables of one run, stacked.

        Raises:
            InseparableError: a tensor or a layer is missing in the run, or relevance depends on the tile shape.
        """
        sinks = profiler.whole.writes
        factors = [(run.writes if t in sinks else run.tensors).get(t) for t in tensors]
        works = [run.work.get(name) for name in layers]
        rows = [f for f in factors if f is not None]
        work = [w for w in works if w is not None]
        if len(rows) < len(tensors) or len(work) < len(layers):
            raise InseparableError
        apart, shared, window, hull = (
            np.stack([getattr(f, name) for f in rows]) for name in ("apart", "shared", "window", "hull")
        )
        moves = np.stack([f.moves for f in rows])
        if (moves != moves[:, :1]).any():
            raise InseparableError
        operations, cycles = np.stack([w.operations for w in work]), np.stack([w.cycles for w in work])
        points = np.stack([w.points for w in work]) / np.maximum(operations, 1)
        return cls(
            *(
                apart,
                shared,
                window,
                hull,
                shared,
                moves[:, 0],
                (apart != shared).any(axis=1),
                operations,
                cycles,
                points,
            ),
            tuple(f.dimensions for f in rows),
            tuple(w.ranks for w in work),
            run.uneven,
            run.covering,
            run.alike,
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
    return Bases(np.array(words)[:, None], columns[:, :1], columns[:, 1:2], columns[:, 2:])


@dataclass(frozen=True, eq=False, slots=True)
class Bases:
    """What no loop changes; see `bases_of`. Each of shape (rows, 1)."""

    words: Array
    operations: Array
    cycles: Array
    points: Array


@dataclass(frozen=True, slots=True)
class Depth:
    """A place for the storage node of one tensor.

    Attributes:
        loops: loops above it. sweep: the innermost relevant one among them, counted from 0 (0 too if there is none):
            each step of the loops above that one starts anew.
    """

    loops: int
    sweep: int


def depths_of(moves: Sequence[bool], forgets: Sequence[bool]) -> list[Depth]:
    """The places of one tensor that are worth trying, outermost first.

    Between two relevant loops the innermost place holds least and receives the same. The place above the outermost
    relevant loop, if that is the first loop, receives what the place below it does and holds more. Where a sweep
    over fewer loops forgets nothing more, the deeper place receives the same and holds less.

    >>> depths_of([True, False, True], [True, True, True])
    [Depth(loops=2, sweep=0), Depth(loops=3, sweep=2)]
    >>> depths_of([False, True], [True, False])
    [Depth(loops=1, sweep=0), Depth(loops=2, sweep=1)]
    >>> depths_of([True, True], [False, True])
    [Depth(loops=2, sweep=1)]
    """
    relevant = [index for index, moving in enumerate(moves) if moving]
    ends = [*relevant[1:], len(moves)]
    found = [] if relevant[:1] == [0] else [Depth(relevant[0] if relevant else len(moves), 0)]
    for index, end in zip(relevant, ends, strict=False):
        before = found[-1].sweep if found else index
        if found and not any(forgets[before:index]):
            found.pop()
        found.append(Depth(end, index))
    return found
