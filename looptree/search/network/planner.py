"""What every search of a network needs: the best plan for some weights in some capacity, and its evaluation."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from looptree.errors import LooptreeError
from looptree.model.evaluate import evaluate_design
from looptree.search.asked.limits import Limit
from looptree.search.asked.metrics import Weights
from looptree.search.asked.objective import value
from looptree.search.asked.target import Target
from looptree.search.deadline import TimeUpError
from looptree.search.group.design import GroupDesign, Tally
from looptree.search.group.goal.rooms import shared_bytes
from looptree.search.network.groups.catalogue import Catalogue
from looptree.search.network.groups.workers import Workers
from looptree.search.network.idle import with_idle
from looptree.search.network.infeasible import infeasible, most_demanding
from looptree.search.network.jumped import jumped, not_planned
from looptree.search.network.off_chip import check_fits_off_chip, check_off_chip
from looptree.search.network.plans.partition import MARGIN, NO_PATH, Partition, Path, Rounds, alone, rounds_alone
from looptree.search.network.states.ideals import Layers, TooManyError
from looptree.search.network.states.outline import Outline
from looptree.search.network.states.states import StateGraph
from looptree.search.result import DisagreementError, InfeasibleError, Plan, Progress, State, Statistics
from looptree.taxonomy.binding import bind
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.workload import Workload

if TYPE_CHECKING:
    from looptree.search.network.plans.wide import WidePartition

CLOSE = 1e-9  # values of the search and of the model that differ by no larger share are equal


@dataclass(frozen=True, slots=True)
class Found:
    """The best plan that was found for an objective.

    Attributes:
        path: the plan; its steps are empty if there is none. weights: of the metrics that count.
        value: its objective. bound: no plan has a smaller one. room: bytes on chip that it may take in the end.
    """

    path: Path
    weights: Weights
    value: float
    bound: float
    room: float = math.inf


def worth(objective: str, path: Path) -> float:
    """The objective of a plan."""
    return path.room if objective == "capacity" else Target(objective, {}).value(path.totals)


class Planner:
    """Finds plans of one network; what is found out for one question serves the next.

    Args:
        workers: do the searches of groups. seconds: after which to stop. progress: called between rounds.

    Attributes:
        space: what is searched; narrower than what was asked for if that is too large for the network.
    """

    def __init__(self, workload: Workload, workers: Workers, seconds: float | None, progress: Progress | None) -> None:
        self.network = workload
        self.architecture = workers.searches.architecture
        self.level = workers.searches.level
        check_off_chip(workload, self.architecture, self.level)
        self.catalogue = Catalogue(workload, workers, math.inf)
        self.restart(seconds, progress)
        self.layers = Layers.of(self.catalogue.workload, self.catalogue.branches())
        self.space = self.catalogue.space
        self._outline: Outline | None = None
        self._partition: tuple[float, Partition | WidePartition] | None = None

    def restart(self, seconds: float | None, progress: Progress | None) -> None:
        """Begin to count time and searches anew; what was found out stays known."""
        self.started = time.perf_counter()
        self.seconds = math.inf if seconds is None else seconds
        self.progress = progress
        self.catalogue.until = time.time() + self.seconds
        self.catalogue.interrupted = False
        self.before = replace(self.catalogue.tally)

    @property
    def tally(self) -> Tally:
        """What was looked at since the start."""
        now, before = self.catalogue.tally, self.before
        return Tally(now.evaluated - before.evaluated, now.nodes - before.nodes, now.groups - before.groups)

    @property
    def elapsed(self) -> float:
        """Seconds so far."""
        return time.perf_counter() - self.started

    @property
    def capacity(self) -> float:
        """Bytes on chip."""
        known = shared_bytes(self.architecture.level(self.level))
        return math.inf if known is None else float(known)

    def partition(self, capacity: float) -> Partition | WidePartition:
        """The ways to run the layers in groups, in so many bytes."""
        if self._partition is None or self._partition[0] != capacity:
            found: Partition | WidePartition
            try:
                self._outline = self._outline or Outline.of(
                    self.layers, *self.catalogue.space.most_layers, self.catalogue.check_time
                )
                graph = StateGraph.of(self.layers, self.catalogue, capacity, self._outline)
                found = Partition(graph, self.catalogue)
            except TooManyError:
                from looptree.search.network.plans.wide import WidePartition  # OR-Tools take long to import

                found = WidePartition(self.layers, self.catalogue, capacity)
            self._partition = capacity, found
            self.space = found.space
        return self._partition[1]

    def solve(self, weights: Weights, capacity: float, going: Callable[[Path], bool] | None = None) -> Path:
        """The plan of least weighted sum in so many bytes; not proven if the time is up before that is.

        Args:
            going: asked between rounds, with what is known; it may end the search. By default the time does.
        """
        path = NO_PATH
        try:
            path = alone(self.layers, self.catalogue, weights, capacity)
            return self.partition(capacity).solve(weights, going or (lambda path: self.told(path.value, path.bound)))
        except TimeUpError:
            return path
        except KeyboardInterrupt:
            if not path.steps:
                raise
            self.catalogue.interrupted = True
            return path

    def rounds(self, weights: Weights, capacity: float, most: float = math.inf, *, apart: bool = False) -> Rounds:
        """The same search round by round, so that several can go on side by side.

        Args:
            most: it ends as soon as it is known whether a plan has at most this sum. apart: run every layer by itself
                and keep nothing on chip in between.
        """

        def going(path: Path) -> bool:
            decided = math.isfinite(most) and not path.bound <= most < path.value
            return self.told(path.value, path.bound) and not decided

        path, quick = NO_PATH, not apart and math.isfinite(self.catalogue.until)
        try:
            for path, tasks in rounds_alone(
                self.layers, self.catalogue, weights, capacity, most if apart else math.inf, quick=quick
            ):
                path = path if apart else replace(path, bound=0.0)
                yield path, tasks
            if going(path) and not apart:
                yield from self.partition(capacity).rounds(weights, going, most * (1 + MARGIN))
        except TimeUpError:
            yield path, []

    def told(self, value: float, bound: float) -> bool:
        """Say how far the search is; whether there is time left."""
        if self.progress is not None:
            tally = self.tally
            self.progress(State(self.elapsed, value, bound, tally.groups, tally.evaluated))
        return self.elapsed < self.seconds and not self.catalogue.interrupted

    def polish(self, several: Sequence[Found]) -> None:
        """Look for the designs that `plan` takes, of several plans at once, so that there is more to do at a time."""
        for weights in dict.fromkeys(found.weights for found in several):
            wanted = [each for found in several if found.weights == weights for each in _polishable(found)]
            self.catalogue.polished(weights, wanted)

    def plan(
        self,
        found: Found,
        objective: str,
        limits: tuple[Limit, ...] = (),
        *,
        polish: bool = True,
        stepwise: bool = True,
    ) -> Plan:
        """The plan of a path, evaluated by the model, which must value it as the search does.

        Args:
            polish: whether to look for designs of the groups that are as good and take less of something else.
            stepwise: whether the evaluation has what is found step by step, as cycles and, where no capacity depends on
                them, live words; that takes half of the time.

        The model values it lower where nothing is read of a layer that is not left out: alone, its group does all it
        can. Then nothing is proven. It may value it higher where an idle layer is the first that reads what stays on
        chip; and lower or higher where taps jump over the ends of a tensor.

        Raises:
            InputError: there they do, and what is made of that tensor takes more room than is left.
            InfeasibleError: there is no such path, or the plan takes more off chip than there is.
        """
        path, tally = found.path, self.tally
        if not path.steps:
            raise self.infeasible(found.room) if math.isinf(found.bound) else self.too_short()
        architecture = self.architecture
        if math.isfinite(found.room) and not architecture.level(self.level).partitions:
            architecture = architecture.with_capacity(self.level, int(found.room))
        designs = self.catalogue.polished(found.weights, _polishable(found)) if polish else list(path.designs)
        resident = frozenset(tensor for step in path.steps for tensor in step.resident)
        choices = tuple(
            without(self.catalogue.choice(s.variant, d, s.group.names, s.resident, s.made, self.level), resident)
            for s, d in zip(path.steps, designs, strict=True)
        )
        idle = self.catalogue.idle
        choices = with_idle(self.network, idle, choices, resident, self.level)
        tree = plan_tree(self.network, architecture, choices, resident=resident)
        live = stepwise or architecture.allocation == "live"
        evaluation = evaluate_design(bind(self.network, architecture, tree), stepwise=stepwise, live=live)
        check_fits_off_chip(architecture, evaluation)
        told, expected = float(value(objective, evaluation)), worth(objective, replace(path, designs=tuple(designs)))
        same = math.isclose(told, expected, rel_tol=CLOSE)
        unsure = {} if same and evaluation.fits else jumped(self.network)
        if (told > expected and not same and not idle and not unsure) or not evaluation.fits:
            if unsure:
                raise not_planned(unsure)
            raise DisagreementError(f"the search finds {expected}, the model {told}, fits: {evaluation.fits}")
        lowest = min(told, found.bound) if same or (told > expected and not unsure) else 0.0
        proven = found.bound >= found.value * (1 - CLOSE)
        statistics = Statistics(
            status="optimal" if proven and same else "feasible",
            objective=objective,
            value=told,
            bound=told if proven and same else lowest,
            seconds=self.elapsed,
            groups=self.catalogue.groups,
            shapes=len(self.catalogue.shapes),
            searches=tally.groups,
            designs_evaluated=tally.evaluated,
            ranges_bounded=tally.nodes - tally.evaluated,
            space=self.space,
            limits=limits,
        )
        return Plan(choices, resident, tree, evaluation, statistics, architecture)

    def too_short(self, what: str = "") -> LooptreeError:
        """There was not enough time for a plan, or for something else."""
        missing = f"{what} was not proven" if what else f"no plan of {self.network.name!r} was found"
        return LooptreeError(f"{missing} in {self.elapsed:.1f} s (allow more time, or search a narrower space)")

    def most_demanding(self) -> tuple[float, str, dict[str, float]]:
        """The fewest bytes in which every layer alone has a design, the layer that needs them, and what contributes."""
        return most_demanding(self.catalogue)

    def infeasible(self, capacity: float = math.inf) -> InfeasibleError:
        """Why there is no plan in so many bytes, or fewer if the architecture has fewer."""
        return infeasible(self.catalogue, self.space.restrictions, min(capacity, self.capacity))


def _polishable(found: Found) -> list[tuple[int, float, GroupDesign]]:
    """The variants of the groups of a plan, with the capacities that they have there and their designs."""
    steps = zip(found.path.steps, found.path.designs, strict=True)
    return [(step.variant, min(step.capacity, found.room - step.held), design) for step, design in steps]


def without(choice: GroupChoice, resident: frozenset[str]) -> GroupChoice:
    """A choice that leaves out tensors which stay on chip anyway, and of which its group reads nothing but padding."""
    return replace(choice, retention={t: depth for t, depth in choice.retention.items() if t not in resident})
