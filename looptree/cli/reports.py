"""`--html`: the report of a command as one file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from looptree.cli.inputs import Command


def html_option(command: Command) -> Command:
    """`--html`; give what it says to `check_report` before the work and to `write_report` after it."""
    text = "Write a report to this HTML file, which opens in any browser, offline; an older one is replaced."
    return click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help=text)(command)


def check_report(path: Path | None) -> None:
    """Find out before the work is done whether its report can be written.

    Raises:
        InputError: it cannot.
    """
    if path is not None:
        from looptree.cli.files import check_target

        check_target(path, force=True)


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
