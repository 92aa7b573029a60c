"""The best plan of a whole network: fusion, tiling, retention, recomputation and what stays on chip between groups."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

from looptree.architecture import Architecture
from looptree.errors import InputError, LooptreeError
from looptree.model import evaluate
from looptree.search.catalogue import Catalogue, TimeUpError
from looptree.search.ideals import Layers, TooManyError
from looptree.search.objective import checked, value
from looptree.search.partition import Partition, Path, alone
from looptree.search.result import Comparison, InfeasibleError, Plan, Progress, State, Statistics
from looptree.search.space import SPACES, Space
from looptree.search.states import StateGraph
from looptree.search.wide import WidePartition
from looptree.search.workers import Searches, Workers
from looptree.taxonomy.group import plan_tree
from looptree.workload import Workload


class DisagreementError(Exception):
    """The model values a plan differently from the search: a defect of the search."""


def search(
    workload: Workload,
    architecture: Architecture,
    *,
    objective: str = "energy",
    space: Space | None = None,
    seconds: float | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Plan:
    """The best plan of a network in a space of designs, with a proof.

    Args:
        workload: the network.
        architecture: its first two levels are used: off chip and the buffer.
        objective: `energy`, `offchip` or `latency`.
        space: what is searched; `Space()` by default.
        seconds: stop after about so long with the best plan so far. Ctrl-C does the same, once there is a plan.
        workers: processes; one per processor by default. The answer does not depend on it.
        progress: called between rounds.

    Raises:
        InfeasibleError: a layer does not fit the buffer in any way that is searched.
        InputError: the architecture has no on-chip level, the objective is not known, or a setting makes no sense.
    """
    if seconds is not None and not seconds > 0:
        raise InputError(f"expected a time limit above 0 seconds, found {seconds}")
    if workers is not None and workers < 1:
        raise InputError(f"expected at least 1 worker, found {workers}")
    settings = Settings(architecture, buffer_of(architecture), checked(objective), space or Space())
    searches = Searches(architecture, settings.objective, settings.level, settings.space)
    with Workers(searches, workers) as crew:
        until = math.inf if seconds is None else seconds
        return NetworkSearch(settings, Catalogue(workload, crew, time.time() + until), until, progress).plan()


def compare(
    workload: Workload,
    architecture: Architecture,
    *,
    objective: str = "energy",
    space: Space | None = None,
    seconds: float | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Layer by layer against fused, on one architecture: the best plan of each; see `search`.

    A layer alone has as many loops layer by layer as in the space of the fused plan.
    """
    lone_loops = (space or Space()).lone_loops
    apart = search(
        workload,
        architecture,
        objective=objective,
        space=replace(SPACES["layer-by-layer"], lone_loops=lone_loops),
        seconds=seconds,
        workers=workers,
        progress=progress,
    )
    fused = search(
        workload,
        architecture,
        objective=objective,
        space=space,
        seconds=seconds,
        workers=workers,
        progress=progress,
    )
    return Comparison(apart, fused)


def buffer_of(architecture: Architecture) -> str:
    """The level that a search uses: the first one below off chip.

    Raises:
        InputError: there is none, or one of the two has a feature that is not searched.
    """
    where = f"architecture {architecture.name!r}"
    if len(architecture.levels) < 2:
        raise InputError("expected an off-chip level and an on-chip one", where=where)
    off_chip, level = architecture.levels[:2]
    if level.partitions:
        raise _not_searched(where, f"{level.name} has partitions", "give it one capacity_bytes")
    for known in (off_chip, level):
        if known.keeps is not None or known.bypasses:
            raise _not_searched(where, f"{known.name} may not hold every tensor", "leave out its keeps and bypasses")
    return level.name


def _not_searched(where: str, problem: str, instead: str) -> InputError:
    """The model prices more hardware than the search does."""
    hint = f"a mapping can be evaluated on it; to search, {instead}"
    return InputError(f"{problem}, which a search does not take into account", where=where, hint=hint)


@dataclass(frozen=True, slots=True)
class Settings:
    """What is searched for, where.

    Attributes:
        architecture: the hardware. level: the buffer. objective: what is made small. space: of the plans.
    """

    architecture: Architecture
    level: str
    objective: str
    space: Space

    @property
    def capacity(self) -> float:
        """Bytes on chip."""
        known = self.architecture.level(self.level).capacity_bytes
        return math.inf if known is None else float(known)


class NetworkSearch:
    """One search of a whole network.

    Args:
        settings: what for. catalogue: of the groups of the network; what it knows already is not found out again.
        seconds: stop after about so long. progress: called between rounds.
        target: stop as soon as it is known whether a plan has at most this value.
    """

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        seconds: float,
        progress: Progress | None,
        target: float | None = None,
    ) -> None:
        self.workload = catalogue.network
        self.settings = settings
        self.started = time.perf_counter()
        self.seconds = seconds
        self.progress = progress
        self.target = target
        self.catalogue = catalogue
        self.before = replace(catalogue.tally)
        self.groups_before = catalogue.groups

    @property
    def elapsed(self) -> float:
        return time.perf_counter() - self.started

    def plan(self) -> Plan:
        """The best plan."""
        layers = Layers.of(self.workload)
        path, space = Path((), math.inf, 0.0), self.settings.space
        try:
            path = alone(layers, self.catalogue, self.settings.capacity)
            partition = self._partition(layers)
            path, space = partition.solve(self._going), partition.space
        except TimeUpError:
            pass  # the first plan, or none, is what there is
        except KeyboardInterrupt:
            if not path.steps:
                raise
            self.catalogue.interrupted = True
        if not path.steps:
            raise self._infeasible() if math.isinf(path.bound) else self._too_short()
        return self._checked(path, space)

    def _partition(self, layers: Layers) -> Partition | WidePartition:
        try:
            return Partition(StateGraph.of(layers, self.catalogue, self.settings.capacity), self.catalogue)
        except TooManyError:
            return WidePartition(layers, self.catalogue, self.settings.capacity)

    def _going(self, path: Path) -> bool:
        tally = self.catalogue.tally
        if self.progress is not None:
            searches, designs = tally.groups - self.before.groups, tally.evaluated - self.before.evaluated
            self.progress(State(self.elapsed, path.value, path.bound, searches, designs))
        decided = self.target is not None and (path.value <= self.target or path.bound > self.target)
        return self.elapsed < self.seconds and not decided

    def _checked(self, path: Path, space: Space) -> Plan:
        """The plan of a path, evaluated by the model, which must value it as the search does.

        The model values it lower where a group makes something that no other group reads: alone, the group has to make
        all that leaves it. Then nothing is proven.
        """
        settings, tally = self.settings, self.catalogue.tally
        designs = self.catalogue.seconds([(s.variant, s.capacity) for s in path.steps])
        choices = tuple(
            self.catalogue.choice(s.variant, designs[s.variant, s.capacity], s.group.names, settings.level)
            for s in path.steps
        )
        resident = frozenset(tensor for step in path.steps for tensor in step.resident)
        tree = plan_tree(self.workload, settings.architecture, choices, resident=resident)
        evaluation = evaluate(self.workload, settings.architecture, tree)
        found = float(value(settings.objective, evaluation))
        same = math.isclose(found, path.value, rel_tol=1e-9)
        if (found > path.value and not same) or not evaluation.fits:
            raise DisagreementError(f"the search finds {path.value}, the model {found}, fits: {evaluation.fits}")
        designs_evaluated = tally.evaluated - self.before.evaluated
        statistics = Statistics(
            status="optimal" if path.proven and same else "feasible",
            objective=settings.objective,
            value=found,
            bound=(found if path.proven else min(found, path.bound)) if same else 0.0,
            seconds=self.elapsed,
            groups=self.catalogue.groups - self.groups_before,
            shapes=len(self.catalogue.shapes),
            searches=tally.groups - self.before.groups,
            designs_evaluated=designs_evaluated,
            ranges_bounded=tally.nodes - self.before.nodes - designs_evaluated,
            space=space,
        )
        return Plan(choices, resident, tree, evaluation, statistics)

    def _too_short(self) -> LooptreeError:
        return LooptreeError(
            f"no plan of {self.workload.name!r} was found in {self.elapsed:.1f} s "
            "(allow more time, or search a narrower space)"
        )

    def _infeasible(self) -> InfeasibleError:
        """Which layer does not fit."""
        level = self.settings.architecture.level(self.settings.level)
        found = []
        for einsum in self.workload.einsums:
            number, names = self.catalogue.shape((einsum.name,))
            demand, rows = self.catalogue.search_of(number).smallest()
            own = dict(zip(self.catalogue.shapes[number].tensors, names.tensors, strict=True))
            found.append((demand, einsum.name, {own[tensor]: taken for tensor, taken in rows.items()}))
        demand, name, parts = max(found, key=lambda entry: entry[0])
        return InfeasibleError.of(name, level, demand, parts)
