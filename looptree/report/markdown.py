"""Tables for Markdown pages, and pages of which a part is written by a command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of text.

    >>> print(markdown_table(["a", "b"], [["1", "x|y"]]))
    | a | b |
    | --- | --- |
    | 1 | x\\|y |
    """
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def marks(name: str) -> tuple[str, str]:
    """The lines of a page between which the text of that name stands."""
    return f"<!-- looptree: {name} -->", f"<!-- looptree: end of {name} -->"


def renewed_between(page: str, name: str, text: str) -> str | None:
    """A page with new text between its marks; `None` if it has no such marks.

    >>> renewed_between("a <!-- looptree: x -->old<!-- looptree: end of x --> b", "y", "new") is None
    True
    """
    begin, end = marks(name)
    before, first, rest = page.partition(begin)
    _, last, after = rest.partition(end)
    return f"{before}{begin}\n\n{text}\n\n{end}{after}" if first and last else None
