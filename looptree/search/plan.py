"""Whole networks: layer by layer, and fused.

Dynamic programming over one topological order: the best plan of the first layers is the best plan
of fewer layers and one more group. Segments of equal shape are searched once. A group counts only where it
undercuts the best split of its layers, so the fused plan is never worse than layer by layer.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from looptree.architecture import Architecture
from looptree.errors import InputError, LooptreeError
from looptree.model import Evaluation, evaluate
from looptree.search.group_search import GroupDesign, GroupSearch
from looptree.search.objective import checked
from looptree.search.segment import Shape, renamed, segment, shape_of
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.taxonomy.tree import LoopTree
from looptree.workload import Workload

Progress = Callable[[int, int, str], None]

MAX_GROUP = 8
SPACE = (
    f"runs of up to {MAX_GROUP} layers of one topological order; up to 2 loops over the ranks of the sink "
    "(3 for a layer alone), useful tile shapes, retention per tensor, one common depth for the intermediates of a group"
)


class InfeasibleError(LooptreeError):
    """No design that is searched fits; the message says which layer, its demand and the capacity."""


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


def compare(
    workload: Workload, architecture: Architecture, *, objective: str = "energy", progress: Progress | None = None
) -> Comparison:
    """Layer by layer against fused, on one architecture.

    A group counts only where it lowers the objective and moves no more bytes off chip than the best split of
    its layers; so the fused plan is never worse than layer by layer in either.

    Args:
        workload: the network.
        architecture: its first two levels are used: off chip and the buffer.
        objective: `energy`, `offchip` or `latency`.
        progress: called with segments done, segments in all and what is being looked at.

    Raises:
        InfeasibleError: a layer does not fit the buffer in any way that is searched.
        InputError: the architecture has no on-chip level, or the objective is not known.
    """
    searcher = _Searcher(workload, architecture, checked(objective), progress)
    return Comparison(searcher.plan(1), searcher.plan(MAX_GROUP))


def fuse(
    workload: Workload, architecture: Architecture, *, objective: str = "energy", progress: Progress | None = None
) -> Plan:
    """The fused plan alone; see `compare`."""
    return _Searcher(workload, architecture, checked(objective), progress).plan(MAX_GROUP)


@dataclass(slots=True)
class _Known:
    """The designs of a shape that are left, best first."""

    shape: Shape
    part: Workload
    designs: list[GroupDesign]


@dataclass(frozen=True, slots=True)
class _Run:
    """The best known plan of a run of layers: its cost, off-chip bytes and groups as (first, last + 1)."""

    cost: float
    offchip_bytes: float
    groups: tuple[tuple[int, int], ...]

    def then(self, other: _Run) -> _Run:
        return _Run(self.cost + other.cost, self.offchip_bytes + other.offchip_bytes, self.groups + other.groups)


class _Searcher:
    def __init__(
        self, workload: Workload, architecture: Architecture, objective: str, progress: Progress | None
    ) -> None:
        if len(architecture.levels) < 2:
            raise InputError(
                "expected an off-chip level and an on-chip one", where=f"architecture {architecture.name!r}"
            )
        self.workload = workload
        self.architecture = architecture
        self.level = architecture.levels[1].name
        self.groups = GroupSearch(architecture, self.level, objective)
        self.progress = progress or (lambda done, total, text: None)
        self.names = [e.name for e in workload.einsums]
        self.known: dict[object, _Known] = {}
        self.shapes: dict[tuple[int, int], tuple[Shape, bool]] = {}

    def plan(self, most: int) -> Plan:
        """The best plan with groups of up to `most` layers."""
        started = time.perf_counter()
        tally = self.groups.tally
        before = (len(self.known), tally.tabulated, tally.evaluated)
        while True:
            found = self._partition(most)
            if all(self._verify(start, end) for start, end in found.groups):
                break
        groups = tuple(self._choice(start, end) for start, end in found.groups)
        tree = plan_tree(self.workload, self.architecture, groups)
        evaluation = evaluate(self.workload, self.architecture, tree)
        after = (len(self.known), tally.tabulated, tally.evaluated)
        costed, tabulated, evaluated = (a - b for a, b in zip(after, before, strict=True))
        seconds = time.perf_counter() - started
        return Plan(groups, tree, evaluation, Statistics(seconds, costed, tabulated, evaluated))

    def _partition(self, most: int) -> _Run:
        """The best plan of the whole network by the numbers known so far."""
        count = len(self.names)
        total = sum(min(most, end) for end in range(1, count + 1))
        done = 0
        best: dict[tuple[int, int], _Run] = {}
        for size in range(1, min(most, count) + 1):
            for start in range(count - size + 1):
                self.progress(done, total, self.names[start + size - 1])
                done += 1
                best[start, start + size] = self._cheapest(start, start + size, best)
        self.progress(total, total, "")
        upto = [_Run(0, 0, ())]
        for end in range(1, count + 1):
            options = [upto[start].then(best[start, end]) for start in range(max(0, end - most), end)]
            upto.append(min(options, key=lambda run: (run.cost, run.offchip_bytes, len(run.groups))))
        return upto[count]

    def _cheapest(self, start: int, end: int, best: dict[tuple[int, int], _Run]) -> _Run:
        """The best plan of a run of layers: split somewhere, or one group."""
        splits = [best[start, middle].then(best[middle, end]) for middle in range(start + 1, end)]
        split = min(splits, key=lambda run: (run.cost, run.offchip_bytes), default=None)
        design = self._design(start, end, split)
        if design is None:
            if split is None:
                raise self._infeasible(self.names[start])
            return split
        return _Run(design.cost, design.offchip_bytes, ((start, end),))

    def _design(self, start: int, end: int, split: _Run | None) -> GroupDesign | None:
        """The best single group of these layers, if it beats the best split of them."""
        if (start, end) not in self.shapes:
            part = segment(self.workload, self.names[start:end])
            useful = split is None or (_connected(part) and _compulsory(part) <= split.offchip_bytes)
            shape = shape_of(part)
            self.shapes[start, end] = (shape, useful)
            if useful and shape.key not in self.known:
                limits = (math.inf, math.inf) if split is None else (split.cost, split.offchip_bytes)
                self.known[shape.key] = _Known(shape, part, self.groups.designs(part, *limits))
        shape, useful = self.shapes[start, end]
        designs = self.known[shape.key].designs if useful else []
        if not designs:
            return None
        best = min(designs, key=lambda d: (d.cost, d.offchip_bytes))
        if split is not None and not (best.cost < split.cost and best.offchip_bytes <= split.offchip_bytes):
            return None
        return best

    def _verify(self, start: int, end: int) -> bool:
        """Replace the numbers of the tables by those of the model; true if the design stays the best of its group."""
        known = self.known[self.shapes[start, end][0].key]
        best = min(known.designs, key=lambda d: (d.cost, d.offchip_bytes))
        if best.verified:
            return True
        known.designs.remove(best)
        sure = self.groups.verified(known.part, best)
        if sure is not None:
            known.designs.append(sure)
        return sure is not None and math.isclose(sure.cost, best.cost) and sure.offchip_bytes == best.offchip_bytes

    def _choice(self, start: int, end: int) -> GroupChoice:
        shape = self.shapes[start, end][0]
        known = self.known[shape.key]
        best = min(known.designs, key=lambda d: (d.cost, d.offchip_bytes))
        return renamed(best.choice, known.shape, shape)

    def _infeasible(self, name: str) -> InfeasibleError:
        capacity = self.architecture.level(self.level).capacity_bytes
        demand = self.groups.smallest_demand(segment(self.workload, [name]))
        return InfeasibleError(
            f"layer {name!r} does not fit {self.level}: the smallest design that is searched needs {demand:.0f} bytes, "
            f"the capacity is {capacity} bytes (a buffer of {demand:.0f} bytes would hold it)"
        )


def _connected(part: Workload) -> bool:
    """Whether the layers hang together through tensors that one of them produces or several read."""
    remaining = {e.name for e in part.einsums}
    todo = [part.einsums[0]]
    remaining.discard(todo[0].name)
    while todo:
        einsum = todo.pop()
        for tensor in (*einsum.reads, einsum.output.tensor):
            producer = part.producer(tensor)
            for other in (*part.consumers(tensor), *([producer] if producer else [])):
                if other.name in remaining:
                    remaining.discard(other.name)
                    todo.append(other)
    return not remaining


def _compulsory(part: Workload) -> int:
    """Off-chip bytes that any design of one group moves: every input once, every output once."""
    return sum(part.tensors[t].size_bytes for t in (*part.inputs, *part.outputs))
