"""`looptree sweep`: hardware and networks together, in a file that survives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from looptree.cli.figures import Wanted, check_figures, figure_option
from looptree.cli.names import names_of
from looptree.cli.notes import is_quiet
from looptree.cli.reports import check_report, html_option, write_report
from looptree.cli.searching import asked
from looptree.errors import InputError

if TYPE_CHECKING:
    from looptree.sweep import State, Store, Study

QUESTIONS = ("overview", "points", "front", "best", "all-networks", "spaces", "sensitivity", "profiles")
PICTURES = ("front", "best", "all-networks", "spaces", "sensitivity")


class _Default(click.Group):
    """A group whose first word may be left out: `sweep STUDY` is `sweep run STUDY`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `run` in front of anything else than a command."""
        if args and args[0] not in (*self.commands, "--help", "-h"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(name="sweep", cls=_Default, invoke_without_command=True)
@click.pass_context
def command(context: click.Context, /) -> None:
    """Sweep hardware and networks together.

    \b
      looptree sweep STUDY             run a study, or go on with it
      looptree sweep STUDY --dry-run   count it and estimate its time
      looptree sweep show RESULTS      ask its results

    STUDY is a YAML file or the name of what ships. Results go to RESULTS, an SQLite file (STUDY.db by default), as they
    come: after any interruption the same command goes on.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@command.command(name="run")
@click.argument("study", shell_complete=names_of("taxonomy", "studies/"))
@click.option("-o", "--results", type=click.Path(path_type=Path), help="The file of results. [default: STUDY.db]")
@click.option("--workers", metavar="N", help="Processes. [default: one per processor]")
@click.option("--cluster", metavar="ADDRESS", help="A Dask scheduler, such as tcp://host:8786.")
@click.option("--dry-run", is_flag=True, help="Count what there is to do and estimate the time; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: how much was done, and where it is.")
def run_command(
    study: str, results: Path | None, workers: str | None, cluster: str | None, dry_run: bool, as_json: bool
) -> None:
    """Run a study, or go on with it."""
    count = asked("energy", "default", None, workers).workers
    if cluster is not None and workers is not None:
        raise InputError("--workers and --cluster exclude each other: a cluster has its own workers")
    from looptree.cli.console import show_json
    from looptree.sweep import Store, load_study

    known = load_study(study)
    path = results or Path(f"{Path(study).stem}.db")
    if dry_run:
        _estimate(known, path, count, as_json=as_json)
        return
    with _crew(cluster, count) as crew, Store(path, known) as store:
        state = _run(known, store, crew)
        if as_json:
            done = {"total": state.total, "done": state.done, "finished_now": state.finished}
            show_json({"study": known.name, "results": str(path), **done})
            return
        if not is_quiet():
            click.echo(
                f"{state.done:,} of {state.total:,} done, {state.finished:,} of them now; results in {path}", err=True
            )
        _overview(known, store)


def _estimate(study: Study, path: Path, workers: int | None, *, as_json: bool) -> None:
    import dataclasses

    from looptree.cli.console import show_json
    from looptree.search.child import processors
    from looptree.sweep import Store
    from looptree.sweep.estimate import estimate
    from looptree.sweep.shown import as_text

    done = 0
    if path.is_file():
        with Store(path, study) as store:
            done = len(store.done())
    found, count = estimate(study), workers or processors()
    if as_json:
        show_json({"study": study.name, "workers": count, "done": done, **dataclasses.asdict(found)})
        return
    click.echo(as_text(study, found, count))
    if done:
        click.echo(f"{done:,} of them are done already in {path}")


@contextmanager
def _crew(cluster: str | None, workers: int | None) -> Iterator[Any]:
    if cluster is not None:
        from looptree.sweep.cluster import cluster_crew

        with cluster_crew(cluster) as crew:
            yield crew
    else:
        from looptree.sweep.crew import local_crew

        with local_crew(workers) as crew:
            yield crew


def _run(study: Study, store: Store, crew: Any) -> State:
    from looptree.sweep.run import finish, run

    with _progress(study.name) as progress:
        state = run(study, store, crew, progress)
    finish(study, store)
    return state


@contextmanager
def _progress(title: str) -> Iterator[Callable[[State], None] | None]:
    from looptree.cli.console import progress_console
    from looptree.report.text import printable

    console = progress_console()
    if console is None:
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as line:
        bar = line.add_task(printable(title), total=None)

        def told(state: State) -> None:
            left = "" if state.left is None else f", about {state.left:,.0f} s left"
            text = printable(f"{title}: {state.done:,} of {state.total:,}{left}")
            line.update(bar, description=text, completed=state.done, total=state.total)

        yield told


def _overview(study: Study, store: Store) -> None:
    from looptree.cli.console import show
    from looptree.sweep.shown import overview

    show(overview(study, store))


@command.command(name="show")
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--what", type=click.Choice(QUESTIONS), default=QUESTIONS[0], show_default=True, help="The question.")
@click.option("--front", "names", metavar="A,B,...", help="Numbers of the Pareto front. [default: as in the study]")
@click.option("--csv", "as_csv", is_flag=True, help="Print exact numbers as CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print exact numbers as JSON.")
@click.option(
    "--parquet", type=click.Path(path_type=Path), metavar="FILE", help="Write exact numbers to a Parquet file."
)
@figure_option(PICTURES)
@html_option
def show_command(
    results: Path,
    what: str,
    names: str | None,
    as_csv: bool,
    as_json: bool,
    parquet: Path | None,
    figures: tuple[str, ...],
    html: Path | None,
) -> None:
    """Ask the results of a study, without computing anything again.

    \b
      looptree sweep show sizing.db --what best
      looptree sweep show sizing.db --what points --parquet sizing.parquet
      looptree sweep show sizing.db --figure front.svg --figure sensitivity=worth.pdf --html sizing.html
    """
    if as_csv and as_json:
        raise InputError("--csv and --json exclude each other")
    check_report(html)
    pictures = check_figures(figures, PICTURES, html, parquet)
    if parquet is not None:
        from looptree.cli.files import check_target
        from looptree.sweep.parquet import check_parquet

        check_target(parquet, force=True)
        check_parquet()
    from looptree.cli.console import show
    from looptree.sweep import Store, study_of
    from looptree.sweep import shown as tables
    from looptree.sweep.answers import checked

    study = study_of(results)
    wanted = checked(study, names.split(",")) if names is not None else list(study.front)
    what = "front" if names is not None and what == QUESTIONS[0] else what
    with Store(results, study, asked=True) as store:
        _write(study, store, pictures, html, wanted)
        if what == QUESTIONS[0] and not (as_csv or as_json or parquet):
            _overview(study, store)
            return
        rows = tables.selected(study, store, "points" if what == QUESTIONS[0] else what, wanted)
    if parquet is not None:
        from looptree.cli.files import write_whole
        from looptree.sweep.parquet import as_parquet

        write_whole(parquet, as_parquet(study, rows), force=True)
        click.echo(f"{len(rows):,} rows in {parquet}", err=True)
    if as_csv:
        click.echo(tables.as_csv(rows), nl=False)
    elif as_json:
        click.echo(tables.as_json(study, rows))
    elif parquet is None:
        show(tables.as_table(f"{study.name}: {what}", rows))


def _write(study: Study, store: Store, pictures: Sequence[Wanted], html: Path | None, names: Sequence[str]) -> None:
    """The pictures and the report that were asked for."""
    if pictures:
        from looptree.report.figures import panels_figure, write_figure
        from looptree.sweep.pictured import PANELS, SURVEYED, Answers

        answers = Answers.of(study, store, names)
        for picture in pictures:
            if study.group is not None and picture.kind not in SURVEYED:
                hint = f"known: {', '.join(SURVEYED)}"
                raise InputError(f"a survey has no picture of {picture.kind!r}", where="--figure", hint=hint)
            write_figure(panels_figure(PANELS[picture.kind](answers)), picture.path)
    if html is not None:
        from looptree.sweep.page import sweep_html

        write_report(html, lambda made_by: sweep_html(study, store, names, made_by=made_by))
