"""What is done at one point of a sweep of networks, in whatever process."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from looptree.architecture import Architecture
from looptree.search import InfeasibleError, Plan, Space, search
from looptree.sweep.store import Result
from looptree.taxonomy.group import describe
from looptree.workload import Workload


@dataclass(frozen=True, slots=True)
class PointTask:
    """One search.

    Attributes:
        item: the number of the point. network: its workload.
    """

    item: int
    workload: Workload
    architecture: Architecture
    space: Space
    objective: str
    seconds: float | None

    def run(self) -> Result:
        """The best plan of the point, or why there is none."""
        started = time.perf_counter()
        try:
            plan = search(
                self.workload,
                self.architecture,
                objective=self.objective,
                space=self.space,
                seconds=self.seconds,
                workers=1,
            )
        except InfeasibleError as problem:
            return Result(self.item, "infeasible", {"why": str(problem)}, time.perf_counter() - started)
        return Result(self.item, plan.statistics.status, plan_data(plan), time.perf_counter() - started)


def plan_data(plan: Plan) -> dict[str, Any]:
    """The numbers of a plan, and its groups in words."""
    found, proof = plan.evaluation, plan.statistics
    energy, latency = float(found.energy.total), float(found.latency.overlapped)
    buffer = list(found.occupancy.values())[1]
    return {
        "energy": energy,
        "offchip": found.offchip_bytes,
        "latency": latency,
        "operations": found.total_operations,
        "recomputed": found.recomputed_operations,
        "capacity": buffer.window_bytes,
        "power": energy / latency if latency else 0.0,
        "value": proof.value,
        "bound": proof.bound,
        "gap": proof.gap,
        "designs": proof.designs_evaluated,
        "groups": [describe(choice) for choice in plan.groups],
        "resident": sorted(plan.resident),
    }
