"""The best plan of a whole network: fusion, tiling, retention, recomputation and what stays on chip between groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from looptree.architecture import Architecture
from looptree.errors import InputError
from looptree.search.answers.answer import answer
from looptree.search.answers.front import Front, checked_axes
from looptree.search.answers.front import front as front_of
from looptree.search.asked.hardware import buffer_of, check_priced
from looptree.search.asked.limits import Limit, checked_limits
from looptree.search.asked.objective import checked, value
from looptree.search.asked.space import SPACES, Space
from looptree.search.deadline import TimeUpError
from looptree.search.network.groups.workers import Searches, Workers
from looptree.search.network.planner import Planner
from looptree.search.result import Comparison, Plan, Progress, UnreachableError
from looptree.workload import Workload

POINTS = 16


def search(
    workload: Workload,
    architecture: Architecture,
    *,
    objective: str = "energy",
    limits: Sequence[Limit | str] = (),
    space: Space | str | None = None,
    seconds: float | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Plan:
    """The best plan of a network in a space of designs, with a proof.

    Args:
        workload: the network.
        architecture: its first two levels are used: off chip and the buffer.
        objective: `energy`, `offchip`, `latency`, `operations`, `edp` (energy times latency of the whole plan) or
            `capacity` (the smallest buffer; that of the architecture does not count).
        limits: what the plan may take at most, such as `"offchip<=1MiB"`; see `looptree.search.asked.limits`.
        space: what is searched, or the name of one of `SPACES`; `Space()` by default.
        seconds: stop after about so long with the best plan so far. Ctrl-C does the same, once there is a plan.
        workers: processes; one per processor by default. The answer does not depend on it.
        progress: called between rounds.

    Raises:
        InfeasibleError: a layer does not fit the buffer in any way that is searched, or no plan keeps the limits.
        InputError: the architecture has no on-chip level, the objective is not known, or a setting makes no sense.
        LooptreeError: the time was up before there was a plan.
    """
    checked(objective)
    known = checked_limits(limits)
    if objective == "capacity":
        check_priced(architecture, [limit.metric for limit in known])
    hardware = _within(architecture, known, any_capacity=objective == "capacity")
    with _planner(workload, hardware, space, seconds, workers, progress) as planner:
        return answer(planner, objective, known)


def front(
    workload: Workload,
    architecture: Architecture,
    *,
    axes: Sequence[str],
    points: int = POINTS,
    limits: Sequence[Limit | str] = (),
    space: Space | str | None = None,
    seconds: float | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Front:
    """Plans that trade one metric for another, with a proof; see `looptree.search.answers.front`.

    Args:
        axes: two or three of `capacity`, `energy`, `offchip`, `latency`, `operations`. With `capacity`, the buffer of
            the architecture does not count.
        points: about so many at most.
        limits: of capacity only.
        workload, architecture, space, seconds, workers, progress: as for `search`.

    Raises:
        InfeasibleError, InputError, LooptreeError: as for `search`.
    """
    known = checked_axes(axes)
    if points < 2:
        raise InputError(f"expected at least 2 points of a front, found {points}")
    within = checked_limits(limits)
    for limit in within:
        if limit.metric != "capacity":
            raise InputError(
                f"{limit.text}: of a front, only the capacity can be limited", hint="or make it an axis of the front"
            )
    if "capacity" in known:
        check_priced(architecture, known)
    hardware = _within(architecture, within, any_capacity="capacity" in known)
    with _planner(workload, hardware, space, seconds, workers, progress) as planner:
        return front_of(planner, known, points)


def _within(architecture: Architecture, limits: Sequence[Limit], *, any_capacity: bool) -> Architecture:
    """The architecture with the bytes that plans may use: its own, unless that is what is looked for."""
    level = buffer_of(architecture)
    if architecture.level(level).partitions:
        for limit in limits:
            if limit.metric == "capacity":
                raise InputError(f"{limit.text}: {level} has partitions, so its size is not one number")
        return architecture
    own = None if any_capacity else architecture.level(level).capacity_bytes
    known = [int(limit.most) for limit in limits if limit.metric == "capacity"] + ([] if own is None else [own])
    return architecture.with_capacity(level, min(known, default=None))


@contextmanager
def _planner(
    workload: Workload,
    architecture: Architecture,
    space: Space | str | None,
    seconds: float | None,
    workers: int | None,
    progress: Progress | None,
) -> Iterator[Planner]:
    """What `search` and `front` have in common: their options checked, and workers for as long as they search."""
    wanted = Space.of(space)
    wanted.restrictions.check(workload, architecture, max(wanted.most_layers))
    if seconds is not None and not seconds > 0:
        raise InputError(f"expected a time limit above 0 seconds, found {seconds}")
    if workers is not None and workers < 1:
        raise InputError(f"expected at least 1 worker, found {workers}")
    with Workers(Searches(architecture, buffer_of(architecture), wanted), workers) as crew:
        planner = Planner(workload, crew, seconds, progress)
        try:
            yield planner
        except TimeUpError:
            raise planner.too_short() from None


def compare(
    workload: Workload,
    architecture: Architecture,
    *,
    objective: str = "energy",
    limits: Sequence[Limit | str] = (),
    space: Space | str | None = None,
    seconds: float | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Layer by layer against fused, on one architecture: the best plan of each; see `search`.

    A layer alone has as many loops layer by layer as in the space of the fused plan.

    Args:
        limits: those that are amounts hold for both plans; a relative one holds for the fused plan, and is relative to
            what the plan layer by layer takes.

    Raises:
        InfeasibleError, InputError, LooptreeError: as for `search`, of either plan.
    """
    known = checked_limits(limits, of_another=True)
    least = partial(search, workload, architecture, objective=objective, seconds=seconds, workers=workers)
    alone = replace(SPACES["layer-by-layer"], lone_loops=Space.of(space).lone_loops)
    both = [limit for limit in known if not limit.relative]
    try:
        apart = least(space=alone, limits=both, progress=_staged(progress, "layer by layer"))
    except UnreachableError as problem:
        raise UnreachableError(
            f"layer by layer, {problem} (a limit that is an amount holds for both plans, one that is a factor for the "
            "fused plan: it is of what the plan layer by layer takes; a search has the fused plan alone)"
        ) from None
    within = [replace(m, least=value(m.metric, apart.evaluation)) if m.relative else m for m in known]
    fused = least(space=space, limits=within, progress=_staged(progress, "fused"))
    return Comparison(apart, fused)


def _staged(progress: Progress | None, stage: str) -> Progress | None:
    """Progress that says which search it is of."""
    return None if progress is None else lambda state: progress(replace(state, stage=stage))
