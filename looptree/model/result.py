"""What an evaluation says: counts, transfers, occupancy, energy and latency, with units in the names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from looptree.display import Displayed


@dataclass(frozen=True, slots=True)
class OperationCount:
    """Operations of an Einsum; `recomputed` of them had been done before."""

    total: int
    recomputed: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """Words and bytes of one tensor read and written at one level."""

    reads_words: int
    writes_words: int
    reads_bytes: int
    writes_bytes: int

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(
            self.reads_words + other.reads_words,
            self.writes_words + other.writes_words,
            self.reads_bytes + other.reads_bytes,
            self.writes_bytes + other.writes_bytes,
        )


@dataclass(frozen=True, slots=True)
class Occupancy:
    """What a memory level has to hold, in bytes.

    Attributes:
        window_bytes: with fixed tiles. live_bytes: with an ideal allocator.
        capacity_bytes: `None` if unlimited. fits: the counted one is within the capacity.
        per_tensor: (window_bytes, live_bytes) of each tensor.
    """

    window_bytes: int
    live_bytes: int
    capacity_bytes: int | None
    fits: bool
    per_tensor: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy in pJ, by component (memory level or compute unit) and action."""

    per_component: Mapping[str, Mapping[str, Fraction]]

    @property
    def total(self) -> Fraction:
        """All components, in pJ."""
        return sum((pj for actions in self.per_component.values() for pj in actions.values()), Fraction(0))

    def __add__(self, other: Energy) -> Energy:
        return Energy(
            {
                component: {action: pj + other.per_component[component][action] for action, pj in actions.items()}
                for component, actions in self.per_component.items()
            }
        )


@dataclass(frozen=True, slots=True)
class Latency:
    """Cycles.

    Attributes:
        compute: cycles of the compute units.
        memory: bytes over bandwidth of each level that has one.
        overlapped: per fusion group the largest of compute and every level, added up over groups.
        bottleneck: the component that determines most of it.
    """

    compute: int
    memory: Mapping[str, Fraction]
    overlapped: Fraction
    bottleneck: str


@dataclass(frozen=True, slots=True)
class GroupResult:
    """One fusion group (or one layer by itself).

    Attributes:
        einsums: its layers.
        operations: executed. recomputed: of them, done before.
        offchip_reads_bytes, offchip_writes_bytes: traffic with the off-chip level.
        occupancy: (window_bytes, live_bytes) by level while the group runs.
        energy: of the group. busy_cycles: of each component that takes time, compute first.
        latency_cycles: overlapped. bottleneck: what determines it.
    """

    einsums: tuple[str, ...]
    operations: int
    recomputed: int
    offchip_reads_bytes: int
    offchip_writes_bytes: int
    occupancy: Mapping[str, tuple[int, int]]
    energy: Energy
    busy_cycles: Mapping[str, Fraction]
    latency_cycles: Fraction
    bottleneck: str

    @property
    def energy_pj(self) -> Fraction:
        """All components, in pJ."""
        return self.energy.total


@dataclass(frozen=True, slots=True)
class Evaluation(Displayed):
    """The result of `evaluate`: see the fields' types for units and definitions."""

    operations: Mapping[str, OperationCount]
    transfers: Mapping[str, Mapping[str, Traffic]]
    occupancy: Mapping[str, Occupancy]
    energy: Energy
    latency: Latency
    groups: tuple[GroupResult, ...]
    off_chip: str

    @property
    def fits(self) -> bool:
        """Whether every level's demand is within its capacity."""
        return all(level.fits for level in self.occupancy.values())

    @property
    def offchip_bytes(self) -> int:
        """Bytes read from and written to the off-chip level."""
        return sum(t.reads_bytes + t.writes_bytes for t in self.transfers[self.off_chip].values())

    @property
    def total_operations(self) -> int:
        """Operations of all Einsums, recomputation included."""
        return sum(count.total for count in self.operations.values())

    @property
    def recomputed_operations(self) -> int:
        """Operations that had been done before."""
        return sum(count.recomputed for count in self.operations.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `looptree evaluate --json` prints it."""
        off_chip = self.transfers[self.off_chip]
        return {
            "operations": {name: {"total": c.total, "recomputed": c.recomputed} for name, c in self.operations.items()},
            "offchip": {
                "reads_bytes": sum(t.reads_bytes for t in off_chip.values()),
                "writes_bytes": sum(t.writes_bytes for t in off_chip.values()),
                "per_tensor": {
                    name: {"reads_bytes": t.reads_bytes, "writes_bytes": t.writes_bytes} for name, t in off_chip.items()
                },
            },
            "occupancy": {
                name: {
                    "window_bytes": o.window_bytes,
                    "live_bytes": o.live_bytes,
                    "capacity_bytes": o.capacity_bytes,
                    "fits": o.fits,
                    "per_tensor": {t: {"window_bytes": w, "live_bytes": v} for t, (w, v) in o.per_tensor.items()},
                }
                for name, o in self.occupancy.items()
            },
            "transfers": {
                level: {name: {"reads_words": t.reads_words, "writes_words": t.writes_words} for name, t in per.items()}
                for level, per in self.transfers.items()
            },
            "energy_pj": {
                "total": plain(self.energy.total),
                "per_component": {
                    component: {action: plain(pj) for action, pj in actions.items()}
                    for component, actions in self.energy.per_component.items()
                },
            },
            "latency_cycles": {
                "overlapped": plain(self.latency.overlapped),
                "stepwise": None,
                "compute": self.latency.compute,
                "memory": {level: plain(cycles) for level, cycles in self.latency.memory.items()},
                "bottleneck": self.latency.bottleneck,
            },
            "groups": [_group_dict(group) for group in self.groups],
        }


def _group_dict(group: GroupResult) -> dict[str, Any]:
    return {
        "einsums": list(group.einsums),
        "operations": group.operations,
        "recomputed": group.recomputed,
        "offchip_reads_bytes": group.offchip_reads_bytes,
        "offchip_writes_bytes": group.offchip_writes_bytes,
        "occupancy": {level: {"window_bytes": w, "live_bytes": v} for level, (w, v) in group.occupancy.items()},
        "energy_pj": plain(group.energy_pj),
        "latency_cycles": plain(group.latency_cycles),
        "bottleneck": group.bottleneck,
    }


def plain(value: Fraction) -> int | float:
    """An integer where the value is one, else the nearest float."""
    return int(value) if value.denominator == 1 else float(value)
