"""Published designs beside the best ones in the same buffer, as a table for the terminal and for pages."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from looptree.model import Evaluation
from looptree.report.markdown import markdown_table, renewed_between
from looptree.report.proof import percent
from looptree.report.table import stacked, table
from looptree.search import Plan
from looptree.units import format_count, format_energy, format_size
from looptree.validate.beyond import Beyond
from looptree.validate.settings import written_at

_NUMBERS = ("off chip", "operations", "energy", "cycles", "proof")
_NAMES = {"offchip": "least off-chip transfers", "energy": "least energy"}


def beyond_table(results: Sequence[Beyond]) -> Table:
    """Each published design, and below it the best ones in its buffer."""
    rows = [[stacked(name, detail), *cells] for result in results for name, detail, cells in _rows(result)]
    return table("Published designs and the best ones in their buffers", ["design"], _NUMBERS, rows)


def renewed_beyond(page: str, results: Sequence[Beyond]) -> str | None:
    """A page with a new table between its marks; `None` if it has no such place."""
    heads = ["case", "buffer", "costs of", "design", *_NUMBERS]
    rows = []
    for result in results:
        where = f"{result.case.name} {written_at(list(result.at.items()))}".strip()
        for name, _, cells in _rows(result):
            shown = "published" if name.startswith(result.case.name) else name
            rows.append([where, format_size(result.buffer_bytes), result.architecture, shown, *cells])
    return renewed_between(page, "validate search", markdown_table(heads, rows))


def _rows(result: Beyond) -> list[tuple[str, str, list[str]]]:
    """Name, detail and numbers of the published design and of those found."""
    setting = written_at(list(result.at.items()))
    detail = f"published, buffer {format_size(result.buffer_bytes)}, costs of {result.architecture}"
    rows = [(f"{result.case.name} {setting}".strip(), detail, [*_costs(result.published), ""])]
    for objective, plan in result.found.items():
        rows.append((_NAMES[objective], "", [*_costs(plan.evaluation), _proof(plan)]))
    return rows


def _costs(evaluation: Evaluation) -> list[str]:
    return [
        format_size(evaluation.offchip_bytes),
        format_count(evaluation.total_operations),
        format_energy(evaluation.energy.total),
        format_count(round(evaluation.latency.overlapped)),
    ]


def _proof(plan: Plan) -> str:
    return "optimal" if plan.statistics.status == "optimal" else f"gap {percent(plan.statistics.gap)}"
