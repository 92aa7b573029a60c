"""What a buffer sizing says, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from looptree.report.proof import NOUNS, percent, space_sentences
from looptree.report.text import counted, listed, short_layers
from looptree.search.asked.objective import amount
from looptree.sizing import Answer, Change, Point, Sizing, answers, changes, knees
from looptree.sizing.answers import minimum
from looptree.units import format_percent, format_size

MOST_NAMES = 3


def title(sizing: Sizing) -> str:
    """What was asked."""
    return (
        f"{sizing.network} on {sizing.architecture}: least {NOUNS[sizing.objective]} "
        f"against the capacity of {sizing.buffer}"
    )


def conclusion(sizing: Sizing) -> str:
    """The smallest buffers that are good enough, the knees and the minimum."""
    least, alone = (amount(sizing.objective, minimum(sizing, fused=fused)) for fused in (True, False))
    lines = [
        f"The least {NOUNS[sizing.objective]}, with room for everything: {least} fused, {alone} layer by layer. "
        f"One layer alone needs {format_size(sizing.smallest_bytes)}.",
        f"Fused, {_enough(answers(sizing))}.",
        f"Layer by layer, {_enough(answers(sizing, fused=False))}.",
        "Each is the smallest buffer that does, to the step given by the one in brackets, which is too small.",
    ]
    bends = knees(sizing.fused)
    if bends:
        sizes = listed([format_size(point.capacity_bytes) for point in bends])
        noun = "a knee" if len(bends) == 1 else "knees"
        lines.append(f"Fused has {noun} at {sizes}: a larger buffer then saves at most half as much per doubling.")
    return "\n".join(lines)


def _enough(found: Sequence[Answer]) -> str:
    """`124 KiB (120 KiB) reaches it, 112 KiB (108 KiB) is within 1 % of it`; what is too small stands in brackets."""
    shares: dict[tuple[int, int], list[float]] = {}
    for answer in found:
        shares.setdefault((answer.capacity_bytes, answer.not_enough_bytes), []).append(answer.share)
    parts = []
    for (enough, less), within in shares.items():
        small = f" ({format_size(less)})" if less else ""
        near = listed(
            [format_percent(Fraction(str(share)), 1).replace(".0 %", " %") for share in within if share] or [""]
        )
        words = (["reaches it"] if 0 in within else []) + ([f"is within {near}"] if near else [])
        parts.append(f"{format_size(enough)}{small} {' and '.join(words)}")
    return listed(parts)


def change_sentences(sizing: Sizing) -> str:
    """What each larger buffer changes in the fused plan, one line per step that gains something."""
    lines = [_change(sizing.objective, change) for change in changes(sizing.fused)]
    return "\n".join(["What a larger buffer changes (fused; of plans with the same value one is shown):", *lines])


def _change(objective: str, change: Change) -> str:
    named = (
        ("fused", _groups(change.merged)),
        ("taken apart", _groups(change.split)),
        ("now on chip between groups", _names(change.resident)),
        ("no longer on chip between groups", _names(change.released)),
        ("now kept whole in their group", _names(change.whole)),
        ("now recomputing", _names(change.started)),
        ("no longer recomputing", _names(change.stopped)),
    )
    parts = [f"{what} {names}" for what, names in named if names]
    if change.recomputed:
        word = "more" if change.recomputed > 0 else "fewer"
        parts.append(f"{abs(change.recomputed):,} {word} operations recomputed")
    done = "; ".join(parts) or "other tiles"
    saved = amount(objective, change.saved)
    return f"  {format_size(change.before)} to {format_size(change.after)}, {saved} less: {done}"


def _groups(groups: Sequence[tuple[str, ...]]) -> str:
    shown = ", ".join(f"[{short_layers(group)}]" for group in groups[:MOST_NAMES])
    return shown + (f", ... ({len(groups)})" if len(groups) > MOST_NAMES else "")


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_NAMES])
    return shown + (f", ... ({len(names)})" if len(names) > MOST_NAMES else "")


def proof_sentences(sizing: Sizing) -> str:
    """What is proven of the points."""
    points = (*sizing.fused, *sizing.layer_by_layer)
    open_ = [point for point in points if point.status != "optimal"]
    if open_:
        worst = max((point.value - point.bound) / point.value if point.value else 0.0 for point in open_)
        said = f"{len(open_)} of {counted(len(points), 'point')} not proven, with a gap of at most {percent(worst)}"
    else:
        said = f"All {counted(len(points), 'point')} proven optimal, each evaluated by the exact model"
    return f"{said}. {space_sentences(sizing.space)}"


def gap(point: Point) -> str:
    """What is proven of a point, for a column."""
    return "0" if point.status == "optimal" else percent((point.value - point.bound) / (point.value or 1))
