"""Whole networks: layer by layer, and fused.

Dynamic programming over one topological order: the best plan of the first layers is the best plan
of fewer layers and one more group. Segments of equal shape are searched once. A group counts only where it
lowers the objective and moves no more bytes off chip than its layers one by one, so the fused plan is never
worse than layer by layer in either.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from looptree.architecture import Architecture
from looptree.model import evaluate
from looptree.search.bounds import compulsory_bytes
from looptree.search.grid import ROUNDING
from looptree.search.group_search import GroupDesign, GroupSearch, buffer_of
from looptree.search.objective import checked
from looptree.search.result import MAX_GROUP, Comparison, InfeasibleError, Plan, Progress, Statistics
from looptree.search.segment import Shape, renamed, segment, shape_of
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.workload import Workload


def compare(
    workload: Workload, architecture: Architecture, *, objective: str = "energy", progress: Progress | None = None
) -> Comparison:
    """Layer by layer against fused, on one architecture.

    A group counts only where it lowers the objective and moves no more bytes off chip than its layers one by
    one; so the fused plan is never worse than layer by layer in either.

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
    return compare(workload, architecture, objective=objective, progress=progress).fused


@dataclass(slots=True)
class _Known:
    """What is known of the groups of one shape.

    Attributes:
        shape, part: of the first segment of this shape.
        designs: that are left. searched_below: the cost below which they were looked for.
        verified: designs with the numbers of the model; `None` for those that do not fit after all.
    """

    shape: Shape
    part: Workload
    designs: list[GroupDesign] = field(default_factory=list)
    searched_below: float | None = None
    verified: dict[GroupChoice, GroupDesign | None] = field(default_factory=dict)

    @property
    def best(self) -> GroupDesign | None:
        """The best design, by the numbers known so far."""
        return min(self.designs, key=lambda d: (d.cost, d.offchip_bytes), default=None)

    def missing(self, cost: float) -> bool:
        """Whether a better design below this cost may not have been looked for."""
        if self.searched_below is None:
            return True
        best = self.best.cost if self.best is not None else math.inf
        return self.searched_below < min(best, cost / (1 + ROUNDING))


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
        self.workload = workload
        self.architecture = architecture
        self.level = buffer_of(architecture)
        self.groups = GroupSearch(architecture, self.level, objective)
        self.progress = progress or (lambda done, total, text: None)
        self.names = [e.name for e in workload.einsums]
        self.known: dict[object, _Known] = {}
        self.shapes: dict[tuple[int, int], Shape | None] = {}

    def plan(self, most: int) -> Plan:
        """The best plan with groups of up to `most` layers."""
        started = time.perf_counter()
        tally = self.groups.tally
        before = (len(self.known), tally.tabulated, tally.evaluated)
        while True:
            found = self._partition(most)
            if all([self._verify(start, end) for start, end in found.groups]):  # noqa: C419 - verify them all
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
        split = min(splits, key=lambda run: (run.cost, run.offchip_bytes, len(run.groups)), default=None)
        alone = sum(best[layer, layer + 1].offchip_bytes for layer in range(start, end)) if split else math.inf
        known = self._searched(start, end, split.cost if split else math.inf, alone)
        design = known.best if known else None
        if design is not None and (split is None or (design.cost < split.cost and design.offchip_bytes <= alone)):
            return _Run(design.cost, design.offchip_bytes, ((start, end),))
        if split is None:
            raise self._infeasible(self.names[start])
        return split

    def _searched(self, start: int, end: int, cost: float, offchip_bytes: float) -> _Known | None:
        """The designs of one group of these layers below a cost; `None` where none can be of use.

        Numbers of the model may turn out higher than those of the tables: then costlier designs are looked for.
        """
        if (start, end) not in self.shapes:
            part = segment(self.workload, self.names[start:end])
            useful = end - start == 1 or (_connected(part) and compulsory_bytes(part) <= offchip_bytes)
            self.shapes[start, end] = shape_of(part) if useful else None
        shape = self.shapes[start, end]
        if shape is None:
            return None
        known = self.known.get(shape.key)
        if known is None:
            known = self.known[shape.key] = _Known(shape, segment(self.workload, self.names[start:end]))
        if known.missing(cost):
            known.searched_below = cost
            found = self.groups.designs(known.part, cost, offchip_bytes)
            known.designs = [sure for d in found if (sure := known.verified.get(d.choice, d)) is not None]
        return known

    def _verify(self, start: int, end: int) -> bool:
        """Replace the numbers of the tables by those of the model; true if they are the same."""
        known = self._known_of(start, end)
        best = known.best
        if best is None or best.verified:
            return best is not None
        sure = self.groups.verified(known.part, best)
        known.verified[best.choice] = sure
        known.designs.remove(best)
        if sure is not None:
            known.designs.append(sure)
        return sure is not None and math.isclose(sure.cost, best.cost) and sure.offchip_bytes == best.offchip_bytes

    def _known_of(self, start: int, end: int) -> _Known:
        shape = self.shapes[start, end]
        assert shape is not None
        return self.known[shape.key]

    def _choice(self, start: int, end: int) -> GroupChoice:
        known, shape = self._known_of(start, end), self.shapes[start, end]
        assert known.best is not None
        assert shape is not None
        return renamed(known.best.choice, known.shape, shape)

    def _infeasible(self, name: str) -> InfeasibleError:
        demand = self.groups.smallest_demand(segment(self.workload, [name]))
        return InfeasibleError.of(name, self.architecture.level(self.level), demand)


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
