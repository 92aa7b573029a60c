"""Partitioned ranks and schedule against the buffer that is needed to move everything once."""

from __future__ import annotations

from collections.abc import Sequence

from looptree.study.result import Chart, Curve, Finding, StudyResult, TableData
from looptree.study.segments import SEGMENTS, TILES, Segment, segment_flows
from looptree.study.sweep import Flow
from looptree.units import format_size


def schedules(segments: Sequence[Segment] = SEGMENTS) -> StudyResult:
    """For each order of partitioned ranks, the least buffer with which nothing is moved or computed twice."""
    found = {segment: _least(segment) for segment in segments}
    rows = [row for segment, least in found.items() for row in _rows(segment, least)]
    findings = [_finding(segment, least) for segment, least in found.items()]
    largest = max(findings, key=lambda finding: finding.factor)
    return StudyResult(
        name="schedules",
        title="Partitioned ranks and schedule",
        question="How much buffer does it take to move every tensor once and compute nothing twice, depending on which "
        "ranks of the last layer are partitioned, in which order?",
        space=f"one or two partitioned ranks of the last layer in every order, up to {TILES} tile shapes each, every "
        "retention of every tensor",
        findings=(largest,),
        sentences=(
            "Large feature maps with few channels want rows partitioned: the buffer then holds all weights and some "
            "rows. Small feature maps with many channels want channels partitioned: the buffer then holds the feature "
            "maps and some weights. A schedule made for one kind of layer costs many times the buffer for the other.",
        ),
        tables=(
            TableData(
                "Least buffer for least transfers: best, worst, and one partitioned rank",
                ("segment", "partitioned"),
                ("buffer", "times the best"),
                tuple(rows),
            ),
        ),
        charts=(_chart(found),),
    )


def _least(segment: Segment) -> dict[tuple[str, ...], Flow]:
    """The flow of least buffer for each order."""
    least: dict[tuple[str, ...], Flow] = {}
    for flow in segment_flows(segment):
        if not flow.recomputed and (flow.order not in least or flow.least_room < least[flow.order].least_room):
            least[flow.order] = flow
    return least


def _rows(segment: Segment, least: dict[tuple[str, ...], Flow]) -> list[tuple[str, ...]]:
    """The best and the worst schedule, and all with one partitioned rank."""
    ranked = sorted(least, key=lambda order: least[order].least_room)
    best = least[ranked[0]].least_room
    shown = [order for order in ranked if order in (ranked[0], ranked[-1]) or len(order) == 1]
    return [
        (segment.label, " ".join(order), format_size(room), f"{room / best:.2f}")
        for order in shown
        for room in (least[order].least_room,)
    ]


def _finding(segment: Segment, least: dict[tuple[str, ...], Flow]) -> Finding:
    best, worst = (pick(least.values(), key=lambda flow: flow.least_room) for pick in (min, max))
    return Finding(
        "buffer of the worst schedule over that of the best",
        worst.least_room / best.least_room,
        f"{segment.label}: {' '.join(worst.order)} {format_size(worst.least_room)}, "
        f"{' '.join(best.order)} {format_size(best.least_room)}",
        "up to 10 times",
    )


def _chart(found: dict[Segment, dict[tuple[str, ...], Flow]]) -> Chart:
    curves = []
    for segment, least in found.items():
        rooms = sorted(flow.least_room for flow in least.values())
        curves.append(Curve(segment.label, tuple((float(i), float(room)) for i, room in enumerate(rooms, start=1))))
    return Chart("Least buffer for least transfers", "schedules, best first", "bytes on chip", tuple(curves))
