"""Operations of an Einsum: a number for every one, and what it touches.

An operation is known by its number (its position in row-major order over the ranks), so that a set
of operations is an array of different numbers. What a set of operations needs of a tensor is found
by evaluating the projection at each of them.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from looptree.simulate.points import NOTHING, Box, Numbers, hull, union
from looptree.workload import Access, Affine, Einsum, Interval, Workload


class OperationTable:
    """All operations of one Einsum.

    Args:
        einsum: the Einsum.
        workload: gives the shapes of its tensors.

    >>> from looptree.workload.expression import parse_expression
    >>> out, ins, op = parse_expression("Y[p] = X[p+r-1] * W[r]")
    >>> conv = Einsum("conv", {"p": 4, "r": 3}, ins, out, op)
    >>> table = OperationTable(conv, Workload("w", [conv]))
    >>> table.needs("X", table.everything), table.needs("X", table.everything[:2])
    ((Interval(start=0, stop=5),), (Interval(start=0, stop=1),))
    >>> table.writers_of(np.array([2]))
    array([6, 7, 8])
    """

    def __init__(self, einsum: Einsum, workload: Workload) -> None:
        extents = tuple(einsum.ranks.values())
        self.einsum = einsum
        self.everything: Numbers = np.arange(einsum.operations, dtype=np.int64)
        rows = np.indices(extents, dtype=np.int64).reshape(len(extents), einsum.operations)
        self._coordinates = dict(zip(einsum.ranks, rows, strict=True))
        self._shapes = {name: tensor.shape for name, tensor in workload.tensors.items()}

    def interval(self, rank: str, operations: Numbers) -> Interval:
        """The hull of a rank over a set of operations; empty where there are none."""
        return self._hull(Affine(((rank, 1),)), operations) if operations.size else Interval(0, 0)

    def cut(self, rank: str, tile: int, operations: Numbers) -> list[Numbers]:
        """The operations of each step of a loop over a rank, from the lower end of its hull.

        A step may be empty where the operations leave a gap; no steps where there are no operations.
        """
        if not operations.size:
            return []
        at = self._coordinates[rank][operations]
        step = (at - at.min()) // tile
        order = np.argsort(step, kind="stable")
        return np.split(operations[order], np.searchsorted(step[order], np.arange(1, step.max() + 1)))

    def needs(self, tensor: str, operations: Numbers) -> Box | None:
        """The box of a tensor that a set of operations reads (hull over all accesses to it)."""
        return hull(self._footprint(a, operations) for a in self.einsum.inputs if a.tensor == tensor)

    def writes(self, operations: Numbers) -> Box | None:
        """The box of the output that a set of operations writes."""
        return self._footprint(self.einsum.output, operations)

    def written(self, operations: Numbers) -> Numbers:
        """Numbers of the points of the output that a set of operations writes, each once."""
        targets = self._targets[operations]
        return np.unique(targets[targets >= 0])

    def writers_of(self, points: Numbers) -> Numbers:
        """Exactly the operations that write one of the points of the output."""
        return union([self._writers.get(point, NOTHING) for point in points.tolist()])

    @cached_property
    def _targets(self) -> Numbers:
        """Per operation the number of the point that it writes; -1 outside the tensor."""
        shape = self._shapes[self.einsum.output.tensor]
        numbers = np.zeros(self.everything.size, dtype=np.int64)
        inside = np.ones(self.everything.size, dtype=bool)
        for form, extent in zip(self.einsum.output.projection, shape, strict=True):
            values = self._values(form, self.everything)
            inside &= (values >= 0) & (values < extent)
            numbers = numbers * extent + values
        return np.where(inside, numbers, -1)

    @cached_property
    def _writers(self) -> dict[int, Numbers]:
        """Per point of the output the operations that write it."""
        order = np.argsort(self._targets, kind="stable")
        points, first = np.unique(self._targets[order], return_index=True)
        groups = np.split(order, first[1:])
        return {int(p): group for p, group in zip(points, groups, strict=True) if p >= 0}

    def _values(self, form: Affine, operations: Numbers) -> Numbers:
        values = np.full(operations.size, form.constant, dtype=np.int64)
        for rank, coefficient in form.terms:
            values += coefficient * self._coordinates[rank][operations]
        return values

    def _hull(self, form: Affine, operations: Numbers) -> Interval:
        values = self._values(form, operations)
        return Interval(int(values.min()), int(values.max()) + 1)

    def _footprint(self, access: Access, operations: Numbers) -> Box | None:
        if not operations.size:
            return None
        shape = self._shapes[access.tensor]
        box = tuple(self._hull(f, operations).clip(n) for f, n in zip(access.projection, shape, strict=True))
        return box if all(box) else None
