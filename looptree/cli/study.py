"""`looptree study`: the named studies."""

from __future__ import annotations

from pathlib import Path

import click

from looptree.cli.figures import check_figures, figure_option


@click.command(name="study")
@click.argument("names", nargs=-1, metavar="[NAME ...]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with findings, tables and curves.")
@figure_option(("study",))
@click.option(
    "--write",
    "pages",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Write the studies into this Markdown page, between its marks. May be repeated.",
)
def command(names: tuple[str, ...], as_json: bool, figures: tuple[str, ...], pages: tuple[Path, ...]) -> None:
    """Studies of ranks, schedule, retention and recomputation on small fused groups.

    Without NAME, what there is. Each takes up to a minute.

    \b
      looptree study
      looptree study recompute --figure recompute.svg
    """
    if figures and len(names) != 1:
        raise click.UsageError("--figure needs exactly one NAME", click.get_current_context())
    from looptree.study import STUDIES, run_study

    if not names:
        _list(STUDIES, as_json=as_json)
        return
    pictures = check_figures(figures, ("study",))
    if pages:
        from looptree.cli.pages import check_pages

        check_pages(pages, [f"study {name}" for name in names])
    results = [run_study(name) for name in names]
    for picture in pictures:
        from looptree.report.figures import study_figure, write_figure

        write_figure(study_figure(results[0]), picture.path)
    if pages:
        from looptree.cli.pages import write_pages
        from looptree.report.study import renewed_studies

        write_pages(pages, lambda text: renewed_studies(text, results))
    elif as_json:
        import json

        click.echo(json.dumps({result.name: result.to_dict() for result in results}, indent=2))
    else:
        from looptree.cli.console import show
        from looptree.report.study import study_tables

        for result in results:
            show([*study_tables(result), *result.sentences])


def _list(studies: dict[str, str], *, as_json: bool) -> None:
    from looptree.cli.console import show, show_json
    from looptree.report.table import table

    if as_json:
        show_json(studies)
        return
    show([table("Studies", ["study", "about"], [], [list(item) for item in studies.items()])])
