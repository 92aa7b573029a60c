"""A comparison and what it is about, with the few numbers that tables, JSON and CSV all need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from looptree.architecture import Architecture
from looptree.model.result import Evaluation, GroupResult
from looptree.search import Comparison, Plan
from looptree.workload import Workload


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison and what it is about.

    Attributes:
        workload: the network.
        architecture: the hardware, with the capacity that was asked for.
        comparison: both plans with their evaluations.
        objective: what both were searched for.
    """

    workload: Workload
    architecture: Architecture
    comparison: Comparison
    objective: str = "energy"

    @property
    def buffer(self) -> str:
        """The name of the memory level whose size decides what can be fused."""
        return self.architecture.levels[1].name

    def demand(self, evaluation: Evaluation) -> int:
        """Bytes of the buffer that a plan needs, as the architecture counts them."""
        found = evaluation.occupancy[self.buffer]
        return found.live_bytes if self.architecture.allocation == "live" else found.window_bytes

    def group_demand(self, group: GroupResult) -> int:
        """Bytes of the buffer that are needed while a group runs."""
        return group.occupancy[self.buffer][self.architecture.allocation == "live"]

    @property
    def apart(self) -> Mapping[str, GroupResult]:
        """The results of layer by layer, by layer."""
        return {e: group for group in self.comparison.layer_by_layer.evaluation.groups for e in group.einsums}


def group_results(plan: Plan) -> tuple[GroupResult, ...]:
    """One result per group of a plan.

    The model sees the layers of a group that has no loop above them, only tensors kept whole, as groups of their own,
    which run one after the other; here they are put together again.
    """
    result_of = {einsum: result for result in plan.evaluation.groups for einsum in result.einsums}
    return tuple(
        _together(list({id(result_of[e]): result_of[e] for e in choice.einsums}.values())) for choice in plan.groups
    )


def _together(parts: Sequence[GroupResult]) -> GroupResult:
    if len(parts) == 1:
        return parts[0]
    levels = parts[0].occupancy
    return GroupResult(
        einsums=tuple(einsum for part in parts for einsum in part.einsums),
        operations=sum(part.operations for part in parts),
        recomputed=sum(part.recomputed for part in parts),
        offchip_reads_bytes=sum(part.offchip_reads_bytes for part in parts),
        offchip_writes_bytes=sum(part.offchip_writes_bytes for part in parts),
        occupancy={
            level: (max(part.occupancy[level][0] for part in parts), max(part.occupancy[level][1] for part in parts))
            for level in levels
        },
        energy_pj=sum((part.energy_pj for part in parts), Fraction(0)),
        latency_cycles=sum((part.latency_cycles for part in parts), Fraction(0)),
        bottleneck=max(parts, key=lambda part: part.latency_cycles).bottleneck,
    )


def moved_bytes(group: GroupResult) -> int:
    """Bytes that a group reads from and writes to the off-chip level."""
    return group.offchip_reads_bytes + group.offchip_writes_bytes


def offchip_bytes(evaluation: Evaluation) -> tuple[int, int]:
    """Bytes read from and written to the off-chip level."""
    moved = evaluation.transfers[evaluation.off_chip].values()
    return sum(t.reads_bytes for t in moved), sum(t.writes_bytes for t in moved)
