"""The report of a buffer sizing: the curve with the design behind each point, what is enough, and what changes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from looptree.report.html.charts import Chart, Dot, charts_data, charts_markup, curve
from looptree.report.html.datatable import CYCLES, Cell, Column, DataTable, folded, table_markup, term_link
from looptree.report.html.markup import element, joined
from looptree.report.html.page import Page, Section, page_html
from looptree.report.proof import NOUNS
from looptree.report.sizing.drawn import drawn, left_of_picture
from looptree.report.sizing.sentences import change_sentences, conclusion, gap, proof_sentences, title
from looptree.report.sizing.tables import UNITS
from looptree.report.text import counted, listed
from looptree.search.asked.objective import amount
from looptree.sizing import Point, Sizing, answers, knees
from looptree.sizing.answers import minimum
from looptree.units import BYTES, COUNTS, PICOJOULES, format_percent, format_size

FUSED, ALONE = "fused", "layer by layer"
_BASE = {"offchip": "B", "energy": "pJ", "latency": "cycles", "operations": "operations"}


def sizing_html(sizing: Sizing, *, made_by: str) -> str:
    """The report of a buffer sizing.

    Args:
        sizing: a finished curve. made_by: the program and its version.
    """
    sections = [_curve_section(sizing), _answers_section(sizing), *_changes_section(sizing), _others_section(sizing)]
    heading, *lead = f"{title(sizing)}.".split(": ", 1)
    return page_html(Page(heading, [line[0].upper() + line[1:] for line in lead], sections, made_by))


def value_of(point: Point, metric: str) -> float | int:
    """What the plan of a point takes, in the base unit of the metric."""
    return {
        "offchip": point.offchip_bytes,
        "energy": point.energy_pj,
        "latency": point.latency_cycles,
        "operations": point.operations,
    }[metric]


def _curve_section(sizing: Sizing) -> Section:
    least = amount(sizing.objective, minimum(sizing))
    rule = ("compulsory minimum" if sizing.objective == "offchip" else "least there is", minimum(sizing))
    caption = joined(
        "Each point is the best plan for one ",
        term_link("capacity"),
        f"; choose one to see its design. The dashed line is the least with room for everything, {least}. ",
        "A ring is a ",
        term_link("knee"),
        ". Between two points the next smaller one holds.",
        _left_out(sizing),
    )
    chart = _chart(sizing, sizing.objective, caption, [rule])
    said = [element("p", line) for line in conclusion(sizing).split("\n")]
    found, searched = proof_sentences(sizing).split(". ", 1)
    proven = element("p", f"{found}.")
    more = element("details", element("summary", "What was searched"), element("p", searched))
    tables = folded("Tables of these numbers", *(_table(sizing, name) for name in (FUSED, ALONE)))
    return Section("curve", "The curve", joined(charts_markup(chart), tables, *said, proven, more), charts_data(chart))


def _chart(sizing: Sizing, metric: str, caption: str, rules: Sequence[tuple[str, float | int]] = ()) -> Chart:
    noun = NOUNS[metric]
    return curve(
        f"curve-{metric}",
        f"{noun[0].upper()}{noun[1:]} against the capacity of {sizing.buffer}",
        caption,
        ((f"capacity of {sizing.buffer}", "B"), (noun, _BASE[metric])),
        {
            name: [_dot(sizing, point, metric, name) for point in drawn(_points(sizing, name))]
            for name in (FUSED, ALONE)
        },
        rules=rules,
        steps=True,
    )


def _left_out(sizing: Sizing) -> str:
    point = left_of_picture(sizing)
    if point is None:
        return ""
    size, value = format_size(point.capacity_bytes), amount(sizing.objective, point.value)
    return f" Far to the left of the picture is {size}, the smallest buffer that has a plan: fused {value}."


def _points(sizing: Sizing, name: str) -> tuple[Point, ...]:
    return sizing.fused if name == FUSED else sizing.layer_by_layer


def _dot(sizing: Sizing, point: Point, metric: str, name: str) -> Dot:
    bends = metric == sizing.objective and point in knees(_points(sizing, name))
    return Dot(
        point.capacity_bytes,
        value_of(point, metric),
        format_size(point.capacity_bytes) + (", a knee" if bends else ""),
        point_lines(point),
        ringed=bends,
    )


def point_lines(point: Point) -> list[str]:
    """The design behind a point, in lines."""
    proven = "Proven optimal" if point.status == "optimal" else f"Gap {gap(point)}"
    again = f", {point.recomputed:,} of them again" if point.recomputed else ""
    numbers = [
        f"needs {format_size(point.demand_bytes)}",
        *(f"{NOUNS[m]} {amount(m, value_of(point, m))}" for m in ("offchip", "energy", "latency")),
        f"{point.operations:,} operations{again}",
    ]
    fused = [group for group in point.groups if len(group.layers) > 1]
    lines = [f"{proven}: {', '.join(numbers)}."]
    lines.append(f"{counted(len(point.groups), 'group')}, {len(fused)} of them fused.")
    lines += [
        f"Group {number}: {', '.join(group.layers)}"
        + (f"; whole on chip {', '.join(group.whole)}" if group.whole else "")
        + (f"; recomputing {', '.join(group.recomputing)}" if group.recomputing else "")
        for number, group in enumerate(point.groups, start=1)
        if len(group.layers) > 1
    ]
    if point.resident:
        lines.append(f"On chip between groups: {', '.join(point.resident)}.")
    return lines


def _table(sizing: Sizing, name: str) -> DataTable:
    columns = (
        Column("buffer"),
        Column("capacity", BYTES, term="capacity"),
        Column("needed", BYTES, term="demand"),
        Column("off-chip bytes", BYTES, term="offchip"),
        Column("energy", PICOJOULES, term="energy"),
        Column("latency", CYCLES, "cycles", "latency"),
        Column("operations", COUNTS, term="operations"),
        Column("recomputed", COUNTS, term="recomputed"),
        Column("bound", UNITS[sizing.objective], "cycles" if sizing.objective == "latency" else "", "bound"),
        Column("groups"),
        Column("status", term="status"),
    )
    rows: list[list[Cell]] = [
        [
            format_size(point.capacity_bytes),
            point.capacity_bytes,
            point.demand_bytes,
            point.offchip_bytes,
            Fraction(point.energy_pj),
            Fraction(point.latency_cycles),
            point.operations,
            point.recomputed,
            Fraction(point.bound),
            len(point.groups),
            point.status,
        ]
        for point in _points(sizing, name)
    ]
    return DataTable(f"points-{name.replace(' ', '-')}", f"Points, {name}", columns, rows)


def _answers_section(sizing: Sizing) -> Section:
    columns = (
        Column("within"),
        Column("at most", UNITS[sizing.objective], "cycles" if sizing.objective == "latency" else ""),
        Column(f"{FUSED}: enough", BYTES, term="capacity"),
        Column("too small", BYTES),
        Column(f"{ALONE}: enough", BYTES, term="capacity"),
        Column("too small", BYTES),
    )
    rows: list[list[Cell]] = [
        [
            f"{format_percent(Fraction(str(f.share)), 1).replace('.0 %', ' %')} of the least"
            if f.share
            else "the least",
            Fraction(f.target),
            f.capacity_bytes,
            f.not_enough_bytes,
            a.capacity_bytes,
            a.not_enough_bytes,
        ]
        for f, a in zip(answers(sizing), answers(sizing, fused=False), strict=True)
    ]
    intro = element(
        "p",
        "The smallest buffer that is good enough, and the largest that is proven too small. Of each kind of plan the "
        "least is its own; the column 'at most' is that of the fused plans.",
    )
    table = DataTable("enough", "How large a buffer has to be", columns, rows)
    return Section("enough", "How large it has to be", joined(intro, table_markup(table)))


def _changes_section(sizing: Sizing) -> list[Section]:
    _, *lines = change_sentences(sizing).split("\n")
    if not lines:
        return []
    items = [element("li", line.strip()) for line in lines]
    intro = element("p", "Of the fused plans; of plans with the same value one is shown.")
    body = joined(intro, element("ul", items))
    return [Section("changes", "What a larger buffer changes", body)]


def _others_section(sizing: Sizing) -> Section:
    others = [metric for metric in ("offchip", "energy", "latency") if metric != sizing.objective]
    caption = f"Of the plans with the least {NOUNS[sizing.objective]}, not of the best plans for this."
    charts = [_chart(sizing, metric, caption) for metric in others]
    names = listed([NOUNS[metric] for metric in others])
    return Section(
        "others", f"{names[0].upper()}{names[1:]} of these plans", charts_markup(*charts), charts_data(*charts)
    )
