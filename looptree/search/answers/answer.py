"""Which way leads to the answer: an objective and limits, given to the search that fits them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from looptree.search.answers.pursuit import Pursuit
from looptree.search.answers.settle import settled
from looptree.search.answers.smallest import smallest
from looptree.search.asked.limits import Limit
from looptree.search.asked.metrics import Weights
from looptree.search.asked.objective import amount
from looptree.search.asked.target import FACTORS, Target
from looptree.search.network.planner import Found, Planner
from looptree.search.result import InfeasibleError, Plan, UnreachableError


def answer(planner: Planner, objective: str, limits: Sequence[Limit]) -> Plan:
    """The best plan for an objective within limits.

    Raises:
        InfeasibleError: a layer does not fit, or no plan keeps the limits.
        LooptreeError: the time was up before there was a plan.
    """
    known = tuple(_known(planner, limit) for limit in limits)
    most = {limit.metric: limit.amount for limit in known if limit.metric != "capacity"}
    if objective == "capacity":
        found = smallest(planner, most)
    elif most or len(FACTORS[objective]) > 1:
        found = Pursuit(planner, Target(objective, most), planner.capacity).found()
    else:
        weights = Weights.only(objective)
        path = planner.solve(weights, planner.capacity)
        found = settled(planner, Found(path, weights, path.value, path.bound), objective)
    if not found.path.steps and math.isinf(found.bound) and most:
        raise _unreachable(planner, known, most)
    return planner.plan(found, objective, known)


def _known(planner: Planner, limit: Limit) -> Limit:
    """The limit in numbers."""
    if not limit.relative or limit.least is not None:
        return limit
    path = planner.solve(Weights.only(limit.metric), math.inf)
    if not path.steps and math.isinf(path.bound):
        raise planner.infeasible()
    if not path.proven:
        raise planner.too_short(f"the least {limit.metric} with an unlimited buffer")
    return replace(limit, least=Fraction(path.value))


def _unreachable(planner: Planner, limits: Sequence[Limit], most: Mapping[str, float]) -> InfeasibleError:
    """Which limit no plan keeps, or which of them no plan keeps together, and what is the least that can be had."""
    size = "unlimited size" if math.isinf(planner.capacity) else amount("capacity", planner.capacity)
    where = f"in {planner.level} of {size}"
    kept: dict[str, float] = {}
    for limit in limits:
        if limit.metric == "capacity":
            continue
        least = Pursuit(planner, Target(limit.metric, kept), planner.capacity).found()
        if math.isinf(least.bound) and not most.keys() - {limit.metric}:
            return planner.infeasible()
        if least.bound > limit.amount:
            others = " and ".join(other.described for other in limits if other.metric in kept)
            together = f" of those with {others}" if others else ""
            exactly = "is" if least.bound >= least.value * (1 - 1e-9) else "is at least"
            return UnreachableError(
                f"no plan of the space{together} keeps {limit.described} {where}: the least {limit.metric} {exactly} "
                f"{amount(limit.metric, least.bound)}, proven"
            )
        kept[limit.metric] = limit.amount
    return planner.infeasible()
