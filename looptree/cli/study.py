"""`looptree study`: the named studies."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="study")
@click.argument("names", nargs=-1, metavar="[NAME ...]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with findings, tables and curves.")
@click.option(
    "--picture",
    type=click.Path(path_type=Path),
    help="Draw the study into this file (.svg, .png, .pdf); needs looptree[report].",
)
@click.option("--force", is_flag=True, help="Let --picture overwrite a file.")
@click.option(
    "--write",
    "pages",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Write the studies into this Markdown page, between its marks. May be repeated.",
)
def command(names: tuple[str, ...], as_json: bool, picture: Path | None, force: bool, pages: tuple[Path, ...]) -> None:
    """Studies of ranks, schedule, retention and recomputation on small fused groups.

    Without NAME, what there is. Each takes up to a minute.

    \b
      looptree study
      looptree study recompute --picture recompute.svg
    """
    if picture is not None and len(names) != 1:
        raise click.UsageError("--picture needs exactly one NAME", click.get_current_context())
    from looptree.study import STUDIES, run_study

    if not names:
        _list(STUDIES)
        return
    if picture is not None:
        from looptree.cli.files import check_target

        check_target(picture, force=force)
    results = [run_study(name) for name in names]
    if picture is not None:
        from looptree.report.study import draw_study

        draw_study(results[0], picture)
    if pages:
        from looptree.cli.pages import write_pages
        from looptree.report.study import renewed_studies

        write_pages(pages, lambda text: renewed_studies(text, results), f"study {names[0]}")
    elif as_json:
        import json

        click.echo(json.dumps({result.name: result.to_dict() for result in results}, indent=2))
    else:
        from looptree.cli.console import show
        from looptree.report.study import study_tables

        for result in results:
            show([*study_tables(result), *result.sentences])


def _list(studies: dict[str, str]) -> None:
    from looptree.cli.console import show
    from looptree.report.table import table

    show([table("Studies", ["study", "about"], [], [list(item) for item in studies.items()])])
