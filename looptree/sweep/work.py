"""What is done at one point of a sweep of networks, in whatever process."""

from __future__ import annotations

import pickle
import time
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from looptree.architecture import Architecture
from looptree.architecture.level import Partition
from looptree.model import evaluate
from looptree.search import InfeasibleError, Plan, Space, search
from looptree.search.asked.limits import Limit
from looptree.sweep.store import Result
from looptree.sweep.study import KINDS
from looptree.taxonomy.described import describe
from looptree.workload import Workload

_UNLIMITED = 2**60


@dataclass(frozen=True, slots=True)
class Packed:
    """A network as bytes, which go over a wire as they are: its objects are made once in each process, not per task."""

    data: bytes

    @classmethod
    def of(cls, workload: Workload) -> Packed:
        """Pack a network."""
        return cls(pickle.dumps(workload))

    @property
    def workload(self) -> Workload:
        """The network."""
        return _unpacked(self.data)


@lru_cache(maxsize=32)
def _unpacked(data: bytes) -> Workload:
    found: Workload = pickle.loads(data)
    return found


@dataclass(frozen=True, slots=True)
class PointTask:
    """One search.

    Attributes:
        item: the number of the point. network: what is searched. limits: of the plan.
    """

    item: int
    network: Packed
    architecture: Architecture
    space: Space
    objective: str
    limits: tuple[Limit, ...]
    seconds: float | None

    def run(self) -> Result:
        """The best plan of the point, or why there is none."""
        started = time.perf_counter()
        try:
            plan = search(
                self.network.workload,
                self.architecture,
                objective=self.objective,
                limits=self.limits,
                space=self.space,
                seconds=self.seconds,
                workers=1,
            )
        except InfeasibleError as problem:
            why = {"why": str(problem)}
            return Result(self.item, "infeasible", {}, time.perf_counter() - started, plan=why)
        data, described = self._numbers(plan), plan_data(plan)
        return Result(self.item, plan.statistics.status, data, time.perf_counter() - started, plan=described)

    def _numbers(self, plan: Plan) -> dict[str, Any]:
        found, proof = plan.evaluation, plan.statistics
        energy, latency = float(found.energy.total), float(found.latency.overlapped)
        return {
            "energy": energy,
            "offchip": found.offchip_bytes,
            "latency": latency,
            "operations": found.total_operations,
            "recomputed": found.recomputed_operations,
            "capacity": list(found.occupancy.values())[1].window_bytes,
            **capacity_by_kind(self.network.workload, self.architecture, plan),
            "power": energy / latency if latency else 0.0,
            "value": proof.value,
            "bound": proof.bound,
            "gap": proof.gap,
            "designs": proof.designs_evaluated,
        }


def capacity_by_kind(workload: Workload, architecture: Architecture, plan: Plan) -> dict[str, int]:
    """Bytes that the tensors of each kind take on chip at most; the model counts them as parts of the buffer."""
    outer, inner, *rest = architecture.levels
    parts = tuple(Partition((kind,), _UNLIMITED, kind) for kind in KINDS)
    parted = replace(architecture, levels=(outer, replace(inner, capacity_bytes=None, partitions=parts), *rest))
    found = evaluate(workload, parted, plan.tree, stepwise=False).occupancy[inner.name].partitions
    return {KINDS[kind]: part.window_bytes for kind, part in found.items()}


def plan_data(plan: Plan) -> dict[str, Any]:
    """The groups of a plan in words, and what stays on chip between them."""
    return {"groups": [describe(choice) for choice in plan.groups], "resident": sorted(plan.resident)}
