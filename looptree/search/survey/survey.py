"""Every design of a fusion group with all its metrics.

A search looks for one best design and leaves out what cannot be it. A survey leaves nothing out: it evaluates each tile
shape with each retention of each tensor, and keeps the Pareto front, the best design per metric, and how many fit.

Assumptions made here:

* Compute sits right below the on-chip level; there are no loops inside the branches.
* The loops of an order move different dimensions: none is joined with another one.
* Capacity is counted in windows (`allocation: window`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from looptree.architecture import Architecture
from looptree.errors import InputError, UnsupportedError, close, nearest
from looptree.model import Evaluation, evaluate
from looptree.search.asked.hardware import buffer_of
from looptree.search.asked.segment import segment
from looptree.search.asked.space import Space
from looptree.search.child import processors
from looptree.search.group.goal.goal import ROUNDING
from looptree.search.result import DisagreementError
from looptree.search.survey.keeper import Designs
from looptree.search.survey.meter import HARDWARE_METRICS, METRICS, Hardware
from looptree.search.survey.units import Task, surveyed
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.taxonomy.tree import RankRef, Temporal
from looptree.workload import Workload


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A design that a survey kept.

    Attributes:
        choice: the design. evaluation: what the model says of it. metrics: those of the survey, by name: bytes, counts
            of operations, pJ and cycles. hardware: the number of its point of the hardware.
    """

    choice: GroupChoice
    evaluation: Evaluation
    metrics: Mapping[str, float]
    hardware: int = 0


@dataclass(frozen=True, slots=True)
class Survey:
    """What a survey found.

    Attributes:
        layers: the fusion group. evaluated: designs that were evaluated with all their metrics.
        fits: those within all limits. left_out: loop orders, or parts of them, whose counts are no products of tables
            of single loops; they are not surveyed.
        front: the Pareto front of what fits. best: per metric the design that has least of it; empty if nothing fits.
        seconds: wall clock. workers: processes.
    """

    layers: tuple[str, ...]
    evaluated: int
    fits: int
    left_out: int
    front: tuple[Surveyed, ...]
    best: Mapping[str, Surveyed]
    seconds: float
    workers: int


def survey(
    workload: Workload,
    hardware: Architecture | Sequence[Hardware],
    layers: Sequence[str] | None = None,
    *,
    order: Sequence[str] = (),
    space: Space | None = None,
    front: Sequence[str] = ("capacity", "offchip"),
    limits: Mapping[str, float] | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Survey:
    """Evaluate every design of a fusion group.

    Args:
        workload: the network.
        hardware: an architecture, of which the first two levels are used, or points of a hardware space: every design
            is evaluated on each of them, and has a power and an area, too.
        layers: the group; all layers of the workload by default.
        order: the only loop order, ranks of the sink from the outside in; every one of the space by default.
        space: of it `loops`, `lone_loops`, `spill` and `recompute` are used.
        front: metrics of the Pareto front. limits: most of some metrics; the capacity of each architecture counts too.
        workers: processes; one per processor by default. The answer does not depend on it.
        progress: called with the designs evaluated so far and all there are.

    Raises:
        InputError: a metric, layer or rank that is not there, or an architecture without an on-chip level.
        UnsupportedError: tile inference cannot express the group.
    """
    task = task_of(workload, hardware, layers, order=order, space=space, front=front, limits=limits)
    count = processors() if workers is None else workers
    if count < 1:
        raise InputError(f"expected at least 1 worker, found {workers}")
    started = time.perf_counter()
    total = task.keeper()
    for found in surveyed(task, count):
        total.merge(found.evaluated, found.fits, found.best, found.front)
        if progress is not None:
            progress(total.evaluated, task.designs)
    kept = Decoder(task)
    ordered = total.front.rows[:, total.columns].tolist()
    listed = [kept.design(total.front, at) for at in sorted(range(len(ordered)), key=lambda at: ordered[at])]
    best = {name: kept.design(total.best, at) for at, name in enumerate(total.metrics) if len(total.best)}
    seconds = time.perf_counter() - started
    names = tuple(e.name for e in task.part.einsums)
    return Survey(names, total.evaluated, total.fits, task.left_out, tuple(listed), best, seconds, count)


def _check_hardware(architecture: Architecture) -> None:
    """A survey prices bytes and words; the model prices more."""
    where = f"architecture {architecture.name!r}"
    if architecture.allocation != "window":
        raise InputError("a survey counts windows, the architecture has allocation: live", where=where)
    if architecture.dataflow is not None:
        hint = "leave out the dataflow: compute is taken to be right below the buffer"
        raise InputError("nests inside tiles are not surveyed", where=where, hint=hint)
    if architecture.compute.fill_drain_cycles:
        raise InputError("cycles that fill a systolic array are not surveyed", where=where, hint="search or evaluate")
    if architecture.leakage_pj_per_cycle:
        raise InputError("leakage is not surveyed", where=where, hint="give it as standby energy, or search")
    for level in architecture.levels[:2]:
        if level.keeps is not None or level.bypasses or level.partitions:
            raise InputError(f"{level.name} tells tensors apart, which is not surveyed", where=where)
        unpriced = {
            "double buffering": level.double_buffered,
            "ports": level.ports is not None,
            "energies per access": level.read_pj is not None or level.write_pj is not None,
            "bandwidths of reads and writes apart": any(not (limit.reads and limit.writes) for limit in level.limits),
        }
        for what, found in unpriced.items():
            if found:
                hint = "a search or evaluate counts them; for a survey give bytes and one bandwidth"
                raise InputError(f"{level.name} has {what}, which are not surveyed", where=where, hint=hint)


def task_of(
    workload: Workload,
    hardware: Architecture | Sequence[Hardware],
    layers: Sequence[str] | None = None,
    *,
    order: Sequence[str] = (),
    space: Space | None = None,
    front: Sequence[str] = ("capacity", "offchip"),
    limits: Mapping[str, float] | None = None,
) -> Task:
    """What a survey does, checked; arguments and errors as those of `survey`."""
    space, limits = space or Space(), limits or {}
    points = (Hardware(hardware),) if isinstance(hardware, Architecture) else tuple(hardware)
    level = buffer_of(points[0].architecture)
    known = METRICS if isinstance(hardware, Architecture) else HARDWARE_METRICS
    for name in (*front, *limits):
        if name not in known:
            raise InputError(f"expected a metric ({', '.join(known)}), found {name!r}", hint=close(name, known))
    if not front:
        raise InputError("a survey needs at least one metric for its Pareto front")
    for point in points:
        _check_hardware(point.architecture)
    part = segment(workload, _names(workload, layers))
    most = tuple((name, float(value)) for name, value in limits.items())
    task = Task(part, points, level, space, tuple(order), tuple(front), most)
    if not task.group.possible:
        raise UnsupportedError(
            "tile inference cannot express this group", where=f"group {', '.join(task.group.layers)}"
        )
    if not task.branches:
        ranks = sorted({rank[0][1] for pattern in task.patterns for loop in pattern.loops for rank in loop.ranks})
        raise InputError(
            f"there is no loop order {', '.join(order) or 'at all'}",
            where=f"group {', '.join(task.group.layers)}",
            hint=f"up to {space.loops} of {', '.join(ranks)}, each once",
        )
    return task


def _names(workload: Workload, layers: Sequence[str] | None) -> list[str]:
    known = [e.name for e in workload.einsums]
    for name in layers or ():
        if name not in known:
            where = f"workload {workload.name!r}"
            raise InputError(f"there is no layer {name!r}", where=where, hint=nearest(name, known))
    return known if layers is None else [name for name in known if name in layers]


class Decoder:
    """Turns numbers of designs into choices, and lets the model evaluate them."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._known: dict[tuple[GroupChoice, int], Evaluation] = {}

    def design(self, designs: Designs, at: int) -> Surveyed:
        """One design; its metrics equal those of the model."""
        hardware, *number = designs.numbers[at].tolist()
        choice = choice_of(self.task, number)
        if (choice, hardware) not in self._known:
            architecture = self.task.hardware[hardware].architecture
            tree = plan_tree(self.task.part, architecture, [choice])
            self._known[choice, hardware] = evaluate(self.task.part, architecture, tree)
        result = self._known[choice, hardware]
        metrics = dict(zip(self.task.metrics, designs.rows[at].tolist(), strict=True))
        for name, value in metrics_of(result, self.task.level).items():
            if abs(value - metrics[name]) > ROUNDING * value:
                raise DisagreementError(f"{name} of {choice}: the survey says {metrics[name]}, the model {value}")
        return Surveyed(choice, result, metrics, hardware)


def choice_of(task: Task, number: Sequence[int]) -> GroupChoice:
    """The design of a number: loop order, branch, tile shape and combination of options."""
    order, branch, tile, combination = number
    listed = task.branches[order][branch]
    assert listed is not None
    loops, options = listed.chosen(tile, combination)
    named = dict(zip(task.group.tensors, options, strict=True))
    return GroupChoice(
        einsums=tuple(e.name for e in task.part.einsums),
        loops=tuple(Temporal(tuple(RankRef(name, einsum) for einsum, name in rank), shape) for rank, shape in loops),
        retention={tensor: option.depth for tensor, option in named.items()},
        drop=frozenset(tensor for tensor, option in named.items() if option.drop),
        spilled=frozenset(tensor for tensor, option in named.items() if option.spilled),
        level=task.level,
    )


def metrics_of(result: Evaluation, level: str) -> dict[str, float]:
    """The metrics of a survey from the model: bytes, operations, pJ and cycles, rounded to float64."""
    reads = sum(group.offchip_reads_bytes for group in result.groups)
    writes = sum(group.offchip_writes_bytes for group in result.groups)
    return {
        "capacity": result.occupancy[level].window_bytes,
        "offchip_reads": reads,
        "offchip_writes": writes,
        "offchip": reads + writes,
        "operations": sum(count.total for count in result.operations.values()),
        "energy": float(result.energy.total),
        "latency": float(result.latency.overlapped),
    }
