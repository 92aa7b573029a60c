"""The best plan of a whole network: fusion, tiling, retention, recomputation and what stays on chip between groups."""

from __future__ import annotations

from dataclasses import replace

from looptree.architecture import Architecture
from looptree.errors import InputError
from looptree.search.metrics import Weights
from looptree.search.objective import checked
from looptree.search.planner import Found, Planner, buffer_of
from looptree.search.result import Comparison, Plan, Progress
from looptree.search.space import SPACES, Space
from looptree.search.workers import Searches, Workers
from looptree.workload import Workload


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
        objective: `energy`, `offchip`, `latency` or `operations`.
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
    checked(objective)
    with Workers(Searches(architecture, buffer_of(architecture), space or Space()), workers) as crew:
        planner = Planner(workload, crew, seconds, progress)
        weights = Weights.only(objective)
        path = planner.solve(weights, planner.capacity)
        return planner.plan(Found(path, weights, path.value, path.bound), objective)


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
