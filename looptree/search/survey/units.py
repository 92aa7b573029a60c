"""The work of a survey in pieces, and the pieces in several processes.

Pieces depend on what is surveyed alone, each is surveyed from scratch, and what they keep is merged in their order: so
the answer is the same whatever the number of workers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from looptree.search.asked.loops import Loop
from looptree.search.asked.space import Space
from looptree.search.child import as_child
from looptree.search.group.group import Group
from looptree.search.group.patterns.pattern import Pattern
from looptree.search.survey.block import slabs
from looptree.search.survey.grid import Branch, branches_of
from looptree.search.survey.keeper import Keeper
from looptree.search.survey.meter import Hardware, Meter, metrics_on
from looptree.workload import Workload

HARDWARE = 256  # points of the hardware in a piece, at most
PIECE = 20_000_000  # designs of a piece, about a third of a second
WORTH_IT = 4 * PIECE  # designs for which worker processes are started


@dataclass(frozen=True, slots=True)
class Unit:
    """Some tile shapes of one branch, by number."""

    order: int
    branch: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Some units on some of the hardware, from `start` to `stop`."""

    units: tuple[Unit, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class Task:
    """What is surveyed.

    Attributes:
        part: the segment. hardware: points on each of which all designs are evaluated. level: the on-chip level.
        order: the only loop order (ranks, outermost first) if not empty.
        front: metrics of the Pareto front. limits: most of some metrics.
    """

    part: Workload
    hardware: tuple[Hardware, ...]
    level: str
    space: Space
    order: tuple[str, ...]
    front: tuple[str, ...]
    limits: tuple[tuple[str, float], ...]

    @cached_property
    def groups(self) -> list[Group]:
        """The tables, for each different array."""
        alike = {tuple(sorted(h.architecture.compute.spatial.items())): h.architecture for h in self.hardware}
        space = replace(self.space, joined_loops=0)
        return [Group(self.part, a, self.level, space) for a in alike.values()]

    @property
    def group(self) -> Group:
        """The tables for the first array."""
        return self.groups[0]

    def meter(self, start: int, stop: int) -> Meter:
        """Evaluates the designs on some of the hardware."""
        return Meter(self.groups, self.hardware, self.level, range(start, stop))

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of all metrics."""
        return metrics_on(self.hardware)

    def keeper(self) -> Keeper:
        """Keeps nothing yet."""
        return Keeper(self.metrics, self.front, dict(self.limits))

    @property
    def patterns(self) -> list[Pattern]:
        """All loop orders whose counts are products of tables."""
        return [pattern for positions in self.group.patterns.orders for pattern in self.group.patterns.of(positions)]

    @cached_property
    def branches(self) -> list[list[Branch | None]]:
        """Per loop order its branches; `None` for what cannot be surveyed."""
        return [list(branches_of(self.group, pattern)) for pattern in self.patterns if self._asked(pattern.loops)]

    def _asked(self, loops: Sequence[Loop]) -> bool:
        ranks = tuple(rank[0][1] for loop in loops for rank in loop.ranks)
        return not self.order or ranks == self.order

    @property
    def left_out(self) -> int:
        """Loop orders, or branches of them, whose counts are no products of tables."""
        patterns = self.group.patterns
        known = sum(self._asked(loops) for positions in patterns.orders for loops in patterns.loop_orders(positions))
        return known - len(self.branches) + sum(branch is None for listed in self.branches for branch in listed)

    @property
    def designs(self) -> int:
        """How many designs are surveyed, on all hardware."""
        mappings = sum(branch.designs for listed in self.branches for branch in listed if branch is not None)
        return mappings * len(self.hardware)

    @cached_property
    def pieces(self) -> list[Piece]:
        """The work, in pieces of about equal size."""
        width = min(HARDWARE, len(self.hardware))
        runs = self._runs(max(1, PIECE // width))
        starts = range(0, len(self.hardware), width)
        return [Piece(run, start, min(start + width, len(self.hardware))) for start in starts for run in runs]

    def _runs(self, most: int) -> list[tuple[Unit, ...]]:
        """All units, in runs of so many designs at most where that can be."""
        found: list[list[Unit]] = [[]]
        size = 0
        for unit, designs in self._units(most):
            if size and size + designs > most:
                found.append([])
                size = 0
            found[-1].append(unit)
            size += designs
        return [tuple(units) for units in found if units]

    def _units(self, most: int) -> Iterator[tuple[Unit, int]]:
        for order, listed in enumerate(self.branches):
            for number, branch in enumerate(listed):
                if branch is not None:
                    step = max(1, most // branch.combinations)
                    for start in range(0, branch.tiles, step):
                        stop = min(start + step, branch.tiles)
                        yield Unit(order, number, start, stop), (stop - start) * branch.combinations

    def run(self, piece: Piece) -> Keeper:
        """Survey a piece."""
        keeper, meter = self.keeper(), self.meter(piece.start, piece.stop)
        for unit in piece.units:
            branch = self.branches[unit.order][unit.branch]
            assert branch is not None
            for slab in slabs(meter, branch, unit.start, unit.stop):
                keeper.take(slab, unit.order, unit.branch)
        return keeper


def surveyed(task: Task, workers: int) -> Iterator[Keeper]:
    """What each piece keeps, in order."""
    if workers == 1 or task.designs < WORTH_IT:
        yield from map(task.run, task.pieces)
        return
    from loky import ProcessPoolExecutor

    pool = ProcessPoolExecutor(workers, initializer=_start, initargs=(_bare(task),))
    try:
        yield from pool.map(_run, task.pieces)
    finally:
        pool.shutdown(wait=True, kill_workers=True)


def _bare(task: Task) -> Task:
    """The task without its tables, which each process computes itself."""
    return Task(task.part, task.hardware, task.level, task.space, task.order, task.front, task.limits)


_task: Task | None = None


def _start(task: Task) -> None:
    global _task
    as_child()
    _task = task


def _run(piece: Piece) -> Keeper:
    assert _task is not None
    return _task.run(piece)
