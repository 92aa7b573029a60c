"""`--html`: the report of a command as one file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from looptree.cli.inputs import Command
from looptree.errors import InputError

_HEAD = b"<!doctype html"


def html_option(command: Command) -> Command:
    """`--html`; give what it says to `check_report` before the work and to `write_report` after it."""
    text = "Write a report to this HTML file, which opens in any browser, offline; an older report is replaced."
    return click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help=text)(command)


def check_report(path: Path | None) -> None:
    """Find out before the work is done whether its report can be written.

    Raises:
        InputError: it cannot, or the file is there already and is something else than a page.
    """
    if path is not None:
        from looptree.cli.files import check_target

        check_target(path, force=True)
        if path.exists() and not _is_page(path):
            raise InputError(
                "the file is there already and is no HTML page",
                where=str(path),
                hint="choose another name for the report, or remove the file",
            )


def _is_page(path: Path) -> bool:
    """Whether a file is empty or begins as a page does."""
    try:
        with path.open("rb") as file:
            head = file.read(len(_HEAD))
    except OSError as problem:
        raise InputError(f"cannot be read: {problem.strerror or problem}", where=str(path)) from None
    return head.lower() in (b"", _HEAD)


def write_report(path: Path | None, made: Callable[[str], str]) -> None:
    """Write a report, whole or not at all.

    Args:
        path: the file; nothing is done without one.
        made: the report, given what to say about the program that made it.

    Raises:
        InputError: the file cannot be written.
    """
    if path is not None:
        from looptree import __version__
        from looptree.cli.files import write_whole

        write_whole(path, made(f"Made by looptree {__version__}."), force=True)
