"""What a search returns: plans with their evaluation, how they were found, and why there is none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from looptree.architecture import Level
from looptree.errors import LooptreeError
from looptree.model import Evaluation
from looptree.taxonomy.group import GroupChoice
from looptree.taxonomy.tree import LoopTree

Progress = Callable[[int, int, str], None]
"""Called with steps done, steps in all and what is being looked at."""

MAX_GROUP = 8
SPACE = (
    f"runs of up to {MAX_GROUP} layers of one topological order; up to 2 loops over the ranks of the sink "
    "(3 for a layer alone) that move different dimensions, useful tile shapes, retention per tensor, one common depth "
    "for the intermediates of a group"
)


class InfeasibleError(LooptreeError):
    """No design that is searched fits; the message says which layer, its demand and the capacity."""

    @classmethod
    def of(cls, layer: str, level: Level, demand: float) -> InfeasibleError:
        """The error for one layer that needs at least `demand` bytes at a level."""
        capacity = f"the capacity is {level.capacity_bytes} bytes"
        if math.isinf(demand):
            return cls(f"layer {layer!r}: the model evaluates no design of it that is searched ({capacity})")
        return cls(
            f"layer {layer!r} does not fit {level.name}: the smallest design that is searched needs {demand:.0f} "
            f"bytes, {capacity} (a buffer of {demand:.0f} bytes would hold it)"
        )


@dataclass(frozen=True, slots=True)
class Statistics:
    """How a plan was found.

    Attributes:
        seconds: wall-clock time. groups_costed: segments of different shape that were searched.
        designs_tabulated: designs compared in tables. designs_evaluated: designs evaluated one by one by the model.
        space: what was searched, in words.
    """

    seconds: float
    groups_costed: int
    designs_tabulated: int
    designs_evaluated: int
    space: str = SPACE


@dataclass(frozen=True, slots=True)
class Plan:
    """A mapping of a whole network and what the model says of it."""

    groups: tuple[GroupChoice, ...]
    tree: LoopTree
    evaluation: Evaluation
    statistics: Statistics


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same network layer by layer and fused, both searched for the fewest off-chip bytes."""

    layer_by_layer: Plan
    fused: Plan
