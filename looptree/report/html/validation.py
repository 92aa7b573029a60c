"""The report of validation cases: every published value beside the model's, and how far they are apart."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from looptree.report.html.charts import Chart, bars, charts_data, charts_markup
from looptree.report.html.datatable import Cell, Column, DataTable, table_markup
from looptree.report.html.markup import Markup, element, joined
from looptree.report.html.page import Page, Section, page_html
from looptree.report.text import counted
from looptree.report.validation import metric, setting, verdict
from looptree.validate import CaseResult, Compared
from looptree.validate.run import CHANGED, MISSED

_CONFIDENCE = "Confidence: P is printed in the publication, S is from its published code or data, D is derived from it."


def validation_html(results: Sequence[CaseResult], *, made_by: str) -> str:
    """The report of some cases.

    Args:
        results: of the cases. made_by: the program and its version.
    """
    title = results[0].case.title if len(results) == 1 else "Published designs run again"
    sections = [_summary_section(results), *(_case_section(result) for result in results)]
    return page_html(Page(title, [verdict(results)], sections, made_by))


def _summary_section(results: Sequence[CaseResult]) -> Section:
    columns = ("case", "compared", "exact", "worst error, %", "mean error, %", "not reproduced")
    rows: list[list[Cell]] = [
        [
            result.case.name,
            len(result.errors),
            sum(error == 0 for error in result.errors),
            result.worst * 100,
            result.mean * 100,
            result.count(MISSED),
        ]
        for result in results
    ]
    table = DataTable("agreement", "Agreement", tuple(Column(name) for name in columns), rows)
    chart = _errors(results)
    note = element("p", _CONFIDENCE)
    return Section(
        "agreement", "Agreement", joined(charts_markup(chart), table_markup(table), note), charts_data(chart)
    )


def _errors(results: Sequence[CaseResult]) -> Chart:
    """Mean and worst error of each case."""
    shown = [
        (result.case.name, name, {"error": float(size) * 100})
        for result in results
        for name, size in (("mean error", result.mean), ("worst error", result.worst))
    ]
    caption = "Of what has to be met; a case without a bar meets every value exactly."
    return bars("errors", "Errors in percent of the published value", caption, "%", ["error"], shown, across="case")


def _case_section(result: CaseResult) -> Section:
    case = result.case
    met = [row for row in result.rows if row.status not in (MISSED, CHANGED)]
    missed = [row for row in result.rows if row.status in (MISSED, CHANGED)]
    parts: list[Markup] = [element("p", " ".join(case.source.split()))]
    if case.assumes:
        items = [element("li", " ".join(text.split())) for text in case.assumes]
        parts.append(element("details", element("summary", counted(len(items), "assumption")), element("ul", items)))
    if met:
        parts.append(table_markup(_table(f"case-{case.name}", "Values", met)))
    if missed:
        parts.append(table_markup(_table(f"missed-{case.name}", "Not reproduced", missed)))
        reasons = dict.fromkeys(f"{row.what}: {' '.join(row.why.split())}" for row in missed)
        parts.append(element("ul", [element("li", reason) for reason in reasons]))
    return Section(f"case-of-{case.name}", case.title, joined(*parts))


def _table(key: str, caption: str, rows: Sequence[Compared]) -> DataTable:
    names = ("setting", "number", "published", "model", "error, %", "tolerance", "result", "conf.", "how it was read")
    cells: list[list[Cell]] = [
        [
            setting(row),
            f"{row.what or metric(row.measure)}, {row.measure.unit}",
            row.published,
            row.ours,
            None if row.error is None else Fraction(row.error) * 100,
            row.tolerance,
            row.status,
            row.known.confidence if row.known else "",
            " ".join(f"{row.known.source}: {row.known.how_read}".split()) if row.known else "",
        ]
        for row in rows
    ]
    return DataTable(key, caption, tuple(Column(name) for name in names), cells)
