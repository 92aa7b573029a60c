"""The totals of one plan, or of two side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from looptree.model.result import Evaluation, plain
from looptree.report.html.datatable import term_link
from looptree.report.html.markup import Markup, element
from looptree.report.html.page import Section
from looptree.report.html.shown import ShownPlan
from looptree.report.planned import offchip_bytes
from looptree.units import BYTES, COUNTS, PICOJOULES, Units, format_percent, format_ratio, format_size, scale


@dataclass(frozen=True, slots=True)
class _Total:
    term: str
    name: str
    units: Units
    base: str
    noun: str
    values: tuple[int | Fraction, ...]


def summary_section(plans: Sequence[ShownPlan], sentences: Sequence[str], searched: Sequence[str] = ()) -> Section:
    """Totals, what is to be said about them, and, on demand, what was searched and how."""
    totals = _totals(plans)
    said = [element("p", sentence) for sentence in sentences]
    more = element("details", element("summary", "What was searched"), [element("p", line) for line in searched])
    body = element("div", _cards(totals, plans), said, _table(totals, plans), more if searched else None)
    return Section("totals", "In total", body)


def _totals(plans: Sequence[ShownPlan]) -> list[_Total]:
    evaluations = [plan.evaluation for plan in plans]
    architecture = plans[0].design.architecture
    live = architecture.allocation == "live"
    reads, writes = zip(*(offchip_bytes(evaluation) for evaluation in evaluations), strict=True)
    needed = [
        _Total(
            "buffer",
            f"{level.name} needed",
            BYTES,
            "bytes",
            "",
            tuple(
                e.occupancy[level.name].live_bytes if live else e.occupancy[level.name].window_bytes
                for e in evaluations
            ),
        )
        for level in architecture.levels[1:]
    ]
    return [
        _Total("offchip", "off-chip bytes", BYTES, "bytes", "", tuple(e.offchip_bytes for e in evaluations)),
        _Total("offchip_reads", "off-chip reads", BYTES, "bytes", "", reads),
        _Total("offchip_writes", "off-chip writes", BYTES, "bytes", "", writes),
        *needed,
        _Total(
            "operations",
            "operations",
            COUNTS,
            "operations",
            "operations",
            tuple(e.total_operations for e in evaluations),
        ),
        _Total(
            "recomputed",
            "recomputed",
            COUNTS,
            "operations",
            "operations",
            tuple(e.recomputed_operations for e in evaluations),
        ),
        _Total("energy", "energy", PICOJOULES, "pJ", "", tuple(e.energy.total for e in evaluations)),
        _Total("latency", "latency", COUNTS, "cycles", "cycles", tuple(e.latency.overlapped for e in evaluations)),
        *_stepwise(evaluations),
    ]


def _stepwise(evaluations: Sequence[Evaluation]) -> list[_Total]:
    cycles = [e.latency.stepwise.cycles for e in evaluations if e.latency.stepwise is not None]
    if len(cycles) < len(evaluations):
        return []
    return [_Total("stepwise", "latency step by step", COUNTS, "cycles", "cycles", tuple(cycles))]


def _cards(totals: Sequence[_Total], plans: Sequence[ShownPlan]) -> Markup:
    """The numbers that one looks for first, of the last plan, against the first."""
    cards = []
    for total in totals:
        if total.term not in ("offchip", "buffer", "energy", "latency"):
            continue
        unit = scale(total.values, total.units)
        value = total.values[-1]
        against = None
        if len(plans) > 1:
            against = f"{format_percent(value, total.values[0])} of {plans[0].title}"
        elif total.term == "buffer":
            level = plans[0].design.architecture.level(total.name.removesuffix(" needed"))
            if level.total_bytes is not None:
                against = f"{format_percent(value, level.total_bytes)} of {format_size(level.total_bytes)}"
        cards.append(
            element(
                "div",
                element("div", term_link(total.term, total.name), class_="card-name"),
                element(
                    "div",
                    unit.text(value),
                    element("span", f" {unit.unit} {total.noun}".rstrip(), class_="unit"),
                    class_="card-value",
                ),
                element("div", against, class_="card-against") if against else None,
                class_="card",
            )
        )
    return element("div", cards, class_="cards")


def _table(totals: Sequence[_Total], plans: Sequence[ShownPlan]) -> Markup:
    head = [element("th", "quantity", scope="col"), element("th", "unit", scope="col")]
    head += [element("th", plan.title, scope="col") for plan in plans]
    head += [element("th", "ratio", scope="col")] if len(plans) > 1 else []
    rows = []
    for total in totals:
        unit = scale(total.values, total.units)
        cells = [element("th", term_link(total.term, total.name), scope="row", data_csv=f"{total.name} [{total.base}]")]
        cells.append(element("td", f"{unit.unit} {total.noun}".strip()))
        cells += [
            element(
                "td",
                unit.text(v),
                class_="number",
                data_v=plain(Fraction(v)),
                title=f"{plain(Fraction(v)):,} {total.base}",
            )
            for v in total.values
        ]
        if len(plans) > 1:
            cells.append(element("td", format_ratio(total.values[-1], total.values[0]), class_="number"))
        rows.append(element("tr", cells))
    caption = element("caption", "Totals")
    table = element("table", caption, element("thead", element("tr", head)), element("tbody", rows), id="table-totals")
    save = element("button", "Save as CSV", type="button", class_="csv", data_table="table-totals", data_file="totals")
    return element(
        "div",
        element("div", table, class_="scroll", tabindex=0, role="region", aria_label="Totals, scrolls sideways"),
        save,
    )
