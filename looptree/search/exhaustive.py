"""The same search, slow and obvious: every design of every group is evaluated by the model, every partition is tried.

It tries what `fuse` tries (the structures, tile shapes and depths of `looptree.search.structures`) and accepts
what `fuse` accepts, and has no tables, bounds, memory of shapes or dynamic programming. The time grows
exponentially: it is for networks of a few small layers, where it shows whether the fast search misses anything.

A network of `n` layers has `2 ** (n - 1)` partitions. A group with structures of `k` loops, `t` tile shapes per
loop and `m` tensors that may sit at any depth has in the order of `t ** k * (k + 1) ** m` designs.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from looptree.architecture import Architecture, Level
from looptree.errors import UnsupportedError
from looptree.model import evaluate
from looptree.search.group_search import buffer_of
from looptree.search.objective import OBJECTIVES, checked, value
from looptree.search.result import MAX_GROUP, InfeasibleError, Plan, Progress, Statistics
from looptree.search.segment import segment
from looptree.search.structures import Structure, structures_of, tiles_of
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.taxonomy.tree import RankRef, Temporal
from looptree.workload import Workload


def exhaustive(
    workload: Workload, architecture: Architecture, *, objective: str = "energy", progress: Progress | None = None
) -> Plan:
    """The best plan of a small network, found by evaluating every one; `fuse` is the fast way to it.

    Args:
        workload: the network; a few layers of a few small ranks.
        architecture: its first two levels are used: off chip and the buffer.
        objective: `energy`, `offchip` or `latency`.
        progress: called with runs of layers done, runs in all and the last layer of the run.

    Raises:
        InfeasibleError: a layer does not fit the buffer in any way that is searched.
        InputError: the architecture has no on-chip level, or the objective is not known.
    """
    return Exhaustive(workload, architecture).plan(objective, progress=progress)


def choices(part: Workload, level: str) -> Iterator[GroupChoice]:
    """Every design of a segment that is searched: each structure, tile shape and depth of each tensor."""
    names = tuple(e.name for e in part.einsums)
    inner = {t for t in part.intermediates if t not in part.outputs}
    for structure in structures_of(part):
        depths = [[structure.depth] if tensor in inner else range(len(structure.ranks) + 1) for tensor in part.tensors]
        for tiles in itertools.product(*tiles_of(part, structure)):
            loops = _loops(structure, tiles)
            for chosen in itertools.product(*depths):
                yield GroupChoice(names, loops, dict(zip(part.tensors, chosen, strict=True)), level=level)


def _loops(structure: Structure, tiles: tuple[int, ...]) -> tuple[Temporal, ...]:
    return tuple(
        Temporal(tuple(RankRef(rank, einsum) for einsum, rank in ranks), tile)
        for ranks, tile in zip(structure.ranks, tiles, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Found:
    """A way to run some layers: its objective, off-chip bytes and groups."""

    value: Fraction
    offchip_bytes: int
    groups: tuple[GroupChoice, ...]

    @property
    def rank(self) -> tuple[Fraction, int, int]:
        """What makes one way better than another, most important first."""
        return self.value, self.offchip_bytes, len(self.groups)


Groups = dict[tuple[int, int], Found | None]


@dataclass(frozen=True, slots=True)
class Measured:
    """A design of a segment and what the model says of it, with its value for each objective."""

    choice: GroupChoice
    window_bytes: int
    offchip_bytes: int
    values: Mapping[str, Fraction]

    def found(self, objective: str) -> Found:
        """The design as a way to run its layers."""
        return Found(self.values[objective], self.offchip_bytes, (self.choice,))


class Exhaustive:
    """The exhaustive search; designs are evaluated once for all objectives and all capacities of the buffer.

    Args:
        workload: the network. architecture: its first two levels are used.
    """

    def __init__(self, workload: Workload, architecture: Architecture) -> None:
        self.workload = workload
        self.architecture = architecture
        self.level = buffer_of(architecture)
        self.names = [e.name for e in workload.einsums]
        self.measured: dict[tuple[int, int], list[Measured]] = {}

    def plan(self, objective: str = "energy", *, progress: Progress | None = None) -> Plan:
        """The best plan with the capacity of the architecture; see `exhaustive`."""
        return self.plan_within(self.architecture.level(self.level).capacity_bytes, objective, progress=progress)

    def plan_within(
        self, capacity_bytes: int | None, objective: str = "energy", *, progress: Progress | None = None
    ) -> Plan:
        """The best plan with another capacity of the buffer."""
        started = time.perf_counter()
        before = sum(map(len, self.measured.values()))
        architecture = self.architecture.with_capacity(self.level, capacity_bytes)
        count = len(self.names)
        runs = [(end - size, end) for size in range(1, min(MAX_GROUP, count) + 1) for end in range(size, count + 1)]
        groups: Groups = {}
        for done, run in enumerate(runs):
            if progress is not None:
                progress(done, len(runs), self.names[run[1] - 1])
            groups[run] = self._group(*run, checked(objective), architecture.level(self.level), groups)
        best = min(_partitions(groups, 0, count), key=lambda found: found.rank)
        tree = plan_tree(self.workload, architecture, best.groups)
        evaluated = sum(map(len, self.measured.values())) - before
        evaluation = evaluate(self.workload, architecture, tree)
        return Plan(best.groups, tree, evaluation, Statistics(time.perf_counter() - started, len(runs), 0, evaluated))

    def _group(self, start: int, end: int, objective: str, level: Level, groups: Groups) -> Found | None:
        """The best design of one group that moves no more bytes off chip than its layers one by one."""
        if (start, end) not in self.measured:
            part = segment(self.workload, self.names[start:end])
            self.measured[start, end] = list(_measured(part, self.architecture, self.level))
        measured = self.measured[start, end]
        capacity = math.inf if level.capacity_bytes is None else level.capacity_bytes
        designs = [m.found(objective) for m in measured if m.window_bytes <= capacity]
        if end - start == 1 and not designs:
            smallest = min((m.window_bytes for m in measured), default=math.inf)
            raise InfeasibleError.of(self.names[start], level, smallest)
        if end - start > 1:
            alone = sum(found.offchip_bytes for layer in range(start, end) if (found := groups[layer, layer + 1]))
            designs = [found for found in designs if found.offchip_bytes <= alone]
        return min(designs, key=lambda found: found.rank, default=None)


def _measured(part: Workload, architecture: Architecture, level: str) -> Iterator[Measured]:
    """Every design of a segment that the model evaluates."""
    for choice in choices(part, level):
        try:
            result = evaluate(part, architecture, plan_tree(part, architecture, [choice]))
        except UnsupportedError:
            continue
        values = {objective: value(objective, result) for objective in OBJECTIVES}
        yield Measured(choice, result.occupancy[level].window_bytes, result.offchip_bytes, values)


def _partitions(groups: Groups, start: int, end: int) -> Iterator[Found]:
    """Every way to cut a run of layers into groups that have a design."""
    between = range(start + 1, end)
    for cuts in itertools.chain.from_iterable(itertools.combinations(between, n) for n in range(len(between) + 1)):
        parts = [groups.get(pair) for pair in itertools.pairwise((start, *cuts, end))]
        known = [found for found in parts if found is not None]
        if len(known) == len(parts):
            yield Found(
                sum((found.value for found in known), Fraction(0)),
                sum(found.offchip_bytes for found in known),
                tuple(choice for found in known for choice in found.groups),
            )
