"""The groups of a network: groups of equal shape are searched once, and what was proven of them is kept.

A *variant* is a shape of group and which of its inputs and outputs stay on chip. What a search of a variant
proved for one capacity says something about others: with less room nothing gets better, and a design that takes
little room serves wherever it fits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from looptree.search.decode import choice_of
from looptree.search.design import GroupDesign, Outcome, Tally
from looptree.search.goal import ROUNDING
from looptree.search.group_search import GroupSearch
from looptree.search.segment import Shape, renamed, segment, shape_of
from looptree.search.trimmed import trimmed
from looptree.search.workers import Job, Question, Workers
from looptree.taxonomy.group import GroupChoice
from looptree.workload import Workload

FLOORS_AT_ONCE = 256  # shapes; the time is looked at in between


@dataclass(slots=True)
class Variant:
    """What is known of the groups of one shape with some tensors on chip.

    Attributes:
        shape: number of the shape. resident: tensors of its first group that stay on chip. floor: holds for all
        designs. proven: capacity and outcome of each search.
    """

    shape: int
    resident: frozenset[str]
    floor: float
    proven: list[tuple[float, Outcome]] = field(default_factory=list)

    def lower(self, capacity: float) -> float:
        """What no design in that many bytes undercuts."""
        known = [outcome.bound for searched, outcome in self.proven if searched >= capacity]
        return max([self.floor, *known])

    def upper(self, capacity: float) -> float:
        """The objective of the best design known to fit."""
        design = self.best(capacity)
        return math.inf if design is None else design.value

    def best(self, capacity: float) -> GroupDesign | None:
        """The best design known to fit."""
        fitting = [o.design for _, o in self.proven if o.design is not None and o.design.room <= capacity]
        return min(fitting, key=lambda d: (d.value, d.room), default=None)

    def exact(self, capacity: float) -> bool:
        """Whether nothing is left to be found out."""
        lower, upper = self.lower(capacity), self.upper(capacity)
        return lower == upper or lower >= upper * (1 - ROUNDING)


@dataclass(frozen=True, slots=True)
class Task:
    """A search to be done: of a variant, in so many bytes, for less than `below`."""

    variant: int
    capacity: float
    below: float


class TimeUpError(Exception):
    """The time of a search is up."""


class Catalogue:
    """The shapes and variants of the groups of a workload.

    What nothing reads is left out of its `workload`; the `network` itself keeps it.

    Args:
        workers: do the searches. until: the time (of `time.time`) at which they stop.
    """

    def __init__(self, workload: Workload, workers: Workers, until: float) -> None:
        self.until = until
        self.network = workload
        self.workload = trimmed(workload)
        self.workers = workers
        self.space = workers.searches.space
        self.variants: list[Variant] = []
        self.parts: list[Workload] = []
        self.shapes: list[Shape] = []
        self.tally = Tally()
        self.interrupted = False
        self._shape_of: dict[tuple[object, ...], int] = {}
        self._variant_of: dict[tuple[int, frozenset[int]], int] = {}
        self._without_floor: dict[int, list[int]] = {}
        self._looked_at: dict[tuple[str, ...], tuple[int, Shape]] = {}

    @property
    def groups(self) -> int:
        """How many groups were looked at."""
        return len(self._looked_at)

    @property
    def seconds_left(self) -> float:
        """Until the searches are to stop."""
        return self.until - time.time()

    def check_time(self) -> None:
        """Go on while there is time.

        Raises:
            TimeUpError: there is none left.
        """
        if self.seconds_left <= 0:
            raise TimeUpError

    def shape(self, names: tuple[str, ...]) -> tuple[int, Shape]:
        """The number of the shape of a group of layers, and the group's own names in its order."""
        if names not in self._looked_at:
            self._looked_at[names] = self._new_shape(names)
        return self._looked_at[names]

    def _new_shape(self, names: tuple[str, ...]) -> tuple[int, Shape]:
        part = segment(self.workload, names)
        shape = shape_of(part, self.workers.searches.architecture.compute.spatial)
        number = self._shape_of.setdefault(shape.key, len(self.shapes))
        if number == len(self.shapes):
            self.shapes.append(shape)
            self.parts.append(part)
        return number, shape

    def variant(self, number: int, shape: Shape, resident: frozenset[str]) -> int:
        """The number of a variant; of a new one nothing is known until `find_floors`."""
        places = frozenset(i for i, t in enumerate(shape.tensors) if t in resident)
        key = (number, places)
        if key not in self._variant_of:
            known = frozenset(self.shapes[number].tensors[i] for i in places)
            self._variant_of[key] = len(self.variants)
            self._without_floor.setdefault(number, []).append(len(self.variants))
            self.variants.append(Variant(number, known, 0.0))
        return self._variant_of[key]

    def find_floors(self) -> None:
        """Find the lower bounds that hold for all designs of new variants.

        Raises:
            TimeUpError: there was not enough time for all of them.
        """
        waiting = list(self._without_floor)
        for start in range(0, len(waiting), FLOORS_AT_ONCE):
            self.check_time()
            numbers = waiting[start : start + FLOORS_AT_ONCE]
            asked = [[self.variants[v] for v in self._without_floor[n]] for n in numbers]
            questions = [
                Question(n, self.parts[n], tuple(v.resident for v in variants))
                for n, variants in zip(numbers, asked, strict=True)
            ]
            for number, variants, floors in zip(numbers, asked, self.workers.floors(questions), strict=True):
                for variant, floor in zip(variants, floors, strict=True):
                    variant.floor = floor
                del self._without_floor[number]

    def search_of(self, number: int) -> GroupSearch:
        """The search of the groups of one shape."""
        return self.workers.searches.of(number, self.parts[number])

    def run(self, tasks: Sequence[Task]) -> None:
        """Do some searches, and keep what they prove; Ctrl-C is remembered in `interrupted`."""
        jobs = []
        for task in tasks:
            known = self.variants[task.variant]
            jobs.append(
                Job(known.shape, self.parts[known.shape], known.resident, task.capacity, task.below, self.until, None)
            )
        try:
            outcomes = self.workers.run(jobs)
        except KeyboardInterrupt:
            self.interrupted = True
            raise
        for task, outcome in zip(tasks, outcomes, strict=True):
            self.variants[task.variant].proven.append((task.capacity, outcome))
            self.tally.add(outcome.tally)

    def seconds(self, wanted: Sequence[tuple[int, float]]) -> dict[tuple[int, float], GroupDesign]:
        """For variants and capacities, of the designs with the best objective one that is good in another way, too.

        That is latency, or energy where latency is the objective; see `goal.Second`.
        """
        listed = list(dict.fromkeys(wanted))
        jobs, firsts = [], []
        for variant, capacity in listed:
            known = self.variants[variant]
            design = known.best(capacity)
            assert design is not None
            firsts.append(design)
            part = self.parts[known.shape]
            jobs.append(Job(known.shape, part, known.resident, capacity, math.inf, math.inf, design.value))
        outcomes = self.workers.run(jobs)
        return {
            key: first if outcome.design is None else outcome.design
            for key, first, outcome in zip(listed, firsts, outcomes, strict=True)
        }

    def choice(self, variant: int, design: GroupDesign, names: Shape, level: str) -> GroupChoice:
        """A design of a variant, for a group of that shape."""
        known = self.variants[variant]
        return renamed(choice_of(self.parts[known.shape], design, level), self.shapes[known.shape], names)
