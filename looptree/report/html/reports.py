"""The reports of the commands."""

from __future__ import annotations

from collections.abc import Sequence

from looptree.model.result import Evaluation
from looptree.report.compared import Compared
from looptree.report.fit import fit_sentences
from looptree.report.html.costs import energy_section, latency_section, room_section
from looptree.report.html.graph import graph_section
from looptree.report.html.page import Page, Section, page_html
from looptree.report.html.roofline import roofline_section
from looptree.report.html.shown import ShownPlan, shown_design, shown_plan
from looptree.report.html.summary import summary_section
from looptree.report.planned import Planned
from looptree.report.proof import proof
from looptree.report.text import counted
from looptree.taxonomy.design import Design
from looptree.units import format_size


def evaluation_html(design: Design, evaluation: Evaluation, *, made_by: str, notes: Sequence[str] = ()) -> str:
    """The report of one mapping.

    Args:
        design: what was evaluated. evaluation: its numbers.
        made_by: the program and its version. notes: further sentences, such as what is proven of the mapping.
    """
    shown = shown_design(design, evaluation)
    return _html([shown], [*fit_sentences(design, evaluation), *notes], made_by)


def plan_html(planned: Planned, *, made_by: str) -> str:
    """The report of a plan that was searched for."""
    found, *searched = proof(planned.plan.statistics).split("\n")
    return _html([shown_plan(planned)], [found], made_by, searched)


def comparison_html(compared: Compared, *, made_by: str) -> str:
    """The report of a network layer by layer against fused."""
    apart = shown_plan(compared.layer_by_layer, key="apart", title="layer by layer")
    fused = shown_plan(compared.fused, key="fused", title="fused")
    sentences, searched = [], []
    for name, planned in (("Fused", compared.fused), ("Layer by layer", compared.layer_by_layer)):
        found, *more = proof(planned.plan.statistics).split("\n")
        sentences.append(f"{name}: {found[0].lower()}{found[1:]}")
        searched += [f"{name}: {more[0]}", *more[1:]]
    return _html([apart, fused], sentences, made_by, searched)


def plan_sections(plans: Sequence[ShownPlan]) -> list[Section]:
    """Everything about one plan, or about two of the same network of which the last is looked at."""
    return [
        graph_section(plans),
        *([room_section(plans)] if len(plans[-1].design.architecture.levels) > 1 else []),
        energy_section(plans),
        latency_section(plans),
        roofline_section(plans),
    ]


def _html(plans: Sequence[ShownPlan], sentences: Sequence[str], made_by: str, searched: Sequence[str] = ()) -> str:
    last = plans[-1]
    page = Page(
        f"{last.design.workload.name} on {last.design.architecture.name}",
        [_lead(last)],
        [summary_section(plans, sentences, searched), *plan_sections(plans)],
        made_by,
    )
    return page_html(page)


def _lead(shown: ShownPlan) -> str:
    sizes = [
        f"{level.name} {'unlimited' if level.total_bytes is None else format_size(level.total_bytes)}"
        for level in shown.design.architecture.levels[1:]
    ]
    layers = counted(len(shown.design.workload.einsums), "layer")
    groups = counted(len(shown.groups), "fusion group")
    return f"{layers} in {groups}; {', '.join(sizes)}." if sizes else f"{layers} in {groups}."
