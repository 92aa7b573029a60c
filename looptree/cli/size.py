"""`looptree size`: how large a buffer has to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from looptree.cli.figures import check_figures, figure_option
from looptree.cli.inputs import (
    load_network,
    note_parallel,
    read_architecture,
    read_settings,
    set_option,
    settings_of_workload,
    warn,
)
from looptree.cli.names import network_argument
from looptree.cli.notes import note
from looptree.cli.reports import check_report, html_option, write_report
from looptree.cli.searching import OBJECTIVES, architecture_option, asked, search_options
from looptree.errors import InputError
from looptree.units import parse_size

if TYPE_CHECKING:
    from looptree.architecture import Architecture
    from looptree.search import Space
    from looptree.sizing import Sizing, Step
    from looptree.sizing.cache import Memory
    from looptree.workload import Workload

_SPACES = ("default", "quick", "wide")


@click.command(name="size")
@network_argument
@architecture_option
@search_options(_SPACES, objectives=OBJECTIVES[:4], default_objective="offchip")
@set_option("A parameter of the network, such as batch=4. May be repeated.")
@click.option("--capacities", metavar="SIZE,...", help="These capacities: 64KiB,96KiB,128KiB. [default: doublings]")
@click.option("--from", "least", metavar="SIZE", help="Where the doublings begin. [default: 1/8 of the last one]")
@click.option("--points", type=click.IntRange(1, 16), default=1, show_default=True, help="Capacities per doubling.")
@click.option("--cache", type=click.Path(path_type=Path), help="Keep finished points here. [default: the user's cache]")
@click.option("--no-cache", is_flag=True, help="Keep no points, and use none that are known.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the exact numbers.")
@click.option("--csv", "as_csv", is_flag=True, help="Print rows of exact numbers, one per point.")
@html_option
@figure_option(("capacity",), "-o")
def command(
    network: str,
    architecture: str,
    objective: str,
    space: str,
    time_limit: str | None,
    workers: str | None,
    settings: tuple[str, ...],
    capacities: str | None,
    least: str | None,
    points: int,
    cache: Path | None,
    no_cache: bool,
    as_json: bool,
    as_csv: bool,
    html: Path | None,
    figures: tuple[str, ...],
) -> None:
    """How large a buffer has to be: the least objective against its capacity, fused and layer by layer.

    NETWORK is a YAML file, an ONNX model, or the name of what ships (`looptree networks`). Each point of the curve is
    the best plan that there is for one capacity in the space that is searched. The curve goes from the smallest buffer
    that has a plan to the one at which nothing more is gained. Finished points are kept: asked again, or after Ctrl-C,
    it goes on where it was. --time-limit is for each point.

    \b
      looptree size mobilenet_v2 -o curve.svg --html sizing.html
      looptree size resnet18 --objective energy --points 2
      looptree size bert_base --set sequence=128 --capacities 256KiB,384KiB,512KiB --csv > bert.csv
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other", click.get_current_context())
    if no_cache and cache is not None:
        raise click.UsageError("--cache and --no-cache exclude each other", click.get_current_context())
    if capacities is not None and (least is not None or points != 1):
        raise click.UsageError("--capacities goes with neither --from nor --points", click.get_current_context())
    check_report(html)
    pictures = check_figures(figures, ("capacity",), html)
    searching = asked(objective, space, time_limit, workers)
    sizes = tuple(_size(text, "--capacities") for text in capacities.split(",")) if capacities is not None else ()
    lowest = None if least is None else _size(least, "--from")
    parameters = read_settings(settings)
    hardware = read_architecture(architecture, None, parameters)
    workload = load_network(network, settings_of_workload(parameters, network, architecture), hardware)
    from looptree.search import space_named
    from looptree.sizing import size

    wanted = space_named(searching.space)
    memory = None if no_cache else _cache(cache, workload, hardware, searching.objective, wanted)
    with _progress(f"sizing for {workload.name}") as progress:
        sizing = size(
            workload,
            hardware,
            objective=searching.objective,
            space=wanted,
            capacities=sizes,
            per_doubling=points,
            least=lowest,
            seconds=searching.seconds,
            workers=searching.workers,
            memory=memory,
            progress=progress,
        )
    warn(hardware)
    note_parallel(workload, hardware)
    write_report(html, lambda made_by: _report(sizing, made_by))
    for picture in pictures:
        from looptree.report.figures import capacity_figure, write_figure

        write_figure(capacity_figure(sizing), picture.path)
    _print(sizing, as_json=as_json, as_csv=as_csv)


def _size(text: str, option: str) -> int:
    try:
        return parse_size(text)
    except InputError as problem:
        raise problem.at(option) from None


def _cache(folder: Path | None, workload: Workload, architecture: Architecture, objective: str, space: Space) -> Memory:
    from looptree import __version__
    from looptree.search.asked.hardware import buffer_of
    from looptree.sizing.cache import Cache, default_folder, key_of

    buffer_of(architecture)
    if folder is not None and folder.exists() and not folder.is_dir():
        raise InputError("expected a folder, found a file", where=f"--cache {folder}")
    key = key_of(workload, architecture, objective, space, __version__)
    return Cache(folder or default_folder(), key, note)


@contextmanager
def _progress(title: str) -> Iterator[Callable[[Step], None] | None]:
    """The point that is searched, how many are done and about how long the rest takes, if stderr is a terminal."""
    from looptree.cli.searching import progress_line

    with progress_line(title) as show:
        yield None if show is None else lambda step: show(step_text(step))


def step_text(step: Step) -> str:
    """How far the work is, in a few words."""
    from looptree.units import format_size

    left = "" if step.seconds_left is None else f", about {step.seconds_left:.0f} s left"
    kind = step.kind.replace("_", " ")
    return f"{format_size(step.capacity_bytes)} {kind}, {step.done} points done, about {step.left} to come{left}"


def _report(sizing: Sizing, made_by: str) -> str:
    from looptree.report.html import sizing_html

    return sizing_html(sizing, made_by=made_by)


def _print(sizing: Sizing, *, as_json: bool, as_csv: bool) -> None:
    if as_json:
        import json

        from looptree.report.sizing.rows import sizing_dict

        click.echo(json.dumps(sizing_dict(sizing), indent=2))
    elif as_csv:
        from looptree.report.sizing.rows import sizing_csv

        click.echo(sizing_csv(sizing), nl=False)
    else:
        from looptree.cli.console import show
        from looptree.report.sizing.tables import sizing_report

        show(sizing_report(sizing))
