"""Tables of exact numbers: shown in a unit that reads well, with the exact value behind each cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from looptree.model.result import plain
from looptree.report.html.markup import Markup, element
from looptree.report.terms import TERMS
from looptree.units import BYTES, COUNTS, PICOJOULES, Units, format_ratio, scale

Cell = str | int | Fraction | None

CYCLES: Units = COUNTS
_NOUNS = {id(BYTES): "bytes", id(PICOJOULES): "pJ", id(COUNTS): ""}


_LONG = 60
"""Longer text gets a wide column."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        title: what stands above it. units: in which its numbers are shown; `None` for text and for plain numbers.
        noun: what is counted, such as cycles. term: key of its definition.
    """

    title: str
    units: Units | None = None
    noun: str = ""
    term: str = ""


@dataclass(frozen=True, slots=True)
class DataTable:
    """A table.

    Attributes:
        key: names it in links and files. caption: above it. columns: the first one names the rows.
        rows: cells in the order of the columns; numbers are exact, in the base unit.
    """

    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Cell]]


def term_link(key: str, text: str | None = None) -> Markup:
    """A link to the definition of a term."""
    return element("a", text or TERMS[key].name, href=f"#term-{key}", class_="term", data_term=key)


def table_markup(table: DataTable) -> Markup:
    """The table with a button that saves it as CSV; it scrolls by itself where it is too wide."""
    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.columns)
    scales = [_scale(column, cells) for column, cells in zip(table.columns, columns, strict=True)]
    head = element("tr", [_header(column, unit) for column, (_, unit) in zip(table.columns, scales, strict=True)])
    body = [element("tr", [_cell(i, cell, scales[i][0]) for i, cell in enumerate(row)]) for row in table.rows]
    whole = element(
        "table",
        element("caption", table.caption),
        element("thead", head),
        element("tbody", body),
        id=f"table-{table.key}",
    )
    save = element(
        "button", "Save as CSV", type="button", class_="csv", data_table=f"table-{table.key}", data_file=table.key
    )
    label = f"{table.caption}, scrolls sideways"
    return element("div", element("div", whole, class_="scroll", tabindex=0, role="region", aria_label=label), save)


def folded(title: str, *tables: DataTable) -> Markup:
    """Tables that open on demand."""
    return element("details", element("summary", title), [table_markup(table) for table in tables], class_="tables")


def _scale(column: Column, cells: Sequence[Cell]) -> tuple[object, str]:
    """How numbers of the column are written, and the unit above them."""
    numbers = [cell for cell in cells if isinstance(cell, (int, Fraction))]
    if column.units is None:
        return None, column.noun
    found = scale(numbers, column.units)
    return found, f"{found.unit} {column.noun}".strip()


def _header(column: Column, unit: str) -> Markup:
    base = f"{_NOUNS.get(id(column.units), '')} {column.noun}".strip()
    title = term_link(column.term, column.title) if column.term else column.title
    return element(
        "th",
        title,
        element("span", f" {unit}", class_="unit") if unit else None,
        scope="col",
        data_csv=f"{column.title} [{base}]" if base else column.title,
    )


def _cell(index: int, cell: Cell, found: object) -> Markup:
    if index == 0:
        return element("th", cell, scope="row")
    if cell is None:
        return element("td", "-", class_="number", data_v="")
    if isinstance(cell, str):
        return element("td", cell, class_="long" if len(cell) > _LONG else None)
    if found is not None:
        text = found.text(cell)  # type: ignore[attr-defined]
    else:
        text = f"{int(cell):,}" if cell.denominator == 1 else format_ratio(cell, 1)
    return element("td", text, class_="number", data_v=plain(Fraction(cell)))
