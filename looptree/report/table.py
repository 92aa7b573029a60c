"""One look for all tables: a title, a header with units, numbers to the right and never cut, a line above the total."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import Box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from looptree.report.text import printable

Row = Sequence[str | RenderableType]

_BOX = Box("    \n    \n ── \n    \n ── \n ── \n    \n    \n")
"""Lines below the header and between sections, nothing else."""


_NAME_WIDTH = 16
"""Names may fold to so many columns."""


def table(
    title: str, names: Sequence[str], numbers: Sequence[str], rows: Sequence[Row], *, total: Row | None = None
) -> Table:
    """A table of columns with names, which may fold, followed by columns with numbers, which may not.

    Args:
        title: above the table.
        names: headers of the columns with text.
        numbers: headers of the columns with numbers, with their unit.
        rows: the cells as plain text, in which no markup is read.
        total: a last row, set apart.
    """
    built = Table(title=Text(printable(title), style="bold"), title_justify="left", box=_BOX, show_edge=False)
    built.pad_edge = False
    for header in names:
        built.add_column(Text(header), overflow="fold")
    for header in numbers:
        built.add_column(Text(header), justify="right", no_wrap=True)
    for row in rows:
        built.add_row(*_cells(row))
    if total is not None:
        built.add_section()
        built.add_row(*_cells(total), style="bold")
    return built


def least_width(built: Table) -> int:
    """Columns that a table needs so that no number is cut."""
    widths = []
    for column in built.columns:
        cells = (column.header, *column.cells)
        widest = max(cell.cell_len for text in cells if isinstance(text, Text) for cell in text.split() or [text])
        widths.append(widest if column.no_wrap else min(widest, _NAME_WIDTH))
    return sum(widths) + 3 * len(widths)


def stacked(text: str, *details: str) -> RenderableType:
    """A cell with details below its text, set in a little; empty ones are left out."""
    lines = [Padding(Text(printable(detail), style="dim"), (0, 0, 0, 2)) for detail in details if detail]
    return Group(Text(printable(text)), *lines)


def listing(
    title: str,
    names: Sequence[str],
    numbers: Sequence[str],
    entries: Sequence[tuple[Sequence[str], Sequence[str]]],
) -> RenderableType:
    """A table of things with a paragraph or several below each, as wide as the screen.

    Args:
        title: above the table. names, numbers: headers of the columns, as for `table`.
        entries: the cells of a row, and the paragraphs below it; empty ones are left out.
    """
    rows = [[*names, *numbers], *([printable(cell) for cell in cells] for cells, _ in entries)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]

    def line(row: Sequence[str], style: str = "") -> Text:
        padded = [
            cell.ljust(width) if index < len(names) else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return Text("   ".join(padded).rstrip(), style=style)

    shown: list[RenderableType] = [Text(printable(title), style="bold"), line(rows[0], "bold"), Rule(style="")]
    for row, (_, details) in zip(rows[1:], entries, strict=True):
        shown.append(line(row))
        shown += [Padding(Text(printable(detail), style="dim"), (0, 0, 0, 2)) for detail in details if detail]
    return Group(*shown)


def _cells(row: Row) -> list[RenderableType]:
    return [Text(printable(cell)) if isinstance(cell, str) else cell for cell in row]
