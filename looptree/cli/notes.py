"""What is said beside a result, on stderr, unless `--quiet` was given."""

from __future__ import annotations

import click


def is_quiet() -> bool:
    """Whether nothing but results and errors is to be printed."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.find_root().params.get("quiet"))


def note(text: str) -> None:
    """Say something that is worth knowing."""
    if not is_quiet():
        from looptree.report.text import printable

        click.echo(f"note: {printable(text)}", err=True)
