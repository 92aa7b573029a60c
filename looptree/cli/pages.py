"""Pages of which a part is written by a command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from looptree.cli.files import write_whole
from looptree.errors import InputError


def write_pages(pages: Sequence[Path], renewed: Callable[[str], str | None], name: str) -> None:
    """Write new text between the marks of each page.

    Args:
        renewed: the new page, or `None` where there are no marks. name: of marks that would do.

    Raises:
        InputError: a page that cannot be read or written, or has no marks.
    """
    from looptree.report.markdown import marks

    for page in pages:
        try:
            text = page.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            reason = getattr(problem, "strerror", None) or problem
            raise InputError(f"cannot be read: {reason}", where=str(page)) from None
        new = renewed(text)
        if new is None:
            hint = f"add two lines, {' and '.join(marks(name))}"
            raise InputError("expected a page with marks for the tables", where=str(page), hint=hint)
        write_whole(page, new, force=True)
