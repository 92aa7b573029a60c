"""Architectures, mappings, designs, validation cases and studies in a notebook, and as rows."""

from __future__ import annotations

from looptree.architecture import Architecture
from looptree.model.result import plain
from looptree.report.html.markup import Markup, element, joined
from looptree.report.notebook.parts import Row, rows_of, shown, table_of
from looptree.report.validation import error, metric, number, setting, verdict
from looptree.study import StudyResult
from looptree.taxonomy import Chain, Compute, Storage
from looptree.taxonomy.design import Design
from looptree.taxonomy.drawing import draw_loop_nest, draw_tree
from looptree.taxonomy.tree import Branch, LoopTree
from looptree.units import format_size
from looptree.validate import CaseResult


@rows_of.register
def _(value: Architecture) -> list[Row]:
    return [
        {
            "level": level.name,
            "capacity_bytes": level.total_bytes,
            "bandwidth_bytes_per_cycle": None
            if level.bandwidth_bytes_per_cycle is None
            else plain(level.bandwidth_bytes_per_cycle),
            "read_pj_per_byte": plain(level.read_pj_per_word(8)),
            "write_pj_per_byte": plain(level.write_pj_per_word(8)),
            "area_mm2": None if level.area_mm2 is None else plain(level.area_mm2),
        }
        for level in value.levels
    ]


@shown.register
def _(value: Architecture) -> Markup:
    rows = [
        [
            level.name,
            "unlimited" if level.total_bytes is None else format_size(level.total_bytes),
            *(f"{float(pj(8)):,.4g}" for pj in (level.read_pj_per_word, level.write_pj_per_word)),
        ]
        for level in value.levels
    ]
    spatial = ", ".join(f"{rank} {extent}" for rank, extent in value.compute.spatial.items())
    compute = f"{value.compute.name}: {float(value.compute.pj_per_operation):,.4g} pJ per operation"
    heads = ["level", "capacity", "pJ per 8-bit read", "pJ per 8-bit write"]
    tail = f"; at once {spatial}" if spatial else ""
    return joined(element("p", value.name), table_of(heads, rows), element("p", compute + tail))


@rows_of.register
def _(value: LoopTree) -> list[Row]:
    return _nodes(value.root, 0)


def _nodes(chain: Chain, depth: int) -> list[Row]:
    """One row per node, outside in, with how far inside it is."""
    rows: list[Row] = []
    for node in chain.inner:
        if isinstance(node, Storage):
            rows.append({"depth": depth, "node": "storage", "level": node.level, "tensors": " ".join(node.tensors)})
        else:
            kind = type(node).__name__.lower()
            rows.append({"depth": depth, "node": kind, "ranks": " ".join(map(str, node.ranks)), "tile": node.tile})
        depth += 1
    end = chain.end
    if isinstance(end, Compute):
        return [*rows, {"depth": depth, "node": "compute", "einsum": end.einsum}]
    assert isinstance(end, Branch)
    rows.append({"depth": depth, "node": end.kind})
    return [*rows, *(row for inner in end.chains for row in _nodes(inner, depth + 1))]


@shown.register
def _(value: LoopTree) -> Markup:
    return element("pre", draw_tree(value))


@rows_of.register
def _(value: Design) -> list[Row]:
    return rows_of(value.tree)


@shown.register
def _(value: Design) -> Markup:
    about = element("p", f"{value.workload.name} on {value.architecture.name}")
    return joined(about, element("pre", draw_tree(value.tree)), element("pre", draw_loop_nest(value)))


@rows_of.register
def _(value: CaseResult) -> list[Row]:
    return [
        {
            "setting": setting(row),
            "number": metric(row.measure),
            "unit": row.measure.unit,
            "published": None if row.published is None else plain(row.published),
            "model": plain(row.ours),
            "error": None if row.error is None else float(row.error),
            "confidence": row.known.confidence if row.known else "",
            "result": row.status,
        }
        for row in value.rows
    ]


@shown.register
def _(value: CaseResult) -> Markup:
    rows = [
        [
            setting(row),
            f"{row.what or metric(row.measure)}, {row.measure.unit}",
            "" if row.published is None else number(row.published),
            number(row.ours),
            error(row),
            row.status,
        ]
        for row in value.rows
    ]
    heads = ["setting", "number", "published", "model", "error", "result"]
    return joined(element("p", value.case.title), table_of(heads, rows), element("p", verdict([value])))


@rows_of.register
def _(value: StudyResult) -> list[Row]:
    return [
        {"table": table.title, **dict(zip((*table.names, *table.numbers), row, strict=True))}
        for table in value.tables
        for row in table.rows
    ]


@shown.register
def _(value: StudyResult) -> Markup:
    tables = [table_of([*table.names, *table.numbers], table.rows) for table in value.tables]
    return joined(element("p", value.question), *tables, *(element("p", line) for line in value.sentences))
