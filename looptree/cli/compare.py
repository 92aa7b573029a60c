"""`looptree compare`: a network layer by layer against fused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from looptree.cli.figures import check_figures, figure_option, write_figures
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
    Asked,
    architecture_option,
    asked,
    evaluate_line,
    limit_option,
    search_options,
    shown_progress,
    write_plan,
)

if TYPE_CHECKING:
    from looptree.architecture import Architecture
    from looptree.report.compared import Compared
    from looptree.report.html.shown import ShownPlan

SPACES = ("default", "wide", "pipelined", "nested", "circular", "quick")
"""For the fused plan."""

PICTURES = ("energy", "latency", "layers", "roofline", "graph", "occupancy", "tree", "steps")


@click.command(name="compare")
@network_argument
@architecture_option
@buffer_option
@search_options(SPACES)
@limit_option
@set_option("A parameter of the network, such as batch=4. May be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the exact numbers.")
@click.option("--csv", "as_csv", is_flag=True, help="Print rows of exact numbers, one per group and in total.")
@click.option("--mapping", type=click.Path(path_type=Path), help="Write the fused plan to this YAML file.")
@click.option("--force", is_flag=True, help="Let --mapping overwrite a file.")
@html_option
@figure_option(PICTURES)
def command(
    network: str,
    architecture: str,
    buffer: str | None,
    objective: str,
    space: str,
    time_limit: str | None,
    workers: str | None,
    limits: tuple[str, ...],
    settings: tuple[str, ...],
    as_json: bool,
    as_csv: bool,
    mapping: Path | None,
    force: bool,
    html: Path | None,
    figures: tuple[str, ...],
) -> None:
    """A network layer by layer against fused: off-chip transfers, buffer, operations, energy, latency.

    NETWORK is a YAML file, an ONNX model, or the name of what ships (`looptree networks`). Both plans are the best that
    there are for the buffer given in the space that is searched, and both are evaluated by the exact model. A --limit
    with an amount holds for both; with a factor, such as latency<=1x, it is of what the plan layer by layer takes.

    \b
      looptree compare mobilenet_v2 --buffer 256KiB
      looptree compare mobilenet_v2 --objective offchip --limit "latency<=1x"
      looptree compare bert_base --set sequence=128 --csv > bert.csv
      looptree compare resnet50 --html resnet50.html
      looptree compare resnet18 --figure energy.svg --figure roofline=roof.pdf
      looptree compare resnet18 --mapping fused.yaml
      looptree evaluate resnet18 mobile fused.yaml
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other", click.get_current_context())
    wanted = asked(objective, space, time_limit, workers, limits, of_another=True)
    parameters = read_settings(settings)
    if mapping is not None:
        from looptree.cli.files import check_target

        check_target(mapping, force=force)
    check_report(html)
    pictures = check_figures(figures, PICTURES, mapping, html)
    hardware = read_architecture(architecture, buffer, parameters)
    parameters = settings_of_workload(parameters, network, architecture)
    compared = _compare(network, hardware, wanted, parameters)
    warn(hardware)
    note_parallel(compared.workload, hardware)
    if mapping is not None:
        if compared.fused.architecture != hardware:
            buffer = str(compared.fused.capacity_bytes)
        line = evaluate_line(network, architecture, buffer, settings, mapping)
        write_plan(mapping, compared.fused, parameters, line, force=force)
    _print(compared, as_json=as_json, as_csv=as_csv)
    write_report(html, lambda made_by: _report(compared, made_by))
    write_figures(pictures, lambda: _shown(compared))


def _compare(network: str, architecture: Architecture, wanted: Asked, parameters: dict[str, int]) -> Compared:
    workload = load_network(network, parameters, architecture)
    from looptree.report.compared import Compared
    from looptree.search import compare, space_named

    with shown_progress(f"comparing {workload.name}", wanted.objective) as progress:
        comparison = compare(
            workload,
            architecture,
            objective=wanted.objective,
            limits=wanted.limits,
            space=space_named(wanted.space),
            seconds=wanted.seconds,
            workers=wanted.workers,
            progress=progress,
        )
    return Compared(workload, architecture, comparison)


def _shown(compared: Compared) -> list[ShownPlan]:
    from looptree.report.html.shown import shown_plan

    return [
        shown_plan(compared.layer_by_layer, key="apart", title="layer by layer"),
        shown_plan(compared.fused, key="fused", title="fused"),
    ]


def _report(compared: Compared, made_by: str) -> str:
    from looptree.report.html import comparison_html

    return comparison_html(compared, made_by=made_by)


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
