"""Studies as tables for the terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from looptree.report.markdown import markdown_table, renewed_between
from looptree.report.table import stacked, table
from looptree.study import StudyResult, study_names


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


def findings_page(results: Sequence[StudyResult]) -> str:
    """The largest factors of some studies, as Markdown."""
    heads = ["study", "found", "times", "in the paper", "where"]
    rows = [
        [f"`{result.name}`", f.what, f"{f.factor:.2f}", f.published or "-", f.where]
        for result in results
        for f in result.findings
    ]
    return markdown_table(heads, rows)


def renewed_studies(page: str, results: Sequence[StudyResult]) -> str | None:
    """A page with new text of studies between their marks; `None` if it has none of them.

    The table of all findings is renewed where all studies are given.
    """
    found = False
    if {result.name for result in results} == set(study_names()):
        page = renewed_between(page, "studies", findings_page(results)) or page
    for result in results:
        new = renewed_between(page, f"study {result.name}", study_page(result))
        if new is not None:
            page, found = new, True
    return page if found else None
