"""`looptree search`: the best plan of a network, with a proof."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from looptree.cli.figures import PLAN_KINDS, Wanted, check_figures, figure_option, write_figures
from looptree.cli.inputs import (
    buffer_option,
    load_network,
    note_parallel,
    read_architecture,
    read_settings,
    set_option,
    settings_of_workload,
    warn,
)
from looptree.cli.names import network_argument
from looptree.cli.reports import check_report, html_option, write_report
from looptree.cli.searching import (
    SPACES,
    Asked,
    architecture_option,
    asked,
    evaluate_line,
    limit_option,
    search_options,
    shown_progress,
    write_plan,
)
from looptree.errors import InputError

if TYPE_CHECKING:
    from looptree.architecture import Architecture
    from looptree.report.front import Fronted
    from looptree.report.html.shown import ShownPlan
    from looptree.report.planned import Planned
    from looptree.search import Space
    from looptree.workload import Workload


MOST_POINTS = 1_000_000

_POINTS = re.compile(r"\d{1,9}", re.ASCII)


@click.command(name="search")
@network_argument
@architecture_option
@buffer_option
@search_options(SPACES)
@limit_option
@click.option(
    "--restrict",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A YAML file with what plans must and must not do: loops, tile shapes, tensors kept, layers fused.",
)
@set_option("A parameter of the network, such as batch=4. May be repeated.")
@click.option(
    "--front",
    "axes",
    metavar="AXIS,AXIS[,AXIS]",
    help="Plans that trade these: capacity,offchip or energy,latency, ...",
)
@click.option("--points", metavar="N", help="Points of the front, about so many at most. [default: 16]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the exact numbers.")
@click.option("-o", "--yaml", "output", type=click.Path(path_type=Path), help="Write the plan to this YAML file.")
@click.option("--force", is_flag=True, help="Let --yaml overwrite a file.")
@html_option
@figure_option((*PLAN_KINDS, "front"))
def command(
    network: str,
    architecture: str,
    buffer: str | None,
    objective: str,
    space: str,
    time_limit: str | None,
    workers: str | None,
    limits: tuple[str, ...],
    restrict: Path | None,
    settings: tuple[str, ...],
    axes: str | None,
    points: str | None,
    as_json: bool,
    output: Path | None,
    force: bool,
    html: Path | None,
    figures: tuple[str, ...],
) -> None:
    """The best plan of a network in a space of designs, with a proof.

    NETWORK is a YAML file, an ONNX model, or the name of what ships (`looptree networks`). A plan says which layers run
    fused, in which tiles, and what stays on chip. It is optimal in the space that was searched, or the search says by
    how much another plan might be better. The exact model gives its numbers.

    \b
      looptree search mobilenet_v2 --buffer 256KiB --objective offchip
      looptree search mobilenet_v2 --objective edp --limit "offchip<=4MiB"
      looptree search mobilenet_v2 --objective capacity --limit "offchip<=1.2x"
      looptree search bert_base --set sequence=128 --space quick --time-limit 60
      looptree search mobilenet_v2 --front capacity,offchip --points 8 --html front.html
      looptree search resnet18 -o plan.yaml
      looptree evaluate resnet18 mobile plan.yaml
    """
    wanted = asked(objective, space, time_limit, workers, limits)
    parameters = read_settings(settings)
    if axes is not None or points is not None:
        asked_front = _asked_front(axes, points, output)
        check_report(html)
        pictures = check_figures(figures, ("front",), html)
        hardware = read_architecture(architecture, buffer, parameters)
        parameters = settings_of_workload(parameters, network, architecture)
        fronted = _front(network, hardware, wanted, parameters, restrict, asked_front)
        warn(hardware)
        note_parallel(fronted.workload, hardware)
        _print_front(fronted, parameters, as_json=as_json)
        write_report(html, lambda made_by: _front_report(fronted, made_by))
        _front_figures(fronted, pictures)
        return
    if output is not None:
        from looptree.cli.files import check_target

        check_target(output, force=force)
    check_report(html)
    pictures = check_figures(figures, PLAN_KINDS, output, html)
    hardware = read_architecture(architecture, buffer, parameters)
    parameters = settings_of_workload(parameters, network, architecture)
    planned = _search(network, hardware, wanted, parameters, restrict)
    warn(hardware)
    note_parallel(planned.workload, hardware)
    if output is not None:
        if planned.architecture != hardware:
            buffer = str(planned.capacity_bytes)
        line = evaluate_line(network, architecture, buffer, settings, output)
        write_plan(output, planned, parameters, line, force=force)
    _print(planned, parameters, as_json=as_json)
    write_report(html, lambda made_by: _report(planned, made_by))
    write_figures(pictures, lambda: [_shown(planned)])


def _space(name: str, restrict: Path | None, workload: Workload, architecture: Architecture) -> Space:
    """The space of a name, with the restrictions of a file."""
    from looptree.search import space_named

    if restrict is None:
        return space_named(name)
    from looptree.search.asked.restrict_file import read_restrictions

    return read_restrictions(restrict, workload, architecture, space_named(name))


def _search(
    network: str, architecture: Architecture, wanted: Asked, parameters: dict[str, int], restrict: Path | None
) -> Planned:
    workload = load_network(network, parameters, architecture)
    space = _space(wanted.space, restrict, workload, architecture)
    from looptree.report.planned import Planned
    from looptree.search import search

    with shown_progress(f"searching {workload.name}", wanted.objective) as progress:
        plan = search(
            workload,
            architecture,
            objective=wanted.objective,
            limits=wanted.limits,
            space=space,
            seconds=wanted.seconds,
            workers=wanted.workers,
            progress=progress,
        )
    return Planned(workload, plan.architecture, plan)


def _asked_front(axes: str | None, points: str | None, output: Path | None) -> tuple[tuple[str, ...], int]:
    """The axes of a front and its number of points, checked."""
    from looptree.search.answers.front import checked_axes
    from looptree.search.search import POINTS

    if axes is None:
        raise InputError("there are no points without a front", where="--points", hint="add --front capacity,offchip")
    if click.get_current_context().get_parameter_source("objective") is not ParameterSource.DEFAULT:
        raise InputError(
            "a front has its axes for objectives", where="--objective", hint="leave it out, or leave out --front"
        )
    if output is not None:
        raise InputError("a front has several plans", where="--yaml", hint="--json prints the mappings of all of them")
    try:
        known = checked_axes([axis.strip() for axis in axes.split(",")])
    except InputError as problem:
        raise problem.at("--front") from None
    if points is None:
        return known, POINTS
    count = int(points) if _POINTS.fullmatch(points.strip()) else 0
    if not 2 <= count <= MOST_POINTS:
        raise InputError(f"expected a number of points from 2 to {MOST_POINTS:,}, found {points!r}", where="--points")
    return known, count


def _front(
    network: str,
    architecture: Architecture,
    wanted: Asked,
    parameters: dict[str, int],
    restrict: Path | None,
    asked_front: tuple[tuple[str, ...], int],
) -> Fronted:
    workload = load_network(network, parameters, architecture)
    space = _space(wanted.space, restrict, workload, architecture)
    import time

    from looptree.report.front import Fronted
    from looptree.search import front

    started = time.perf_counter()
    with shown_progress(f"searching {workload.name}", None) as progress:
        found = front(
            workload,
            architecture,
            axes=asked_front[0],
            points=asked_front[1],
            limits=wanted.limits,
            space=space,
            seconds=wanted.seconds,
            workers=wanted.workers,
            progress=progress,
        )
    return Fronted(workload, architecture, found, time.perf_counter() - started)


def _front_report(fronted: Fronted, made_by: str) -> str:
    from looptree.report.html import front_html

    return front_html(fronted, made_by=made_by)


def _front_figures(fronted: Fronted, wanted: Sequence[Wanted]) -> None:
    if wanted:
        from looptree.report.figures import plans_figure, write_figure

        for picture in wanted:
            write_figure(plans_figure(fronted), picture.path)


def _print_front(fronted: Fronted, parameters: dict[str, int], *, as_json: bool) -> None:
    from looptree.report.front import front_dict, front_report

    if as_json:
        import json

        click.echo(json.dumps(front_dict(fronted, parameters), indent=2))
    else:
        from looptree.cli.console import show

        show(front_report(fronted))


def _shown(planned: Planned) -> ShownPlan:
    from looptree.report.html.shown import shown_plan

    return shown_plan(planned)


def _report(planned: Planned, made_by: str) -> str:
    from looptree.report.html import plan_html

    return plan_html(planned, made_by=made_by)


def _print(planned: Planned, parameters: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        import json

        from looptree.report.rows import search_dict

        click.echo(json.dumps(search_dict(planned, parameters), indent=2))
    else:
        from looptree.cli.console import show
        from looptree.report.plan import plan_report

        show(plan_report(planned))
