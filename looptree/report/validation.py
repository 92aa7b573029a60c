"""How far the model agrees with publications, as tables for the terminal and for the pages of the guide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from rich.table import Table

from looptree.report.markdown import markdown_table, renewed_between
from looptree.report.table import stacked, table
from looptree.report.text import counted
from looptree.validate import Case, CaseResult, Compared
from looptree.validate.case import Measure, Parameter
from looptree.validate.run import ALONE, CHANGED, LEFT, MET, MISSED
from looptree.validate.settings import written_at


def case_tables(result: CaseResult) -> list[Table]:
    """Every number of a case, a table for each kind of number, and at last what is known not to be reproduced."""
    met: dict[Measure, list[Compared]] = {}
    for row in result.rows:
        if row.status not in (MISSED, CHANGED):
            met.setdefault(row.measure, []).append(row)
    tables = [
        _case_table(f"{result.case.name}: {metric(measure)}, {measure.unit}", [(setting(r), r) for r in rows])
        for measure, rows in met.items()
    ]
    missed = [row for row in result.rows if row.status in (MISSED, CHANGED)]
    return [*tables, *([_missed(result, missed)] if missed else [])]


def setting_table(result: CaseResult) -> Table:
    """Every number of one setting of a case."""
    title = f"{result.case.name}: {setting(result.rows[0]) if result.rows else result.case.title}"
    return _case_table(title, [(f"{metric(row.measure)}, {row.measure.unit}", row) for row in result.rows])


def _case_table(title: str, rows: Sequence[tuple[str, Compared]]) -> Table:
    cells = [[first, *_numbers(row), row.status] for first, row in rows]
    return table(title, ["setting"], ["published", "model", "error", "conf.", "result"], cells)


def _missed(result: CaseResult, rows: Sequence[Compared]) -> Table:
    cells = [[stacked(f"{row.what} ({row.measure.unit})", _line(row.why)), *_numbers(row)] for row in rows]
    return table(f"{result.case.name}: not reproduced", ["what"], ["published", "model", "error", "conf."], cells)


def _numbers(row: Compared) -> list[str]:
    published = "" if row.published is None else number(row.published)
    return [published, number(row.ours), error(row), row.known.confidence if row.known else ""]


def summary_table(results: Sequence[CaseResult]) -> Table:
    """Worst and mean error of each design."""
    rows = [_summary(result) for result in results]
    return table("Agreement", ["case"], ["compared", "exact", "worst error", "mean error", "not reproduced"], rows)


def _summary(result: CaseResult) -> list[str]:
    exact = sum(error == 0 for error in result.errors)
    counts = [f"{len(result.errors)}", f"{exact}", percent(result.worst), percent(result.mean)]
    return [result.case.name, *counts, f"{result.count(MISSED)}"]


def verdict(results: Sequence[CaseResult]) -> str:
    """What the tables come to, in one or two sentences."""
    rows = [row for result in results for row in result.rows]
    compared = [row for row in rows if row.status in (MET, LEFT)]
    if not any(row.published is not None for row in rows):
        return "Nothing is published for this setting; these are the numbers of the model."
    broken = [row for row in rows if row.status not in (MET, MISSED, ALONE)]
    worst = max((result.worst for result in results), default=Fraction(0))
    text = f"{counted(len(compared), 'value')} compared, worst error {percent(worst)}; "
    text += f"{counted(sum(row.status == MISSED for row in rows), 'published value')} not reproduced, as the cases say."
    if broken:
        text += (
            f" {counted(len(broken), 'value')} out of tolerance: "
            + "; ".join(f"{setting(row)}, {metric(row.measure)}" for row in broken)
            + "."
        )
    return text


def parameter_lines(case: Case) -> str:
    """What may be set, with the defaults."""
    lines = [f"  {name}={parameter.default}   {_meaning(parameter)}" for name, parameter in case.parameters.items()]
    return "\n".join(["Parameters (--set):", *lines])


def _meaning(parameter: Parameter) -> str:
    known = f" ({', '.join(parameter.options)})" if parameter.options else ""
    return parameter.meaning + known


def setting(row: Compared) -> str:
    """At which values of the parameters."""
    return written_at(list(row.at.items())) or "defaults"


def metric(measure: Measure) -> str:
    """Which number, in words."""
    name = measure.metric.replace("_", " ").removesuffix(" bytes").removesuffix(" pj")
    return name + (f" of {measure.of.replace('_', ' ')}" if measure.of else "")


def number(value: Fraction) -> str:
    """A number, whole or with two decimals.

    >>> number(Fraction(5, 2)), number(Fraction(1000))
    ('2.50', '1,000')
    """
    return f"{int(value):,}" if value.denominator == 1 else f"{float(value):,.2f}"


def percent(part: Fraction) -> str:
    """A part of one as a percentage; a small one is not rounded to nothing.

    >>> percent(Fraction(0)), percent(Fraction(1, 8)), percent(Fraction(1, 10**6))
    ('0', '12.50 %', '0.0001 %')
    """
    if not part:
        return "0"
    size = float(part) * 100
    decimals = 2 if abs(size) >= 0.01 else -math.floor(math.log10(abs(size)))
    return f"{size:.{decimals}f} %"


def error(row: Compared) -> str:
    """The error with its sign; `exact` where there is none."""
    if row.error is None:
        return ""
    return ("+" if row.error > 0 else "") + percent(row.error) if row.error else "exact"


# -- pages ------------------------------------------------------------------------------------


def summary_page(results: Sequence[CaseResult]) -> str:
    """Worst and mean errors as Markdown."""
    heads = ["case", "compared", "exact", "worst error", "mean error", "not reproduced"]
    return markdown_table(heads, [_summary(result) for result in results]) + "\n\n" + verdict(results)


def cases_page(results: Sequence[CaseResult]) -> str:
    """All numbers of all cases as Markdown."""
    parts: list[str] = []
    for result in results:
        parts += [f"### {result.case.title}", f"`looptree validate {result.case.name}`: {result.case.source}."]
        met = [row for row in result.rows if row.status != MISSED]
        missed = [row for row in result.rows if row.status == MISSED]
        if met:
            heads = ["setting", "number", "published", "model", "error", "confidence", "tolerance"]
            parts.append(markdown_table(heads, [[*_cells(row), _tolerance(row)] for row in met]))
        if missed:
            heads = ["setting", "not reproduced", "published", "model", "error", "confidence", "why"]
            parts.append(markdown_table(heads, [[*_cells(row), _line(row.why)] for row in missed]))
        parts += [_convention_text(result)] if result.case.conventions else []
        parts += [_gap_text(result)] if result.case.gaps else []
    return "\n\n".join(parts)


def _convention_text(result: CaseResult) -> str:
    lines = []
    for convention in result.case.conventions:
        lines.append(f"* {_line(convention.what)} Taken: {_line(convention.taken)}")
        for other in convention.others:
            gives = other.gives
            if other.value is not None and other.measure is not None:
                gives = f"{number(other.value)} {other.measure.unit}"
            lines.append(f"  * instead: {_line(other.rule)} This would give {_line(gives)}.")
    return "\n".join(["Conventions:", "", *lines])


def _gap_text(result: CaseResult) -> str:
    return "\n".join(["Not compared:", "", *(f"* {_line(gap)}" for gap in result.case.gaps)])


def _line(text: str) -> str:
    return " ".join(text.split())


def _cells(row: Compared) -> list[str]:
    words = row.what or metric(row.measure)
    return [setting(row), f"{words}, {row.measure.unit}", *_numbers(row)]


def _tolerance(row: Compared) -> str:
    return "exact" if not row.tolerance else f"{number(row.tolerance)}: {_line(row.reason)}"


def renewed(page: str, results: Sequence[CaseResult]) -> str | None:
    """A page with new tables between its marks; `None` if it has none."""
    found = False
    for name, text in (("summary", summary_page(results)), ("cases", cases_page(results))):
        new = renewed_between(page, f"validate {name}", text)
        if new is not None:
            page, found = new, True
    return page if found else None
