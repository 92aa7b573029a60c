"""One choice for every intermediate, or a choice for each: retaining and recomputing in one group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from looptree.study.recompute import partitioned_rows, rooms
from looptree.study.result import Chart, Curve, Finding, StudyResult, TableData
from looptree.study.segments import CONV_CONV_CONV, Segment
from looptree.study.sweep import Flow, frontier
from looptree.units import format_size

LARGE = Segment("conv_conv_conv", {"channels": 16, "resolution": 224}, "224x224x16")
SEGMENTS = (CONV_CONV_CONV[0], LARGE)
TILES = 6
_KINDS = ("all retained", "all recomputed", "mixed")

Fronts = dict[str, tuple[tuple[float, float], ...]]


def mixed(segments: Sequence[Segment] = SEGMENTS, tiles: int = TILES) -> StudyResult:
    """Buffer for least transfers against operations, by what becomes of the overlap of the intermediates."""
    found = {segment: _fronts(segment, tiles) for segment in segments}
    rows = [
        (segment.label, kind, format_size(int(room)), f"{extra:.2%}")
        for segment, fronts in found.items()
        for kind, front in fronts.items()
        for room, extra in front
    ]
    findings = [_best(f for s, fronts in found.items() for f in listed(s, fronts)) for listed in (_smaller, _fewer)]
    return StudyResult(
        name="mixed",
        title="Retaining some intermediates, recomputing others",
        question="Does it help to retain the overlap of one intermediate and to recompute that of the other?",
        space=f"rows and columns of the last layer partitioned in either order, up to {tiles} tile shapes each; "
        "overlap between steps of the outer loop retained or recomputed for each intermediate; off-chip transfers are "
        "the least there are",
        findings=tuple(findings),
        sentences=(
            "Recomputing the first intermediate costs few operations, since only one layer is done again; recomputing "
            "the second does both layers in front of it again. So there are buffers between the two uniform choices "
            "that a mixed choice needs fewer operations for than any uniform one.",
        ),
        tables=(
            TableData(
                "Designs that no other one of their kind beats",
                ("segment", "overlap"),
                ("buffer", "more operations"),
                tuple(rows),
            ),
        ),
        charts=tuple(
            Chart(
                segment.label,
                "bytes on chip",
                "times the least operations",
                tuple(Curve(kind, tuple((x, 1 + y) for x, y in front)) for kind, front in fronts.items()),
                linear_y=True,
            )
            for segment, fronts in found.items()
        ),
    )


def _fronts(segment: Segment, tiles: int) -> Fronts:
    both = [flow for flow in partitioned_rows(segment, tiles) if len(flow.order) == 2]
    found = rooms([flow for flow in both if 0 not in flow.places.values()], slack=0)
    return {kind: frontier((float(room), flow.extra) for flow, room in found if _kind(flow) == kind) for kind in _KINDS}


def _kind(flow: Flow) -> str:
    """What becomes of the overlap between steps of the outer loop: a node below one loop retains it."""
    depths = set(flow.places.values())
    return _KINDS[2] if len(depths) > 1 else _KINDS[0] if depths == {1} else _KINDS[1]


def _smaller(segment: Segment, fronts: Fronts) -> list[Finding]:
    """The most that a mixed choice saves of the buffer at equal operations."""
    found = []
    uniform = [point for kind in _KINDS[:2] for point in fronts[kind]]
    for room, extra in fronts[_KINDS[2]]:
        least = min((other for other, again in uniform if again <= extra), default=0)
        where = f"{segment.label}: {format_size(int(room))} instead of {format_size(int(least))} at +{extra:.1%}"
        found.append(
            Finding("buffer of the best uniform choice over mixed, equal operations", least / room, where, "> 1")
        )
    return found


def _fewer(segment: Segment, fronts: Fronts) -> list[Finding]:
    """The most that a mixed choice saves of the operations in an equal buffer."""
    found = []
    uniform = [point for kind in _KINDS[:2] for point in fronts[kind]]
    for room, extra in fronts[_KINDS[2]]:
        least = min((again for other, again in uniform if other <= room), default=None)
        if least is not None:
            where = f"{segment.label}: +{extra:.1%} instead of +{least:.1%} in {format_size(int(room))}"
            factor = (1 + least) / (1 + extra)
            found.append(
                Finding("operations of the best uniform choice over mixed, equal buffer", factor, where, "> 1")
            )
    return found


def _best(findings: Iterable[Finding]) -> Finding:
    return max(findings, key=lambda finding: finding.factor)
