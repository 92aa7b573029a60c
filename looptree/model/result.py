"""What an evaluation says: counts, transfers, occupancy, energy and latency, with units in the names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
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
    """Words and bytes of one tensor read and written at one level.

    Attributes:
        busy_words: words read and written by the instance of the level that moves most; `None` where there is only one.
    """

    reads_words: int
    writes_words: int
    reads_bytes: int
    writes_bytes: int
    busy_words: tuple[int, int] | None = None

    @property
    def per_instance(self) -> tuple[int, int]:
        """Words read and written by the instance that moves most."""
        return (self.reads_words, self.writes_words) if self.busy_words is None else self.busy_words

    def __add__(self, other: Traffic) -> Traffic:
        busy = None
        if self.busy_words is not None or other.busy_words is not None:
            (a, b), (c, d) = self.per_instance, other.per_instance
            busy = (a + c, b + d)
        return Traffic(
            self.reads_words + other.reads_words,
            self.writes_words + other.writes_words,
            self.reads_bytes + other.reads_bytes,
            self.writes_bytes + other.writes_bytes,
            busy,
        )


@dataclass(frozen=True, slots=True)
class PartOccupancy:
    """What one partition of a memory level has to hold, in bytes; see `Occupancy`."""

    window_bytes: int
    live_bytes: int
    capacity_bytes: int
    fits: bool


@dataclass(frozen=True, slots=True)
class Occupancy:
    """What a memory level has to hold, in bytes.

    Attributes:
        window_bytes: with fixed tiles. live_bytes: with an ideal allocator.
        capacity_bytes: `None` if unlimited. fits: the counted one is within the capacity, in every partition.
        per_tensor: (window_bytes, live_bytes) of each tensor. partitions: by name; empty where there are none.
    """

    window_bytes: int
    live_bytes: int
    capacity_bytes: int | None
    fits: bool
    per_tensor: Mapping[str, tuple[int, int]]
    partitions: Mapping[str, PartOccupancy] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain data; partitions only where there are some."""
        data: dict[str, Any] = {
            "window_bytes": self.window_bytes,
            "live_bytes": self.live_bytes,
            "capacity_bytes": self.capacity_bytes,
            "fits": self.fits,
            "per_tensor": {t: {"window_bytes": w, "live_bytes": v} for t, (w, v) in self.per_tensor.items()},
        }
        if self.partitions:
            data["partitions"] = {name: asdict(part) for name, part in self.partitions.items()}
        return data


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy in pJ, by component (memory level or compute unit) and action."""

    per_component: Mapping[str, Mapping[str, Fraction]]

    @property
    def total(self) -> Fraction:
        """All components, in pJ."""
        return sum((pj for actions in self.per_component.values() for pj in actions.values()), Fraction(0))

    def less(self, part: Energy) -> Energy:
        """What is left without a part, whose actions are among these."""
        return Energy(
            {
                component: {action: pj - part.per_component[component].get(action, 0) for action, pj in actions.items()}
                for component, actions in self.per_component.items()
            }
        )

    def __add__(self, other: Energy) -> Energy:
        return Energy(
            {
                component: {action: pj + other.per_component[component][action] for action, pj in actions.items()}
                for component, actions in self.per_component.items()
            }
        )


@dataclass(frozen=True, slots=True)
class Stepwise:
    """Cycles step by step: neighbouring steps overlap, the first load and the last store do not.

    Attributes:
        spent: cycles by layer and by the component that takes longest in its steps.
    """

    spent: Mapping[str, Mapping[str, Fraction]]

    @property
    def cycles(self) -> Fraction:
        """Cycles of all layers."""
        return sum(self.per_layer.values(), Fraction(0))

    @property
    def per_layer(self) -> dict[str, Fraction]:
        """Cycles of the steps of each layer."""
        return {layer: sum(of.values(), Fraction(0)) for layer, of in self.spent.items()}

    @property
    def per_component(self) -> dict[str, Fraction]:
        """Cycles of the steps in which each component takes longest."""
        found: dict[str, Fraction] = {}
        for of in self.spent.values():
            for component, cycles in of.items():
                found[component] = found.get(component, Fraction(0)) + cycles
        return found

    @property
    def bottleneck(self) -> str | None:
        """The component that determines most of it; `None` where nothing is done."""
        return _longest(self.per_component)

    @property
    def bottlenecks(self) -> dict[str, str | None]:
        """The component that determines most of each layer."""
        return {layer: _longest(of) for layer, of in self.spent.items()}


def _longest(spent: Mapping[str, Fraction]) -> str | None:
    return max(spent, key=lambda component: spent[component]) if spent else None


@dataclass(frozen=True, slots=True)
class LayerCycles:
    """What the compute units do for one layer.

    Attributes:
        cycles: in which they work for it. units: how many of them work for it at most.
    """

    cycles: int
    units: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Cycles.

    Attributes:
        compute: cycles of the compute units.
        memory: cycles that each level is busy which something limits: bytes over bandwidth, or accesses over ports.
        overlapped: per fusion group the largest of compute and every level, added up over groups.
        bottleneck: the component that determines most of it.
        stepwise: step by step, all groups; `None` where it was not asked for, or refused.
        refused: why there is no stepwise latency.
        layers: of each layer by itself; empty where the stepwise latency was not asked for.
    """

    compute: int
    memory: Mapping[str, Fraction]
    overlapped: Fraction
    bottleneck: str
    stepwise: Stepwise | None = None
    refused: str = ""
    layers: Mapping[str, LayerCycles] = field(default_factory=dict)


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
                level: {name: _traffic_dict(traffic) for name, traffic in per.items()}
                for level, per in self.transfers.items()
            },
            **self._access_dict(),
            "energy_pj": {
                "total": plain(self.energy.total),
                "per_component": {
                    component: {action: plain(pj) for action, pj in actions.items()}
                    for component, actions in self.energy.per_component.items()
                },
            },
            "latency_cycles": _latency_dict(self.latency),
            **self._area_dict(),
            **({} if self.convention == "own" else {"convention": self.convention}),
            "groups": [_group_dict(group) for group in self.groups],
        }

    def _access_dict(self) -> dict[str, Any]:
        """The key `accesses`, where a level says how wide one is."""
        found = {name: {"reads": plain(r), "writes": plain(w)} for name, (r, w) in self.accesses.items()}
        return {"accesses": found} if found else {}

    def _area_dict(self) -> dict[str, Any]:
        """The key `area_mm2`, where any area is known."""
        if all(area is None for area in self.areas_mm2.values()):
            return {}
        per_component = {name: _maybe(area) for name, area in self.areas_mm2.items()}
        return {"area_mm2": {"total": _maybe(self.area_mm2), "per_component": per_component}}


def _maybe(value: Fraction | None) -> int | float | None:
    return None if value is None else plain(value)


def _traffic_dict(traffic: Traffic) -> dict[str, Any]:
    found: dict[str, Any] = {"reads_words": traffic.reads_words, "writes_words": traffic.writes_words}
    if traffic.busy_words is not None:
        reads, writes = traffic.busy_words
        found["per_instance"] = {"reads_words": reads, "writes_words": writes}
    return found


def _latency_dict(latency: Latency) -> dict[str, Any]:
    steps = latency.stepwise
    found: dict[str, Any] = {
        "overlapped": plain(latency.overlapped),
        "stepwise": None if steps is None else plain(steps.cycles),
        "compute": latency.compute,
        "memory": {level: plain(cycles) for level, cycles in latency.memory.items()},
        "bottleneck": latency.bottleneck,
    }
    if steps is not None:
        found["stepwise_bottleneck"] = steps.bottleneck
        found["stepwise_per_layer"] = {
            layer: {component: plain(cycles) for component, cycles in of.items()} for layer, of in steps.spent.items()
        }
        found["stepwise_bottleneck_per_layer"] = steps.bottlenecks
    if latency.layers:
        found["compute_per_layer"] = {
            layer: {"cycles": found_.cycles, "units": found_.units} for layer, found_ in latency.layers.items()
        }
    if latency.refused:
        found["stepwise_refused"] = latency.refused
    return found


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
        "stepwise_cycles": None if group.stepwise is None else plain(group.stepwise.cycles),
        "stepwise_bottleneck": None if group.stepwise is None else group.stepwise.bottleneck,
    }


def plain(value: Fraction) -> int | float:
    """An integer where the value is one, else the nearest float."""
    return int(value) if value.denominator == 1 else float(value)
