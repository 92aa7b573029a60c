"""An evaluation: the counts and costs of a mapping, in total and of each fusion group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from looptree.display import Displayed
from looptree.model.result.costs import Energy, Latency, Stepwise
from looptree.model.result.counts import Occupancy, OperationCount, Traffic
from looptree.model.result.plain import plain
from looptree.units import format_count, format_energy, format_percent, format_size


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
        stepwise: cycles step by step, as in `Latency`.
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
    stepwise: Stepwise | None = None

    @property
    def energy_pj(self) -> Fraction:
        """All components, in pJ."""
        return self.energy.total

    def to_dict(self) -> dict[str, Any]:
        """Plain data: bytes, pJ and cycles."""
        steps = self.stepwise
        return {
            "einsums": list(self.einsums),
            "operations": self.operations,
            "recomputed": self.recomputed,
            "offchip_reads_bytes": self.offchip_reads_bytes,
            "offchip_writes_bytes": self.offchip_writes_bytes,
            "occupancy": {level: {"window_bytes": w, "live_bytes": v} for level, (w, v) in self.occupancy.items()},
            "energy_pj": plain(self.energy_pj),
            "latency_cycles": plain(self.latency_cycles),
            "bottleneck": self.bottleneck,
            "stepwise_cycles": None if steps is None else plain(steps.cycles),
            "stepwise_bottleneck": None if steps is None else steps.bottleneck,
        }


def stepwise_together(groups: Iterable[GroupResult]) -> Stepwise | None:
    """The stepwise latency of groups one after the other; `None` where that of a group is not known."""
    found = [group.stepwise for group in groups]
    if not found or None in found:
        return None
    return Stepwise({layer: of for steps in found if steps is not None for layer, of in steps.spent.items()})


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
    areas_mm2: Mapping[str, Fraction | None] = field(default_factory=dict)
    convention: str = "own"
    accesses: Mapping[str, tuple[Fraction, Fraction]] = field(default_factory=dict)

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

    @property
    def area_mm2(self) -> Fraction | None:
        """Area of everything on chip; `None` where that of a part is not known."""
        known = [area for area in self.areas_mm2.values() if area is not None]
        return sum(known, Fraction(0)) if known and len(known) == len(self.areas_mm2) else None

    @property
    def headline(self) -> str:
        """What it takes, in a line for people: off-chip bytes, operations, energy and latency."""
        again = format_percent(self.recomputed_operations, self.total_operations)
        return (
            f"{format_size(self.offchip_bytes)} off chip, {format_count(self.total_operations)} operations "
            f"({again} recomputed), {format_energy(self.energy.total)}, {format_count(self.latency.overlapped)} cycles"
        )

    def __repr__(self) -> str:
        return f"Evaluation({self.headline}; {'fits' if self.fits else 'does not fit'})"

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
            "occupancy": {name: o.to_dict() for name, o in self.occupancy.items()},
            "transfers": {
                level: {name: traffic.to_dict() for name, traffic in per.items()}
                for level, per in self.transfers.items()
            },
            **self._accesses_dict(),
            "energy_pj": self.energy.to_dict(),
            "latency_cycles": self.latency.to_dict(),
            **self._areas_dict(),
            **({} if self.convention == "own" else {"convention": self.convention}),
            "groups": [group.to_dict() for group in self.groups],
        }

    def _accesses_dict(self) -> dict[str, Any]:
        """The key `accesses`, where a level says how wide one is."""
        found = {name: {"reads": plain(r), "writes": plain(w)} for name, (r, w) in self.accesses.items()}
        return {"accesses": found} if found else {}

    def _areas_dict(self) -> dict[str, Any]:
        """The key `area_mm2`, where any area is known."""
        if all(area is None for area in self.areas_mm2.values()):
            return {}
        per_component = {name: _maybe(area) for name, area in self.areas_mm2.items()}
        return {"area_mm2": {"total": _maybe(self.area_mm2), "per_component": per_component}}


def _maybe(value: Fraction | None) -> int | float | None:
    return None if value is None else plain(value)
