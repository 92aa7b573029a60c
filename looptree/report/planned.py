"""A plan and what it is about, with the few numbers that tables, JSON and CSV all need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import add

from looptree.architecture import Architecture
from looptree.model.result import Evaluation, GroupResult, stepwise_together
from looptree.search import Plan
from looptree.taxonomy.group_tensors import group_tensors
from looptree.workload import Workload


@dataclass(frozen=True, slots=True)
class OnChip:
    """What a group finds and leaves on chip between groups, whole.

    Attributes:
        found: tensors that it uses and that an earlier group left. left: those that it uses and that a later one uses.
        held: those that take space while it runs and that it does not use.
    """

    found: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and what it is about.

    Attributes:
        workload: the network.
        architecture: the hardware, with the capacity that was asked for.
        plan: the groups with their evaluation.
    """

    workload: Workload
    architecture: Architecture
    plan: Plan

    @property
    def buffer(self) -> str:
        """The name of the memory level whose size decides what can be fused."""
        return self.architecture.levels[1].name

    @property
    def capacity_bytes(self) -> int | None:
        """Of the buffer, of all its partitions together; `None` for an unlimited one."""
        return self.architecture.levels[1].total_bytes

    @property
    def demand(self) -> int:
        """Bytes of the buffer that the plan needs, as the architecture counts them."""
        found = self.plan.evaluation.occupancy[self.buffer]
        return found.live_bytes if self.architecture.allocation == "live" else found.window_bytes

    def group_demand(self, group: GroupResult) -> int:
        """Bytes of the buffer that are needed while a group runs."""
        return group.occupancy[self.buffer][self.architecture.allocation == "live"]

    @property
    def results(self) -> tuple[GroupResult, ...]:
        """One result per group of the plan.

        The model sees the layers of a group that has no loop above them, only tensors kept whole, as groups of their
        own, which run one after the other; here they are put together again.
        """
        result_of = {einsum: result for result in self.plan.evaluation.groups for einsum in result.einsums}
        return tuple(
            _together(list({id(result_of[e]): result_of[e] for e in choice.einsums}.values()))
            for choice in self.plan.groups
        )

    @property
    def on_chip(self) -> tuple[OnChip, ...]:
        """Per group what stays on chip before and after it."""
        used = [set(group_tensors(self.workload, c.einsums)) & self.plan.resident for c in self.plan.groups]
        uses = {t: [i for i, tensors in enumerate(used) if t in tensors] for t in sorted(self.plan.resident)}
        return tuple(
            OnChip(
                found=tuple(t for t, at in uses.items() if i in at and at[0] < i),
                left=tuple(t for t, at in uses.items() if i in at and i < at[-1]),
                held=tuple(t for t, at in uses.items() if i not in at and at and at[0] < i < at[-1]),
            )
            for i in range(len(used))
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
        energy=reduce(add, [part.energy for part in parts]),
        busy_cycles={
            name: sum((part.busy_cycles[name] for part in parts), Fraction(0)) for name in parts[0].busy_cycles
        },
        latency_cycles=sum((part.latency_cycles for part in parts), Fraction(0)),
        bottleneck=max(parts, key=lambda part: part.latency_cycles).bottleneck,
        stepwise=stepwise_together(parts),
    )


def moved_bytes(group: GroupResult) -> int:
    """Bytes that a group reads from and writes to the off-chip level."""
    return group.offchip_reads_bytes + group.offchip_writes_bytes


def offchip_bytes(evaluation: Evaluation) -> tuple[int, int]:
    """Bytes read from and written to the off-chip level."""
    moved = evaluation.transfers[evaluation.off_chip].values()
    return sum(t.reads_bytes for t in moved), sum(t.writes_bytes for t in moved)
