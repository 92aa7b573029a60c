"""The networks of a study, and the fusion group of a survey."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

from looptree.documents import Node
from looptree.errors import InputError
from looptree.sweep.ranges import read_values
from looptree.sweep.study import GroupSurvey, NetworkChoice
from looptree.workload import Workload

GROUP_KEYS = ("network", "layers", "order")


def read_networks(node: Node, file: str) -> tuple[NetworkChoice, ...]:
    """The `networks` of a study: names, files, or either with settings."""
    found: list[NetworkChoice] = []
    for item in node.sequence() if isinstance(node.value, list) else [node]:
        found += _choices(item, file)
    if not found:
        raise node.error("expected at least one network")
    if len(set(found)) < len(found):
        raise node.error("a network stands here twice")
    return tuple(found)


def _choices(item: Node, file: str) -> list[NetworkChoice]:
    """`name`, or `{name: bert_base, sequence: [128, 512], batch: 1}`: one choice for each combination; ranges, too."""
    if not isinstance(item.value, dict):
        return [NetworkChoice(_source(item, file))]
    fields = dict(item.mapping(required=("name",)))
    source = _source(fields.pop("name"), file)
    values = [[(name, value) for value in _whole(name, node)] for name, node in fields.items()]
    return [NetworkChoice(source, chosen) for chosen in itertools.product(*values)]


def _whole(name: str, node: Node) -> list[int]:
    found = read_values(name, node)
    for value in found:
        if value.denominator != 1:
            raise node.error(f"expected whole numbers as {name}, found {float(value):g}")
    return [int(value) for value in found]


def _source(node: Node, file: str) -> str:
    beside = Path(file).parent / node.text()
    return str(beside) if beside.suffix and beside.is_file() else node.text()


def load_choice(choice: NetworkChoice) -> Workload:
    """The workload of a choice."""
    from looptree.importers.load import load_workload

    return load_workload(choice.source, **dict(choice.settings))


def loaded(choice: NetworkChoice, node: Node) -> Workload:
    """The workload of a choice; what is wrong with it is told of where it stands."""
    try:
        return load_choice(choice)
    except InputError as problem:
        raise problem.at(node.where) from None


def read_group(node: Node, file: str, check: bool) -> GroupSurvey:
    """The `group` of a survey; whether its network has these layers is looked at only with `check`."""
    fields = node.mapping(known=GROUP_KEYS, required=("network",))
    choices = _choices(fields["network"], file)
    if len(choices) != 1:
        raise fields["network"].error("expected one network, with one value of each parameter")
    layers = tuple(item.text() for item in listed(fields, "layers"))
    if layers and check:
        known = tuple(e.name for e in loaded(choices[0], fields["network"]).einsums)
        for item in listed(fields, "layers"):
            item.choice(known)
    order = tuple(item.text() for item in listed(fields, "order"))
    return GroupSurvey(choices[0], layers, order)


def listed(fields: Mapping[str, Node], key: str) -> list[Node]:
    """What stands below a key: a list, a single value as a list of one, or nothing."""
    if key not in fields:
        return []
    return fields[key].sequence() if isinstance(fields[key].value, list) else [fields[key]]
