"""The best design of one segment: tables propose, the model disposes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from looptree.architecture import Architecture
from looptree.errors import InputError, UnsupportedError
from looptree.model import evaluate
from looptree.model.axis import Array
from looptree.model.box import Coupled
from looptree.search.bounds import complete_layers, compulsory_words
from looptree.search.grid import ROUNDING, Candidate, Grid, Limits
from looptree.search.objective import Price, price, value
from looptree.search.objective import cost as cost_of
from looptree.search.profile import Profiler
from looptree.search.structures import sinks_of, structures_of
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

    def cost(self, offchip: Array, priced: Array, cycles: Array) -> Array:
        """The objective over a grid; see `looptree.search.objective.cost`."""
        return cost_of(self.objective, self.architecture, self.level, offchip, priced, cycles)

    def designs(self, part: Workload, cost: float, offchip_bytes: float) -> list[GroupDesign]:
        """The best designs by the tables, best first, that cost less than `cost` and move at most `offchip_bytes`."""
        found: list[Candidate] = []
        profiler = Profiler(part, sinks_of(part), self.architecture.compute.spatial)
        prices = price(self.objective, part, self.architecture, self.level)
        floor: tuple[float, ...] | None = None
        for grid in self._grids(profiler, prices):
            floor = floor or self._floor(part, profiler, prices)
            if floor[0] >= cost * (1 + ROUNDING):
                break
            least = min([cost, *(c.cost * (1 + 1e-12) for c in found[KEPT - 1 :])])
            candidate = grid.best(Limits(self.capacity, least, offchip_bytes))
            self.tally.tabulated += math.prod(grid.shape)
            if candidate is not None:
                found.append(candidate)
                found.sort(key=lambda c: c.rank)
                del found[KEPT:]
                if all(x <= y * (1 + ROUNDING) for x, y in zip(candidate.rank, floor, strict=False)):
                    break
        return [GroupDesign(choice_of(part, c, self.level), c.cost, c.offchip_bytes) for c in found]

    def _floor(self, part: Workload, profiler: Profiler, prices: Price) -> tuple[float, ...]:
        """What no design undercuts: compulsory transfers, nothing recomputed, the array as full as without tiles."""
        words, complete = compulsory_words(part), complete_layers(part)
        offchip = sum(count * part.tensors[tensor].bits / 8 for tensor, count in words.items())
        spent = sum(words[t] * prices.reads[t] for t in part.inputs) + sum(
            words[t] * prices.writes[t] for t in part.outputs
        )
        operations, cycles = 0.0, 0.0
        for name in complete:
            work = profiler.untiled_work(name, ()) or (0.0, 0.0, 0.0)
            operations, cycles = operations + work[0], cycles + work[1]
            spent += work[0] * prices.operations[name] - work[2] * prices.points[name]
        tables = [np.asarray(x) for x in (offchip, spent, cycles)]
        return float(self.cost(*tables)), offchip, operations, cycles

    def verified(self, part: Workload, design: GroupDesign) -> GroupDesign | None:
        """The design with the numbers of the model; `None` if it does not fit after all."""
        self.tally.evaluated += 1
        try:
            result = evaluate(part, self.architecture, plan_tree(part, self.architecture, [design.choice]))
        except UnsupportedError:
            return None
        if result.occupancy[self.level].window_bytes > self.capacity:
            return None
        return replace(
            design, cost=float(value(self.objective, result)), offchip_bytes=result.offchip_bytes, verified=True
        )

    def smallest_demand(self, part: Workload) -> float:
        """The fewest bytes on chip with which any design that is tried can do."""
        profiler = Profiler(part, sinks_of(part), self.architecture.compute.spatial)
        grids = self._grids(profiler, price(self.objective, part, self.architecture, self.level))
        return min((grid.smallest() for grid in grids), default=math.inf)

    def _grids(self, profiler: Profiler, prices: Price) -> Iterator[Grid]:
        """The grid of every structure; those that tile inference cannot express are left out."""
        try:
            if not profiler.leaves_whole:
                return
        except (UnsupportedError, Coupled):
            return
        for structure in structures_of(profiler.part):
            try:
                yield Grid(profiler, structure, prices, self.cost)
            except (UnsupportedError, Coupled):
                continue


def buffer_of(architecture: Architecture) -> str:
    """The level that a search uses: the first one below off chip.

    Raises:
        InputError: there is none.
    """
    if len(architecture.levels) < 2:
        raise InputError("expected an off-chip level and an on-chip one", where=f"architecture {architecture.name!r}")
    return architecture.levels[1].name


def choice_of(part: Workload, candidate: Candidate, level: str) -> GroupChoice:
    """The candidate as a choice of the taxonomy."""
    loops = tuple(
        Temporal(tuple(RankRef(rank, einsum) for einsum, rank in ranks), tile)
        for ranks, tile in zip(candidate.structure.ranks, candidate.tiles, strict=True)
    )
    return GroupChoice(tuple(e.name for e in part.einsums), loops, dict(candidate.retention), level=level)
