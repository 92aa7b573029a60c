"""How a run ends: the exit code, and at most one message on stderr."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable

import click

from looptree.errors import InputError, LooptreeError
from looptree.report.text import printable

_ENDLESS = re.compile(r"(\S{100})\S{200,}")
DONE, INFEASIBLE, BAD_INPUT, DEFECT, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 3, 130, 141


class DefectError(Exception):
    """Model and simulator differ; what differs has been printed."""


def ending(run: Callable[[], object], *, traceback: bool = False) -> int:
    """Run a command; say in one message what went wrong, if anything did, and which page of the guide
    explains it.

    Args:
        run: the command; it may return an exit code.
        traceback: say where in the program a defect is.
    """
    try:
        code = run()
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except BrokenPipeError:
        return _closed()
    except (KeyboardInterrupt, click.Abort):
        return _say("interrupted", INTERRUPTED)
    except click.ClickException as problem:
        return _say(_usage(problem), BAD_INPUT)
    except InputError as problem:
        return _say(str(problem), BAD_INPUT, problem.guide)
    except LooptreeError as problem:
        return _say(str(problem), INFEASIBLE)
    except OSError as problem:  # the readers turn theirs into InputError
        _flushed()
        place = "cannot write" if problem.filename is None else problem.filename
        return _say(f"{place}: {problem.strerror or problem}", BAD_INPUT)
    except Exception as problem:
        return _defect(problem, traceback)


def _closed() -> int:
    """Whoever read our output has gone."""
    _discard()
    return BROKEN_PIPE


def _flushed() -> None:
    """Write what is left of the output, where that is possible."""
    try:
        sys.stdout.flush()
    except OSError:
        _discard()


def _discard() -> None:
    """Keep the interpreter from trying to write the rest of the output, and from complaining, as it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)


def _say(message: str, code: int, page: str = "") -> int:
    short = _ENDLESS.sub(r"\1...", printable(message))
    click.echo(f"error: {short}", err=True)
    if page:
        click.echo(f"guide: {page if '/' in page else f'docs/{page}'}", err=True)
    return code


def _usage(problem: click.ClickException) -> str:
    message = " ".join(problem.format_message().split()).rstrip(".")
    context = getattr(problem, "ctx", None)
    return f"{message} (see {context.command_path} --help)" if context else message


def _defect(problem: Exception, traceback: bool) -> int:
    if traceback:
        sys.excepthook(type(problem), problem, problem.__traceback__)
    kind = "" if isinstance(problem, DefectError) else f"{type(problem).__name__}: "
    hint = "" if traceback else "; --traceback shows where"
    return _say(f"a defect in looptree, please report it with the input ({kind}{problem}{hint})", DEFECT)
