"""Retention chosen for each tensor against one retention for all."""

from __future__ import annotations

from collections.abc import Sequence

from looptree.study.result import Chart, Curve, Finding, StudyResult, TableData
from looptree.study.segments import SEGMENTS, TILES, Segment, segment_flows
from looptree.units import format_size

Rooms = dict[tuple[str, ...], tuple[int, int]]
"""Least buffer by loop order: one retention for all, and one for each tensor."""


def retention(segments: Sequence[Segment] = SEGMENTS) -> StudyResult:
    """For each schedule the least buffer for least transfers, with uniform and with per-tensor retention."""
    found = {segment: _rooms(segment) for segment in segments}
    rows, same, best = [], [], []
    for segment, rooms in found.items():
        order = max(rooms, key=lambda order: rooms[order][0] / rooms[order][1])
        uniform, own = rooms[order]
        least_uniform, least_own = (min(pair[i] for pair in rooms.values()) for i in (0, 1))
        where = f"{segment.label}: {' '.join(order)} {format_size(uniform)} to {format_size(own)}"
        same.append(Finding("same schedule, uniform over per-tensor buffer", uniform / own, where, "up to 9 times"))
        where = f"{segment.label}: {format_size(least_uniform)} to {format_size(least_own)}"
        best.append(Finding("best schedule of each", least_uniform / least_own, where))
        cells = (segment.label, " ".join(order), format_size(uniform), format_size(own), f"{uniform / own:.2f}")
        rows.append((*cells, f"{least_uniform / least_own:.2f}"))
    largest = [max(listed, key=lambda finding: finding.factor) for listed in (same, best)]
    return StudyResult(
        name="retention",
        title="Per-tensor against uniform retention",
        question="How much smaller is the buffer for least transfers when each tensor has a retention of its own than "
        "when the storage nodes of all tensors stand below equally many loops?",
        space=f"one or two partitioned ranks of the last layer in every order, up to {TILES} tile shapes each; nothing "
        "computed twice",
        findings=tuple(largest),
        sentences=(
            "Uniform retention has to go as far out as the tensor that needs it most: in a schedule that partitions "
            "channels and then rows, the feature maps have to stay while the weights need not. Per-tensor retention "
            "keeps only what comes back.",
        ),
        tables=(
            TableData(
                "Where per-tensor retention saves most",
                ("segment", "partitioned"),
                ("uniform", "per tensor", "times", "best schedules, times"),
                tuple(rows),
            ),
        ),
        charts=(_chart(found),),
    )


def _rooms(segment: Segment) -> Rooms:
    uniform: dict[tuple[str, ...], int] = {}
    own: dict[tuple[str, ...], int] = {}
    for flow in segment_flows(segment):
        if flow.recomputed:
            continue
        own[flow.order] = min(own.get(flow.order, flow.least_room), flow.least_room)
        room = flow.uniform_room()
        if room is not None:
            uniform[flow.order] = min(uniform.get(flow.order, room), room)
    return {order: (room, own[order]) for order, room in uniform.items()}


def _chart(found: dict[Segment, Rooms]) -> Chart:
    curves = [
        Curve(segment.label, tuple(sorted((float(own), float(uniform)) for uniform, own in rooms.values())))
        for segment, rooms in found.items()
    ]
    axes = ("bytes, per-tensor retention", "bytes, uniform retention")
    return Chart("Buffer for least transfers, by schedule", *axes, tuple(curves), joined=False)
