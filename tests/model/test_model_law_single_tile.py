"""Laws of a single tile: what is compulsory, and what does not depend on tiles."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest

from looptree.workload import Access, Affine, Workload
from tests.model.law_cases import random_designs, single_tile
from tests.model.model_cases import words
from tests.random_designs import Generator


def random_workloads(*seeds: int) -> Iterator[Workload]:
    for seed in range(*seeds):
        yield Generator(random.Random(seed).randrange).workload()


Points = dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]]
Hull = tuple[tuple[int, int], ...]


def value(form: Affine, points: Points) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """A projection at every operation."""
    size = len(next(iter(points.values()))) if points else 1
    return sum((coefficient * points[rank] for rank, coefficient in form.terms), np.full(size, form.constant))


def hull_of(access: Access, points: Points, shape: tuple[int, ...]) -> Hull | None:
    """The hull of what the operations touch, cut to the tensor; `None` if nothing is left."""
    ends = []
    for form, extent in zip(access.projection, shape, strict=True):
        found = value(form, points)
        ends.append((max(int(found.min()), 0), min(int(found.max()) + 1, extent)))
    return tuple(ends) if all(start < stop for start, stop in ends) else None


def joined(a: Hull | None, b: Hull | None) -> Hull | None:
    if a is None or b is None:
        return a or b
    return tuple((min(x[0], y[0]), max(x[1], y[1])) for x, y in zip(a, b, strict=True))


def compulsory(workload: Workload) -> tuple[dict[str, int], dict[str, int]]:
    """Operations that are needed by Einsum, and the size of what is touched of every tensor, point by point."""
    needed: dict[str, Hull | None] = {}
    operations: dict[str, int] = {}
    for einsum in reversed(workload.einsums):
        grid = np.indices(tuple(einsum.ranks.values())).reshape(len(einsum.ranks), -1)
        points: Points = dict(zip(einsum.ranks, grid, strict=True))
        output = einsum.output
        if workload.consumers(output.tensor):
            asked = needed.get(output.tensor)
            inside = np.full(grid.shape[1], asked is not None)
            for form, (start, stop) in zip(output.projection, asked or (), strict=False):
                found = value(form, points)
                inside &= (start <= found) & (found < stop)
            points = {rank: column[inside] for rank, column in points.items()}
        operations[einsum.name] = len(next(iter(points.values())))
        for access in (*einsum.inputs, output) if operations[einsum.name] else ():
            if access is not output or not workload.consumers(output.tensor):
                touched = hull_of(access, points, workload.tensors[access.tensor].shape)
                needed[access.tensor] = joined(needed.get(access.tensor), touched)
    sizes = {t: int(np.prod([stop - start for start, stop in hull or ((0, 0),)])) for t, hull in needed.items()}
    return operations, sizes


@pytest.mark.parametrize("first", [0, 200])
def test_a_single_tile_moves_what_is_compulsory(first: int) -> None:
    """Each input once and each output once, as far as they are touched; nothing is recomputed or idle."""
    for workload in random_workloads(first, first + 200):
        operations, touched = compulsory(workload)
        found = single_tile(workload)
        assert {name: (c.total, c.recomputed) for name, c in found.operations.items()} == {
            name: (count, 0) for name, count in operations.items()
        }
        for tensor in workload.inputs:
            assert words(found, "DRAM", tensor) == (touched.get(tensor, 0), 0)
        for tensor in workload.outputs:
            assert words(found, "DRAM", tensor) == (0, touched[tensor])
        assert set(found.transfers["DRAM"]) == {*workload.inputs, *workload.outputs}


def test_what_is_done_at_least_once_does_not_depend_on_tiles() -> None:
    """Recomputation comes on top: distinct operations are those of a single tile.

    They may be fewer where a tile skips what a hull spans: a stride beyond the kernel leaves gaps that no
    tile of one asks for.
    """
    equal = 0
    for _, design, found in random_designs(0, 300):
        for name, counts in single_tile(design.workload).operations.items():
            distinct = found.operations[name].total - found.operations[name].recomputed
            assert 0 <= distinct <= min(counts.total, found.operations[name].total)
            equal += distinct == counts.total
    assert equal > 500
