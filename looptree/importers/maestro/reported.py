"""What MAESTRO (2022) counts for a layer, where that differs from an exact count, so that differences can be explained.

Found by running it on dataflows whose counts can be worked out by hand:

* a step of a loop that does not index a tensor costs nothing, although the loops inside begin anew;
* the edge of a temporal map counts as a full tile;
* what neighbouring units share of an input is counted once where a loop outside of the spatial map steps, and once per
  unit everywhere else;
* an output is written at every step, also by loops that only add to it;
* an L1 buffer holds an output tile of the extents of its input, and L2 what units share once per unit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from looptree.importers.maestro.counting import Axis, Operand
from looptree.importers.maestro.nest import Loop, Nest


def reads(nest: Nest, operand: Operand, *, reloads: bool = False) -> int:
    """Reads of L2 as MAESTRO counts them; with `reloads`, as if it saw that inner loops begin anew."""
    loops = nest.levels[0].loops
    steps = {loop: loop.steps(nest.extents[loop.dimension]) for loop in loops}
    spatial = next((loop for loop in loops if loop.units > 1), None)
    folds = _folds(nest, spatial)
    total = _tile(nest, operand, folds[0])
    for place, loop in enumerate(loops):
        outer = [other for other in loops[:place] if other is not spatial]
        times = (steps[loop] - 1) * math.prod(steps[other] for other in outer)
        is_inside = spatial in loops[:place]
        if loop is spatial:
            total += math.prod(steps[o] for o in outer) * sum(
                _moved(nest, operand, loop, fold, reloads=reloads) for fold in folds[1:]
            )
        elif is_inside:
            total += times * sum(_moved(nest, operand, loop, fold, reloads=reloads) for fold in folds)
        else:
            total += times * _moved(nest, operand, loop, folds[0], reloads=reloads, shared=spatial in loops[place:])
    return total


def writes(nest: Nest, operand: Operand) -> int:
    """Writes of outputs to L2 as MAESTRO counts them: at every step."""
    loops = nest.levels[0].loops
    spatial = next((loop for loop in loops if loop.units > 1), None)
    steps = math.prod(loop.steps(nest.extents[loop.dimension]) for loop in loops if loop is not spatial)
    return steps * sum(_tile(nest, operand, fold) for fold in _folds(nest, spatial))


def l1_requirement(nest: Nest, operands: Mapping[str, Operand]) -> int:
    """Words of an L1 buffer, twice the tiles of a PE; an output tile has the extents of the input."""
    tile = dict(nest.tile)
    size = sum(operands[name].size(tile) for name in ("input", "filter"))
    if nest.layer.kind not in ("GEMM", "BMM"):
        for output, kernel, axis in (("P", "R", "Y"), ("Q", "S", "X")):
            tile[output] = nest.layer.strides[axis] * (tile[output] - 1) + tile[kernel]
    return 2 * (size + operands["output"].size(tile))


def l2_requirement(nest: Nest, operands: Mapping[str, Operand]) -> int:
    """Words of the L2 buffer, twice the tiles of all units of the outermost level."""
    spatial = nest.levels[0].spatial
    fold = _folds(nest, spatial)[0]
    return 2 * sum(_tile(nest, operand, fold) for operand in operands.values())


def temporal_edges(nest: Nest) -> list[str]:
    """Dimensions whose last temporal tile is smaller than the others."""
    return [
        loop.dimension for loop in nest.levels[0].loops if loop.units == 1 and nest.extents[loop.dimension] % loop.tile
    ]


_Fold = tuple[str, list[int]]
"""The dimension that is mapped to units, and how many indices each unit has of it."""


def _folds(nest: Nest, spatial: Loop | None) -> list[_Fold]:
    if spatial is None:
        return [("", [])]
    extent = nest.extents[spatial.dimension]
    found = []
    for step in range(spatial.steps(extent)):
        first = step * spatial.step
        starts = range(first, min(first + spatial.step, extent), spatial.tile)
        found.append((spatial.dimension, [min(spatial.tile, extent - start) for start in starts]))
    return found


def _tile(nest: Nest, operand: Operand, fold: _Fold) -> int:
    """Words of all units, each on its own."""
    return math.prod(_width(nest, axis, fold) for axis in operand.axes)


def _width(nest: Nest, axis: Axis, fold: _Fold, *, shared: bool = False) -> int:
    dimension, units = fold
    tile = _tiles(nest)
    if dimension not in {d for d, _ in axis}:
        return 1 + sum(f * (tile[d] - 1) for d, f in axis)
    if shared:
        return 1 + sum(f * ((sum(units) if d == dimension else tile[d]) - 1) for d, f in axis)
    return sum(1 + sum(f * ((unit if d == dimension else tile[d]) - 1) for d, f in axis) for unit in units)


def _tiles(nest: Nest) -> dict[str, int]:
    return {**nest.extents, **{loop.dimension: loop.tile for loop in nest.levels[0].loops}}


def _moved(nest: Nest, operand: Operand, loop: Loop, fold: _Fold, *, reloads: bool, shared: bool = False) -> int:
    """Words that a step of a loop brings."""
    steps = {other: other.steps(nest.extents[other.dimension]) for other in nest.levels[0].loops}
    inner = nest.levels[0].loops[nest.levels[0].loops.index(loop) + 1 :]
    is_last = not any(steps[other] > 1 and other.dimension in operand.dimensions for other in inner)
    if loop.dimension not in operand.dimensions:
        return _tile(nest, operand, fold) if reloads and not is_last else 0
    total = 1
    for axis in operand.axes:
        width = _width(nest, axis, fold, shared=shared)
        factor = dict(axis).get(loop.dimension)
        if factor is not None and is_last and loop.units == 1:
            alone = 1 + sum(f * (_tiles(nest)[d] - 1) for d, f in axis)
            width = width // alone * min(alone, factor * loop.tile)
        total *= width
    return total
