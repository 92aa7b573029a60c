"""A comparison as exact plain data: for JSON, and as rows of a CSV file."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from typing import Any

from looptree.model.result import Evaluation, plain
from looptree.report.compared import Compared, group_results, moved_bytes, offchip_bytes
from looptree.report.groups import describe_choice
from looptree.search import Plan

COLUMNS = (
    "plan",
    "group",
    "layers",
    "choices",
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


def comparison_dict(compared: Compared) -> dict[str, Any]:
    """Both plans with totals and groups, and the ratios of their totals (fused by layer by layer)."""
    comparison = compared.comparison
    totals = {
        name: _total(compared, plan.evaluation)
        for name, plan in (("layer_by_layer", comparison.layer_by_layer), ("fused", comparison.fused))
    }
    return {
        "network": compared.workload.name,
        "architecture": compared.architecture.name,
        "objective": compared.objective,
        "buffer": {"level": compared.buffer, "capacity_bytes": compared.architecture.levels[1].capacity_bytes},
        "layer_by_layer": _plan(compared, comparison.layer_by_layer, totals["layer_by_layer"]),
        "fused": _plan(compared, comparison.fused, totals["fused"]),
        "ratio": {key: _ratio(totals["fused"][key], before) for key, before in totals["layer_by_layer"].items()},
    }


def comparison_csv(compared: Compared) -> str:
    """One row per group of both plans, and one row per plan with its totals."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for name, plan in (("layer_by_layer", compared.comparison.layer_by_layer), ("fused", compared.comparison.fused)):
        for index, row in enumerate(_groups(compared, plan)):
            writer.writerow({"plan": name, "group": index} | row | {"layers": " ".join(row["layers"])})
        total = _total(compared, plan.evaluation)
        before = compared.comparison.layer_by_layer.evaluation.offchip_bytes
        writer.writerow(
            {"plan": name, "group": "total", "layers": len(compared.workload.einsums)}
            | total
            | {"layer_by_layer_offchip_bytes": before, "bottleneck": plan.evaluation.latency.bottleneck}
        )
    return text.getvalue()


def _plan(compared: Compared, plan: Plan, total: dict[str, Any]) -> dict[str, Any]:
    return {
        "total": total | {"bottleneck": plan.evaluation.latency.bottleneck, "fits": plan.evaluation.fits},
        "groups": _groups(compared, plan),
        "statistics": asdict(plan.statistics),
    }


def _total(compared: Compared, evaluation: Evaluation) -> dict[str, Any]:
    reads, writes = offchip_bytes(evaluation)
    return {
        "offchip_reads_bytes": reads,
        "offchip_writes_bytes": writes,
        "offchip_bytes": reads + writes,
        "buffer_bytes": compared.demand(evaluation),
        "operations": evaluation.total_operations,
        "recomputed": evaluation.recomputed_operations,
        "energy_pj": plain(evaluation.energy.total),
        "latency_cycles": plain(evaluation.latency.overlapped),
    }


def _groups(compared: Compared, plan: Plan) -> list[dict[str, Any]]:
    apart = compared.apart
    return [
        {
            "layers": list(group.einsums),
            "choices": describe_choice(compared.workload, choice),
            "offchip_reads_bytes": group.offchip_reads_bytes,
            "offchip_writes_bytes": group.offchip_writes_bytes,
            "offchip_bytes": moved_bytes(group),
            "layer_by_layer_offchip_bytes": sum(moved_bytes(apart[einsum]) for einsum in group.einsums),
            "buffer_bytes": compared.group_demand(group),
            "operations": group.operations,
            "recomputed": group.recomputed,
            "energy_pj": plain(group.energy_pj),
            "latency_cycles": plain(group.latency_cycles),
            "bottleneck": group.bottleneck,
        }
        for choice, group in zip(plan.groups, group_results(plan), strict=True)
    ]


def _ratio(after: float, before: float) -> float | None:
    return after / before if before else None
