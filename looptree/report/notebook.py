"""Results in a notebook, and as tables of pandas: rows of plain values, one per group, point or layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import singledispatch
from typing import TYPE_CHECKING, Any

from looptree.errors import InputError
from looptree.model.result import Evaluation, plain
from looptree.report.html.markup import Markup, element, joined
from looptree.report.proof import NOUNS, verdict
from looptree.report.sizing.rows import COLUMNS as POINT_COLUMNS
from looptree.report.sizing.sentences import conclusion, title
from looptree.report.text import short_layers
from looptree.search import Comparison, Plan
from looptree.sizing import Sizing
from looptree.units import format_count, format_energy, format_percent, format_ratio, format_size
from looptree.workload import Workload

if TYPE_CHECKING:
    import pandas

MOST_ROWS = 20

Row = Mapping[str, Any]


def html_of(value: object) -> str:
    """What a notebook shows of a result."""
    return str(element("div", _shown(value)))


def frame_of(value: object) -> pandas.DataFrame:
    """The rows of a result.

    Raises:
        InputError: pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise InputError("this needs pandas, which is not installed", hint="pip install pandas") from None
    return pandas.DataFrame(rows_of(value))


@singledispatch
def rows_of(value: object) -> list[Row]:
    """The rows of a result as plain data."""
    raise TypeError(f"no rows are known of {type(value).__name__}")


@rows_of.register
def _(value: Evaluation) -> list[Row]:
    return [
        {
            "group": index,
            "layers": " ".join(group.einsums),
            "offchip_reads_bytes": group.offchip_reads_bytes,
            "offchip_writes_bytes": group.offchip_writes_bytes,
            **{f"{level}_window_bytes": sizes[0] for level, sizes in group.occupancy.items()},
            **{f"{level}_live_bytes": sizes[1] for level, sizes in group.occupancy.items()},
            "operations": group.operations,
            "recomputed": group.recomputed,
            "energy_pj": plain(group.energy_pj),
            "latency_cycles": plain(group.latency_cycles),
            "bottleneck": group.bottleneck,
        }
        for index, group in enumerate(value.groups)
    ]


@rows_of.register
def _(value: Plan) -> list[Row]:
    return rows_of(value.evaluation)


@rows_of.register
def _(value: Comparison) -> list[Row]:
    plans = {"layer by layer": value.layer_by_layer, "fused": value.fused}
    return [{"plan": name, **row} for name, plan in plans.items() for row in rows_of(plan)]


@rows_of.register
def _(value: Sizing) -> list[Row]:
    kinds = {"layer by layer": value.layer_by_layer, "fused": value.fused}
    return [
        {
            column: name
            if column == "plan"
            else len(getattr(point, column))
            if column in ("groups", "resident")
            else getattr(point, column)
            for column in POINT_COLUMNS
        }
        for name, points in kinds.items()
        for point in points
    ]


@rows_of.register
def _(value: Workload) -> list[Row]:
    return [
        {
            "layer": einsum.name,
            "operation": einsum.operation,
            "ranks": " ".join(f"{rank}{extent}" for rank, extent in einsum.ranks.items()),
            "reads": " ".join(einsum.reads),
            "output": einsum.output.tensor,
            "output_bytes": value.tensors[einsum.output.tensor].size_bytes,
            "operations": einsum.operations,
        }
        for einsum in value.einsums
    ]


@singledispatch
def _shown(value: object) -> Markup:
    raise TypeError(f"{type(value).__name__} is not shown in notebooks")


@_shown.register
def _(value: Evaluation) -> Markup:
    fits = "every memory level fits" if value.fits else "does not fit"
    return joined(element("p", f"{_totals(value)}; {fits}"), _groups(value))


@_shown.register
def _(value: Plan) -> Markup:
    found = f"Least {NOUNS[value.statistics.objective]}: {verdict(value.statistics)}."
    return joined(element("p", found), _shown(value.evaluation))


@_shown.register
def _(value: Comparison) -> Markup:
    apart, fused = value.layer_by_layer.evaluation, value.fused.evaluation
    measures: list[tuple[str, Callable[[Evaluation], Any], Callable[[Any], str]]] = [
        ("off chip", lambda e: e.offchip_bytes, format_size),
        ("operations", lambda e: e.total_operations, format_count),
        ("recomputed", lambda e: e.recomputed_operations, format_count),
        ("energy", lambda e: e.energy.total, format_energy),
        ("cycles", lambda e: e.latency.overlapped, format_count),
    ]
    rows = [[name, text(of(apart)), text(of(fused)), format_ratio(of(fused), of(apart))] for name, of, text in measures]
    table = _table(["", "layer by layer", "fused", "ratio"], rows)
    return joined(table, element("p", f"Fused: {verdict(value.fused.statistics)}."), _groups(fused))


@_shown.register
def _(value: Sizing) -> Markup:
    pairs = zip(value.layer_by_layer, value.fused, strict=True)
    rows = [
        [format_size(fused.capacity_bytes), f"{alone.value:,.0f}", f"{fused.value:,.0f}", fused.status]
        for alone, fused in pairs
    ]
    unit = {"offchip": "bytes", "energy": "pJ", "latency": "cycles"}[value.objective]
    table = _table([value.buffer, f"layer by layer, {unit}", f"fused, {unit}", "status"], rows)
    return joined(element("p", title(value)), table, *(element("p", line) for line in conclusion(value).split("\n")))


@_shown.register
def _(value: Workload) -> Markup:
    rows = [[str(cell) for cell in row.values()] for row in rows_of(value)]
    head = f"{value.name}: {len(value.einsums)} layers, {format_count(value.operations)} operations"
    return joined(element("p", head), _table(list(rows_of(value)[0]), rows))


def _totals(value: Evaluation) -> str:
    again = format_percent(value.recomputed_operations, value.total_operations)
    return (
        f"{format_size(value.offchip_bytes)} off chip, {format_count(value.total_operations)} operations "
        f"({again} recomputed), {format_energy(value.energy.total)}, {format_count(value.latency.overlapped)} cycles"
    )


def _groups(value: Evaluation) -> Markup:
    levels = [name for name in value.groups[0].occupancy if name != value.off_chip]
    rows = [
        [
            short_layers(group.einsums),
            f"{group.offchip_reads_bytes + group.offchip_writes_bytes:,}",
            *(f"{group.occupancy[level][0]:,}" for level in levels),
            format_percent(group.recomputed, group.operations),
            format_energy(group.energy_pj),
            format_count(group.latency_cycles),
            group.bottleneck,
        ]
        for group in value.groups
    ]
    headers = ["layers", "off-chip bytes", *(f"{n} window bytes" for n in levels)]
    return _table([*headers, "recomputed", "energy", "cycles", "bottleneck"], rows)


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    shown = rows if len(rows) <= MOST_ROWS else rows[: MOST_ROWS - 1]
    body = [element("tr", [element("td", cell) for cell in row]) for row in shown]
    if len(shown) < len(rows):
        rest = f"... and {len(rows) - len(shown)} more (to_pandas() has them all)"
        body.append(element("tr", element("td", rest, colspan=len(headers))))
    head = element("tr", [element("th", text, scope="col") for text in headers])
    return element("table", element("thead", head), element("tbody", body))
