"""What a finished curve says: the smallest buffers that are good enough, its knees, and what changes along it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from looptree.sizing.curve import SHARES, Sizing
from looptree.sizing.kind import at_most, bracket
from looptree.sizing.point import Point

KNEE_RATIO = 2.0
KNEE_LEAST = 0.02
KNEE_WIDEST = 2.0  # doublings between two points beyond which their slope says nothing of where it bends


@dataclass(frozen=True, slots=True)
class Answer:
    """The smallest buffer within a share of the minimum.

    Attributes:
        share: of the minimum. target: the value that is good enough. capacity_bytes: is enough.
        not_enough_bytes: the largest capacity that is known not to be; 0 if the smallest possible buffer is enough.
    """

    share: float
    target: float
    capacity_bytes: int
    not_enough_bytes: int


@dataclass(frozen=True, slots=True)
class Change:
    """What a larger buffer changes in the plan.

    Attributes:
        before, after: capacities in bytes. saved: of the objective.
        merged: groups that hold layers of several groups before. split: groups of which each was part of a larger one.
        resident, released: tensors that stay on chip between groups now, or no longer.
        recomputed: operations done again now, less those before.
        stopped, started: layers that no longer recompute, or do now.
        whole: tensors that a group keeps whole now, and not before.
    """

    before: int
    after: int
    saved: float
    merged: tuple[tuple[str, ...], ...]
    split: tuple[tuple[str, ...], ...]
    resident: tuple[str, ...]
    released: tuple[str, ...]
    whole: tuple[str, ...]
    stopped: tuple[str, ...]
    started: tuple[str, ...]
    recomputed: int


def answers(sizing: Sizing, *, fused: bool = True) -> tuple[Answer, ...]:
    """The smallest buffers at the minimum, and within 1, 5 and 10 % of it."""
    points = _all(sizing, fused)
    least = minimum(sizing, fused=fused)
    found = []
    for share in SHARES:
        target = at_most(least, share)
        enough, less = bracket(points, target, sizing.smallest_bytes - 1)
        found.append(Answer(share, target, enough, 0 if enough <= sizing.smallest_bytes else less))
    return tuple(found)


def minimum(sizing: Sizing, *, fused: bool = True) -> float:
    """The objective with room for everything: the end of the curve."""
    return min(point.value for point in _all(sizing, fused))


def _all(sizing: Sizing, fused: bool) -> tuple[Point, ...]:
    if fused:
        return (*sizing.fused, *sizing.fused_probes)
    return (*sizing.layer_by_layer, *sizing.layer_by_layer_probes)


def knees(points: Sequence[Point]) -> tuple[Point, ...]:
    """Points after which a larger buffer brings much less than before.

    The saving per doubling up to a knee is at least `KNEE_RATIO` times that after it, at least `KNEE_LEAST` of the
    least value, and the ratio of the two is larger than at both neighbours.
    """
    if len(points) < 3:
        return ()
    floor = KNEE_LEAST * points[-1].value
    doublings = [math.log2(b.capacity_bytes / a.capacity_bytes) for a, b in pairwise(points)]
    slopes = [(a.value - b.value) / wide for (a, b), wide in zip(pairwise(points), doublings, strict=True)]
    ratios = [before / after if after > 0 else math.inf for before, after in pairwise(slopes)]
    known = [slope >= floor and wide <= KNEE_WIDEST for slope, wide in zip(slopes, doublings, strict=True)]
    found = []
    for at, ratio in enumerate(ratios):
        beside = [ratios[i] for i in (at - 1, at + 1) if 0 <= i < len(ratios) and known[i]]
        if known[at] and ratio >= KNEE_RATIO and ratio >= max(beside, default=0.0):
            found.append(points[at + 1])
    return tuple(found)


def changes(points: Sequence[Point]) -> tuple[Change, ...]:
    """What changes from each point to the next one that is better; steps that gain nothing are passed over."""
    found = []
    last = points[0] if points else None
    for point in points[1:]:
        assert last is not None
        if point.value < last.value:
            found.append(_change(last, point))
            last = point
    return tuple(found)


def _change(before: Point, after: Point) -> Change:
    was = {layer: set(group.layers) for group in before.groups for layer in group.layers}
    now = {layer: set(group.layers) for group in after.groups for layer in group.layers}
    again_before = {layer for group in before.groups for layer in group.recomputing}
    again_after = {layer for group in after.groups for layer in group.recomputing}
    whole_before = {tensor for group in before.groups for tensor in group.whole}
    whole_after = {tensor for group in after.groups for tensor in group.whole}
    resident, held = set(after.resident), set(before.resident)
    return Change(
        before=before.capacity_bytes,
        after=after.capacity_bytes,
        saved=before.value - after.value,
        merged=tuple(g.layers for g in after.groups if not any(set(g.layers) <= was[e] for e in g.layers)),
        split=tuple(g.layers for g in before.groups if not any(set(g.layers) <= now[e] for e in g.layers)),
        resident=tuple(sorted(resident - held)),
        released=tuple(sorted(held - resident)),
        whole=tuple(sorted(whole_after - whole_before)),
        stopped=tuple(e for e in was if e in again_before - again_after),
        started=tuple(e for e in was if e in again_after - again_before),
        recomputed=after.recomputed - before.recomputed,
    )
