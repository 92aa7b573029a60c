"""The best design of one segment: tables propose, the model disposes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from looptree.architecture import Architecture
from looptree.errors import UnsupportedError
from looptree.model import Evaluation, evaluate
from looptree.model.slab import MAX_POINTS, attained
from looptree.search.grid import ROUNDING, Candidate, Grid, Limits
from looptree.search.objective import Price, price
from looptree.search.objective import cost as cost_of
from looptree.search.profile import Profiler
from looptree.search.structures import Structure, candidate_ranks, sinks_of, structures
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
        sinks = sinks_of(part)
        profiler = Profiler(part, sinks, self.architecture.compute.spatial)
        prices = price(part, self.architecture, self.level)
        floor = self._floor(part, profiler, prices)
        for structure in self._structures(part, sinks):
            grid = Grid(profiler, structure, prices)
            least = min([cost, *(c.cost * (1 + 1e-12) for c in found[KEPT - 1 :])])
            candidate = grid.best(self.objective, self.architecture, Limits(self.capacity, least, offchip_bytes))
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
        read = [part.tensors[t] for t in part.inputs]
        written = [part.tensors[t] for t in part.outputs]
        words = {t.name: touched_words(part, t.name) for t in read} | {t.name: t.size for t in written}
        offchip = sum(words[t.name] * t.bits / 8 for t in (*read, *written))
        moved = sum(words[t.name] * prices.reads[t.name] for t in read)
        moved += sum(words[t.name] * prices.writes[t.name] for t in written)
        work = [profiler.untiled_work(name, ()) or (0.0, 0.0, 0.0) for name in profiler.whole.operations]
        operations, cycles = sum(w[0] for w in work), sum(w[1] for w in work)
        tables = [np.asarray(x) for x in (offchip, moved + profiler.least_spent(prices), cycles)]
        value = float(cost_of(self.objective, self.architecture, *tables))
        return value, offchip, operations, cycles

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
        sinks = sinks_of(part)
        profiler = Profiler(part, sinks, self.architecture.compute.spatial)
        prices = price(part, self.architecture, self.level)
        listed = self._structures(part, sinks)
        return min((Grid(profiler, structure, prices).smallest() for structure in listed), default=math.inf)

    def _structures(self, part: Workload, sinks: tuple[str, ...]) -> Iterator[Structure]:
        fused = len(part.einsums) > 1
        ranks = candidate_ranks(part, sinks, least=4 if fused else 2)
        return structures(ranks, most_loops=2 if fused else 3, fused=fused)


def touched_words(part: Workload, tensor: str) -> int:
    """Words of an input that some operation reads: no less is ever fetched, whatever the tiles.

    Strides larger than a kernel leave out columns that the hull of a large tile fetches.
    """
    shape = part.tensors[tensor].shape
    most = 0
    for einsum in part.consumers(tensor):
        for access in einsum.inputs:
            if access.tensor == tensor:
                reached = [
                    int(attained(form, tuple(einsum.ranks[r] for r in form.ranks), extent)[-1])
                    if math.prod(einsum.ranks[r] for r in form.ranks) <= MAX_POINTS
                    else 1
                    for form, extent in zip(access.projection, shape, strict=True)
                ]
                most = max(most, math.prod(reached))
    return most


def choice_of(part: Workload, candidate: Candidate, level: str) -> GroupChoice:
    """The candidate as a choice of the taxonomy."""
    loops = tuple(
        Temporal(tuple(RankRef(rank, einsum) for einsum, rank in ranks), tile)
        for ranks, tile in zip(candidate.structure.ranks, candidate.tiles, strict=True)
    )
    return GroupChoice(tuple(e.name for e in part.einsums), loops, dict(candidate.retention), level=level)
