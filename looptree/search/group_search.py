"""The best design of one segment: tables propose, the model disposes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from looptree.architecture import Architecture
from looptree.errors import UnsupportedError
from looptree.model import Evaluation, evaluate
from looptree.search.grid import Candidate, Grid, Limits
from looptree.search.objective import price
from looptree.search.profile import Profiler
from looptree.search.structures import candidate_ranks, sinks_of, structures
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.taxonomy.tree import RankRef, Temporal
from looptree.workload import Workload

KEPT = 6


@dataclass(frozen=True, slots=True)
class GroupDesign:
    """A design of a segment.

    Attributes:
        choice: what is chosen. cost: the objective. offchip_bytes: its off-chip traffic.
        verified: whether the numbers are the model's; else they are the tables'.
    """

    choice: GroupChoice
    cost: float
    offchip_bytes: float
    verified: bool = False


@dataclass(slots=True)
class Tally:
    """How much was looked at: designs in tables, and designs evaluated one by one by the model."""

    tabulated: int = 0
    evaluated: int = 0


class GroupSearch:
    """Finds designs of segments.

    Args:
        architecture: its capacities hold. level: the on-chip level that is used.
        objective: what is made small.
    """

    def __init__(self, architecture: Architecture, level: str, objective: str) -> None:
        self.architecture = architecture
        self.level = level
        self.objective = objective
        self.tally = Tally()
        capacity = architecture.level(level).capacity_bytes
        self.capacity = math.inf if capacity is None else float(capacity)

    def designs(self, part: Workload, cost: float, offchip_bytes: float) -> list[GroupDesign]:
        """The best designs by the tables, best first, that cost less than `cost` and move at most `offchip_bytes`."""
        found: list[Candidate] = []
        for grid in self._grids(part):
            limits = Limits(
                self.capacity, min([cost, *(c.cost * (1 + 1e-12) for c in found[KEPT - 1 :])]), offchip_bytes
            )
            candidate = grid.best(self.objective, self.architecture, limits)
            self.tally.tabulated += math.prod(grid.shape)
            if candidate is not None:
                found.append(candidate)
                found.sort(key=lambda c: c.rank)
                del found[KEPT:]
        return [GroupDesign(choice_of(part, c, self.level), c.cost, c.offchip_bytes) for c in found]

    def verified(self, part: Workload, design: GroupDesign) -> GroupDesign | None:
        """The design with the numbers of the model; `None` if it does not fit after all."""
        self.tally.evaluated += 1
        try:
            result = evaluate(part, self.architecture, plan_tree(part, self.architecture, [design.choice]))
        except UnsupportedError:
            return None
        if result.occupancy[self.level].window_bytes > self.capacity:
            return None
        return replace(design, cost=self.value(result), offchip_bytes=result.offchip_bytes, verified=True)

    def value(self, result: Evaluation) -> float:
        """The objective of an evaluation."""
        if self.objective == "offchip":
            return result.offchip_bytes
        return float(result.energy.total if self.objective == "energy" else result.latency.overlapped)

    def smallest_demand(self, part: Workload) -> float:
        """The fewest bytes on chip with which any design that is tried can do."""
        return min((grid.smallest() for grid in self._grids(part)), default=math.inf)

    def _grids(self, part: Workload) -> list[Grid]:
        sinks = sinks_of(part)
        profiler = Profiler(part, sinks, self.architecture.compute.spatial)
        prices = price(part, self.architecture, self.level)
        fused = len(part.einsums) > 1
        ranks = candidate_ranks(part, sinks, least=4 if fused else 2)
        listed = structures(ranks, most_loops=2 if fused else 3, fused=fused)
        return [Grid(profiler, structure, prices) for structure in listed]


def choice_of(part: Workload, candidate: Candidate, level: str) -> GroupChoice:
    """The candidate as a choice of the taxonomy."""
    loops = tuple(
        Temporal(tuple(RankRef(rank, einsum) for einsum, rank in ranks), tile)
        for ranks, tile in zip(candidate.structure.ranks, candidate.tiles, strict=True)
    )
    return GroupChoice(tuple(e.name for e in part.einsums), loops, dict(candidate.retention), level=level)
