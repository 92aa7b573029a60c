"""The groups of a network: groups of equal shape are searched once, and what was proven of them is kept.

A *variant* is a shape of group and which of its inputs and outputs stay on chip; see
`looptree.search.network.groups.variant`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from looptree.search.asked.branches import Branch
from looptree.search.asked.metrics import METRICS, NOTHING, Weights, shares
from looptree.search.asked.segment import Shape, renamed, segment
from looptree.search.asked.shapes import Shapes
from looptree.search.deadline import TimeUpError
from looptree.search.group.decode import choice_of
from looptree.search.group.design import GroupDesign, Tally
from looptree.search.group.goal.goal import Aim
from looptree.search.group.goal.prices import least_pj_per_byte
from looptree.search.group.group_search import GroupSearch
from looptree.search.group.inside.below import inner_levels
from looptree.search.group.trimmed import idle_layers, trimmed
from looptree.search.network.groups.pinned import pinned
from looptree.search.network.groups.variant import Variant
from looptree.search.network.groups.workers import Gather, Job, Question, Result, Runs, Workers
from looptree.taxonomy.group import GroupChoice
from looptree.workload import Workload

FLOORS_AT_ONCE = 256  # shapes; the time is looked at in between
SOON = 0.25  # seconds; where the time is limited and so many shapes take longer than that, fewer are done at once
EFFORT = 10_000  # ranges that are bounded to make a design of equal objective better, at most
EFFORT_INSIDE = 500  # the same where each single design has nests to be found
GRACE = 3.0  # seconds for that where the time is up


@dataclass(frozen=True, slots=True)
class Task:
    """A search to be done: of a variant, for the least weighted sum below `below`, in so many bytes.

    Attributes:
        thorough, effort: see `GroupSearch.search`.
    """

    variant: int
    weights: Weights
    capacity: float
    below: float
    thorough: bool = True
    effort: float = math.inf


class Catalogue:
    """The shapes and variants of the groups of a workload.

    What nothing reads is left out of its `workload`, and so are `idle` layers; the `network` itself keeps them.

    Args:
        workers: do the searches. until: the time (of `time.time`) at which they stop.
    """

    def __init__(self, workload: Workload, workers: Workers, until: float) -> None:
        self.until = until
        self.network = workload
        self.space = workers.searches.space
        joining = not (self.space.pipeline or self.space.nested)
        self.idle = idle_layers(workload, self.space.restrictions.grouped, joining=joining)
        self.workload = trimmed(workload, self.idle)
        self.workers = workers
        self.pj_per_byte = least_pj_per_byte(self.workload, workers.searches.architecture, workers.searches.level)
        self.variants: list[Variant] = []
        self.parts: list[Workload] = []
        self.shapes: list[Shape] = []
        self.tally, self.interrupted = Tally(), False
        self._shape_of: dict[tuple[object, ...], int] = {}
        self._variant_of: dict[tuple[int, tuple[object, ...]], int] = {}
        self._without_floor: dict[int, list[int]] = {}
        self._looked_at: dict[tuple[str, ...], tuple[int, Shape]] = {}
        self._shapes = self._all_shapes()
        self._polished: dict[tuple[int, float, Aim], GroupDesign | None] = {}

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
        shape = self._shapes.of(names)
        key = (shape.key, self.space.restrictions.pin(names))
        number = self._shape_of.setdefault(key, len(self.shapes))
        if number == len(self.shapes):
            self.shapes.append(shape)
            self.parts.append(segment(self.workload, names))
        return number, shape

    def branches(self) -> list[list[Branch]]:
        """Branches of the network that may be exchanged."""
        return self._shapes.branches()

    def _all_shapes(self) -> Shapes:
        """Finds shapes.

        Weights matter where nests inside tiles depend on them, or which tensors the buffer holds. The order of layers
        does where they overlap in time, or only what is live counts.
        """
        space, searches = self.space, self.workers.searches
        level = searches.architecture.level(searches.level)
        weights = bool(space.inner_level or level.partitions or not level.may_hold("", "weight"))
        ordered = space.live or space.pipeline or space.nested > 0
        named = searches.architecture.compute.spatial
        return Shapes(self.workload, space.restrictions, named, weights=weights, ordered=ordered)

    def variant(
        self, number: int, shape: Shape, resident: frozenset[str], fetched: frozenset[str] = frozenset()
    ) -> int:
        """The number of a variant; of a new one nothing is known until `find_floors`.

        Args:
            resident: tensors on chip between groups. fetched: those of them that this group fetches.
        """
        moved = fetched | {t for t in resident.intersection(self.workload.outputs) if self._makes(shape, t)}
        key = (number, self._marked(shape, resident, moved).key)
        if key not in self._variant_of:
            first = dict(zip(shape.tensors, self.shapes[number].tensors, strict=True))
            known, anew = (frozenset(first[t] for t in each) for each in (resident, moved))
            self._variant_of[key] = len(self.variants)
            pin = self.space.restrictions.pin(shape.einsums)
            if pin is not None:
                self.variants.append(pinned(number, self.parts[number], known, pin, self.workers.searches))
                return self._variant_of[key]
            self._without_floor.setdefault(number, []).append(len(self.variants))
            self.variants.append(Variant(number, known, NOTHING, fetched=anew, pj_per_byte=self.pj_per_byte))
        return self._variant_of[key]

    def _makes(self, shape: Shape, tensor: str) -> bool:
        """Whether a group makes a tensor."""
        producer = self.workload.producer(tensor)
        return producer is not None and producer.name in shape.einsums

    def _marked(self, shape: Shape, resident: frozenset[str], fetched: frozenset[str]) -> Shape:
        """A shape in which tensors that stay on chip, and those of them that are moved once, are told apart."""
        return self._shapes.marked(shape, [(t in resident) + (t in fetched) for t in shape.tensors])

    def find_floors(self) -> None:
        """Find the lower bounds that hold for all designs of new variants.

        Raises:
            TimeUpError: there was not enough time for all of them.
        """
        waiting = list(self._without_floor)
        count = FLOORS_AT_ONCE if math.isinf(self.until) else min(2 * self.workers.count, FLOORS_AT_ONCE)
        while waiting:
            self.check_time()
            started = time.perf_counter()
            numbers, waiting = waiting[:count], waiting[count:]
            asked = [[self.variants[v] for v in self._without_floor[n]] for n in numbers]
            questions = [
                Question(n, self.parts[n], tuple((v.resident, v.fetched) for v in variants))
                for n, variants in zip(numbers, asked, strict=True)
            ]
            for number, variants, floors in zip(numbers, asked, self._done(questions), strict=True):
                for variant, floor in zip(variants, floors, strict=True):
                    variant.bounded(floor)
                del self._without_floor[number]
            count = min(2 * count, FLOORS_AT_ONCE) if time.perf_counter() - started < SOON else count

    def search_of(self, number: int) -> GroupSearch:
        """The search of the groups of one shape."""
        return self.workers.searches.of(number, self.parts[number])

    def run(self, tasks: Sequence[Task]) -> None:
        """Do some searches, and keep what they prove."""
        jobs = [self._search(task) for task in tasks]
        for task, outcome in zip(tasks, self._done(jobs), strict=True):
            self.variants[task.variant].learn(task.weights, task.capacity, outcome)
            self.tally.add(outcome.tally)

    def _search(self, task: Task) -> Job:
        """What is known not to be undercut in a larger buffer, or with other weights, need not be proven again."""
        job = self._job(task.variant, Aim(task.weights), task.capacity, task.below, self.until, task.effort)
        floor = self.variants[task.variant].lower(task.weights, task.capacity)
        return replace(job, floor=floor, thorough=task.thorough)

    def _done(self, jobs: Sequence[Runs[Result]]) -> list[Result]:
        """What the workers answer; Ctrl-C is remembered in `interrupted`."""
        try:
            return self.workers.run(jobs)
        except KeyboardInterrupt:
            self.interrupted = True
            raise

    def collect(self, tasks: Sequence[Task], limits: Sequence[Aim], effort: float) -> list[bool]:
        """All designs of variants below a weighted sum that no other one beats; whether each search found them all.

        Args:
            limits: aim of each task, with a limit for each metric that counts. effort: as for a search of a group.
        """
        jobs = [
            Gather(
                self._job(task.variant, aim, task.capacity, task.below, self.until, effort),
                tuple(
                    tuple(weights.of(design.totals) for weights, _ in aim.limits)
                    for design in self.variants[task.variant].designs
                    if design.room <= task.capacity
                ),
            )
            for task, aim in zip(tasks, limits, strict=True)
        ]
        outcomes = self._done(jobs)
        for task, outcome in zip(tasks, outcomes, strict=True):
            for design in outcome.designs:
                self.variants[task.variant].add(design)
            self.tally.add(outcome.tally)
        return [outcome.complete for outcome in outcomes]

    def _job(self, variant: int, aim: Aim, capacity: float, below: float, until: float, effort: float) -> Job:
        known = self.variants[variant]
        part, fetched = self.parts[known.shape], known.fetched
        return Job(known.shape, part, aim, known.resident, capacity, below, until, effort, fetched=fetched)

    def polished(self, weights: Weights, wanted: Sequence[tuple[int, float, GroupDesign]]) -> list[GroupDesign]:
        """For designs of variants in capacities others that are as good in all that has a weight, and better otherwise.

        Better is what takes less of the other metrics, each as a share of what the design takes, in sum. Whether there
        are yet better ones is not proven.
        """
        asked: list[tuple[int, float, Aim] | None] = []
        for variant, capacity, design in wanted:
            others = shares(design.totals, [name for name in METRICS if name not in weights.metrics])
            limits = tuple((Weights.only(name), design.totals[METRICS.index(name)]) for name in weights.metrics)
            skipped = self.variants[variant].pinned or not others.metrics
            asked.append(None if skipped else (variant, capacity, Aim(others, limits)))
        new = {
            key: key[2].weights.of(known[2].totals)
            for key, known in zip(asked, wanted, strict=True)
            if key and key not in self._polished
        }
        effort = EFFORT_INSIDE if self.space.inner_level else EFFORT
        jobs = [
            self._job(variant, aim, capacity, below, self.until + GRACE, effort)
            for (variant, capacity, aim), below in new.items()
        ]
        self._polished |= {key: found.design for key, found in zip(new, self._done(jobs), strict=True)}
        return [
            design if key is None else self._polished[key] or design
            for key, (_, _, design) in zip(asked, wanted, strict=True)
        ]

    def choice(
        self,
        variant: int,
        design: GroupDesign,
        names: Shape,
        resident: frozenset[str],
        made: frozenset[str],
        level: str,
    ) -> GroupChoice:
        """A design of a variant, for a group of that shape with some tensors on chip, made or fetched there or not."""
        known = self.variants[variant]
        inner = inner_levels(self.workers.searches.architecture, level)
        choice = choice_of(self.parts[known.shape], design, level, inner)
        old = self._marked(self.shapes[known.shape], known.resident, known.fetched)
        found = renamed(choice, old, self._marked(names, resident, made.intersection(self.workload.inputs)))
        return replace(found, einsums=tuple(e.name for e in self.workload.einsums if e.name in names.einsums))
