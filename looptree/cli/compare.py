"""`looptree compare`: a network layer by layer against fused."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from looptree.cli.inputs import buffer_option, read_architecture, read_settings, set_option

if TYPE_CHECKING:
    from looptree.architecture import Architecture
    from looptree.report.compared import Compared

DEFAULT_ARCHITECTURE = "mobile"
OBJECTIVES = ("energy", "offchip", "latency")


@click.command(name="compare")
@click.argument("network")
@click.option("--architecture", default=DEFAULT_ARCHITECTURE, show_default=True, help="A YAML file, or what ships.")
@buffer_option
@click.option(
    "--objective",
    type=click.Choice(OBJECTIVES),
    default=OBJECTIVES[0],
    show_default=True,
    help="What both plans minimise.",
)
@set_option("A parameter of the network, such as batch=4. May be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the exact numbers.")
@click.option("--csv", "as_csv", is_flag=True, help="Print rows of exact numbers, one per group and in total.")
@click.option("--mapping", type=click.Path(path_type=Path), help="Write the fused mapping to this YAML file.")
@click.option("--force", is_flag=True, help="Let --mapping overwrite a file.")
def command(
    network: str,
    architecture: str,
    buffer: str | None,
    objective: str,
    settings: tuple[str, ...],
    as_json: bool,
    as_csv: bool,
    mapping: Path | None,
    force: bool,
) -> None:
    """A network layer by layer against fused: off-chip transfers, buffer, operations, energy, latency.

    NETWORK is a YAML file, or the name of what ships (`looptree networks`). Both plans are the best that the search
    finds for the buffer given, and both are evaluated by the exact model.

    \b
      looptree compare mobilenet_v2 --buffer 256KiB
      looptree compare bert_base --set sequence=128 --csv > bert.csv
      looptree compare resnet18 --mapping fused.yaml
      looptree evaluate resnet18 mobile fused.yaml
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other", click.get_current_context())
    if mapping is not None:
        from looptree.cli.files import check_target

        check_target(mapping, force=force)
    compared = _compare(network, read_architecture(architecture, buffer), objective, read_settings(settings))
    if mapping is not None:
        _write_mapping(mapping, compared, _evaluate_line(network, architecture, buffer, settings, mapping), force)
    _print(compared, as_json=as_json, as_csv=as_csv)


def _compare(network: str, architecture: Architecture, objective: str, settings: dict[str, int]) -> Compared:
    from looptree.workload.load import load_workload

    workload = load_workload(network, **settings)  # bad input is reported before anything heavy is imported
    from looptree.report.compared import Compared
    from looptree.search import compare

    with _progress(f"comparing {workload.name}") as progress:
        comparison = compare(workload, architecture, objective=objective, progress=progress)
    return Compared(workload, architecture, comparison, objective)


def _print(compared: Compared, *, as_json: bool, as_csv: bool) -> None:
    if as_json:
        import json

        from looptree.report.rows import comparison_dict

        click.echo(json.dumps(comparison_dict(compared), indent=2))
    elif as_csv:
        from looptree.report.rows import comparison_csv

        click.echo(comparison_csv(compared), nl=False)
    else:
        from looptree.cli.console import show
        from looptree.report.comparison import comparison_report

        show(comparison_report(compared))


def _write_mapping(path: Path, compared: Compared, line: str, force: bool) -> None:
    from looptree.cli.files import write_whole
    from looptree.report.text import printable
    from looptree.taxonomy.reader import mapping_to_yaml

    head = f"# The fused mapping of {compared.workload.name}, found by looptree compare. Its numbers:\n#   {line}\n"
    write_whole(
        path,
        "".join(f"{printable(text)}\n" for text in head.splitlines()) + mapping_to_yaml(compared.comparison.fused.tree),
        force=force,
    )


def _evaluate_line(network: str, architecture: str, buffer: str | None, settings: tuple[str, ...], path: Path) -> str:
    """The command that evaluates the mapping again."""
    words = ["looptree", "evaluate", network, architecture, str(path)]
    words += ["--buffer", buffer] if buffer is not None else []
    for setting in settings:
        words += ["--set", setting]
    return shlex.join(words)


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int, str], None] | None]:
    """A bar on stderr while the search runs, if that is a terminal."""
    from looptree.cli.console import progress_console
    from looptree.report.text import printable

    console = progress_console()
    if console is None:
        yield None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(printable(title), total=None)
        yield lambda done, total, text: bar.update(
            task, completed=done, total=total, description=printable(f"{title}: {text}" if text else title)
        )
