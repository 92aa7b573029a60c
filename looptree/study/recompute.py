"""Buffer against operations: what it saves to compute overlap again instead of retaining it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from looptree.study.result import Chart, Curve, Finding, StudyResult, TableData
from looptree.study.segments import CONV_CONV, CONV_CONV_CONV, FC_FC, POINTWISE, Segment
from looptree.study.sweep import Flow, flows, frontier, orders_of, spread_tiles
from looptree.units import format_size

SEGMENTS = (CONV_CONV[0], CONV_CONV_CONV[0], *POINTWISE[:2], FC_FC[0])
TILES = 6
SLACK = 0.1
"""Off-chip transfers beyond the least, as a part of them; for designs with and without recomputation alike."""
ALLOWED = (0.05, 0.1, 0.25, 0.5)
"""Operations done again, as a part of those done once."""

Front = tuple[tuple[float, float], ...]


def recompute(segments: Sequence[Segment] = SEGMENTS, tiles: int = TILES) -> StudyResult:
    """The least buffer for about the least transfers as more and more operations may be done again."""
    listed = {segment: partitioned_rows(segment, tiles) for segment in segments}
    fronts = {segment: recomputation_front(found) for segment, found in listed.items()}
    saved = {segment: [front[-1][0] / front_at(front, extra) for extra in ALLOWED] for segment, front in fronts.items()}
    same = {segment: same_tiles(found) for segment, found in listed.items()}
    rows = [
        (s.label, format_size(int(front[-1][0])), *(f"{factor:.2f}" for factor in saved[s]), f"{same[s][0]:.2f}")
        for s, front in fronts.items()
    ]
    tenth = max(segments, key=lambda segment: saved[segment][1])
    kept = max(segments, key=lambda segment: same[segment][0])
    never = [segment.label for segment in segments if not any(flow.recomputed for flow in listed[segment])]
    return StudyResult(
        name="recompute",
        title="Recomputation against buffer",
        question="How much smaller does the buffer get when overlap of tiles is computed again?",
        space=f"rows and columns of the last layer partitioned (tokens, where there are no rows), up to {tiles} tile "
        f"shapes each, every retention of every tensor; off-chip transfers within {SLACK:.0%} of the least there are",
        findings=(
            Finding(
                "buffer saved for at most 10 % more operations, best schedule of each",
                saved[tenth][1],
                _where(tenth, fronts[tenth]),
                "about 2 times",
            ),
            Finding(
                "buffer saved for at most 10 % more operations, same schedule and tiles",
                same[kept][0],
                f"{kept.label}: {same[kept][1]}",
            ),
        ),
        sentences=(
            "Recomputation trades rows that wait for the next row of tiles against operations: the last layer is made "
            "in strips, and what neighbouring strips share is computed again and fetched again. It pays where "
            "feature maps are most of the buffer; where weights are, the rows that it saves are few.",
            f"No retain-or-recompute choice: {', '.join(never) or 'none'}. Tiles of tokens share nothing, so that "
            "there is no overlap to keep or to compute again: no design of these recomputes anything.",
        ),
        tables=(
            TableData(
                "Times smaller than without recomputation",
                ("segment",),
                ("nothing again", *(f"+{extra:.0%}" for extra in ALLOWED), "+10%, same tiles"),
                tuple(rows),
            ),
        ),
        charts=(
            Chart(
                "Buffer against recomputation",
                "bytes on chip",
                "times the least operations",
                tuple(Curve(s.label, tuple((x, 1 + y) for x, y in front)) for s, front in fronts.items()),
                linear_y=True,
            ),
        ),
    )


@cache
def partitioned_rows(segment: Segment, tiles: int = TILES) -> tuple[Flow, ...]:
    """All flows that partition rows and columns; made once for all studies."""
    ranks = [rank for rank in segment.ranks if rank in ("p", "q")]
    return tuple(flows(segment.load(), orders_of(ranks, 2), spread_tiles(tiles)))


def rooms(found: Sequence[Flow], slack: float = SLACK) -> list[tuple[Flow, int]]:
    """The flows that can stay within the transfers allowed, and the buffer that each needs for it."""
    most = (1 + slack) * min(flow.least_moved for flow in found)
    return [(flow, room) for flow in found if (room := flow.room_within(most)) is not None]


def recomputation_front(found: Sequence[Flow]) -> Front:
    """Least buffer against operations done again, smallest buffer first; the last does nothing again."""
    return frontier((float(room), flow.extra) for flow, room in rooms(found))


def front_at(front: Front, extra: float) -> float:
    """The least buffer with at most so many operations done again."""
    return min(room for room, again in front if again <= extra)


def same_tiles(found: Sequence[Flow]) -> tuple[float, str]:
    """The most that at most 10 % more operations save with loops and tile shapes as they are, and where."""
    kept: dict[str, list[tuple[Flow, int]]] = {}
    for flow, room in rooms(found):
        kept.setdefault(flow.label, []).append((flow, room))
    best = (1.0, "nothing")
    for label, pairs in kept.items():
        whole = min((room for flow, room in pairs if not flow.recomputed), default=0)
        room, extra = min((room, flow.extra) for flow, room in pairs if flow.extra <= ALLOWED[1] or not flow.recomputed)
        if whole / room > best[0]:
            best = (whole / room, f"{label}, {format_size(whole)} to {format_size(room)} at +{extra:.1%} operations")
    return best


def _where(segment: Segment, front: Front) -> str:
    room, extra = min((room, again) for room, again in front if again <= ALLOWED[1])
    return f"{segment.label}: {format_size(int(front[-1][0]))} to {format_size(int(room))} at +{extra:.1%} operations"
