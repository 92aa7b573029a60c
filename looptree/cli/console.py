"""Printing: tables for people on stdout, never markup, no colours and no trailing blanks outside of a terminal."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Sequence

import click
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from looptree.cli.notes import is_quiet
from looptree.report.table import least_width
from looptree.report.text import printable

LEAST_WIDTH = 80
"""Tables are laid out for at least so many columns; a narrower terminal wraps them."""


def drawing(text: str) -> Group:
    """Text whose lines are never folded."""
    drawn = _plain(text)
    drawn.no_wrap, drawn.overflow = True, "ignore"
    return Group(drawn)


def show_json(data: object) -> None:
    """Print one JSON object or list, as every command does with `--json`."""
    import json

    click.echo(json.dumps(data, indent=2))


def show(parts: Iterable[RenderableType], *, errors: bool = False) -> None:
    """Print the parts with a blank line between them; text is printed as it is, without markup.

    Args:
        parts: tables, text and drawings.
        errors: print on stderr, where something else goes to stdout.
    """
    shown = [_plain(part) if isinstance(part, str) else part for part in parts]
    terminal = _console(sys.stderr if errors else sys.stdout)
    if terminal.is_terminal:
        _print(terminal, shown)
        return
    buffer = io.StringIO()
    paper = Console(file=buffer, width=terminal.width, force_terminal=False, markup=False, highlight=False, emoji=False)
    _print(paper, shown)
    for line in buffer.getvalue().splitlines():
        click.echo(line.rstrip(), err=errors)


def _print(console: Console, parts: Sequence[RenderableType]) -> None:
    for index, part in enumerate(parts):
        if index:
            console.print()
        if isinstance(part, Table) and least_width(part) > console.width:
            part.width = least_width(part)
        console.print(part, crop=False)


def progress_console() -> Console | None:
    """Where a progress bar may be drawn: stderr, if it is a terminal and `--quiet` was not given."""
    if is_quiet():
        return None
    console = _console(sys.stderr)
    return console if console.is_terminal else None


def _console(stream: io.TextIOBase | object) -> Console:
    console = Console(file=stream, markup=False, highlight=False, emoji=False)  # type: ignore[arg-type]
    console.width = max(console.width, LEAST_WIDTH)
    return console


def _plain(text: str) -> Text:
    return Text("\n".join(printable(line) for line in text.split("\n")))
