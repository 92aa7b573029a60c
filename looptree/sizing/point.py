"""One point of a curve: what is kept of a plan that was found for one capacity, as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from looptree.model.result import plain
from looptree.search import Plan
from looptree.workload import Workload

STATUSES = ("optimal", "feasible")


@dataclass(frozen=True, slots=True)
class Group:
    """One fusion group of a plan.

    Attributes:
        layers: in order. whole: tensors that are kept whole on chip while it runs, fewest loops above their node.
        recomputing: layers that do operations again.
    """

    layers: tuple[str, ...]
    whole: tuple[str, ...]
    recomputing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """The best plan that is known for one capacity.

    Attributes:
        capacity_bytes: of the buffer. value: of the objective (bytes, pJ or cycles). bound: no plan has less.
        status: `optimal`, or `feasible` where the search was stopped.
        demand_bytes: what the plan needs of the buffer. offchip_bytes, energy_pj, latency_cycles: of the plan.
        operations, recomputed: executed, and how many of them had been done before.
        groups: fusion groups in order. resident: tensors that stay on chip between groups.
    """

    capacity_bytes: int
    value: float
    bound: float
    status: str
    demand_bytes: int
    offchip_bytes: int
    energy_pj: float
    latency_cycles: float
    operations: int
    recomputed: int
    groups: tuple[Group, ...]
    resident: tuple[str, ...]

    def __post_init__(self) -> None:
        numbers = (self.value, self.bound, self.energy_pj, self.latency_cycles)
        counts = (self.demand_bytes, self.offchip_bytes, self.operations, self.recomputed)
        if self.status not in STATUSES or not all(map(math.isfinite, numbers)) or self.bound > self.value:
            raise ValueError(f"no point of a curve: {self}")
        if not 0 <= self.demand_bytes <= self.capacity_bytes or min(counts) < 0:
            raise ValueError(f"no point of a curve: {self}")

    def to_dict(self) -> dict[str, Any]:
        """The same as data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Point:
        """A point from what `to_dict` wrote.

        Raises:
            ValueError, TypeError, KeyError: it is something else.
        """
        groups = tuple(Group(**{f.name: _names(group[f.name]) for f in fields(Group)}) for group in data["groups"])
        return cls(
            **{name: _number(data[name], whole=True) for name in _WHOLE},
            **{name: _number(data[name], whole=False) for name in _FLOATS},
            status=str(data["status"]),
            groups=groups,
            resident=_names(data["resident"]),
        )


_WHOLE = ("capacity_bytes", "demand_bytes", "offchip_bytes", "operations", "recomputed")
_FLOATS = ("value", "bound", "energy_pj", "latency_cycles")


def _number(value: object, *, whole: bool) -> Any:
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise TypeError(f"expected a number, found {value!r}")
    return value


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise TypeError(f"expected a list of names, found {value!r}")
    return tuple(value)


def point_of(workload: Workload, plan: Plan, level: str, capacity_bytes: int, allocation: str) -> Point:
    """What is kept of a plan.

    Args:
        workload: the network. level, capacity_bytes: the buffer. allocation: which occupancy counts.
    """
    evaluation = plan.evaluation
    held = evaluation.occupancy[level]
    operations = evaluation.operations
    return Point(
        capacity_bytes=capacity_bytes,
        value=plan.statistics.value,
        bound=plan.statistics.bound,
        status=plan.statistics.status,
        demand_bytes=held.live_bytes if allocation == "live" else held.window_bytes,
        offchip_bytes=evaluation.offchip_bytes,
        energy_pj=plain(evaluation.energy.total),
        latency_cycles=plain(evaluation.latency.overlapped),
        operations=evaluation.total_operations,
        recomputed=evaluation.recomputed_operations,
        groups=tuple(
            Group(
                layers=choice.einsums,
                whole=tuple(sorted(t for t, above in choice.retention.items() if not above and choice.loops)),
                recomputing=tuple(e for e in choice.einsums if operations[e].recomputed),
            )
            for choice in plan.groups
        ),
        resident=tuple(sorted(plan.resident)),
    )
