"""What a search returns: plans with their evaluation and their proof, and why there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from looptree.architecture import Architecture
from looptree.display import Displayed
from looptree.errors import LooptreeError
from looptree.model import Evaluation
from looptree.search.asked.limits import Limit
from looptree.search.asked.space import Space
from looptree.taxonomy.group import GroupChoice
from looptree.taxonomy.tree import LoopTree

SEED = 0
"""Of the solver that puts groups together. Nothing else draws numbers, and every run finds the same plan."""


class InfeasibleError(LooptreeError):
    """No design that is searched fits; the message says which layer, its demand and the capacity."""

    @classmethod
    def of(cls, what: str, level: str, capacity: float, demand: float, parts: Mapping[str, float]) -> InfeasibleError:
        """The error for a layer, or a group, that needs at least `demand` bytes at a level, by tensor in `parts`."""
        room = "unlimited" if math.isinf(capacity) else f"{capacity:.0f} byte{'s' * (capacity != 1)}"
        if math.isinf(demand):
            return cls(f"{what}: the model evaluates no design of it that is searched (the capacity is {room})")
        largest = sorted(parts.items(), key=lambda part: (-part[1], part[0]))[:3]
        taken = ", ".join(f"{tensor} {size:.0f}" for tensor, size in largest)
        return cls(
            f"{what} does not fit {level}: the smallest design that is searched needs {demand:.0f} "
            f"bytes ({taken}), the capacity is {room} (a buffer of {demand:.0f} bytes would hold it)"
        )


class UnreachableError(InfeasibleError):
    """Every layer fits, but no plan keeps the limits; the message says which, and the least that can be had."""


class DisagreementError(Exception):
    """The model values a plan differently from the search: a defect of the search."""


@dataclass(frozen=True, slots=True)
class State:
    """How far a search is.

    Attributes:
        seconds: so far. value: objective of the best plan so far (infinite if there is none). bound: no plan is better.
        groups: searches of groups so far. designs: evaluated so far. stage: which search this is, if there are several.
    """

    seconds: float
    value: float
    bound: float
    groups: int
    designs: int
    stage: str = ""

    @property
    def gap(self) -> float:
        """How much better than the best plan another one might be, as a share of it."""
        if math.isinf(self.value):
            return math.inf
        return (self.value - self.bound) / self.value if self.value > self.bound else 0.0


Progress = Callable[[State], None]
"""Called now and then with how far a search is."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """How a plan was found, and what is proven of it.

    Attributes:
        status: `optimal` (nothing in the space is better) or `feasible` (the search was stopped).
        objective: what was made small. value: of this plan, by the model. bound: no plan in the space has less.
        seconds: wall-clock time. groups: groups of layers that were looked at; shapes: different ones.
        searches: of one group in some capacity. designs_evaluated: designs of which every sum was computed.
        ranges_bounded: sets of designs of which only a bound was computed. space: what was searched.
        limits: that the plan keeps. seed: of the solver.
    """

    status: str
    objective: str
    value: float
    bound: float
    seconds: float
    groups: int
    shapes: int
    searches: int
    designs_evaluated: int
    ranges_bounded: int
    space: Space
    limits: tuple[Limit, ...] = ()
    seed: int = SEED

    @property
    def gap(self) -> float:
        """How much better than this plan another one might be, as a share of it; 0 for a proven optimum."""
        return (self.value - self.bound) / self.value if self.value > self.bound else 0.0


@dataclass(frozen=True, slots=True)
class Plan(Displayed):
    """A mapping of a whole network and what the model says of it.

    Attributes:
        groups: in the order in which they run. resident: tensors that stay on chip between groups.
        architecture: with the buffer that it is for.
    """

    groups: tuple[GroupChoice, ...]
    resident: frozenset[str]
    tree: LoopTree
    evaluation: Evaluation
    statistics: Statistics
    architecture: Architecture

    def __repr__(self) -> str:
        layers, groups = sum(len(group.einsums) for group in self.groups), len(self.groups)
        run = f"{layers} layer{'s' * (layers != 1)} in {groups} group{'s' * (groups != 1)}"
        return f"Plan({run}, {self.evaluation.headline}; {self.statistics.status} in {self.statistics.objective})"


@dataclass(frozen=True, slots=True)
class Comparison(Displayed):
    """The same network layer by layer and fused, both searched for the same objective."""

    layer_by_layer: Plan
    fused: Plan

    def __repr__(self) -> str:
        return f"Comparison(layer_by_layer={self.layer_by_layer!r}, fused={self.fused!r})"
