"""One network in buffers of several sizes: what is proven at one capacity is kept for all others.

Larger capacities are best asked for first. With less room nothing gets better, so that the optimum of a group in a
large buffer is a bound in every smaller one, and most groups that are searched there are given up at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

from looptree.architecture import Architecture
from looptree.errors import InputError, close
from looptree.search.asked.hardware import buffer_of, check_priced
from looptree.search.asked.metrics import METRICS, Weights
from looptree.search.asked.space import Space
from looptree.search.network.groups.workers import Searches, Workers
from looptree.search.network.planner import Found, Planner
from looptree.search.network.plans.abreast import side_by_side
from looptree.search.result import InfeasibleError, Plan
from looptree.workload import Workload


@dataclass(frozen=True, slots=True)
class Wanted:
    """A plan that is asked for.

    Attributes:
        capacity_bytes: of the buffer. target: the search ends as soon as it is known whether a plan has at most this
            value (of equal ones, any).
        apart: run every layer by itself and keep nothing on chip in between; what is found out about single layers
            serves all plans.
    """

    capacity_bytes: int
    target: float | None = None
    apart: bool = False


class Capacities:
    """Searches one network in any number of capacities. Use as a context manager: it holds worker processes.

    Args:
        workload: the network. architecture: its capacity of the buffer does not matter. objective, space: see `search`.
        workers: processes; one per processor by default. The plans do not depend on it.

    Raises:
        InputError: as `search`; or what the objective adds up depends on the capacity, so that nothing can be shared.

    >>> from looptree import load_architecture, load_workload
    >>> network = load_workload("conv_conv", channels=4, resolution=4)
    >>> with Capacities(network, load_architecture("small"), objective="offchip", workers=1) as sizes:
    ...     sizes.smallest(), sizes.everything(), sizes.plan(1024).statistics.value
    (7, 480, 416.0)
    """

    def __init__(
        self,
        workload: Workload,
        architecture: Architecture,
        *,
        objective: str = "energy",
        space: Space | None = None,
        workers: int | None = None,
    ) -> None:
        if objective not in METRICS:
            raise InputError(
                f"expected one of {', '.join(METRICS)} as objective, found {objective!r}",
                hint=close(objective, METRICS),
            )
        self.workload = workload
        self.objective = objective
        level = buffer_of(architecture)
        check_priced(architecture, [objective])
        searches = Searches(architecture.with_capacity(level, None), level, space or Space())
        self.workers = Workers(searches, workers)
        self.planner = Planner(workload, self.workers, None, None)

    def __enter__(self) -> Capacities:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.workers.__exit__(kind, problem, trace)

    def smallest(self) -> int:
        """The fewest bytes in which every layer alone has a design.

        Raises:
            InfeasibleError: a layer has none at all.
        """
        demand, name, parts = self.planner.most_demanding()
        if math.isinf(demand):
            raise InfeasibleError.of(f"layer {name!r}", self.planner.level, math.inf, demand, parts)
        return math.ceil(demand)

    def everything(self) -> int:
        """Bytes in which all tensors of the network fit whole at a time."""
        return sum(tensor.size_bytes for tensor in self.workload.tensors.values())

    def plan(
        self, capacity_bytes: int, *, target: float | None = None, apart: bool = False, seconds: float | None = None
    ) -> Plan:
        """The best plan in that many bytes; arguments as of `Wanted` and `plans`."""
        return self.plans([Wanted(capacity_bytes, target, apart)], seconds=seconds)[0]

    def plans(self, wanted: Sequence[Wanted], *, seconds: float | None = None) -> list[Plan]:
        """The best plan in each of some capacities, searched side by side.

        What the evaluations have step by step is left out.

        Args:
            wanted: the capacities. seconds: for each of them, see `search`; they share all of that.

        Raises:
            InfeasibleError: a layer does not fit. KeyboardInterrupt: Ctrl-C, even if there is a plan by then.
        """
        planner, weights = self.planner, Weights.only(self.objective)
        planner.restart(None if seconds is None else seconds * len(wanted), None)
        rounds = [
            planner.rounds(
                weights,
                float(each.capacity_bytes),
                math.inf if each.target is None else each.target,
                apart=each.apart,
            )
            for each in wanted
        ]
        paths = side_by_side(rounds, planner.catalogue)
        if planner.catalogue.interrupted:
            raise KeyboardInterrupt
        found = [
            Found(path, weights, path.value, path.bound, each.capacity_bytes)
            for path, each in zip(paths, wanted, strict=True)
        ]
        planner.polish([one for one, each in zip(found, wanted, strict=True) if each.target is None])
        return [
            planner.plan(one, self.objective, polish=each.target is None, stepwise=False)
            for one, each in zip(found, wanted, strict=True)
        ]
