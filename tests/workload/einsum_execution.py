"""Runs a workload on numbers, one Einsum at a time: slow, obvious, and ignorant of layers.

Every Einsum becomes arrays of coordinates over its whole rank space. What is read outside a tensor is zero,
what is written outside is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from looptree.workload.einsum import Access, Einsum
from looptree.workload.workload import Workload

Array = NDArray[np.float64]

FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "relu": lambda x: np.maximum(x, 0.0),
    "sigmoid": lambda x: 1.0 / (1.0 + np.exp(-x)),
    "softmax_stat": np.exp,
    "rms_norm_stat": np.square,
}


def execute(workload: Workload, given: Mapping[str, Array]) -> dict[str, Array]:
    """Every tensor of the workload; `given` holds those that nothing produces."""
    values = dict(given)
    for einsum in workload.einsums:
        shape = workload.tensors[einsum.output.tensor].shape
        values[einsum.output.tensor] = _run(einsum, [values[a.tensor] for a in einsum.inputs], shape)
    return values


def random_inputs(workload: Workload, seed: int = 0) -> dict[str, Array]:
    """Numbers for everything from outside."""
    generator = np.random.default_rng(seed)
    return {name: generator.standard_normal(workload.tensors[name].shape) for name in workload.inputs}


def _run(einsum: Einsum, inputs: list[Array], shape: tuple[int, ...]) -> Array:
    extents = tuple(einsum.ranks.values())
    grid = dict(zip(einsum.ranks, np.indices(extents).reshape(len(extents), -1), strict=True))
    read = [_gather(a, array, grid) for a, array in zip(einsum.inputs, inputs, strict=True)]
    result = _combined(einsum, read)
    output = np.full(int(np.prod(shape)), -np.inf if einsum.operation == "max" else 0.0)
    places, inside = _coordinates(einsum.output, shape, grid)
    combine = np.maximum if einsum.operation == "max" else np.add
    combine.at(output, _flat(places, shape, len(inside))[inside], result[inside])
    return output.reshape(shape)


def _combined(einsum: Einsum, read: list[Array]) -> Array:
    """What each operation adds to the output."""
    kind = einsum.operation
    if kind in FUNCTIONS:
        return FUNCTIONS[kind](read[0])
    if kind in ("mac", "mul"):
        return np.asarray(np.prod(read, axis=0))
    if kind == "softmax":
        return np.exp(read[0]) / read[1]
    if kind == "rms_norm":
        row = einsum.operations // max(1, _rows(einsum))
        return read[0] / np.sqrt(read[1] / row) * read[2]
    assert kind in ("add", "copy", "max"), kind
    return np.asarray(np.sum(read, axis=0))


def _rows(einsum: Einsum) -> int:
    """How many rows a normalisation has: the extents that index its statistic."""
    return int(np.prod([einsum.ranks[rank] for rank in einsum.inputs[1].ranks]))


def _gather(access: Access, array: Array, grid: Mapping[str, NDArray[np.int64]]) -> Array:
    places, inside = _coordinates(access, array.shape, grid)
    return np.where(inside, array.reshape(-1)[np.where(inside, _flat(places, array.shape, len(inside)), 0)], 0.0)


def _flat(places: list[NDArray[np.int64]], shape: tuple[int, ...], points: int) -> NDArray[np.int64]:
    """Coordinates as positions in row-major order; a scalar has one position."""
    position = np.zeros(points, np.int64)
    for place, extent in zip(places, shape, strict=True):
        position = position * extent + place
    return position


def _coordinates(
    access: Access, shape: tuple[int, ...], grid: Mapping[str, NDArray[np.int64]]
) -> tuple[list[NDArray[np.int64]], NDArray[np.bool_]]:
    points = len(next(iter(grid.values())))
    places = [
        np.full(points, form.constant) + sum((c * grid[rank] for rank, c in form.terms), np.zeros(points, int))
        for form in access.projection
    ]
    inside = np.ones(points, bool)
    for place, extent in zip(places, shape, strict=True):
        inside &= (place >= 0) & (place < extent)
    return places, inside
