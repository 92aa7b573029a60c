"""One network in buffers of several sizes: what is proven at one capacity is kept for all others.

Larger capacities are best asked for first. With less room nothing gets better, so that the optimum of a group in a
large buffer is a bound in every smaller one, and most groups that are searched there are given up at once.
"""

from __future__ import annotations

import math
import time
from types import TracebackType

from looptree.architecture import Architecture
from looptree.search.catalogue import Catalogue
from looptree.search.objective import checked
from looptree.search.result import InfeasibleError, Plan, Progress
from looptree.search.search import NetworkSearch, Settings, buffer_of
from looptree.search.space import Space
from looptree.search.workers import Searches, Workers
from looptree.workload import Workload


class Capacities:
    """Searches one network in any number of capacities. Use as a context manager: it holds worker processes.

    Args:
        workload: the network. architecture: its capacity of the buffer does not matter. objective, space: see `search`.
        workers: processes; one per processor by default. The plans do not depend on it.

    >>> from looptree import load_architecture, load_workload
    >>> network = load_workload("conv_conv", channels=4, resolution=4)
    >>> with Capacities(network, load_architecture("small"), objective="offchip", workers=1) as sizes:
    ...     sizes.smallest(), sizes.everything(), sizes.plan(1024).statistics.value
    (19, 480, 416.0)
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
        self.workload = workload
        self.settings = Settings(architecture, buffer_of(architecture), checked(objective), space or Space())
        searches = Searches(architecture, objective, self.settings.level, self.settings.space)
        self.workers = Workers(searches, workers)
        self.catalogue = Catalogue(workload, self.workers, math.inf)

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
        least = 0.0
        for einsum in self.workload.einsums:
            number, _ = self.catalogue.shape((einsum.name,))
            demand, parts = self.catalogue.search_of(number).smallest()
            if math.isinf(demand):
                level = self.settings.architecture.level(self.settings.level)
                raise InfeasibleError.of(einsum.name, level, demand, parts)
            least = max(least, demand)
        return math.ceil(least)

    def everything(self) -> int:
        """Bytes in which all tensors of the network fit whole at a time."""
        return sum(tensor.size_bytes for tensor in self.workload.tensors.values())

    def plan(
        self,
        capacity_bytes: int,
        *,
        seconds: float | None = None,
        progress: Progress | None = None,
        target: float | None = None,
    ) -> Plan:
        """The best plan in that many bytes.

        Args:
            capacity_bytes: of the buffer. seconds, progress: see `search`.
            target: stop as soon as it is known whether a plan has at most this value.

        Raises:
            InfeasibleError: a layer does not fit. KeyboardInterrupt: Ctrl-C, even if there is a plan by then.
        """
        limit = math.inf if seconds is None else seconds
        self.catalogue.until = time.time() + limit
        architecture = self.settings.architecture.with_capacity(self.settings.level, capacity_bytes)
        settings = Settings(architecture, self.settings.level, self.settings.objective, self.settings.space)
        plan = NetworkSearch(settings, self.catalogue, limit, progress, target).plan()
        if self.catalogue.interrupted:
            raise KeyboardInterrupt
        return plan
