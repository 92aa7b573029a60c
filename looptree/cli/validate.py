"""`looptree validate`: published designs run again, each published value beside the model's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from looptree.cli.ending import DONE, INFEASIBLE
from looptree.cli.inputs import set_option
from looptree.errors import InputError

if TYPE_CHECKING:
    from looptree.validate import CaseResult

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.+)", re.ASCII)


@click.command(name="validate")
@click.argument("cases", nargs=-1, metavar="[CASE ...]")
@set_option("A parameter of the case, such as tile=60x72. May be repeated; needs exactly one CASE.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the exact numbers.")
@click.option(
    "--write",
    "pages",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Write the tables of all cases into this Markdown page, between its marks. May be repeated.",
)
def command(cases: tuple[str, ...], settings: tuple[str, ...], as_json: bool, pages: tuple[Path, ...]) -> int:
    """Published designs run again: published value, model value, error and confidence.

    Without CASE all of them. With --set the model's numbers for that setting, compared where something is published
    for it. The exit code is 1 where a value has left its tolerance; a value that is known not to be reproduced is
    shown as such and changes nothing.

    \b
      looptree validate
      looptree validate defines --set tile=60x72 --set mode=recompute
    """
    if pages and (cases or settings or as_json):
        raise click.UsageError("--write goes with nothing else", click.get_current_context())
    if settings and len(cases) != 1:
        raise click.UsageError("--set needs exactly one CASE", click.get_current_context())
    results = _results(cases, _read(settings))
    if pages:
        _write(pages, results)
    elif as_json:
        _print_json(results)
    else:
        _print_tables(results, at_setting=bool(settings))
    return DONE if all(result.holds for result in results) else INFEASIBLE


def _read(settings: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for setting in settings:
        match = _ASSIGNMENT.fullmatch(setting)
        if match is None:
            raise InputError(f"expected name=value, such as tile=60x72, found {setting!r}", where="--set")
        name, value = match.groups()
        if name in values:
            raise InputError(f"{name!r} is given twice", where="--set")
        values[name] = value
    return values


def _results(names: Sequence[str], values: dict[str, str]) -> list[CaseResult]:
    from looptree.importers.load import load_workload
    from looptree.validate import case_names, load_case, run_at, run_case

    cases = [load_case(name) for name in dict.fromkeys(names or case_names())]
    if not values:
        return [run_case(case, load_workload) for case in cases]
    try:
        return [run_at(cases[0], values, load_workload)]
    except InputError as problem:
        raise problem.at(f"case {cases[0].name!r}") from None


def _print_json(results: Sequence[CaseResult]) -> None:
    import json

    from looptree.validate.run import to_dict

    holds = all(result.holds for result in results)
    click.echo(json.dumps({"holds": holds, "cases": [to_dict(result) for result in results]}, indent=2))


def _print_tables(results: Sequence[CaseResult], *, at_setting: bool) -> None:
    from looptree.cli.console import show
    from looptree.report.validation import case_tables, parameter_lines, setting_table, summary_table, verdict

    tables = [setting_table(results[0])] if at_setting else [t for result in results for t in case_tables(result)]
    ending = parameter_lines(results[0].case) if len(results) == 1 else summary_table(results)
    show([*tables, ending, verdict(results)])


def _write(pages: Sequence[Path], results: Sequence[CaseResult]) -> None:
    from looptree.cli.files import write_whole
    from looptree.report.validation import MARKS, renewed

    for page in pages:
        try:
            text = page.read_text(encoding="utf-8")
        except OSError as problem:
            raise InputError(f"cannot be read: {problem.strerror or problem}", where=str(page)) from None
        new = renewed(text, results)
        if new is None:
            hint = f"add two lines, {' and '.join(MARKS['cases'])}"
            raise InputError("expected a page with marks for the tables", where=str(page), hint=hint)
        write_whole(page, new, force=True)
