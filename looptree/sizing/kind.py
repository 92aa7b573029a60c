"""One kind of plan in all capacities: what is searched when something is not known yet, and what that proves."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from looptree.architecture import Architecture
from looptree.errors import InputError
from looptree.search import Plan, Space
from looptree.search.answers.capacities import Capacities, Wanted
from looptree.search.asked.hardware import buffer_of
from looptree.search.group.goal.goal import ROUNDING
from looptree.sizing.cache import Kept, Memory
from looptree.sizing.point import Point, point_of
from looptree.workload import Workload

FINENESS = 32
"""Answers are exact to a step of the largest power of two that is at most their 32nd part."""

ABREAST = 4
"""Searches that go on side by side: enough to keep a few processes busy, and not so many that each waits for long."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a curve: the arguments of `size`."""

    objective: str
    space: Space
    capacities: tuple[int, ...]
    per_doubling: int
    least: int | None
    seconds: float | None
    workers: int | None

    def __post_init__(self) -> None:
        if not 1 <= self.per_doubling <= 16:
            raise InputError(f"expected 1 to 16 points per doubling, found {self.per_doubling}")
        if any(capacity < 1 for capacity in (*self.capacities, self.least or 1)):
            raise InputError("expected capacities of at least 1 byte")


@dataclass(frozen=True, slots=True)
class Step:
    """How far the work is.

    Attributes:
        kind: `fused` or `layer_by_layer`. capacity_bytes: what is searched now. done: points that are finished.
        left: about how many are to come. seconds_left: about how long that takes.
    """

    kind: str
    capacity_bytes: int
    done: int
    left: int
    seconds_left: float | None


class Clock:
    """Says how far the work is, from how long the points took so far."""

    def __init__(self, report: Callable[[Step], None] | None) -> None:
        self.report = report
        self.done = 0
        self.left = 0
        self.taken: list[float] = []

    def before(self, kind: str, capacity: int) -> float:
        """A search begins."""
        if self.report is not None:
            recent = self.taken[-4:]
            left = self.left * sum(recent) / len(recent) if recent else None
            self.report(Step(kind, capacity, self.done, self.left, left))
        return time.perf_counter()

    def after(self, started: float | None, among: int = 1) -> None:
        """A point is there; `started` is when its search began, if there was one, and `among` how many began then."""
        self.done += 1
        self.left = max(0, self.left - 1)
        if started is not None:
            self.taken.append((time.perf_counter() - started) / among)


class Curve:
    """One kind of plan in all capacities; searches begin when something is not known yet.

    Args:
        beside: a curve of fused plans in whose space single layers have the same designs: its searches serve this
            curve, too, which is that of plans layer by layer.
    """

    def __init__(
        self,
        kind: str,
        workload: Workload,
        architecture: Architecture,
        asked: Asked,
        memory: Memory,
        clock: Clock,
        beside: Curve | None = None,
    ) -> None:
        self.kind = kind
        self.workload = workload
        self.architecture = architecture
        self.level = buffer_of(architecture)
        self.asked = asked
        self.kept: Kept = memory.of(kind)
        self.clock = clock
        self.beside = beside
        self.end = 0
        self._searches: Capacities | None = None

    def __enter__(self) -> Curve:
        return self

    def __exit__(self, *_: object) -> None:
        if self._searches is not None:
            self._searches.__exit__(None, None, None)

    @property
    def searches(self) -> Capacities:
        """Made when it is first needed."""
        if self.beside is not None:
            return self.beside.searches
        if self._searches is None:
            asked = self.asked
            self._searches = Capacities(
                self.workload,
                self.architecture,
                objective=asked.objective,
                space=asked.space,
                workers=asked.workers,
            )
        return self._searches

    def smallest(self) -> int:
        """The smallest buffer in which every layer alone has a design; no smaller one is looked at."""
        if self.kept.smallest is None:
            self.kept.learn(self.searches.smallest())
        assert self.kept.smallest is not None
        return self.kept.smallest

    def knows(self, capacity: int, target: float | None) -> bool:
        """Whether nothing is left to be searched there; with a target only whether that can be reached."""
        known = self.kept.points.get(capacity)
        return known is not None and (known.status == "optimal" or (target is not None and _decides(known, target)))

    def put(self, capacity: int, plan: Plan) -> None:
        """Keep what was found."""
        self.kept.put(point_of(self.workload, plan, self.level, capacity, self.architecture.allocation))

    @property
    def largest(self) -> int:
        """A capacity in which everything fits whole."""
        everything = sum(tensor.size_bytes for tensor in self.workload.tensors.values())
        return 1 << max(everything, self.smallest()).bit_length()

    @cached_property
    def minimum(self) -> Point:
        """The best there is."""
        if not self.knows(self.largest, None):
            together([Question(self, self.largest)])
        return self.kept.points[self.largest]

    def descend(self, smallest: int) -> Iterator[Question]:
        """Find the `end`, the smallest step at which nothing more is gained.

        A plan serves every capacity down to what it needs.
        """
        yield Question(self, self.largest)
        top = point = self.minimum
        self.end = top.capacity_bytes
        for capacity in steps(top.capacity_bytes, self.asked.per_doubling):
            if capacity < smallest:
                break
            if capacity < point.demand_bytes or point.status != "optimal":
                yield Question(self, capacity)
                point = self.kept.points[capacity]
                if point.value > top.value * (1 + ROUNDING):
                    break
            self.end = capacity

    def narrow(self, share: float) -> Iterator[Question]:
        """Find the smallest capacity within a share of the minimum, to a step (see `FINENESS`)."""
        target = at_most(self.minimum.value, share)
        while True:
            enough, less = bracket(self.kept.points.values(), target, self.smallest() - 1)
            step = fineness(enough)
            first, last = less // step + 1, (enough - 1) // step
            if first > last:
                return
            capacity = (first + last) // 2 * step
            yield Question(self, capacity, target, left=(last - first + 1).bit_length())
            if not _decides(self.kept.points[capacity], target):
                return

    def shown(self, grid: Iterable[int]) -> tuple[Point, ...]:
        """The points of some capacities, smallest first."""
        return tuple(self.kept.points[capacity] for capacity in sorted(set(grid)))

    def probes(self, grid: Iterable[int]) -> tuple[Point, ...]:
        """All other points."""
        without = set(grid)
        return tuple(point for capacity, point in sorted(self.kept.points.items()) if capacity not in without)


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be searched: a capacity of a curve, with a target only whether that can be reached.

    Attributes:
        left: about how many are to come where it comes from, with this one.
    """

    curve: Curve
    capacity: int
    target: float | None = None
    left: int = 1


def follow(asking: Iterable[Iterator[Question]]) -> None:
    """Answer questions that depend on earlier answers: the next one of each row is answered together."""
    rows = list(asking)
    while rows:
        following = [next(row, None) for row in rows]
        rows = [row for row, question in zip(rows, following, strict=True) if question is not None]
        together([question for question in following if question is not None])


def together(questions: Sequence[Question]) -> None:
    """Answer questions; those of which the answer is not known are searched side by side, a few at a time."""
    waiting = list(questions)
    for question in waiting:
        question.curve.clock.left = sum(other.left for other in waiting)
    while waiting:
        some: dict[tuple[str, int], Question] = {}
        for question in waiting:
            curve = question.curve
            if curve.knows(question.capacity, question.target):
                curve.clock.after(None)
            elif len(some) < ABREAST and (not some or curve.searches is next(iter(some.values())).curve.searches):
                some.setdefault((curve.kind, question.capacity), question)
        now = list(some.values())
        waiting = [q for q in waiting if q not in now and not q.curve.knows(q.capacity, q.target)]
        if now:
            _search(now)


def _search(questions: Sequence[Question]) -> None:
    """Answer some questions of which the curves have the same searches."""
    curve = questions[0].curve
    wanted = [Wanted(q.capacity, q.target, apart=q.curve.beside is not None) for q in questions]
    started = [q.curve.clock.before(q.curve.kind, q.capacity) for q in questions]
    plans = curve.searches.plans(wanted, seconds=curve.asked.seconds)
    for question, plan, begun in zip(questions, plans, started, strict=True):
        question.curve.put(question.capacity, plan)
        question.curve.clock.after(begun, len(questions))


def at_most(minimum: float, share: float) -> float:
    """The value that is good enough."""
    return minimum * (1 + max(share, ROUNDING))


def bracket(points: Iterable[Point], target: float, least: int) -> tuple[int, int]:
    """The smallest capacity known to reach a value, and the largest known not to; `least` if none is."""
    listed = list(points)
    enough = min(p.capacity_bytes for p in listed if p.value <= target)
    less = max((p.capacity_bytes for p in listed if p.bound > target and p.capacity_bytes < enough), default=least)
    return enough, max(less, least)


def fineness(capacity: int) -> int:
    """The step to which an answer is exact: a power of two.

    >>> fineness(64), fineness(100_000), fineness(5)
    (2, 2048, 1)
    """
    return 1 << max(0, (capacity // FINENESS).bit_length() - 1)


def _decides(point: Point, target: float) -> bool:
    return point.value <= target or point.bound > target


def steps(top: int, per_doubling: int) -> Iterable[int]:
    """Capacities downwards from a power of two, so many to each doubling."""
    exponent = math.ceil(math.log2(top)) * per_doubling
    for step in range(exponent, -1, -1):
        capacity = round(2 ** (step / per_doubling))
        if capacity <= top:
            yield capacity
