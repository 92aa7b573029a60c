"""Searches of groups in several processes.

What a search finds depends on its task alone, so the number of workers changes nothing but the time. Worker
processes are started once there is enough to do to be worth it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from looptree.architecture import Architecture
from looptree.search.design import Outcome
from looptree.search.goal import Goal, Second
from looptree.search.group import Group
from looptree.search.group_search import GroupSearch
from looptree.search.leaf import Known
from looptree.search.space import Space
from looptree.workload import Workload

if TYPE_CHECKING:
    from loky import ProcessPoolExecutor

J = TypeVar("J", "Job", "Question")
R = TypeVar("R")

WORTH_IT = 1.0  # seconds of searching after which worker processes are started
EFFORT = 10_000  # ranges that are bounded for a second objective, at most
KEPT = 512  # groups whose tables a process keeps


@dataclass(frozen=True, slots=True)
class Job:
    """One search: of a segment (`shape` is its number), with some tensors on chip; `until` as in `GroupSearch`.

    With a `limit` it is for a second objective, among designs that do not exceed the limit in the first one.
    """

    shape: int
    part: Workload
    resident: frozenset[str]
    capacity: float
    below: float
    until: float
    limit: float | None


@dataclass(frozen=True, slots=True)
class Question:
    """What do designs of a segment (`shape` is its number) take at least, for each of some sets of tensors on chip?"""

    shape: int
    part: Workload
    residents: tuple[frozenset[str], ...]


class Searches:
    """The searches of groups by one process, each with its tables."""

    def __init__(self, architecture: Architecture, objective: str, level: str, space: Space) -> None:
        self.architecture = architecture
        self.goal = Goal(objective, architecture, level)
        self.space = space
        self._known: dict[int, GroupSearch] = {}
        self._streams: Known = {}

    def of(self, shape: int, part: Workload) -> GroupSearch:
        """The search of the groups of one shape."""
        if shape not in self._known:
            if len(self._known) >= KEPT:
                self._known.pop(next(iter(self._known)))
            self._known[shape] = GroupSearch(Group(part, self.architecture, self.goal, self.space, self._streams))
        return self._known[shape]

    def run(self, job: Job) -> Outcome:
        """Do one search."""
        found = self.of(job.shape, job.part)
        if job.limit is None:
            return found.search(job.resident, job.capacity, job.below, job.until)
        second = found.towards(Second(self.goal, job.limit))
        return second.search(job.resident, job.capacity, job.below, job.until, EFFORT)

    def floors(self, question: Question) -> list[float]:
        """Answer a question."""
        group = self.of(question.shape, question.part).group
        return [group.floor(resident) for resident in question.residents]


class Workers:
    """Runs jobs, here or in worker processes. Use as a context manager.

    Args:
        searches: of this process. count: worker processes; `None` for one per processor, 1 for none.
    """

    def __init__(self, searches: Searches, count: int | None) -> None:
        self.searches = searches
        self.count = (os.cpu_count() or 1) if count is None else count
        self.spent = 0.0
        self._pools: list[ProcessPoolExecutor] = []
        self._home: dict[int, int] = {}  # the process that has the tables of each shape

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for pool in self._pools:
            pool.shutdown(wait=True, kill_workers=True)

    def run(self, jobs: Sequence[Job]) -> list[Outcome]:
        """The outcome of each job."""
        return self._map(self.searches.run, _run, jobs)

    def floors(self, questions: Sequence[Question]) -> list[list[float]]:
        """The answer to each question."""
        return self._map(self.searches.floors, _floors, questions)

    def _map(self, here: Callable[[J], R], apart: Callable[[J], R], jobs: Sequence[J]) -> list[R]:
        started = time.perf_counter()
        try:
            if self.count > 1 and len(jobs) > 1 and self.spent > WORTH_IT:
                return self._apart(apart, jobs)
            return [here(job) for job in jobs]
        finally:
            self.spent += time.perf_counter() - started

    def _apart(self, task: Callable[[J], R], jobs: Sequence[J]) -> list[R]:
        """Each process takes the jobs of shapes whose tables it has, and then what is left of the others'."""
        from concurrent.futures import FIRST_COMPLETED, Future, wait

        pools = self._started()
        waiting: list[list[int]] = [[] for _ in pools]
        for index, job in enumerate(jobs):
            waiting[self._home.setdefault(job.shape, len(self._home) % len(pools))].append(index)
        outcomes: dict[int, R] = {}
        running: dict[Future[R], tuple[int, int]] = {}
        free = list(range(len(pools)))
        while free or running:
            for at in free:
                queue = waiting[at] or max(waiting, key=len)
                if queue:
                    index = queue.pop(0 if queue is waiting[at] else -1)
                    running[pools[at].submit(task, jobs[index])] = at, index
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            free = []
            for future in done:
                at, index = running.pop(future)
                outcomes[index] = future.result()
                free.append(at)
        return [outcomes[index] for index in range(len(jobs))]

    def _started(self) -> list[ProcessPoolExecutor]:
        from loky import ProcessPoolExecutor

        if not self._pools:
            known = self.searches
            settings = (known.architecture, known.goal.objective, known.goal.level, known.space)
            self._pools = [ProcessPoolExecutor(1, initializer=_start, initargs=settings) for _ in range(self.count)]
        return self._pools


_searches: Searches | None = None


def _start(architecture: Architecture, objective: str, level: str, space: Space) -> None:
    global _searches
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the work
    _searches = Searches(architecture, objective, level, space)


def _run(job: Job) -> Outcome:
    assert _searches is not None
    return _searches.run(job)


def _floors(question: Question) -> list[float]:
    assert _searches is not None
    return _searches.floors(question)
