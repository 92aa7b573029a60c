"""What the commands that search have in common: options, progress, and the plan file that they write."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from looptree.cli.inputs import Command
from looptree.cli.names import names_of
from looptree.errors import InputError
from looptree.units import SECONDS, parse_quantity

if TYPE_CHECKING:
    from looptree.report.planned import Planned
    from looptree.search import State
    from looptree.search.asked.limits import Limit

DEFAULT_ARCHITECTURE = "mobile"
OBJECTIVES = ("energy", "offchip", "latency", "operations", "edp", "capacity")
SPACES = ("default", "wide", "pipelined", "nested", "circular", "quick", "layer-by-layer")
MOST_WORKERS = 256

_SECONDS = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
_WORKERS = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of a search.

    Attributes:
        objective: what to make small. limits: of what a plan may take. space: name of what is searched.
        seconds: when to stop. workers: processes; `None` for both where nothing was said.
    """

    objective: str
    limits: tuple[Limit, ...]
    space: str
    seconds: float | None
    workers: int | None


def architecture_option(command: Command) -> Command:
    """`--architecture`."""
    text = "A YAML file, or what ships."
    names = names_of("architectures")
    return click.option(
        "--architecture", default=DEFAULT_ARCHITECTURE, show_default=True, help=text, shell_complete=names
    )(command)


_LESS_OR_MORE = {
    "wide": "wide tiles ranks twice",
    "pipelined": "pipelined has layers work at once",
    "nested": "nested gives neighbours in a group loops of their own",
    "circular": "circular counts what is live",
    "quick": "quick has smaller groups and fewer loops",
    "layer-by-layer": "layer-by-layer fuses nothing",
}


def _help_of(spaces: Sequence[str]) -> str:
    return f"The plans that are looked at: {', '.join(text for name, text in _LESS_OR_MORE.items() if name in spaces)}."


def search_options(
    spaces: Sequence[str], *, objectives: Sequence[str] = OBJECTIVES, default_objective: str = OBJECTIVES[0]
) -> Callable[[Command], Command]:
    """`--objective`, `--space`, `--time-limit` and `--workers`; `asked` reads the last two."""
    options = (
        click.option(
            "--objective",
            type=click.Choice(objectives),
            default=default_objective,
            show_default=True,
            help="What a plan minimises."
            + (" edp is energy times latency, capacity the smallest buffer." if "edp" in objectives else ""),
        ),
        click.option(
            "--space",
            type=click.Choice(spaces),
            default=spaces[0],
            show_default=True,
            help=_help_of(spaces),
        ),
        click.option(
            "--time-limit",
            metavar="TIME",
            help="Stop a search after about so long (60, 90s, 2min), with the best plan so far and how far it may be "
            "from the optimum.",
        ),
        click.option("--workers", metavar="N", help="Processes that search. [default: one per processor]"),
    )

    def decorated(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


limit_option = click.option(
    "--limit",
    "limits",
    metavar="METRIC<=AMOUNT",
    multiple=True,
    help="What a plan may take: offchip<=1MiB, latency<=2Mcycles, energy<=1.05x, ... May be repeated.",
)


def asked(
    objective: str,
    space: str,
    time_limit: str | None,
    workers: str | None,
    limits: Sequence[str] = (),
    *,
    of_another: bool = False,
) -> Asked:
    """The options of a search, checked; of limits that are factors, `of_another` says that another plan takes 1x.

    Raises:
        InputError: a time limit that is no number above zero, a number of workers that is none from 1 on, or a limit
            that is none.
    """
    known = read_limits(limits, of_another=of_another) if limits else ()
    seconds, count = None, None
    if time_limit is not None:
        seconds = _seconds(time_limit)
    if workers is not None:
        count = int(workers) if _WORKERS.fullmatch(workers.strip()) else 0
        if not 1 <= count <= MOST_WORKERS:
            raise InputError(
                f"expected a number of processes from 1 to {MOST_WORKERS}, found {workers!r}", where="--workers"
            )
    return Asked(objective, known, space, seconds, count)


def read_limits(limits: Sequence[str], *, of_another: bool) -> tuple[Limit, ...]:
    """The limits of `--limit`; see `checked_limits`.

    Raises:
        InputError: what is wrong with them.
    """
    from looptree.search.asked.limits import checked_limits

    try:
        return checked_limits(limits, of_another=of_another)
    except InputError as problem:
        raise problem.at("--limit") from None


def _seconds(text: str) -> float:
    """`60`, `90s`, `1.5min`, `2h`."""
    number = text.strip()
    try:
        found = parse_quantity(f"{number}s" if _SECONDS.fullmatch(number) else number, SECONDS, "60s")
    except InputError:
        found = Fraction(0)
    if found <= 0:
        raise InputError(f"expected a time above 0 such as 60, 90s or 2min, found {text!r}", where="--time-limit")
    return float(found)


@contextmanager
def shown_progress(title: str, objective: str | None) -> Iterator[Callable[[State], None] | None]:
    """How long it has been, the best plan so far and its gap, on stderr while a search runs, if that is a terminal."""
    with progress_line(title) as show:
        yield None if show is None else lambda state: show(state_text(state, objective))


@contextmanager
def progress_line(title: str) -> Iterator[Callable[[str], None] | None]:
    """A line on stderr while something runs, with how long it has been and what is told; `None` without a terminal."""
    from looptree.cli.console import progress_console
    from looptree.report.text import printable

    console = progress_console()
    if console is None:
        yield None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as line:
        task = line.add_task(printable(title), total=None)
        yield lambda text: line.update(task, description=printable(f"{title}: {text}"))


def state_text(state: State, objective: str | None) -> str:
    """How far a search is, in a few words; without an objective, how much was looked at."""
    from looptree.report.proof import percent
    from looptree.search.asked.objective import amount

    stage = f"{state.stage}, " if state.stage else ""
    if objective is None:
        return f"{state.groups:,} searches of groups, {state.designs:,} designs"
    if state.value == float("inf"):
        return f"{stage}no plan yet"
    return f"{stage}{amount(objective, state.value)} so far, gap {percent(state.gap)}, {state.designs:,} designs"


def write_plan(path: Path, planned: Planned, parameters: Mapping[str, int], evaluate: str, *, force: bool) -> None:
    """Write a plan file.

    Args:
        path: the file. planned: the plan. parameters: of the network. force: overwrite a file.
        evaluate: the command that gives its numbers again.
    """
    from looptree import __version__
    from looptree.cli.files import write_whole
    from looptree.report.proof import NOUNS, verdict
    from looptree.report.recorded import record_of
    from looptree.report.text import printable
    from looptree.taxonomy.plan_file import plan_to_dict
    from looptree.taxonomy.reader import mapping_to_yaml

    statistics = planned.plan.statistics
    head = (
        f"A plan of {planned.workload.name} for the least {NOUNS[statistics.objective]}, {verdict(statistics)}.",
        f"Its numbers: {evaluate}",
    )
    record = record_of(planned, parameters, __version__)
    document = mapping_to_yaml(planned.plan.tree, plan_to_dict(record))
    write_whole(path, "".join(f"# {printable(line)}\n" for line in head) + document, force=force)


def evaluate_line(network: str, architecture: str, buffer: str | None, settings: Sequence[str], path: Path) -> str:
    """The command that evaluates a plan file."""
    words = ["looptree", "evaluate", network, architecture, str(path)]
    words += ["--buffer", buffer] if buffer is not None else []
    for setting in settings:
        words += ["--set", setting]
    return shlex.join(words)
