"""From values of a case's parameters to a design: workload, architecture and mapping.

Assumptions made here:

* A file of the case's folder comes before what ships under the same name; so workloads, architectures, mappings and
  points of a case stand beside its `case.yaml`.
* Blocks name layers by their position, from 0; layers that no block names run alone.
* Loops of a mapping over ranks that the workload does not have (images of a batch of one, a single group) make one
  step: they are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

from looptree.architecture import Architecture
from looptree.architecture.load import load_architecture
from looptree.documents import Node
from looptree.errors import InputError
from looptree.taxonomy.points import apply_point, load_point
from looptree.taxonomy.reader import read_mapping
from looptree.taxonomy.tree import Chain, Compute, LoopTree, Temporal
from looptree.validate.case import Case, Parameter, Recipe, Values
from looptree.workload import Workload
from looptree.workload.layers.arithmetic import evaluate as arithmetic
from looptree.workload.load import load_workload

AS_THE_POINT, NONE = "all", "none"
"""Blocks as the point of the taxonomy chooses them, and every layer alone."""

_NUMBER = re.compile(r"\d{1,12}", re.ASCII)
_SIZES = re.compile(r"(\d{1,9})x(\d{1,9})", re.ASCII)
_BLOCK = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?", re.ASCII)
_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, eq=False)
class Designed:
    """What a setting of a case means; equal to itself only, so that it can be evaluated once."""

    workload: Workload
    architecture: Architecture
    tree: LoopTree


def checked_values(parameters: Mapping[str, Parameter], given: Values) -> dict[str, str]:
    """All parameters: those given, the defaults that given choices set, and the other defaults.

    The default of a number may be the name of another one, whose value it then has.

    Raises:
        InputError: an unknown parameter, a value that its kind does not take, or an unknown choice.
    """
    for name, value in given.items():
        if name not in parameters:
            known = ", ".join(parameters) or "none"
            raise InputError(f"there is no parameter {name!r}", hint=f"known: {known}")
        _check(parameters[name], value)
    values = {name: parameter.default for name, parameter in parameters.items()} | dict(given)
    for name, parameter in parameters.items():
        if parameter.options:
            implied = parameter.options[values[name]].defaults
            values |= {other: value for other, value in implied.items() if other not in given}
    numbers = [name for name, parameter in parameters.items() if parameter.kind == "number"]
    return values | {name: values.get(values[name], values[name]) for name in numbers}


def _check(parameter: Parameter, value: str) -> None:
    if parameter.kind == "choice" and value not in parameter.options:
        known = ", ".join(parameter.options)
        raise InputError(f"{parameter.name} has no choice {value!r}", hint=f"known: {known}")
    if parameter.kind == "number" and (not _NUMBER.fullmatch(value) or int(value) < 1):
        raise InputError(f"expected {parameter.name} of at least 1 (a whole number), found {value!r}")
    if parameter.kind == "sizes":
        match = _SIZES.fullmatch(value)
        if match is None or "0" in match.groups():
            example = f"such as {parameter.default}"
            raise InputError(f"expected {parameter.name} as two numbers {example}, found {value!r}")
    if parameter.kind == "blocks" and value != AS_THE_POINT:
        block_ranges(value)


def block_ranges(text: str) -> list[tuple[int, int]]:
    """First and last layer of each block.

    Raises:
        InputError: not ranges of layers that follow each other.

    >>> block_ranges("0-1,2-6,7"), block_ranges("none")
    ([(0, 1), (2, 6), (7, 7)], [])
    """
    matches = [_BLOCK.fullmatch(part) for part in text.split(",")] if text != NONE else []
    ranges = [(int(match[1]), int(match[2] or match[1])) for match in matches if match is not None]
    bounds = [bound for block in ranges for bound in block]
    later = all(before[1] < after[0] for before, after in pairwise(ranges))
    if len(ranges) < len(matches) or bounds != sorted(bounds) or not later:
        hint = f"write ranges of layers from 0 on, such as 0-1,2-6,7-9; {NONE}; or {AS_THE_POINT}"
        raise InputError(f"expected blocks of layers, found {text!r}", hint=hint)
    return ranges


def recipe_of(case: Case, values: Values) -> Recipe:
    """The recipe of the case with what the choices change of it."""
    recipe = case.recipe
    for name, parameter in case.parameters.items():
        if parameter.options:
            changed = parameter.options[values[name]].recipe
            given = {f.name: getattr(changed, f.name) for f in fields(changed) if getattr(changed, f.name)}
            recipe = replace(recipe, **given)
            recipe = replace(recipe, mapping="") if changed.point else recipe
            recipe = replace(recipe, point="") if changed.mapping else recipe
    return recipe


def numbers_of(case: Case, values: Values) -> dict[str, int]:
    """The numbers that arithmetic in the case may name."""
    found: dict[str, int] = {}
    for name, parameter in case.parameters.items():
        if parameter.kind in ("number", "sizes"):
            found |= zip(parameter.names, map(int, values[name].split("x")), strict=True)
    return found


def check_used(case: Case, given: Values, values: Values) -> None:
    """Refuse a value that changes nothing here.

    Raises:
        InputError: naming the parameter.
    """
    recipe = recipe_of(case, values)
    amounts = (*recipe.settings.values(), *recipe.arguments.values(), *recipe.spatial.values())
    named = {word for node in amounts for word in _NAME.findall(str(node.value))}
    choices = [f"{name}={values[name]}" for name, parameter in case.parameters.items() if parameter.options]
    for name in given:
        parameter = case.parameters[name]
        if parameter.names and not named.intersection(parameter.names):
            raise InputError(f"{name} has no meaning with {', '.join(choices)}", hint=f"leave out {name}")
        if parameter.kind == "blocks" and recipe.blocks:
            raise InputError(f"{name} is fixed with {', '.join(choices)}", hint=f"leave out {name}")


def designed(case: Case, values: Values, load: Callable[..., Workload] = load_workload) -> Designed:
    """The design of a setting.

    Args:
        case: the case.
        values: of all its parameters.
        load: reads a workload by name or path.

    Raises:
        InputError: a network that is not there, or that the design does not fit.
    """
    return _designed(case, tuple(values.items()), load)


@cache
def _designed(case: Case, items: tuple[tuple[str, str], ...], load: Callable[..., Workload]) -> Designed:
    values = dict(items)
    recipe, numbers = recipe_of(case, values), numbers_of(case, values)
    network = _chosen(case, values, "network") or recipe.workload
    workload = load(_file(case, network), **_amounts(recipe.settings, numbers))
    architecture = load_architecture(_file(case, recipe.architecture))
    if recipe.spatial:
        compute = replace(architecture.compute, spatial=_amounts(recipe.spatial, numbers))
        architecture = replace(architecture, compute=compute)
    if recipe.mapping:
        given = _amounts(recipe.arguments, numbers)
        tree = read_mapping(case.folder / recipe.mapping, **given)
        return Designed(workload, architecture, LoopTree(_possible(tree.root, workload), tree.source))
    written = recipe.blocks or _chosen(case, values, "blocks")
    groups = blocks_of(workload, written) if written not in ("", AS_THE_POINT) else None
    point, arguments = load_point(_file(case, recipe.point)), _amounts(recipe.arguments, numbers)
    return Designed(workload, architecture, apply_point(point, workload, architecture, groups, **arguments))


def _possible(chain: Chain, workload: Workload) -> Chain:
    """The chain without loops over ranks that the workload does not have."""
    known = {rank for einsum in workload.einsums for rank in einsum.ranks}
    inner = tuple(
        node for node in chain.inner if not isinstance(node, Temporal) or any(ref.rank in known for ref in node.ranks)
    )
    if isinstance(chain.end, Compute):
        return Chain(inner, chain.end)
    return Chain(inner, replace(chain.end, chains=tuple(_possible(part, workload) for part in chain.end.chains)))


def evaluate_words(case: Case, values: Values, mapping: str) -> list[str]:
    """The command that evaluates the mapping of a setting; parallel instances that the case sets are not part of it."""
    recipe, numbers = recipe_of(case, values), numbers_of(case, values)
    files = (_chosen(case, values, "network") or recipe.workload, recipe.architecture)
    words = ["looptree", "evaluate", *(str(_file(case, name)) for name in files)]
    settings = _amounts(recipe.settings, numbers)
    return [*words, mapping, *(word for name, value in settings.items() for word in ("--set", f"{name}={value}"))]


def blocks_of(workload: Workload, text: str) -> list[tuple[str, ...]]:
    """All layers of a workload in groups: the blocks, and each other layer alone.

    Raises:
        InputError: a layer that the workload does not have.
    """
    names = [einsum.name for einsum in workload.einsums]
    ranges = block_ranges(text)
    if ranges and ranges[-1][1] >= len(names):
        problem = f"expected layers from 0 to {len(names) - 1}, found {ranges[-1][1]}"
        raise InputError(problem, where=f"blocks of {workload.name}")
    starts = dict(ranges)
    groups: list[tuple[str, ...]] = []
    position = 0
    while position < len(names):
        stop = starts.get(position, position) + 1
        groups.append(tuple(names[position:stop]))
        position = stop
    return groups


def _chosen(case: Case, values: Values, kind: str) -> str:
    """The value of the parameter of that kind, nothing if the case has none."""
    return next((values[name] for name, parameter in case.parameters.items() if parameter.kind == kind), "")


def _file(case: Case, name: str) -> str | Path:
    own = [case.folder / name, case.folder / f"{name}.yaml"]
    is_bare = Path(name).name == name
    return next((path for path in own if is_bare and path.is_file()), name)


def _amounts(nodes: Mapping[str, Node], numbers: Mapping[str, int]) -> dict[str, int]:
    return {name: arithmetic(node, numbers, "a value") for name, node in nodes.items()}


def written_at(values: Sequence[tuple[str, str]]) -> str:
    """Values as they are given on the command line.

    >>> written_at([("mode", "keep"), ("tile", "60x72")])
    'mode=keep tile=60x72'
    """
    return " ".join(f"{name}={value}" for name, value in values)
