"""Whole grids of tile shapes at once, as outer products of the tables of single loops.

Tables of all tensors (or Einsums) of a segment are stacked, so that one array operation serves them all: the
first axis counts tensors, the others the tile shapes of the loops.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.search.objective import Price
from looptree.search.profile import Factors, Pass, Profiler, left
from looptree.search.structures import Structure, tiles_of

MAX_COMBINATIONS = 256
Cost = Callable[[Array, Array, Array], Array]

ROUNDING = 1e-11  # of float64 sums of exact products; closer values count as equal


@dataclass(frozen=True, slots=True)
class Candidate:
    """A design that the tables propose, and what they say of it.

    Attributes:
        structure: loop order and depth of intermediates. tiles: tile shape per loop.
        retention: loops above the on-chip node of each tensor.
        cost: the objective. offchip_bytes, operations, cycles, window_bytes: of the segment.
    """

    structure: Structure
    tiles: tuple[int, ...]
    retention: Mapping[str, int]
    cost: float
    offchip_bytes: float
    operations: float
    cycles: float
    window_bytes: float

    @property
    def rank(self) -> tuple[float, ...]:
        """What makes one design better than another, most important first."""
        values = (self.cost, self.offchip_bytes, self.operations, self.cycles, self.window_bytes)
        return tuple(float(f"{value:.10e}") for value in values)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a design has to keep to: bytes on chip, the objective and off-chip bytes."""

    capacity: float
    cost: float = math.inf
    offchip_bytes: float = math.inf


class Grid:
    """All tile shapes of one structure of one segment.

    Args:
        profiler: of the segment. structure: loop order and depth of intermediates.
        prices: of the segment. cost: the objective from off-chip bytes, what the prices add up to, and cycles.
    """

    def __init__(self, profiler: Profiler, structure: Structure, prices: Price, cost: Cost) -> None:
        self.profiler = profiler
        self.part = profiler.part
        self.structure = structure
        self.prices = prices
        self.cost = cost
        self.tiles = tiles_of(self.part, structure)
        self.shape = tuple(len(t) for t in self.tiles)
        self.passes = self._passes()
        whole = profiler.whole
        self.tensors = [t for t in self.part.tensors if t in whole.writes or t in whole.tensors]

    def _passes(self) -> list[Pass]:
        """The tables of each loop, with the intermediates that the loop makes forget."""
        ranks = self.structure.ranks
        plain = [self.profiler.run(r, t, frozenset()) for r, t in zip(ranks, self.tiles, strict=True)]
        forgotten: list[set[str]] = [set() for _ in ranks]
        for tensor in self.profiler.inner:
            moving = [
                i for i in range(self.structure.depth) if tensor in plain[i].tensors and plain[i].tensors[tensor].moves
            ]
            for i in range(max(moving, default=0)):
                forgotten[i].add(tensor)
        return [
            self.profiler.run(r, t, frozenset(lost)) if lost else known
            for r, t, lost, known in zip(ranks, self.tiles, forgotten, plain, strict=True)
        ]

    # -- the best design ------------------------------------------------------------------

    def best(self, limits: Limits) -> Candidate | None:
        """The best design that keeps to the limits; `None` if there is none, or the product does not hold."""
        tables = self._tables()
        if tables is None:
            return None
        kept, offchip, priced, allowed = tables
        rows = [(kept[i, d], offchip[i, d]) for i, d in enumerate(allowed)]
        least = [sum(float(row[column].min()) for row in rows) for column in range(2)]
        if least[0] > limits.capacity or least[1] > limits.offchip_bytes:
            return None
        work = self._work()
        if work is None:
            return None
        operations, cycles, spent = work
        best: tuple[tuple[float, ...], tuple[int, ...], tuple[int, ...]] | None = None
        for depths in _combinations(allowed):
            chosen = (np.arange(len(self.tensors)), np.array(depths, dtype=np.int64))
            held = kept[chosen].sum(axis=0)
            moved = offchip[chosen].sum(axis=0)
            value = self.cost(moved, priced[chosen].sum(axis=0) + spent, cycles)
            fits = (held <= limits.capacity) & (moved <= limits.offchip_bytes) & (value < limits.cost)
            if not fits.any():
                continue
            at, rank = _first_of([np.where(fits, value, np.inf), moved, operations, cycles, held], self.shape)
            if best is None or _better(rank, best[0]):
                best = (rank, depths, at)
        if best is None:
            return None
        rank, depths, at = best
        tiles = tuple(t[i] for t, i in zip(self.tiles, at, strict=True))
        return Candidate(self.structure, tiles, dict(zip(self.tensors, depths, strict=True)), *rank)

    def smallest(self) -> float:
        """The fewest bytes that any tile shapes and depths need on chip."""
        tables = self._tables()
        if tables is None:
            return math.inf
        kept, _, _, allowed = tables
        return float(sum(kept[i, listed].min(axis=0) for i, listed in enumerate(allowed)).min())

    # -- tables ---------------------------------------------------------------------------

    def _spread(self, loop: int, tables: Sequence[Array]) -> Array:
        """Stacked tables of one loop, ready to multiply with those of others."""
        shape = [1] * len(self.shape)
        shape[loop] = -1
        return np.stack(tables).reshape(len(tables), *shape)

    def _factors(self, tensor: str, index: int) -> Factors | None:
        sink = tensor in self.profiler.whole.writes
        return (self.passes[index].writes if sink else self.passes[index].tensors).get(tensor)

    def _tables(self) -> tuple[Array, Array, Array, list[list[int]]] | None:
        """Bytes kept, off-chip bytes and their price by tensor, depth and tile shapes; and the depths worth trying."""
        whole = self.profiler.whole
        loops = len(self.shape)
        found = [[self._factors(tensor, i) for i in range(loops)] for tensor in self.tensors]
        bases: list[float] = []
        rows: list[list[Factors]] = []
        for tensor, row in zip(self.tensors, found, strict=True):
            known = [f for f in row if f is not None]
            base = left(whole.writes.get(tensor) or whole.tensors[tensor], tuple(f.dimensions for f in known))
            if base is None or len(known) < loops:
                return None
            bases.append(base)
            rows.append(known)
        base_table = np.array(bases).reshape(-1, *([1] * loops))
        apart, shared, window, hull = (
            [self._spread(i, [getattr(row[i], name) for row in rows]) for i in range(loops)]
            for name in ("apart", "shared", "window", "hull")
        )
        moves = np.array([[f.moves for f in row] for row in rows], dtype=bool).reshape(len(rows), loops)
        first = np.broadcast_to(_product(base_table, shared), (len(rows), *self.shape))
        kept, entered = [], []
        for depth in range(loops + 1):
            kept.append(_product(base_table, [*window[:depth], *hull[depth:]]))
            still = [(moves[:, i + 1 : depth].any(axis=1)).reshape(base_table.shape) for i in range(depth)]
            steps = [np.where(s, a, b) for s, a, b in zip(still, apart, shared, strict=False)]
            entered.append(_product(base_table, [*steps, *shared[depth:]]))
        shape = (len(rows), *self.shape)
        kept_table = np.stack([np.broadcast_to(t, shape) for t in kept], axis=1)
        entered_table = np.stack([np.broadcast_to(t, shape) for t in entered], axis=1)
        return self._priced(kept_table, entered_table, first)

    def _priced(self, kept: Array, entered: Array, first: Array) -> tuple[Array, Array, Array, list[list[int]]]:
        """Words turned to bytes and what they cost, by the role of each tensor."""
        column = (-1, *([1] * (kept.ndim - 1)))
        width = np.array([self.part.tensors[t].bits / 8 for t in self.tensors]).reshape(column)
        inner = set(self.profiler.inner)
        reads, writes = np.zeros_like(entered), np.zeros_like(entered)
        for i, tensor in enumerate(self.tensors):
            if tensor in self.profiler.whole.writes:
                writes[i], reads[i] = entered[i], entered[i] - first[i]
            elif tensor not in inner:
                made = first[i] if self.part.producer(tensor) is not None else 0.0
                writes[i], reads[i] = made, np.maximum(entered[i] - made, 0.0)
        read_price = np.array([self.prices.reads[t] for t in self.tensors]).reshape(column)
        write_price = np.array([self.prices.writes[t] for t in self.tensors]).reshape(column)
        kept = np.ceil(kept * width)
        moved = np.ceil(reads * width) + np.ceil(writes * width)
        allowed = [
            [self.structure.depth] if tensor in inner else _worthwhile(kept[i], moved[i])
            for i, tensor in enumerate(self.tensors)
        ]
        return kept, moved, reads * read_price + writes * write_price, allowed

    def _work(self) -> tuple[Array, Array, Array] | None:
        """Operations, compute cycles and the price of operations over the grid."""
        loops = len(self.shape)
        names = list(self.profiler.whole.operations)
        along = [[p.work[name] for p in self.passes if name in p.work] for name in names]
        if any(len(row) < loops for row in along):
            return None
        bases = [
            self.profiler.untiled_work(name, tuple(w.ranks for w in row))
            for name, row in zip(names, along, strict=True)
        ]
        if any(base is None for base in bases):
            return None
        columns = np.array(bases, dtype=np.float64)
        tables = []
        for index, key in enumerate(("operations", "cycles", "points")):
            table = columns[:, index].reshape(-1, *([1] * loops))
            spread = [self._spread(i, [getattr(row[i], key) for row in along]) for i in range(loops)]
            tables.append(np.broadcast_to(_product(table, spread), (len(names), *self.shape)))
        operations, cycles, points = tables
        spent = np.tensordot([self.prices.operations[n] for n in names], operations, axes=1)
        saved = np.tensordot([self.prices.points[n] for n in names], points, axes=1)
        return operations.sum(axis=0), cycles.sum(axis=0), spent - saved


def _product(base: Array, factors: Sequence[Array]) -> Array:
    for factor in factors:
        base = base * factor
    return base


def _worthwhile(kept: Array, moved: Array) -> list[int]:
    """Depths that no other depth beats in both bytes kept and bytes moved at all tile shapes."""
    found: list[int] = []
    for depth in range(len(kept)):
        if any((kept[o] <= kept[depth]).all() and (moved[o] <= moved[depth]).all() for o in found):
            continue
        found = [o for o in found if not ((kept[depth] <= kept[o]).all() and (moved[depth] <= moved[o]).all())]
        found.append(depth)
    return found


def _first_of(tables: Sequence[Array], shape: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Where the first table is smallest, among equals the second, and so on; and the values there."""
    alike = np.ones(shape, dtype=bool)
    values = []
    for table in tables:
        value = np.where(alike, table, np.inf)
        least = float(value.min())
        values.append(least)
        alike = value <= least + abs(least) * ROUNDING
    at = tuple(int(i) for i in np.unravel_index(int(alike.argmax()), shape)) if shape else ()
    return at, tuple(values)


def _better(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    """Whether the first values that really differ are smaller."""
    for x, y in zip(a, b, strict=True):
        if not math.isclose(x, y, rel_tol=ROUNDING):
            return x < y
    return False


def _combinations(allowed: Sequence[Sequence[int]]) -> Iterator[tuple[int, ...]]:
    """Every choice of one depth per tensor; where that is too many, the extremes of each."""
    if math.prod(len(listed) for listed in allowed) > MAX_COMBINATIONS:
        allowed = [[listed[0], listed[-1]] if len(listed) > 2 else listed for listed in allowed]
    return itertools.islice(itertools.product(*allowed), MAX_COMBINATIONS)
