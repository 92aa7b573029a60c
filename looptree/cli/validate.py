"""`looptree validate`: published designs run again, each published value beside the model's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from looptree.cli.ending import DONE, INFEASIBLE
from looptree.cli.files import check_distinct
from looptree.cli.inputs import set_option
from looptree.cli.names import complete_cases
from looptree.cli.reports import check_report, html_option, write_report
from looptree.errors import InputError

if TYPE_CHECKING:
    from looptree.validate import CaseResult

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.+)", re.ASCII)


@click.command(name="validate")
@click.argument("cases", nargs=-1, metavar="[CASE ...]", shell_complete=complete_cases)
@set_option("A parameter of the case, such as tile=60x72. May be repeated; needs exactly one CASE.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the exact numbers.")
@click.option("--search", "searched", is_flag=True, help="Search for better designs in the published buffers instead.")
@click.option(
    "--mapping",
    type=click.Path(path_type=Path),
    help="Write the mapping of that setting of one CASE to this YAML file, for `looptree evaluate`.",
)
@click.option("--force", is_flag=True, help="Let --mapping overwrite a file.")
@click.option(
    "--write",
    "pages",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Write the tables of all cases into this Markdown page, between its marks. May be repeated.",
)
@html_option
def command(
    cases: tuple[str, ...],
    settings: tuple[str, ...],
    as_json: bool,
    searched: bool,
    mapping: Path | None,
    force: bool,
    pages: tuple[Path, ...],
    html: Path | None,
) -> int:
    """Published designs run again: published value, model value, error and confidence.

    Without CASE all of them. With --set the model's numbers for that setting, compared where something is published
    for it. The exit code is 1 where a value has left its tolerance; a value that is known not to be reproduced is
    shown as such and changes nothing.

    \b
      looptree validate
      looptree validate defines --set tile=60x72 --set mode=recompute
      looptree validate defines --set tile=60x72 --mapping tiles.yaml
      looptree validate defines --search
      looptree validate --html validation.html
    """
    if html is not None and (searched or pages):
        raise click.UsageError("--html goes with neither --search nor --write", click.get_current_context())
    check_report(html)
    check_distinct(mapping, html)
    if pages and (cases or settings or as_json):
        raise click.UsageError("--write goes with nothing but --search", click.get_current_context())
    if searched and settings:
        raise click.UsageError("--search does not go with --set", click.get_current_context())
    if settings and len(cases) != 1:
        raise click.UsageError("--set needs exactly one CASE", click.get_current_context())
    if pages:
        from looptree.cli.pages import check_pages

        check_pages(pages, ["validate search"] if searched else ["validate summary", "validate cases"])
    if mapping is not None:
        if len(cases) != 1 or searched or pages:
            raise click.UsageError("--mapping needs exactly one CASE", click.get_current_context())
        _write_mapping(cases[0], _read(settings), mapping, force=force)
    if searched:
        _search(cases, as_json, pages)
        return DONE
    results = _results(cases, _read(settings))
    write_report(html, lambda made_by: _report(results, made_by))
    if pages:
        from looptree.cli.pages import write_pages
        from looptree.report.validation import renewed

        write_pages(pages, lambda text: renewed(text, results))
    elif as_json:
        _print_json(results)
    else:
        _print_tables(results, _read(settings))
    return DONE if all(result.holds for result in results) else INFEASIBLE


def _write_mapping(name: str, given: dict[str, str], path: Path, *, force: bool) -> None:
    """The mapping of a setting, headed by the command that evaluates it."""
    import shlex

    from looptree.cli.files import write_whole
    from looptree.importers.load import load_workload
    from looptree.taxonomy.reader import mapping_to_yaml
    from looptree.validate import load_case
    from looptree.validate.settings import checked_values, designed, evaluate_words, recipe_of, written_at

    case = load_case(name)
    try:
        values = checked_values(case.parameters, given)
        design = designed(case, values, load_workload)
    except InputError as problem:
        raise problem.at(f"case {name!r}") from None
    line = shlex.join(evaluate_words(case, values, str(path)))
    head = f"# {case.title}\n# {written_at(list(values.items()))}\n# {line}\n"
    if recipe_of(case, values).spatial:
        spatial = ", ".join(f"{rank}: {count}" for rank, count in design.architecture.compute.spatial.items())
        head += f"# The case has compute: {{spatial: {{{spatial}}}}} in its architecture.\n"
    write_whole(path, head + mapping_to_yaml(design.tree), force=force)


def _search(names: Sequence[str], as_json: bool, pages: Sequence[Path]) -> None:
    """The best designs in the buffers of the published ones."""
    from looptree.importers.load import load_workload
    from looptree.validate import case_names, load_case
    from looptree.validate.beyond import beyond, beyond_dict

    cases = [load_case(name) for name in dict.fromkeys(names or case_names())]
    results = [result for case in cases for result in beyond(case, load=load_workload)]
    if pages:
        from looptree.cli.pages import write_pages
        from looptree.report.beyond import renewed_beyond

        write_pages(pages, lambda text: renewed_beyond(text, results))
    elif as_json:
        import json

        click.echo(json.dumps([beyond_dict(result) for result in results], indent=2))
    else:
        from looptree.cli.console import show
        from looptree.report.beyond import beyond_table

        show([beyond_table(results)])


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


def _report(results: Sequence[CaseResult], made_by: str) -> str:
    from looptree.report.html import validation_html

    return validation_html(results, made_by=made_by)


def _print_json(results: Sequence[CaseResult]) -> None:
    import json

    from looptree.validate.run import to_dict

    holds = all(result.holds for result in results)
    click.echo(json.dumps({"holds": holds, "cases": [to_dict(result) for result in results]}, indent=2))


def _print_tables(results: Sequence[CaseResult], given: dict[str, str]) -> None:
    from looptree.cli.console import show
    from looptree.report.validation import (
        case_tables,
        gap_lines,
        parameter_lines,
        setting_table,
        summary_table,
        verdict,
    )

    tables = [setting_table(results[0])] if given else [t for result in results for t in case_tables(result)]
    ending = parameter_lines(results[0].case, given) if len(results) == 1 else summary_table(results)
    notes = ["\n".join(results[0].notes)] if results[0].notes else []
    notes += [gap_lines(results[0].case)] if len(results) == 1 and results[0].case.gaps and not given else []
    show([*tables, *notes, ending, verdict(results)])
