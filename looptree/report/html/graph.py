"""The layer graph with its fusion groups, and the panel of the group that is chosen."""

from __future__ import annotations

from collections.abc import Sequence

from looptree.report.html.datatable import term_link
from looptree.report.html.groups import plan_data
from looptree.report.html.markup import Markup, element, joined
from looptree.report.html.page import Section
from looptree.report.html.shown import ShownPlan
from looptree.report.text import short_layers


def graph_section(plans: Sequence[ShownPlan]) -> Section:
    """The places that scripts fill, and the data of all plans."""
    last = plans[-1]
    intro = element(
        "p",
        "Each frame is a ",
        term_link("group"),
        "; they run in the order of their numbers. A solid line is a tensor that stays on chip, a dashed line one that "
        "goes off chip. Choose a group to see its tree and its steps below.",
    )
    body = joined(intro, _toolbar(plans), _picture(), _panel())
    return Section(
        "graph",
        "Layer graph and fusion groups",
        body,
        {"plans": {plan.key: plan_data(plan) for plan in plans}, "first_plan": last.key},
    )


def _toolbar(plans: Sequence[ShownPlan]) -> Markup:
    choose_plan = None
    if len(plans) > 1:
        buttons = [
            element("button", plan.title, type="button", data_plan=plan.key, aria_pressed="false") for plan in plans
        ]
        choose_plan = element("div", buttons, class_="buttons", role="group", aria_label="Plan")
    options = [
        element("option", f"{i + 1}: {short_layers(group.result.einsums)}", value=i)
        for i, group in enumerate(plans[-1].groups)
    ]
    choose_group = element(
        "div",
        element("button", "Previous", type="button", id="group-previous"),
        element("label", element("span", "Group", class_="unseen"), element("select", options, id="group-select")),
        element("button", "Next", type="button", id="group-next"),
        class_="buttons",
    )
    zoom = element(
        "div",
        element("button", "\u2212", type="button", id="zoom-out", aria_label="Zoom out"),
        element("button", "+", type="button", id="zoom-in", aria_label="Zoom in"),
        element("button", "Fit", type="button", id="zoom-fit", aria_label="Fit the graph into its frame"),
        class_="buttons",
        role="group",
        aria_label="Zoom",
    )
    return element("div", choose_plan, choose_group, zoom, class_="toolbar")


def _picture() -> Markup:
    label = "Layer graph; arrow keys scroll, Tab reaches the groups"
    return element("div", id="graph-view", class_="graph-view", tabindex=0, role="region", aria_label=label)


def _panel() -> Markup:
    return element(
        "div",
        element("h3", "Group", id="group-title"),
        element("div", id="group-facts"),
        element("h4", term_link("looptree", "LoopTree"), " of the group"),
        element(
            "div", id="tree-view", class_="tree-view", tabindex=0, role="region", aria_label="LoopTree of the group"
        ),
        element(
            "details",
            element("summary", "The loop nest that it means"),
            element("pre", id="nest-view", tabindex=0, role="region", aria_label="Loop nest of the group"),
        ),
        element("div", id="steps-view"),
        id="group-panel",
        class_="panel",
    )
