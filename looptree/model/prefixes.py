"""The steps of an axis in classes: iterations with equal tables look alike, and are visited once."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from looptree.model.axis import Array, Axis
from looptree.model.box import FEW


def codes(tables: Iterable[Array], size: int) -> Array:
    """A number for each own step; steps with equal entries in all tables have equal numbers.

    >>> codes([np.array([3, 2, 2, 2]), np.array([1, 1, 1, 0])], 4).tolist()
    [0, 1, 1, 2]
    """
    if size <= FEW:
        listed = [table.tolist() if table.ndim == 1 else list(map(tuple, table.tolist())) for table in tables]
        known: dict[object, int] = {}
        steps = zip(*listed, strict=True) if listed else ((),) * size
        return np.array([known.setdefault(entries, len(known)) for entries in steps], dtype=np.int64)
    found: Array = np.zeros(size, dtype=np.int64)
    for table in tables:
        if (table == table[:1]).all():
            continue
        rows = None if table.ndim == 1 else 0
        values, which = np.unique(table, return_inverse=True, axis=rows)
        _, found = np.unique(found * len(values) + which.ravel(), return_inverse=True)
    return found


class Prefixes:
    """The values of the outermost loops of an axis, as a tree.

    A node is known by the number of loops decided and its position among those with as many.

    Args:
        axis: the axis.
        base: loops that are decided from the start.
        found: the class of each own step.

    Attributes:
        classes: of the nodes with so many loops decided. numbers: the same as a list.
    """

    def __init__(self, axis: Axis, base: int, found: Array) -> None:
        self.base = base
        self.levels = len(axis.depths)
        self._axis = axis
        self._bounds: dict[int, Array] = {}
        self.classes: dict[int, Array] = {self.levels: found}
        self.numbers: dict[int, list[int]] = {self.levels: found.tolist()}
        for own in range(self.levels - 1, base - 1, -1):
            bounds = axis.inner(own)
            below, known = self.classes[own + 1], dict[bytes, int]()
            spans = [below[a:b].tobytes() for a, b in pairwise(bounds.tolist())]
            self._bounds[own] = bounds
            self.numbers[own] = [known.setdefault(span, len(known)) for span in spans]
            self.classes[own] = np.array(self.numbers[own], dtype=np.int64)

    def children(self, own: int, position: int) -> tuple[int, int]:
        """The nodes with one more loop decided, from the first to before the last."""
        bounds = self._bounds[own]
        return int(bounds[position]), int(bounds[position + 1])

    def position(self, step: int) -> int | None:
        """The node of an own step of the axis as it was before the loops beyond `base`; `None` if it has none."""
        if not self._axis.size:
            return None
        if self.base == 0:
            return 0
        if self.base == self.levels:
            return step
        group = self._axis.group(self.base)
        starts = self._axis.starts(self.base)
        place = int(np.searchsorted(group[starts], step))
        return place if place < len(starts) and int(group[starts[place]]) == step else None

    def outer_classes(self, size: int) -> Array:
        """The class of each own step of the axis as it was before; -1 where there is nothing below.

        Args:
            size: own steps that it had.
        """
        if self.base == 0:
            return np.full(size, self.classes[0][0] if self._axis.size else -1)
        found = np.full(size, -1, dtype=np.int64)
        found[self._axis.group(self.base)[self._axis.starts(self.base)]] = self.classes[self.base]
        return found
