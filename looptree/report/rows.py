"""Plans and comparisons as exact plain data: for JSON, and as rows of a CSV file."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from looptree.model.result import GroupResult, plain
from looptree.report.compared import Compared
from looptree.report.groups import describe_choice
from looptree.report.planned import Planned, moved_bytes, offchip_bytes
from looptree.report.proof import space_name
from looptree.search import Statistics
from looptree.taxonomy.reader import mapping_to_list

COLUMNS = (
    "plan",
    "group",
    "layers",
    "choices",
    "found_on_chip",
    "left_on_chip",
    "offchip_reads_bytes",
    "offchip_writes_bytes",
    "offchip_bytes",
    "layer_by_layer_offchip_bytes",
    "buffer_bytes",
    "operations",
    "recomputed",
    "energy_pj",
    "latency_cycles",
    "bottleneck",
)
"""Columns of the CSV file; the row of a whole plan has `total` as its group."""

_LISTS = ("layers", "found_on_chip", "left_on_chip")


def search_dict(planned: Planned, parameters: Mapping[str, int]) -> dict[str, Any]:
    """A plan with totals, groups and proof, its mapping, and all that the model says of it."""
    return {
        "network": planned.workload.name,
        "parameters": dict(parameters),
        "architecture": planned.architecture.name,
        "objective": planned.plan.statistics.objective,
        "buffer": _buffer(planned),
        "plan": plan_dict(planned),
        "statistics": statistics_dict(planned.plan.statistics),
        "mapping": mapping_to_list(planned.plan.tree.root),
        "evaluation": planned.plan.evaluation.to_dict(),
    }


def comparison_dict(compared: Compared) -> dict[str, Any]:
    """Both plans with totals and groups, and the ratios of their totals (fused by layer by layer)."""
    plans = {"layer_by_layer": compared.layer_by_layer, "fused": compared.fused}
    before, after = (_total(planned) for planned in plans.values())
    return {
        "network": compared.workload.name,
        "architecture": compared.architecture.name,
        "objective": compared.objective,
        "buffer": _buffer(compared.fused),
        **{
            name: plan_dict(planned, compared.apart) | {"statistics": statistics_dict(planned.plan.statistics)}
            for name, planned in plans.items()
        },
        "ratio": {key: _ratio(after[key], value) for key, value in before.items()},
    }


def comparison_csv(compared: Compared) -> str:
    """One row per group of both plans, and one row per plan with its totals."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for name, planned in (("layer_by_layer", compared.layer_by_layer), ("fused", compared.fused)):
        for index, row in enumerate(_groups(planned, compared.apart)):
            writer.writerow({"plan": name, "group": index} | row | {key: " ".join(row[key]) for key in _LISTS})
        before = compared.comparison.layer_by_layer.evaluation.offchip_bytes
        writer.writerow(
            {"plan": name, "group": "total", "layers": len(compared.workload.einsums)}
            | _total(planned)
            | {"layer_by_layer_offchip_bytes": before, "bottleneck": planned.plan.evaluation.latency.bottleneck}
        )
    return text.getvalue()


def statistics_dict(statistics: Statistics) -> dict[str, Any]:
    """How a plan was found and what is proven; a bound that is not known is `None`."""
    space = {
        "name": space_name(statistics.space),
        **statistics.space.settings(),
        "leaves_out": statistics.space.leaves_out(),
    }
    limits = [{"metric": limit.metric, "most": limit.amount, "asked": limit.text} for limit in statistics.limits]
    found = {field.name: getattr(statistics, field.name) for field in fields(statistics)}
    found |= {"gap": statistics.gap, "space": space, "limits": limits}
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in found.items()
    }


def _buffer(planned: Planned) -> dict[str, Any]:
    return {"level": planned.buffer, "capacity_bytes": planned.capacity_bytes}


def plan_dict(planned: Planned, apart: Mapping[str, GroupResult] | None = None) -> dict[str, Any]:
    """Totals and groups of a plan; with the results of layers alone, their transfers beside those of the groups."""
    evaluation = planned.plan.evaluation
    return {
        "total": _total(planned) | {"bottleneck": evaluation.latency.bottleneck, "fits": evaluation.fits},
        "resident": sorted(planned.plan.resident),
        "groups": _groups(planned, apart),
    }


def _total(planned: Planned) -> dict[str, Any]:
    evaluation = planned.plan.evaluation
    reads, writes = offchip_bytes(evaluation)
    return {
        "offchip_reads_bytes": reads,
        "offchip_writes_bytes": writes,
        "offchip_bytes": reads + writes,
        "buffer_bytes": planned.demand,
        "operations": evaluation.total_operations,
        "recomputed": evaluation.recomputed_operations,
        "energy_pj": plain(evaluation.energy.total),
        "latency_cycles": plain(evaluation.latency.overlapped),
    }


def _groups(planned: Planned, apart: Mapping[str, GroupResult] | None) -> list[dict[str, Any]]:
    return [
        {
            "layers": list(group.einsums),
            "choices": describe_choice(planned.workload, choice),
            "found_on_chip": list(between.found),
            "left_on_chip": list(between.left),
            "offchip_reads_bytes": group.offchip_reads_bytes,
            "offchip_writes_bytes": group.offchip_writes_bytes,
            "offchip_bytes": moved_bytes(group),
            **({"layer_by_layer_offchip_bytes": sum(moved_bytes(apart[e]) for e in group.einsums)} if apart else {}),
            "buffer_bytes": planned.group_demand(group),
            "operations": group.operations,
            "recomputed": group.recomputed,
            "energy_pj": plain(group.energy_pj),
            "latency_cycles": plain(group.latency_cycles),
            "bottleneck": group.bottleneck,
        }
        for choice, between, group in zip(planned.plan.groups, planned.on_chip, planned.results, strict=True)
    ]


def _ratio(after: float, before: float) -> float | None:
    return after / before if before else None
