"""A buffer sizing as exact plain data: for JSON, and as rows of a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from looptree.report.proof import space_name
from looptree.sizing import Point, Sizing, answers, changes, knees
from looptree.sizing.answers import minimum

COLUMNS = (
    "plan",
    "capacity_bytes",
    "value",
    "bound",
    "status",
    "demand_bytes",
    "offchip_bytes",
    "energy_pj",
    "latency_cycles",
    "operations",
    "recomputed",
    "groups",
    "resident",
)
"""Columns of the CSV file; `groups` and `resident` are numbers of groups and tensors."""


def sizing_dict(sizing: Sizing) -> dict[str, Any]:
    """Everything that is known."""
    return {
        "network": sizing.network,
        "architecture": sizing.architecture,
        "buffer": sizing.buffer,
        "objective": sizing.objective,
        "space": {"name": space_name(sizing.space), **asdict(sizing.space)},
        "smallest_bytes": sizing.smallest_bytes,
        "fused": _kind(sizing, fused=True) | {"changes": [asdict(change) for change in changes(sizing.fused)]},
        "layer_by_layer": _kind(sizing, fused=False),
    }


def _kind(sizing: Sizing, *, fused: bool) -> dict[str, Any]:
    points, probes = (
        (sizing.fused, sizing.fused_probes) if fused else (sizing.layer_by_layer, sizing.layer_by_layer_probes)
    )
    return {
        "minimum": minimum(sizing, fused=fused),
        "knees_bytes": [point.capacity_bytes for point in knees(points)],
        "smallest_within": [asdict(answer) for answer in answers(sizing, fused=fused)],
        "points": [point.to_dict() for point in points],
        "probes": [
            {"capacity_bytes": p.capacity_bytes, "value": p.value, "bound": p.bound, "status": p.status} for p in probes
        ],
    }


def sizing_csv(sizing: Sizing) -> str:
    """One row per point of both kinds of plan."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    kinds: Sequence[tuple[str, tuple[Point, ...]]] = (
        ("layer_by_layer", sizing.layer_by_layer),
        ("fused", sizing.fused),
    )
    for name, points in kinds:
        for point in points:
            row = point.to_dict()
            row |= {"plan": name, "groups": len(point.groups), "resident": len(point.resident)}
            writer.writerow({column: row[column] for column in COLUMNS})
    return text.getvalue()
