"""Results of a sweep for people, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from rich.console import RenderableType

from looptree.errors import InputError
from looptree.report.table import table
from looptree.sweep.answers import (
    Row,
    best_for_all,
    best_per_network,
    between_spaces,
    columns_of,
    front,
    rows_of,
)
from looptree.sweep.estimate import Estimate
from looptree.sweep.sensitivity import profiles, sensitivity
from looptree.sweep.store import Store
from looptree.sweep.study import KINDS, Study
from looptree.units import format_count

MOST = 40  # rows of a table for people
FEW = 10  # of one among others
TEXT = ("architecture", "network", "space", "objective", "status", "role", "parameter")
UNITS = {
    "energy": "pJ",
    "offchip": "bytes",
    "capacity": "bytes",
    "latency": "cycles",
    "power": "pJ/cycle",
    "area": "mm2",
}
HIDDEN = (
    *KINDS.values(),
    "plan",
    "point",
    "source",
    "holds",
    "hardware",
    "gap",
    "recomputed",
    "offchip_reads",
    "offchip_writes",
)


def selected(study: Study, store: Store, what: str, names: Sequence[str]) -> list[Row]:
    """The rows of one question: `points`, `front`, `best`, `all-networks`, `spaces`, `sensitivity` or `profiles`."""
    rows = rows_of(study, store)
    if what == "front":
        return front(rows, names)
    if what == "sensitivity":
        return sensitivity(profiles(study, store))
    if what == "profiles":
        return profiles(study, store)
    if study.group is not None:
        if what not in ("points", "best"):
            known = "overview, points, front, best, sensitivity, profiles"
            raise InputError(f"a survey has no answer to {what!r}", hint=f"known: {known}")
        return rows if what == "points" else [row for row in rows if row["role"] != "front"]
    if what == "best":
        return best_per_network(rows)
    if what == "all-networks":
        return best_for_all(study, rows)
    if what == "spaces":
        return between_spaces(study, rows) if len(study.spaces) > 1 else []
    return {"front": lambda: front(rows, names), "best": lambda: best_per_network(rows)}.get(study.keep, lambda: rows)()


def as_csv(rows: Sequence[Row]) -> str:
    """Rows as CSV, exact numbers."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns_of(rows), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def as_json(study: Study, rows: Sequence[Row]) -> str:
    """Rows as JSON."""
    return json.dumps({"study": study.name, "rows": list(rows)}, indent=2)


def as_table(title: str, rows: Sequence[Row]) -> list[RenderableType]:
    """Rows as a table of rounded numbers, at most `MOST` of them."""
    if not rows:
        return [f"{title}: nothing"]
    keys = [key for key in columns_of(rows) if key not in HIDDEN]
    texts = [key for key in keys if key in TEXT]
    numbers = [key for key in keys if key not in TEXT]
    cells = [[*(_text(k, row) for k in texts), *(_short(row.get(k)) for k in numbers)] for row in rows[:MOST]]
    parts: list[RenderableType] = [
        table(title, texts, [f"{k}\n{UNITS[k]}" if k in UNITS else k for k in numbers], cells)
    ]
    if len(rows) > MOST:
        parts.append(f"{len(rows) - MOST:,} more; --csv, --json or --parquet has all")
    return parts


def _text(key: str, row: Row) -> str:
    """A text of a row; of a file its name."""
    text = str(row.get(key, ""))
    return text.rpartition("/")[2] if key in ("network", "architecture") else text


def _short(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if isinstance(value, int) or float(value).is_integer():
        return format_count(int(value))
    return f"{value:,.4g}" if abs(value) < 1e6 else format_count(int(value))


def headline(study: Study, store: Store, rows: Sequence[Row]) -> str:
    """What was done, in a sentence."""
    if study.group is None:
        holding = sum(row["holds"] for row in rows)
        proven = sum(row["source"] is not None for row in rows)
        return (
            f"study {study.name}: {len(rows):,} results, {holding:,} of them within all constraints; "
            f"{proven:,} follow from others and were not searched"
        )
    evaluated, fits, seconds = 0, 0, 0.0
    for piece in store.results():
        evaluated, fits = evaluated + piece.data["evaluated"], fits + piece.data["fits"]
        seconds += piece.seconds
    rate = format_count(int(evaluated / seconds)) if seconds else "-"
    return (
        f"study {study.name}: {evaluated:,} designs evaluated with all metrics, {fits:,} within all limits; "
        f"{seconds:.1f} s of work, {rate} designs per second and worker"
    )


def overview(study: Study, store: Store) -> list[RenderableType]:
    """The questions that a study is for, answered."""
    rows = rows_of(study, store)
    parts: list[RenderableType] = [headline(study, store, rows)]
    if study.group is None:
        parts += as_table("Best design per network", best_per_network(rows))
        parts += as_table("Single designs for all networks, the best first", best_for_all(study, rows)[:FEW])
        if len(study.spaces) > 1:
            parts += as_table("Search spaces", between_spaces(study, rows))
    else:
        parts += as_table("Best designs", [row for row in rows if row["role"] != "front"])
    parts += as_table("Sensitivity of the best designs", sensitivity(profiles(study, store)))
    return [*parts, *as_table(f"Pareto front of {', '.join(study.front)}", front(rows, study.front))]


def as_text(study: Study, found: Estimate, workers: int) -> str:
    """A dry run in words."""
    lines = [
        f"study {study.name}: {found.hardware:,} points of the hardware, {found.skipped:,} of them skipped because a "
        "constraint cannot hold there"
    ]
    if study.group is not None:
        lines.append(f"{found.designs:,} designs would be evaluated with all metrics, in {found.items:,} pieces")
    else:
        spared = found.items - 2 * found.families
        lines.append(
            f"{found.designs:,} searches at most, in {found.families:,} families that differ in the buffer alone"
        )
        lines.append(
            f"up to {max(0, spared):,} of them may follow from others by proof: nothing fits a smaller buffer either, "
            "a plan needs less, or a bigger buffer cannot help"
        )
    lines.append(
        f"about {found.seconds / workers:,.0f} s with {workers} workers, judging by {found.measured} of {found.items:,}"
    )
    return "\n".join(lines)


__all__ = ["as_csv", "as_json", "as_table", "as_text", "overview", "selected"]
