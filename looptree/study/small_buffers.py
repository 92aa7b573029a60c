"""Fused against layer by layer in buffers far below what least transfers take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from looptree.architecture import Architecture, Level
from looptree.search import SPACES, InfeasibleError, Space, search
from looptree.search.asked.metrics import Weights
from looptree.search.group.goal.goal import Aim
from looptree.search.network.groups.workers import Job, Searches
from looptree.study.result import Chart, Curve, Finding, StudyResult, TableData
from looptree.study.segments import CONV_CONV, CONV_CONV_CONV, FC_FC, POINTWISE, Segment
from looptree.units import format_size
from looptree.workload import Workload

SEGMENTS = (CONV_CONV[0], CONV_CONV_CONV[0], POINTWISE[1], FC_FC[0])
BUFFERS = tuple(2**power for power in range(9, 21))
SPACE = Space(loops=2, lone_loops=3, leaf_loops=0, spill=False)
_LEVEL = "GLB"


def small_buffers(segments: Sequence[Segment] = SEGMENTS, buffers: Sequence[int] = BUFFERS) -> StudyResult:
    """Least off-chip transfers in each buffer, all layers in one group and each layer alone."""
    rows, charts, wins, losses = [], [], [], []
    for segment in segments:
        workload = segment.load()
        fused = [fused_transfers(workload, size) for size in buffers]
        alone = [layer_by_layer_transfers(workload, size) for size in buffers]
        for size, together, apart in zip(buffers, fused, alone, strict=True):
            if math.isinf(apart):
                continue
            shown = "none fits" if math.isinf(together) else f"{together:,.0f}"
            ratio = "" if math.isinf(together) else f"{apart / together:.2f}"
            rows.append((segment.label, format_size(size), shown, f"{apart:,.0f}", ratio))
            if not math.isinf(together):
                where = f"{segment.label} in {format_size(size)}"
                wins.append(Finding("layer by layer over fused", apart / together, where))
                losses.append(Finding("fused over layer by layer", together / apart, where, "can lose"))
        charts.append(_chart(segment, buffers, fused, alone))
    return StudyResult(
        name="small_buffers",
        title="Fused against layer by layer in small buffers",
        question="Does tiled fusion still move less than layer by layer where the buffer is far below what the least "
        "transfers take?",
        space="all layers in one group with up to two loops above the branch, against each layer alone with up to "
        "three loops; every useful tile shape and every retention; each value is proven to be the least",
        findings=(_largest(losses), _largest(wins)),
        sentences=(
            "Below some buffer the tiles of a fused group get so small that weights or halos pass again and again, or "
            "overlap is computed over and over; a layer alone uses the whole buffer for its own reuse and moves less. "
            "Above it, fusion saves writing and reading the intermediates.",
        ),
        tables=(
            TableData(
                "Least off-chip transfers, bytes",
                ("segment", "buffer"),
                ("fused", "layer by layer", "ratio"),
                tuple(rows),
            ),
        ),
        charts=tuple(charts),
    )


def fused_transfers(workload: Workload, capacity: int) -> float:
    """Least off-chip bytes of all layers in one group; infinite if no design fits."""
    searches = Searches(_architecture(capacity), _LEVEL, SPACE)
    return Job(0, workload, Aim(Weights.only("offchip")), frozenset(), capacity).run(searches).value


def layer_by_layer_transfers(workload: Workload, capacity: int) -> float:
    """Least off-chip bytes of each layer alone, added up; infinite if a layer does not fit."""
    space = replace(SPACES["layer-by-layer"], lone_loops=SPACE.lone_loops)
    try:
        plan = search(workload, _architecture(capacity), objective="offchip", space=space, workers=1)
    except InfeasibleError:
        return math.inf
    return plan.statistics.value


def _architecture(capacity: int) -> Architecture:
    return Architecture("one buffer", (Level("DRAM"), Level(_LEVEL, capacity)))


def _largest(findings: Sequence[Finding]) -> Finding:
    return max(findings, key=lambda finding: finding.factor)


def _chart(segment: Segment, buffers: Sequence[int], fused: Sequence[float], alone: Sequence[float]) -> Chart:
    curves = [
        Curve(
            label, tuple((float(size), value) for size, value in zip(buffers, values, strict=True) if value < math.inf)
        )
        for label, values in (("fused", fused), ("layer by layer", alone))
    ]
    return Chart(segment.label, "bytes on chip", "bytes off chip", tuple(curves))
