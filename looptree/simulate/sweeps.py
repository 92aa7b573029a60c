"""Windows, the loop that moves them, sweeps, and what is fresh within a sweep.

All functions take the boxes that are required of one tensor, iteration by iteration in the order
in which they happen.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from looptree.simulate.points import Box, Index, Numbers, PointTable, hull
from looptree.simulate.tables import Tables
from looptree.taxonomy.design import Place

Required = dict[Index, Box | None]
"""What is required at each iteration, in order."""


def windows(required: Required, depth: int) -> dict[Index, Box | None]:
    """Per value of the loops above a storage node the hull of all that is required meanwhile.

    Args:
        required: what is required at each iteration.
        depth: loops above the storage node.
    """
    groups: dict[Index, list[Box | None]] = {}
    for index, box in required.items():
        groups.setdefault(index[:depth], []).append(box)
    return {index: hull(boxes) for index, boxes in groups.items()}


def is_relevant(found: Mapping[Index, Box | None], loop: int) -> bool:
    """Whether two windows that differ in one loop only are both non-empty and different.

    Args:
        found: the windows.
        loop: 1-based position of the loop.
    """
    first: dict[Index, Box] = {}
    for index, box in found.items():
        others = index[: loop - 1] + index[loop:]
        if box is not None and first.setdefault(others, box) != box:
            return True
    return False


def sweep_depth(required: Required, place: Place, instances: int = 0) -> int:
    """How many of the outermost loops have to stand still for data to stay in a place.

    With the innermost relevant loop at position j that is j-1 (data stays while loop j steps), or j
    where overlap is dropped; 0 where no loop is relevant. A place that is loaded anew at every visit of its branch
    keeps nothing from one to the next.

    Args:
        required: what is required at each iteration.
        place: whose sweeps.
        instances: the first numbers of each iteration say which instance it is of; those always stand still.
    """
    found = windows(required, place.depth)
    loops = range(1, place.depth - instances + 1)
    innermost = max((n for n in loops if is_relevant(found, instances + n)), default=0)
    return instances + max(innermost if place.drop else innermost - 1, place.visits)


def fresh(required: Required, depth: int, points: PointTable, tables: Tables) -> dict[Index, Numbers]:
    """Per iteration the points that are required and were not required earlier in the same sweep.

    Args:
        required: what is required at each iteration.
        depth: a sweep is all iterations with the same values of so many outermost loops.
        points: the points of the tensor.
        tables: whose budget is spent.
    """
    last_sweep = np.full(points.count, -1, dtype=np.int64)
    sweeps: dict[Index, int] = {}
    found: dict[Index, Numbers] = {}
    for index, box in required.items():
        sweep = sweeps.setdefault(index[:depth], len(sweeps))
        wanted = points.inside(box)
        tables.budget.spend(1 + wanted.size)
        found[index] = wanted[last_sweep[wanted] != sweep]
        last_sweep[wanted] = sweep
    return found


def total(found: Mapping[Index, Numbers]) -> int:
    """Points over all iterations."""
    return sum(numbers.size for numbers in found.values())


def most_live(required: Required, depth: int, points: PointTable, tables: Tables) -> int:
    """The most points at one iteration that are required, or were and will be again in the same sweep.

    A point is there from the iteration that requires it first in the sweep to the one that requires
    it last; what is required last is what is fresh when the run is watched backwards.
    """
    arriving = fresh(required, depth, points, tables)
    leaving = fresh(dict(reversed(required.items())), depth, points, tables)
    there: dict[Index, int] = {}
    most = 0
    for index in required:
        sweep = index[:depth]
        there[sweep] = there.get(sweep, 0) + arriving[index].size
        most = max(most, there[sweep])
        there[sweep] -= leaving[index].size
    return most
