"""Words that move, counted exactly from the loops of a dataflow.

A tensor is read when a window of it is needed that its buffer does not hold. The innermost loop that moves the window
of a tensor is its **moving** loop: while only that loop steps, what the new window shares with the one before stays;
when a loop further out steps, the window begins anew. Loops inside the moving loop find the window where it is, and
loops outside of it, whether or not they index the tensor, repeat everything.

Every dimension of a tensor depends on loops of its own, so that a total is a product of sums over one dimension each.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from looptree.importers.maestro.nest import Loop, Nest

Axis = tuple[tuple[str, int], ...]
"""How a dimension of a tensor is indexed: dimensions of the computation, each with its factor."""

Interval = tuple[int, int]
"""First index, and the one behind the last."""


@dataclass(frozen=True, slots=True)
class Operand:
    """A tensor by how each of its dimensions is indexed."""

    name: str
    axes: tuple[Axis, ...]

    @property
    def dimensions(self) -> frozenset[str]:
        """Dimensions of the computation that index it."""
        return frozenset(dimension for axis in self.axes for dimension, _ in axis)

    def size(self, extents: Mapping[str, int]) -> int:
        """Words that a tile of the computation needs."""
        return math.prod(1 + sum(f * (extents[d] - 1) for d, f in axis) for axis in self.axes)


def operands_of(nest: Nest) -> dict[str, Operand]:
    """`input`, `filter` and `output` of a layer."""
    kind, strides = nest.layer.kind, nest.layer.strides
    if kind in ("GEMM", "BMM"):
        return {
            "input": _plain("input", "BMK"),
            "filter": _plain("filter", "BKN"),
            "output": _plain("output", "BMN"),
        }
    windows: tuple[Axis, ...] = ((("P", strides["Y"]), ("R", 1)), (("Q", strides["X"]), ("S", 1)))
    given = _plain("input", "NGC").axes + windows
    made = "NGKCPQ" if kind == "DSCONV" else "NGKPQ"
    return {
        "input": Operand("input", given),
        "filter": _plain("filter", "GKCRS"),
        "output": _plain("output", made),
    }


def _plain(name: str, dimensions: str) -> Operand:
    return Operand(name, tuple(((dimension, 1),) for dimension in dimensions))


def shared_reads(nest: Nest, operand: Operand) -> int:
    """Words that the units of the outermost level read of a tensor together: one that several need at once counts once.

    For an output they are the words that leave; those that had been there before are partial sums.
    """
    return _Count(nest, operand, depth=1).total(shared=True)


def fills(nest: Nest, operand: Operand) -> int:
    """Words that are written into the buffers of all PEs, each on its own."""
    return _Count(nest, operand, depth=len(nest.levels)).total(shared=False)


def shared_size(nest: Nest, operand: Operand) -> int:
    """Words of a tensor that the units of the outermost level hold at once, each word counted once."""
    level = nest.levels[0]
    tile = dict(nest.extents)
    for loop in level.loops:
        tile[loop.dimension] = min(loop.step, nest.extents[loop.dimension])
    return operand.size(tile)


@dataclass(frozen=True, slots=True)
class _Step:
    """Where one unit is in one dimension: the step of each loop over it, outermost first, and the indices."""

    unit: tuple[int, ...]
    steps: tuple[int, ...]
    indices: Interval


class _Count:
    """The count for one tensor over the loops of the first levels."""

    def __init__(self, nest: Nest, operand: Operand, depth: int) -> None:
        self.nest = nest
        self.operand = operand
        self.depth = depth
        self.loops = [(level, loop) for level in range(depth) for loop in nest.levels[level].loops]
        self.moving = self._moving()

    def total(self, *, shared: bool) -> int:
        """All words; `shared` counts those that several units need at once only once."""
        moved = math.prod(self._axis(axis, shared=shared) for axis in self.operand.axes)
        others = [d for d in self.nest.extents if d not in self.operand.dimensions]
        return moved * math.prod(self._times(dimension, shared=shared) for dimension in others)

    def _moving(self) -> int:
        """The place of the moving loop; -1 where the tensor stands still."""
        return max((place for place, (level, loop) in enumerate(self.loops) if self._moves(level, loop)), default=-1)

    def _moves(self, level: int, loop: Loop) -> bool:
        extents = self.nest.extents_of(level)
        return loop.dimension in self.operand.dimensions and loop.steps(extents[loop.dimension]) > 1

    # -- dimensions that do not index the tensor ------------------------------------------

    def _times(self, dimension: str, *, shared: bool) -> int:
        """How often the loops over a dimension repeat a transfer: in time, and unless shared, once per unit."""
        return self._repeats(dimension, self.nest.extents[dimension], 0, shared=shared)

    def _repeats(self, dimension: str, extent: int, level: int, *, shared: bool) -> int:
        if level == self.depth:
            return 1
        loop = self.nest.levels[level].loop(dimension)
        if loop is None:
            return self._repeats(dimension, extent, level + 1, shared=shared)
        outside = self.loops.index((level, loop)) < self.moving
        total = 0
        for step in range(loop.steps(extent) if outside else 1):
            units = _pieces(extent, loop, step)
            kept = units[:1] if shared else units
            total += sum(self._repeats(dimension, stop - start, level + 1, shared=shared) for start, stop in kept)
        return total

    # -- dimensions that do -----------------------------------------------------------------

    def _axis(self, axis: Axis, *, shared: bool) -> int:
        """Words along one dimension of the tensor, added up over all steps of the loops that index it."""
        parts = [self._steps(dimension) for dimension, _ in axis]
        level, moving = self.loops[self.moving] if self.moving >= 0 else (0, None)
        own = next((i for i, (dimension, _) in enumerate(axis) if moving and dimension == moving.dimension), -1)
        outer = sum(
            moving is not None and above.loop(moving.dimension) is not None for above in self.nest.levels[:level]
        )
        last: dict[object, int] = {}
        together: dict[object, list[Interval]] = {}
        total = 0
        for combination in product(*parts):
            start = sum(f * s.indices[0] for (_, f), s in zip(axis, combination, strict=True))
            stop = 1 + sum(f * (s.indices[1] - 1) for (_, f), s in zip(axis, combination, strict=True))
            unit = tuple(s.unit for s in combination)
            if own >= 0:
                still = tuple(s.steps if i != own else s.steps[:outer] for i, s in enumerate(combination))
                before = last.get((unit, still), start)
                last[unit, still] = stop
                start = min(max(start, before), stop)
            if shared:
                together.setdefault(tuple(s.steps for s in combination), []).append((start, stop))
            else:
                total += stop - start
        return total + sum(_covered(intervals) for intervals in together.values())

    def _steps(self, dimension: str) -> list[_Step]:
        """Where every unit is at every step, in order of time."""
        found = [_Step((), (), (0, self.nest.extents[dimension]))]
        for level in range(self.depth):
            loop = self.nest.levels[level].loop(dimension)
            if loop is None:
                continue
            wider, found = found, []
            for given in wider:
                start, stop = given.indices
                for step in range(loop.steps(stop - start)):
                    found += [
                        _Step((*given.unit, unit), (*given.steps, step), (start + piece[0], start + piece[1]))
                        for unit, piece in enumerate(_pieces(stop - start, loop, step))
                    ]
        return found


def _pieces(extent: int, loop: Loop, step: int) -> list[Interval]:
    """The indices of each unit that has any in a step."""
    first = step * loop.step
    starts = range(first, min(first + loop.step, extent), loop.tile)
    return [(start, min(start + loop.tile, extent)) for start in starts]


def _covered(intervals: Iterable[Interval]) -> int:
    """How many indices are in any of the intervals.

    >>> _covered([(0, 3), (1, 4), (6, 7)])
    5
    """
    total, reached = 0, 0
    for start, stop in sorted(intervals):
        total += max(0, stop - max(start, reached))
        reached = max(reached, stop)
    return total


def compute_cycles(nest: Nest) -> int:
    """Steps of the slowest PE, one multiply-accumulate each."""
    return cycles_of(nest, nest.extents, 0)


def cycles_of(nest: Nest, extents: Mapping[str, int], level: int) -> int:
    """Steps of the slowest PE below a level, over the extents that one unit has there."""
    return math.prod(_slowest(nest, dimension, extent, level) for dimension, extent in extents.items())


def _slowest(nest: Nest, dimension: str, extent: int, level: int) -> int:
    """Indices that the first unit goes through: no other one has more."""
    if level == len(nest.levels):
        return extent
    loop = nest.levels[level].loop(dimension)
    if loop is None:
        return _slowest(nest, dimension, extent, level + 1)
    steps = loop.steps(extent)
    last = min(loop.tile, extent - (steps - 1) * loop.step)
    whole = _slowest(nest, dimension, loop.tile, level + 1) if steps > 1 else 0
    return (steps - 1) * whole + _slowest(nest, dimension, last, level + 1)


def active_pes(nest: Nest) -> float:
    """PEs with something to do, on average over all cycles of computation."""
    return nest.operations / compute_cycles(nest)


def mapped_pes(nest: Nest) -> float:
    """PEs that maps reach: at each level the units that have anything, on average over its steps on a full tile."""
    reached = 1.0
    for depth, level in enumerate(nest.levels):
        loop = level.spatial
        if loop is not None:
            extent = nest.extents_of(depth)[loop.dimension]
            units: Sequence[int] = [len(_pieces(extent, loop, step)) for step in range(loop.steps(extent))]
            reached *= sum(units) / len(units)
    return reached
