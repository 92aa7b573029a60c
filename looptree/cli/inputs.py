"""What the commands take: files or names, sizes, and `name=value`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from looptree.errors import InputError
from looptree.units import parse_size

if TYPE_CHECKING:
    from looptree.architecture import Architecture
    from looptree.taxonomy import LoopTree
    from looptree.taxonomy.plan_file import PlanRecord
    from looptree.workload import Workload

Command = TypeVar("Command", bound=Callable[..., Any])

_NAME = re.compile(r"\w{1,200}")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=([+-]?\d{1,20})", re.ASCII)


def buffer_option(command: Command) -> Command:
    """`--buffer SIZE`."""
    text = "Capacity of the outermost on-chip memory level: 512KiB, 64kB, 65536, ... [default: as in the architecture]"
    return click.option("--buffer", metavar="SIZE", help=text)(command)


def json_option(command: Command) -> Command:
    """`--json`."""
    text = "Print one JSON object with the exact numbers."
    return click.option("--json", "as_json", is_flag=True, help=text)(command)


def set_option(text: str) -> Callable[[Command], Command]:
    """`--set name=value`, any number of times."""
    return click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, help=text)


def read_settings(settings: Sequence[str], option: str = "--set") -> dict[str, int]:
    """The values of `--set name=value`, or of another option.

    Raises:
        InputError: something else than a name and a whole number, or a name twice.
    """
    values: dict[str, int] = {}
    for setting in settings:
        match = _ASSIGNMENT.fullmatch(setting)
        if match is None:
            raise InputError(
                f"expected name=value with a whole number, such as tile=4, found {setting!r}", where=option
            )
        name, value = match.groups()
        if name in values:
            raise InputError(f"{name!r} is given twice", where=option)
        values[name] = int(value)
    return values


def settings_of_workload(settings: dict[str, int], workload: str, *others: str) -> dict[str, int]:
    """The settings without those that are parameters of other files only: of a mapping, or variables of a template."""
    from looptree.importers.load import file_parameters

    taken = frozenset[str]().union(*(file_parameters(other) for other in others))
    own = file_parameters(workload) if taken else taken
    return {name: value for name, value in settings.items() if name in own or name not in taken}


def read_architecture(source: str, buffer: str | None, settings: dict[str, int] | None = None) -> Architecture:
    """The architecture of a file or a name, with another capacity where one is given.

    `settings` are variables of a file that is a template.

    Raises:
        InputError: what is wrong with either.
    """
    from looptree.importers.load import load_architecture

    size: int | None = None
    if buffer is not None:
        try:
            size = parse_size(buffer)
        except InputError as problem:
            raise problem.at("--buffer") from None
    architecture = load_architecture(source, **(settings or {}))
    if size is not None:
        if len(architecture.levels) < 2:
            raise InputError(f"architecture {architecture.name!r} has no memory level on chip", where="--buffer")
        architecture = architecture.with_capacity(architecture.levels[1].name, size)
    return architecture


def warn(architecture: Architecture) -> None:
    """Say on the error stream where models of the hardware stretch their numbers, once all else went well."""
    for warning in architecture.warnings:
        click.echo(f"warning: architecture {architecture.name!r}: {warning}", err=True)


def note_parallel(workload: Workload, architecture: Architecture) -> None:
    """Say where most operations take a cycle each, because their layers have none of the ranks of `compute.spatial`.

    A search proposes no spatial loops, so that nothing else runs in parallel.
    """
    parallel = [rank for rank, extent in architecture.compute.spatial.items() if extent > 1]
    apart = [einsum for einsum in workload.einsums if not einsum.ranks.keys() & set(parallel)]
    share = Fraction(sum(einsum.operations for einsum in apart), sum(e.operations for e in workload.einsums))
    if parallel and share > Fraction(1, 2):
        from looptree.cli.notes import note
        from looptree.units import format_percent

        largest = max(apart, key=lambda einsum: einsum.operations)
        note(
            f"{format_percent(share, 1)} of the operations take a cycle each: architecture {architecture.name!r} "
            f"works in parallel along {', '.join(parallel)} only, but {largest.name}, for one, has the ranks "
            f"{', '.join(largest.ranks)} (name them under compute.spatial)"
        )


def load_network(network: str, parameters: Mapping[str, int], architecture: Architecture) -> Workload:
    """The network of a file or a name; bad input is reported before anything heavy is imported.

    Where the original LoopTree wrote it, its words are as wide as the architecture says.
    """
    from looptree.importers.load import is_problem, load_workload

    given = dict(parameters)
    if architecture.data_bits is not None and is_problem(network):
        given.setdefault("bits", architecture.data_bits)
    return load_workload(network, **given)


def read_design(
    workload: str, architecture: Architecture, mapping: str, settings: dict[str, int], source: str = ""
) -> tuple[Workload, LoopTree, PlanRecord | None]:
    """The workload and its mapping, which is a file or the name of a point of the taxonomy.

    `settings` that the mapping or the point has as parameters are its own, all others are the workload's, unless only
    the `source` of the architecture is a template with such a variable. The third is what a plan file says of its plan.

    Raises:
        InputError: what is wrong with either, or a plan that was made for another workload.
    """
    from looptree.importers.load import load_plan
    from looptree.taxonomy.points import apply_point, load_point

    if _NAME.fullmatch(mapping) is None or Path(mapping).exists():
        loaded = load_network(workload, settings_of_workload(settings, workload, mapping, source), architecture)
        tree, record = load_plan(mapping, architecture, **settings)
        if record is not None:
            record.check(loaded, mapping)
        return loaded, tree, record
    point = load_point(mapping)
    of_point = {name: value for name, value in settings.items() if name in point.parameters}
    of_workload = {name: value for name, value in settings.items() if name not in point.parameters}
    try:
        loaded = load_network(workload, of_workload, architecture)
    except InputError as problem:
        if not any(repr(name) in problem.problem for name in of_workload):
            raise
        known = f"of point {mapping!r}: {', '.join(point.parameters) or 'none'}"
        hint = f"{problem.hint}; {known}" if problem.hint else known
        raise InputError(problem.problem, where=problem.where, hint=hint, guide=problem.guide) from None
    return loaded, apply_point(point, loaded, architecture, **of_point), None
