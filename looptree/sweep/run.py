"""Runs a study: hands out what is not done yet, writes each result as it comes, and skips what a proof decides."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from looptree.architecture import Architecture
from looptree.sweep import sensitivity
from looptree.sweep.answers import ANSWER, rows_of
from looptree.sweep.crew import Crew, Task
from looptree.sweep.keeping import Kept
from looptree.sweep.proofs import Member, step
from looptree.sweep.reader import load_choice
from looptree.sweep.store import Result, Store
from looptree.sweep.study import NetworkChoice, Study, families
from looptree.sweep.surveyed import SurveyTask, surveying_of
from looptree.sweep.work import PointTask
from looptree.workload import Workload

AHEAD = 2  # tasks in flight per worker


@dataclass(frozen=True, slots=True)
class State:
    """How far a sweep is.

    Attributes:
        done, total: items. seconds: so far in this run. finished: items that this run finished.
    """

    done: int
    total: int
    seconds: float
    finished: int

    @property
    def left(self) -> float | None:
        """Seconds that are left, judging by this run; `None` before its first result."""
        return None if not self.finished else (self.total - self.done) * self.seconds / self.finished


Progress = Callable[[State], None]


def run(study: Study, store: Store, crew: Crew, progress: Progress | None = None) -> State:
    """Do all of a study that is not done yet."""
    running = _Run(study, store, crew)
    while running.feed():
        if progress is not None:
            progress(running.state)
        running.take()
    running.kept.drop()
    if progress is not None:
        progress(running.state)
    return running.state


def finish(study: Study, store: Store) -> None:
    """Write the answer of a survey, each design evaluated by the model, and its sensitivity."""
    if study.group is None:
        return
    rows = rows_of(study, store)
    if store.noted(ANSWER) is None:
        store.note(ANSWER, rows)
    sensitivity.finish(study, store, rows)


class _Run:
    """One run of a study."""

    def __init__(self, study: Study, store: Store, crew: Crew) -> None:
        self.study, self.store, self.crew = study, store, crew
        self.started = time.perf_counter()
        self.kept = Kept(study, store)
        self.done = store.done()
        self.before = len(self.done)
        self.families = work(study)
        self.total = sum(map(len, self.families))
        self.waiting = iter(self.families)
        self.flying: dict[int, tuple[Sequence[Member], dict[int, Result]]] = {}

    @property
    def state(self) -> State:
        """How far it is."""
        return State(len(self.done), self.total, time.perf_counter() - self.started, len(self.done) - self.before)

    def feed(self) -> bool:
        """Hand out enough to keep everybody busy; whether anything is left to wait for."""
        while len(self.flying) < AHEAD * self.crew.width:
            family = next(self.waiting, None)
            if family is None:
                break
            items = [] if self.study.group else [member.item for member in family if member.item in self.done]
            self._advance(family, {result.item: result for result in self.store.results(items)})
        return bool(self.flying)

    def take(self) -> None:
        """Wait for results, write them, and go on with their families."""
        results = self.crew.next()
        self._write(results)
        for result in results:
            family, known = self.flying.pop(result.item)
            self._advance(family, {**known, result.item: replace(result, plan=None)})

    def _advance(self, family: Sequence[Member], known: dict[int, Result]) -> None:
        """Hand out the next item of a family, of which these results are known; they are forgotten with its last."""
        if self.study.group:
            item = family[0].item
            if item not in self.done:
                self._start(SurveyTask(item, self.study), family, known)
            return
        new, point = step(family, known)
        self._write(new)
        if point is not None:
            known |= {result.item: result for result in new}
            self._start(point_task(self.study, point), family, known)

    def _start(self, task: Task, family: Sequence[Member], known: dict[int, Result]) -> None:
        self.crew.start(task)
        self.flying[task.item] = family, known

    def _write(self, results: Sequence[Result]) -> None:
        if results:
            self.store.add(results)
            self.done.update(result.item for result in results)
            self.kept.wrote(sum(result.plan is not None for result in results))


def work(study: Study) -> list[list[Member]]:
    """All items in families, of which only one at a time is done.

    Raises:
        InputError: there is nothing to do, because every point breaks a constraint.
    """
    if study.group:
        return [[Member(item, 0.0, "")] for item in range(len(surveying_of(study).task.pieces))]
    found = list(_members(study))
    if not found:
        raise study.constraints[0].node.error(
            "the study is empty: no point of the hardware holds", "loosen a constraint"
        )
    return found


def _members(study: Study) -> Iterator[list[Member]]:
    for family in families(study):
        yield [Member(point, size, study.chosen(point)[4]) for point, size in family]


def point_task(study: Study, point: int) -> PointTask:
    """The search of one point."""
    hardware, network, _, space, objective = study.chosen(point)
    architecture, limits = _priced(study.architecture(hardware)), study.limits(hardware)
    return PointTask(point, _workload(network), architecture, space, objective, limits, study.seconds)


@lru_cache(maxsize=32)
def _workload(choice: NetworkChoice) -> Workload:
    return load_choice(choice)


def _priced(architecture: Architecture) -> Architecture:
    """The same hardware without the model of its buffer: a limit of capacity is one of plans, and no smaller memory."""
    outer, buffer, *rest = architecture.levels
    return replace(architecture, levels=(outer, replace(buffer, model=None, bare=None), *rest))
