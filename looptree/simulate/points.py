"""Points of tensors: boxes of coordinates, and a number for every point.

A point of a tensor is known by its number (its position in row-major order), so that a set of
points is an array of different numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import EllipsisType

import numpy as np
from numpy.typing import NDArray

from looptree.workload import Interval

Index = tuple[int, ...]
"""An iteration: the step that each loop on the path is at, outermost first."""

Box = tuple[Interval, ...]
"""One non-empty interval per dimension; where nothing is asked for there is `None` instead."""

Numbers = NDArray[np.int64]
"""Numbers of operations or points, each once."""

NOTHING: Numbers = np.zeros(0, dtype=np.int64)


def hull(boxes: Iterable[Box | None]) -> Box | None:
    """The smallest box that holds all boxes; those that ask for nothing add nothing.

    >>> hull([(Interval(0, 2),), None, (Interval(5, 6),)])
    (Interval(start=0, stop=6),)
    """
    found: Box | None = None
    for box in boxes:
        if box is not None:
            found = box if found is None else tuple(a.hull(b) for a, b in zip(found, box, strict=True))
    return found


def holds(outer: Box | None, inner: Box | None) -> bool:
    """Whether every point of the inner box lies in the outer one."""
    if inner is None:
        return True
    return outer is not None and hull((outer, inner)) == outer


def union(parts: list[Numbers]) -> Numbers:
    """Every number that is in one of the parts, once."""
    if not parts:
        return NOTHING
    return parts[0] if len(parts) == 1 else np.unique(np.concatenate(parts))


class PointTable:
    """The points of one tensor and their numbers.

    Args:
        shape: extent per dimension.

    >>> PointTable((2, 3)).inside((Interval(0, 2), Interval(1, 2)))
    array([1, 4])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self._numbers = np.arange(np.ones(shape, dtype=bool).size, dtype=np.int64).reshape(shape)

    @property
    def count(self) -> int:
        """Points of the whole tensor."""
        return self._numbers.size

    def inside(self, box: Box | None) -> Numbers:
        """Numbers of the points in a box."""
        if box is None:
            return NOTHING
        here: tuple[slice | EllipsisType, ...] = (*(slice(*interval) for interval in box), ...)
        return self._numbers[here].ravel()
