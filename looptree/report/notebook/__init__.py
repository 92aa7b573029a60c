"""Results in a notebook, and as tables of pandas: rows of plain values, one per group, point or layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from looptree.display import frame
from looptree.report.html.markup import element
from looptree.report.notebook import designs, results
from looptree.report.notebook.parts import rows_of, shown

if TYPE_CHECKING:
    import pandas

__all__ = ["designs", "frame_of", "html_of", "results", "rows_of"]


def html_of(value: object) -> str:
    """What a notebook shows of a result."""
    return str(element("div", shown(value)))


def frame_of(value: object) -> pandas.DataFrame:
    """The rows of a result.

    Raises:
        InputError: pandas is not installed.
    """
    return frame(rows_of(value))
