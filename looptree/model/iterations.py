"""Every iteration of the loops around a pipeline, one entry of an array each, in the order of the loops."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array, Axis, gathered
from looptree.model.box import exact_product, product

MAX_ITERATIONS = 1 << 22


def over(factor: int, tables: Mapping[int, Array], axes: Mapping[int, Axis], outer: Mapping[int, Axis]) -> Array:
    """A factor times the product of tables, added up over the loops that the outer axes do not have."""
    return exact_product(
        factor, spread({key: gathered(t, axes[key], outer.get(key)) for key, t in tables.items()}, outer)
    )


def visits_of(axes: Mapping[int, Axis], outer_depth: int, made: Array) -> Array:
    """For each iteration of a pipeline that is made, how many times the loops around it have stepped before."""
    steps, order = _order(axes)
    found = np.zeros(len(order), dtype=bool)
    found[:1] = True
    for axis, step in zip(axes.values(), steps, strict=True):
        for t, depth in enumerate(axis.depths):
            if depth <= outer_depth:
                ordinal = axis.ordinals[t][step][order]
                found[1:] |= ordinal[1:] != ordinal[:-1]
    _, visits = np.unique(np.cumsum(found)[np.broadcast_to(made, found.shape)], return_inverse=True)
    return visits


def at_iterations(key: int, table: Array, axes: Mapping[int, Axis]) -> Array:
    """A table of one axis at every iteration, in the order of the loops."""
    steps, order = _order(axes)
    found: Array = table[steps[list(axes).index(key)]][order]
    return found


def positions(axes: Mapping[int, Axis], steps: Mapping[int, Array]) -> Array:
    """The iterations, by their place in the order of the loops, that have some own steps on each axis."""
    if not axes:
        return np.zeros(1, dtype=np.int64)
    _, order = _order(axes)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    sizes = tuple(axis.size for axis in axes.values())
    found: Array = place[np.ravel_multi_index(tuple(steps[key] for key in axes), sizes)]
    return found


def spread(tables: Mapping[int, Array], axes: Mapping[int, Axis]) -> Array:
    """The product of one table per axis at every iteration, in the order of the loops."""
    scale = 1
    for key, table in tables.items():
        if key not in axes:
            scale *= int(table[0])
    if not axes:
        return exact_product(scale, np.ones(1, dtype=np.int64))
    steps, order = _order(axes)
    return exact_product(scale, product([tables[key][step] for key, step in zip(axes, steps, strict=True)])[order])


def _order(axes: Mapping[int, Axis]) -> tuple[list[Array], Array]:
    """Own steps of each axis at every combination, and the order in which the loops visit them."""
    sizes = [axis.size for axis in axes.values()]
    count(axes)
    steps = [grid.ravel() for grid in np.meshgrid(*(np.arange(s) for s in sizes), indexing="ij")]
    loops = sorted(
        (
            (depth, axis.ordinals[t][step])
            for axis, step in zip(axes.values(), steps, strict=True)
            for t, depth in enumerate(axis.depths)
        ),
        key=lambda loop: -loop[0],
    )
    return steps, np.lexsort([ordinal for _, ordinal in loops]) if loops else np.zeros(1, dtype=np.int64)


def count(axes: Mapping[int, Axis]) -> int:
    total = 1
    for axis in axes.values():
        total *= axis.size
    if total > MAX_ITERATIONS:
        raise UnsupportedError(f"a pipeline of {total} iterations is not scheduled; at most {MAX_ITERATIONS}")
    return total
