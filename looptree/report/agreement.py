"""What comes of holding the model against the simulator: a sentence or a table, and plain data."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from rich.table import Table

from looptree.check import CheckedCount
from looptree.model.result import plain
from looptree.report.table import table
from looptree.report.text import counted


def agreement(counts: Sequence[CheckedCount]) -> str | Table:
    """One sentence where all counts agree, otherwise a table of those that differ."""
    different = [count for count in counts if not count.agrees]
    if not different:
        return f"Checked: {counted(len(counts), 'count')} of the model equal those of the step by step simulation."
    rows = [[count.what, _text(count.model), _text(count.simulator)] for count in different]
    title = f"{counted(len(different), 'count')} of {len(counts)} differ"
    return table(title, ["what"], ["model", "simulator"], rows)


def agreement_dict(counts: Sequence[CheckedCount]) -> dict[str, Any]:
    """The same as plain data."""
    different = [count for count in counts if not count.agrees]
    return {
        "agrees": not different,
        "counts": len(counts),
        "differences": [
            {"what": count.what, "model": plain(Fraction(count.model)), "simulator": plain(Fraction(count.simulator))}
            for count in different
        ],
    }


def _text(value: int | Fraction) -> str:
    return f"{value:,}" if isinstance(value, int) or value.denominator == 1 else str(value)
