"""Pages of which a part is written by a command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from looptree.cli.files import write_whole
from looptree.errors import InputError


def check_pages(pages: Sequence[Path], names: Sequence[str]) -> None:
    """Refuse what cannot be written, before anything is computed.

    Args:
        names: of marks, any of which will do; the last is proposed.

    Raises:
        InputError: a page that cannot be read, or has no marks.
    """
    from looptree.report.markdown import marks

    for page in pages:
        text = _text(page)
        if not any(all(mark in text for mark in marks(name)) for name in names):
            hint = f"add two lines, {' and '.join(marks(names[-1]))}"
            raise InputError("expected a page with marks for the tables", where=str(page), hint=hint)


def write_pages(pages: Sequence[Path], renewed: Callable[[str], str | None]) -> None:
    """Write new text between the marks of each page, which `check_pages` has found.

    Args:
        renewed: the new page, or `None` where there are no marks.

    Raises:
        InputError: a page that cannot be read or written.
    """
    for page in pages:
        new = renewed(_text(page))
        if new is not None:
            write_whole(page, new, force=True)


def _text(page: Path) -> str:
    try:
        return page.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise InputError(f"cannot be read: {reason}", where=str(page)) from None
