"""`looptree search`: the best plan of a network, with a proof."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from looptree.cli.figures import PLAN_KINDS, check_figures, figure_option, write_figures
from looptree.cli.inputs import buffer_option, read_architecture, read_settings, set_option, settings_of_workload, warn
from looptree.cli.reports import check_report, html_option, write_report
from looptree.cli.searching import (
    SPACES,
    Asked,
    architecture_option,
    asked,
    evaluate_line,
    load_network,
    search_options,
    shown_progress,
    write_plan,
)

if TYPE_CHECKING:
    from looptree.architecture import Architecture
    from looptree.report.html.shown import ShownPlan
    from looptree.report.planned import Planned


@click.command(name="search")
@click.argument("network")
@architecture_option
@buffer_option
@search_options(SPACES)
@set_option("A parameter of the network, such as batch=4. May be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the exact numbers.")
@click.option("-o", "--yaml", "output", type=click.Path(path_type=Path), help="Write the plan to this YAML file.")
@click.option("--force", is_flag=True, help="Let --yaml overwrite a file.")
@html_option
@figure_option(PLAN_KINDS)
def command(
    network: str,
    architecture: str,
    buffer: str | None,
    objective: str,
    space: str,
    time_limit: str | None,
    workers: str | None,
    settings: tuple[str, ...],
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
      looptree search bert_base --set sequence=128 --space quick --time-limit 60
      looptree search resnet18 -o plan.yaml
      looptree evaluate resnet18 mobile plan.yaml
    """
    wanted = asked(objective, space, time_limit, workers)
    parameters = read_settings(settings)
    if output is not None:
        from looptree.cli.files import check_target

        check_target(output, force=force)
    check_report(html)
    pictures = check_figures(figures, PLAN_KINDS)
    hardware = read_architecture(architecture, buffer, parameters)
    parameters = settings_of_workload(parameters, network, architecture)
    planned = _search(network, hardware, wanted, parameters)
    warn(hardware)
    if output is not None:
        line = evaluate_line(network, architecture, buffer, settings, output)
        write_plan(output, planned, parameters, line, force=force)
    write_report(html, lambda made_by: _report(planned, made_by))
    write_figures(pictures, lambda: [_shown(planned)])
    _print(planned, parameters, as_json=as_json)


def _search(network: str, architecture: Architecture, wanted: Asked, parameters: dict[str, int]) -> Planned:
    workload = load_network(network, parameters)
    from looptree.report.planned import Planned
    from looptree.search import search, space_named

    with shown_progress(f"searching {workload.name}", wanted.objective) as progress:
        plan = search(
            workload,
            architecture,
            objective=wanted.objective,
            space=space_named(wanted.space),
            seconds=wanted.seconds,
            workers=wanted.workers,
            progress=progress,
        )
    return Planned(workload, architecture, plan)


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
