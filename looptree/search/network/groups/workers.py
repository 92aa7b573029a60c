"""Searches of groups in several processes.

What a search finds depends on its task alone, so the number of workers changes nothing but the time. Worker
processes are started once there is enough to do to be worth it, while the search goes on.
"""

from __future__ import annotations

import gc
import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from looptree.architecture import Architecture
from looptree.search.asked.metrics import Totals
from looptree.search.asked.space import Space
from looptree.search.child import as_child, processors
from looptree.search.group.design import Collected, Outcome
from looptree.search.group.goal.goal import Aim, Gathering, Goal
from looptree.search.group.group import Group
from looptree.search.group.group_search import GroupSearch
from looptree.search.group.inside.below import Shared, inner_levels
from looptree.search.group.own.leaf import Known
from looptree.workload import Workload

if TYPE_CHECKING:
    from concurrent.futures import Future

    from loky import ProcessPoolExecutor

WORTH_STARTING = 1.0  # seconds of searching after which worker processes are started
WORTH_IT = 3.0  # seconds after which nothing is done before they are ready
KEPT = 512  # groups whose tables a process keeps
MOST_BYTES = 256_000_000  # of the largest of these tables; all that is kept takes about three times as much


Result = TypeVar("Result")
Out = TypeVar("Out", covariant=True)


class Runs(Protocol[Out]):
    """Something to be done with the searches of a process, for a segment; `shape` is its number."""

    @property
    def shape(self) -> int:
        """The number of the segment."""

    def run(self, searches: Searches) -> Out:
        """Do it."""


@dataclass(frozen=True, slots=True)
class Job:
    """One search: of a segment (`shape` is its number), with some tensors on chip; see `GroupSearch.search`."""

    shape: int
    part: Workload
    aim: Aim
    resident: frozenset[str]
    capacity: float
    below: float = math.inf
    until: float = math.inf
    effort: float = math.inf
    floor: float = 0.0
    fetched: frozenset[str] = frozenset()
    thorough: bool = True

    def run(self, searches: Searches) -> Outcome:
        """The best design."""
        goal = Goal(self.aim, searches.architecture, searches.level)
        known = searches.of(self.shape, self.part).towards(goal)
        limits = self.below, self.until, self.effort, self.floor
        found = known.search(self.resident, self.capacity, *limits, self.fetched, thorough=self.thorough)
        searches.used(self.shape)
        return found


@dataclass(frozen=True, slots=True)
class Gather:
    """The same for all designs that no other one beats, nor one of those known; see `GroupSearch.collect`."""

    job: Job
    known: tuple[tuple[float, ...], ...] = ()

    @property
    def shape(self) -> int:
        """The number of the segment."""
        return self.job.shape

    def run(self, searches: Searches) -> Collected:
        """The designs."""
        job = self.job
        goal = Gathering(job.aim, searches.architecture, searches.level)
        known = searches.of(job.shape, job.part).towards(goal)
        found = known.collect(job.resident, job.capacity, job.below, job.until, job.effort, job.fetched, self.known)
        searches.used(job.shape)
        return found


@dataclass(frozen=True, slots=True)
class Question:
    """What do designs of a segment (`shape` is its number) take at least, for each of some sets of tensors on chip?

    Attributes:
        residents: the sets, each with those of its tensors that the group fetches.
    """

    shape: int
    part: Workload
    residents: tuple[tuple[frozenset[str], frozenset[str]], ...]

    def run(self, searches: Searches) -> list[Totals]:
        """The least of each metric, for each set."""
        group = searches.of(self.shape, self.part).group
        return [group.least(resident, fetched) for resident, fetched in self.residents]


class Searches:
    """The searches of groups by one process, each with its tables."""

    def __init__(self, architecture: Architecture, level: str, space: Space) -> None:
        self.architecture = architecture
        self.level = level
        self.space = replace(space, inner_level=" and ".join(inner_levels(architecture, level)))
        self._known: dict[int, GroupSearch] = {}
        self._taken: dict[int, int] = {}  # bytes of the tables of each, those used last at the end
        self._streams = Known()
        self._nests = Shared()

    def of(self, shape: int, part: Workload) -> GroupSearch:
        """The search of the groups of one shape."""
        if shape not in self._known:
            if len(self._known) >= KEPT:
                self._drop(next(iter(self._known)))
            shared = self._streams, self._nests
            group = Group(part, self.architecture, self.level, self.space, *shared, mirrored=False)
            self._known[shape] = GroupSearch(group)
        return self._known[shape]

    def used(self, shape: int) -> None:
        """Groups of a shape were searched: while all tables are too large, those used longest ago go."""
        self._taken.pop(shape, None)
        self._taken[shape] = self._known[shape].size_bytes
        while len(self._taken) > 1 and sum(self._taken.values()) > MOST_BYTES:
            self._drop(next(iter(self._taken)))

    def _drop(self, shape: int) -> None:
        self._known.pop(shape)
        self._taken.pop(shape, None)


class Workers:
    """Runs jobs, here or in worker processes. Use as a context manager.

    Args:
        searches: of this process. count: worker processes; `None` for one per processor, 1 for none.
    """

    def __init__(self, searches: Searches, count: int | None) -> None:
        self.searches = searches
        self.count = processors() if count is None else count
        self.spent = 0.0
        self._pools: list[ProcessPoolExecutor] = []
        self._ready: list[Future[int]] = []
        self._home: dict[int, int] = {}  # the process that has the tables of each shape
        self._took: dict[int, float] = {}  # seconds of the last job of each shape

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for pool in self._pools:
            pool.shutdown(wait=True, kill_workers=True)

    def run(self, jobs: Sequence[Runs[Result]]) -> list[Result]:
        """The outcome of each job."""
        outcomes: list[Result] = []
        for at, job in enumerate(jobs):
            if self._worth_it(len(jobs) - at):
                return outcomes + self._apart(jobs[at:])
            started = time.perf_counter()
            try:
                outcomes.append(job.run(self.searches))
            finally:
                self.spent += time.perf_counter() - started
        return outcomes

    def _worth_it(self, jobs: int) -> bool:
        """Whether so many jobs are for worker processes."""
        if self.count == 1 or self.spent <= min(WORTH_STARTING, WORTH_IT):
            return False
        self._pools = self._pools or self._started()
        return jobs > 1 and (self.spent > WORTH_IT or all(first.done() for first in self._ready))

    def _apart(self, jobs: Sequence[Runs[Result]]) -> list[Result]:
        """Each process takes the jobs of shapes whose tables it has, and then what is left of the others'.

        Those that took longest before come first, and before them those of shapes that are new, as their tables are.
        """
        from concurrent.futures import FIRST_COMPLETED, wait

        pools = self._pools
        waiting: list[list[int]] = [[] for _ in pools]
        for index in sorted(range(len(jobs)), key=lambda index: -self._took.get(jobs[index].shape, math.inf)):
            waiting[self._home.setdefault(jobs[index].shape, len(self._home) % len(pools))].append(index)
        outcomes: dict[int, Result] = {}
        running: dict[Future[Result], tuple[int, int, float]] = {}
        free = list(range(len(pools)))
        while free or running:
            for at in free:
                queue = waiting[at] or max(waiting, key=len)
                if queue:
                    index = queue.pop(0 if queue is waiting[at] else -1)
                    running[pools[at].submit(_run, jobs[index])] = at, index, time.perf_counter()
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            free = []
            for future in done:
                at, index, started = running.pop(future)
                outcomes[index] = future.result()
                self._took[jobs[index].shape] = time.perf_counter() - started
                free.append(at)
        return [outcomes[index] for index in range(len(jobs))]

    def _started(self) -> list[ProcessPoolExecutor]:
        from loky import ProcessPoolExecutor

        known = self.searches
        settings = (known.architecture, known.level, known.space)
        pools = [ProcessPoolExecutor(1, initializer=_start, initargs=settings) for _ in range(self.count)]
        self._ready = [pool.submit(os.getpid) for pool in pools]
        return pools


_searches: Searches | None = None


def _start(architecture: Architecture, level: str, space: Space) -> None:
    from loky import process_executor

    global _searches
    process_executor._MEMORY_LEAK_CHECK_DELAY = math.inf  # tables are kept for later jobs: that is no leak
    gc.set_threshold(100_000, 50, 100)  # most of what there is stays: to look for cycles in it takes 4 % of the time
    as_child()
    _searches = Searches(architecture, level, space)


def _run(job: Runs[Result]) -> Result:
    assert _searches is not None
    return job.run(_searches)
