"""An evaluation as plain data: integers where things are counted, and exact."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from looptree.model.result.costs import Latency
    from looptree.model.result.counts import Traffic
    from looptree.model.result.evaluation import Evaluation, GroupResult


def plain(value: Fraction) -> int | float:
    """An integer where the value is one, else the nearest float."""
    return int(value) if value.denominator == 1 else float(value)


def evaluation_dict(of: Evaluation) -> dict[str, Any]:
    """The object that `looptree evaluate --json` prints."""
    off_chip = of.transfers[of.off_chip]
    return {
        "operations": {name: {"total": c.total, "recomputed": c.recomputed} for name, c in of.operations.items()},
        "offchip": {
            "reads_bytes": sum(t.reads_bytes for t in off_chip.values()),
            "writes_bytes": sum(t.writes_bytes for t in off_chip.values()),
            "per_tensor": {
                name: {"reads_bytes": t.reads_bytes, "writes_bytes": t.writes_bytes} for name, t in off_chip.items()
            },
        },
        "occupancy": {name: o.to_dict() for name, o in of.occupancy.items()},
        "transfers": {
            level: {name: _traffic_dict(traffic) for name, traffic in per.items()}
            for level, per in of.transfers.items()
        },
        **_access_dict(of),
        "energy_pj": {
            "total": plain(of.energy.total),
            "per_component": {
                component: {action: plain(pj) for action, pj in actions.items()}
                for component, actions in of.energy.per_component.items()
            },
        },
        "latency_cycles": _latency_dict(of.latency),
        **_area_dict(of),
        **({} if of.convention == "own" else {"convention": of.convention}),
        "groups": [_group_dict(group) for group in of.groups],
    }


def _access_dict(of: Evaluation) -> dict[str, Any]:
    """The key `accesses`, where a level says how wide one is."""
    found = {name: {"reads": plain(r), "writes": plain(w)} for name, (r, w) in of.accesses.items()}
    return {"accesses": found} if found else {}


def _area_dict(of: Evaluation) -> dict[str, Any]:
    """The key `area_mm2`, where any area is known."""
    if all(area is None for area in of.areas_mm2.values()):
        return {}
    per_component = {name: _maybe(area) for name, area in of.areas_mm2.items()}
    return {"area_mm2": {"total": _maybe(of.area_mm2), "per_component": per_component}}


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
            layer: {"cycles": work.cycles, "units": work.units} for layer, work in latency.layers.items()
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
