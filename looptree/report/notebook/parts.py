"""What the results of every kind share: the two questions that are asked of each, and tables that stay short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import Any

from looptree.report.html.markup import Markup, element

MOST_ROWS = 20

Row = Mapping[str, Any]


@singledispatch
def rows_of(value: object) -> list[Row]:
    """The rows of a result as plain data."""
    raise TypeError(f"no rows are known of {type(value).__name__}")


@singledispatch
def shown(value: object) -> Markup:
    """What a notebook shows of a result."""
    raise TypeError(f"{type(value).__name__} is not shown in notebooks")


def table_of(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    """A table; of a long one the first rows, and how many more there are."""
    first = rows if len(rows) <= MOST_ROWS else rows[: MOST_ROWS - 1]
    body = [element("tr", [element("td", cell) for cell in row]) for row in first]
    if len(first) < len(rows):
        rest = f"... and {len(rows) - len(first)} more (to_pandas() has them all)"
        body.append(element("tr", element("td", rest, colspan=len(headers))))
    head = element("tr", [element("th", text, scope="col") for text in headers])
    return element("table", element("thead", head), element("tbody", body))
