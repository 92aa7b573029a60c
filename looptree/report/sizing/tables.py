"""A buffer sizing as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from rich.table import Table

from looptree.report.sizing.sentences import (
    change_sentences,
    conclusion,
    gap,
    proof_sentences,
    title,
)
from looptree.report.table import table
from looptree.sizing import Point, Sizing, knees
from looptree.sizing.answers import minimum
from looptree.units import BYTES, COUNTS, PICOJOULES, Scale, Units, format_ratio, format_size, scale

UNITS: Mapping[str, Units] = {"offchip": BYTES, "energy": PICOJOULES, "latency": COUNTS, "operations": COUNTS}
"""Of each objective."""


def sizing_report(sizing: Sizing) -> list[str | Table]:
    """Title, curve, answers, changes and proof."""
    parts: list[str | Table] = [title(sizing), curve_table(sizing), conclusion(sizing)]
    changed = change_sentences(sizing)
    return [*parts, *([changed] if "\n" in changed else []), proof_sentences(sizing)]


def curve_table(sizing: Sizing) -> Table:
    """One row per capacity: the objective of both kinds of plan, and the other sums of the fused one."""
    units = UNITS[sizing.objective]
    fused, alone = _usual(sizing.fused), _usual(sizing.layer_by_layer)
    value = scale([Fraction(point.value) for point in (*fused, *alone)], units)
    energy = scale([Fraction(point.energy_pj) for point in fused], PICOJOULES)
    cycles = scale([Fraction(point.latency_cycles) for point in fused], COUNTS)
    offchip = scale([point.offchip_bytes for point in fused], BYTES)
    others = [
        (n, u) for n, u in (("offchip", offchip), ("energy", energy), ("latency", cycles)) if n != sizing.objective
    ]
    least, bends = Fraction(minimum(sizing)), knees(sizing.fused)
    rows = [
        [
            format_size(one.capacity_bytes) + (" knee" if one in bends else ""),
            value.text(Fraction(other.value)),
            value.text(Fraction(one.value)),
            format_ratio(Fraction(one.value), least),
            *(_other(one, name, unit) for name, unit in others),
            str(len(one.groups)),
            gap(one),
        ]
        for other, one in zip(sizing.layer_by_layer, sizing.fused, strict=True)
    ]
    unit = f"{value.unit}{' cycles' if sizing.objective == 'latency' else ''}"
    headers = [f"layer by\nlayer {unit}", f"fused\n{unit}", "of the\nleast", *_other_headers(others), "groups", "gap"]
    return table("By capacity", [sizing.buffer], headers, rows)


def _usual(points: Sequence[Point]) -> Sequence[Point]:
    """Points whose values the units are for: all but the smallest buffer, which holds next to nothing."""
    return points[1:] or points


def _other(point: Point, name: str, unit: Scale) -> str:
    found = {"offchip": point.offchip_bytes, "energy": point.energy_pj, "latency": point.latency_cycles}[name]
    return unit.text(Fraction(found))


def _other_headers(others: Sequence[tuple[str, Scale]]) -> list[str]:
    names = {"offchip": "off chip", "energy": "energy", "latency": "cycles"}
    return [f"{names[name]}\n{unit.unit}" for name, unit in others]
