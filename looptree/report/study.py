"""Studies as tables for the terminal, as Markdown, and as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from looptree.errors import InputError
from looptree.report.markdown import markdown_table, renewed_between
from looptree.report.table import stacked, table
from looptree.study import Chart, StudyResult
from looptree.units import format_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

_LEGEND_INSIDE = 5
"""More curves than this have their legend beside the chart."""


def study_tables(result: StudyResult) -> list[Table]:
    """What was found, and the numbers that it comes from."""
    found = [
        [stacked(finding.what, finding.where), f"{finding.factor:.2f}", finding.published or "-"]
        for finding in result.findings
    ]
    listed = [table(f"{result.name}: {result.title}", ["found"], ["times", "in the paper"], found)]
    return [*listed, *(table(t.title, list(t.names), list(t.numbers), t.rows) for t in result.tables)]


def study_page(result: StudyResult) -> str:
    """A study as Markdown, without its picture."""
    heads = ["found", "times", "in the paper", "where"]
    rows = [[f.what, f"{f.factor:.2f}", f.published or "-", f.where] for f in result.findings]
    return "\n\n".join(
        [
            f"*{result.question}* Searched: {result.space}.",
            markdown_table(heads, rows),
            *result.sentences,
            *(f"{t.title}:\n\n{markdown_table([*t.names, *t.numbers], t.rows)}" for t in result.tables),
        ]
    )


def renewed_studies(page: str, results: Sequence[StudyResult]) -> str | None:
    """A page with new text of studies between their marks; `None` if it has none of them."""
    found = False
    for result in results:
        new = renewed_between(page, f"study {result.name}", study_page(result))
        if new is not None:
            page, found = new, True
    return page if found else None


def draw_study(result: StudyResult, path: Path) -> None:
    """Write the picture of a study; the suffix of the file says which kind (`.svg`, `.png`, `.pdf`).

    Raises:
        InputError: matplotlib is not installed, or does not write such files.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        hint = "pip install 'looptree[report]'"
        raise InputError("pictures need matplotlib, which is not installed", where="--picture", hint=hint) from None
    beside = 2.6 if any(len(chart.curves) > _LEGEND_INSIDE for chart in result.charts) else 0
    figure = Figure(figsize=(4.4 * len(result.charts) + beside, 3.8), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    kinds = canvas.get_supported_filetypes()
    if path.suffix.removeprefix(".") not in kinds:
        known = ", ".join(f".{kind}" for kind in sorted(kinds))
        raise InputError(f"expected a kind of picture, found {path.suffix!r}", where=str(path), hint=f"known: {known}")
    for index, chart in enumerate(result.charts, start=1):
        _draw(figure.add_subplot(1, len(result.charts), index), chart)
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": result.name}):  # small files, the same every time
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _draw(axes: Axes, chart: Chart) -> None:
    for number, curve in enumerate(chart.curves):
        x, y = ([point[i] for point in curve.points] for i in (0, 1))
        line, marker = "-" if chart.joined else "none", "osv^Dp*Xh"[number % 9]
        axes.plot(x, y, linestyle=line, marker=marker, markersize=4, linewidth=1.2, label=curve.label)
    axes.set_title(chart.title, fontsize=10)
    if chart.x_label.startswith("bytes"):
        axes.set_xscale("log", base=2)
    if not chart.linear_y:
        axes.set_yscale("log", base=2)
    _label(axes.xaxis, chart.x_label)
    _label(axes.yaxis, chart.y_label)
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.25)
    if len(chart.curves) > _LEGEND_INSIDE:
        axes.legend(fontsize=6.5, loc="upper left", bbox_to_anchor=(1.02, 1))
    else:
        axes.legend(fontsize=6.5)


def _label(axis: Axis, label: str) -> None:
    """Label an axis; sizes stand at powers of four."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axis.set_label_text(label, fontsize=9)
    if label.startswith("bytes"):
        axis.set_major_locator(FixedLocator([4**power for power in range(20)]))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: format_size(int(value))))
