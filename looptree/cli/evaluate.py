"""`looptree evaluate`: the exact numbers of one mapping."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from looptree.cli.ending import DefectError
from looptree.cli.figures import PLAN_KINDS, check_figures, figure_option, write_figures
from looptree.cli.inputs import buffer_option, read_architecture, read_design, read_settings, set_option, warn
from looptree.cli.names import design_arguments
from looptree.cli.reports import check_report, html_option, write_report
from looptree.errors import InputError, UnsupportedError

if TYPE_CHECKING:
    from looptree.check import CheckedCount
    from looptree.model.result import Evaluation
    from looptree.report.html.shown import ShownPlan
    from looptree.taxonomy.design import Design
    from looptree.taxonomy.plan_file import PlanRecord


@click.command(name="evaluate")
@design_arguments
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the exact numbers.")
@click.option("--check", "checked", is_flag=True, help="Count step by step as well and compare (small designs only).")
@click.option("--draw", "drawn", is_flag=True, help="Draw the mapping as a tree and as the loop nest that it means.")
@click.option("--full", is_flag=True, help="Do not shorten long tables.")
@click.option("--convention", help="Count as another tool does: looptree, the original one. [default: own]")
@html_option
@figure_option(PLAN_KINDS)
@buffer_option
@set_option("A parameter of the point, or else of the workload. May be repeated.")
def command(
    workload: str,
    architecture: str,
    mapping: str,
    as_json: bool,
    checked: bool,
    drawn: bool,
    full: bool,
    convention: str | None,
    html: Path | None,
    figures: tuple[str, ...],
    buffer: str | None,
    settings: tuple[str, ...],
) -> None:
    """The exact numbers of one mapping: buffers, transfers, operations, energy, latency.

    WORKLOAD and ARCHITECTURE are YAML files, or the names of what ships (`looptree networks`, `looptree
    architectures`). MAPPING is a YAML file, a plan that `looptree search` wrote, or the name of a published design
    (`looptree points`).

    \b
      looptree evaluate workload.yaml architecture.yaml mapping.yaml --json
      looptree evaluate conv_conv small fused_layer_cnn --set tile_p=4

    Files of the original LoopTree (problem, architecture with nodes or subtree, mapping of type fused) are read as they
    are, also all three from one file.
    """
    if as_json and (drawn or full):
        raise click.UsageError("--json goes with neither --draw nor --full", click.get_current_context())
    if convention is not None and checked:
        raise click.UsageError("--check counts by our own convention only", click.get_current_context())
    check_report(html)
    pictures = check_figures(figures, PLAN_KINDS, html)
    from looptree.model.convention import OWN
    from looptree.model.convention import convention as named
    from looptree.model.evaluate import evaluate_design
    from looptree.model.inside import with_nests
    from looptree.taxonomy.binding import bind

    try:
        counting = OWN if convention is None else named(convention)
    except InputError as problem:
        raise problem.at("--convention") from None
    given = read_settings(settings)
    hardware = read_architecture(architecture, buffer, given)
    network, tree, record = read_design(workload, hardware, mapping, given, architecture)
    design = with_nests(bind(network, hardware, tree))
    evaluation = evaluate_design(design, convention=counting)
    counts = _checked(design, evaluation) if checked else ()
    warn(hardware)
    write_report(html, lambda made_by: _report(design, evaluation, record, made_by))
    write_figures(pictures, lambda: [_shown(design, evaluation)])
    if as_json:
        _print_json(design, evaluation, counts, record, found_inside=design.tree is not tree)
    else:
        _print_tables(design, evaluation, counts, record, drawn=drawn, full=full)
    different = sum(not count.agrees for count in counts)
    if different:
        raise DefectError(f"model and simulator differ in {different} of {len(counts)} counts")


def _checked(design: Design, evaluation: Evaluation) -> Sequence[CheckedCount]:
    from looptree.check import checked_counts

    try:
        return checked_counts(design, evaluation)
    except UnsupportedError as problem:
        hint = "leave out --check, or use smaller rank extents"
        raise UnsupportedError(problem.problem, where="--check", hint=hint) from None


def _print_json(
    design: Design,
    evaluation: Evaluation,
    counts: Sequence[CheckedCount],
    record: PlanRecord | None,
    *,
    found_inside: bool,
) -> None:
    import json

    from looptree.report.agreement import agreement_dict

    data: dict[str, Any] = evaluation.to_dict()
    if found_inside:
        from looptree.taxonomy.reader import mapping_to_list

        data["mapping"] = mapping_to_list(design.tree.root)
    if record is not None:
        from looptree.report.recorded import recorded_dict

        data["plan"] = recorded_dict(record, design.architecture, evaluation)
    if counts:
        data["check"] = agreement_dict(counts)
    click.echo(json.dumps(data, indent=2))


def _print_tables(
    design: Design,
    evaluation: Evaluation,
    counts: Sequence[CheckedCount],
    record: PlanRecord | None,
    *,
    drawn: bool,
    full: bool,
) -> None:
    from looptree.cli.console import drawing, show
    from looptree.report.agreement import agreement
    from looptree.report.evaluation import evaluation_tables, headline
    from looptree.report.fit import fit_sentences
    from looptree.taxonomy.drawing import draw_loop_nest, draw_tree

    sentences = fit_sentences(design, evaluation)
    show(
        [
            *([drawing(draw_tree(design.tree)), drawing(draw_loop_nest(design))] if drawn else []),
            headline(design, evaluation),
            *([_recorded(design, evaluation, record)] if record is not None else []),
            *(["\n".join(sentences)] if sentences else []),
            *evaluation_tables(design, evaluation, full=full),
            *([agreement(counts)] if counts else []),
        ]
    )


def _shown(design: Design, evaluation: Evaluation) -> ShownPlan:
    from looptree.report.html.shown import shown_design

    return shown_design(design, evaluation)


def _report(design: Design, evaluation: Evaluation, record: PlanRecord | None, made_by: str) -> str:
    from looptree.report.html import evaluation_html

    notes = [_recorded(design, evaluation, record)] if record is not None else []
    return evaluation_html(design, evaluation, made_by=made_by, notes=notes)


def _recorded(design: Design, evaluation: Evaluation, record: PlanRecord) -> str:
    from looptree.report.recorded import recorded

    return recorded(record, design.architecture, evaluation)
