"""A plan file: a mapping file with a section `plan` that says what was proven, and of which network.

The section holds the whole network as Einsums, so that a plan is never taken for one of another network, and so
that a reader sees what each loop is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from looptree.documents import Node, read_document
from looptree.errors import InputError, guided
from looptree.taxonomy.reader import mapping_from_node
from looptree.taxonomy.tree import LoopTree
from looptree.workload.difference import first_difference
from looptree.workload.reader import workload_from_node, workload_to_dict
from looptree.workload.workload import Workload

OBJECTIVES = ("energy", "offchip", "latency", "operations", "edp", "capacity")
STATUSES = ("optimal", "feasible")

KEYS = (
    "looptree",
    "objective",
    "value",
    "bound",
    "status",
    "space",
    "architecture",
    "buffer",
    "parameters",
    "network",
)
OPTIONAL = ("limits",)
BUFFER_KEYS = ("level", "capacity_bytes")
_MOST = 2**62
_HINT = "delete the section 'plan' to evaluate the mapping alone"


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """What a plan file says of its plan.

    Attributes:
        version: of looptree, when it was written.
        objective: what was made small. value: of the plan (pJ, bytes or cycles). bound: no plan of the space has less.
        status: `optimal` or `feasible`. limits: that it keeps, in words.
        space: what was searched: its name and its settings.
        architecture: its name. buffer, capacity_bytes: the level that was used; `None` for an unlimited one.
        parameters: of the network, those that were given.
        network: what the plan is for.
    """

    version: str
    objective: str
    value: float
    bound: float
    status: str
    space: Mapping[str, str | int | bool]
    architecture: str
    buffer: str
    capacity_bytes: int | None
    parameters: Mapping[str, int]
    network: Workload
    limits: tuple[str, ...] = ()

    @guided("search.md#plan-files")
    def check(self, workload: Workload, file: str) -> None:
        """Refuse a plan that was made for another network.

        Raises:
            InputError: naming the first difference.
        """
        different = first_difference(self.network, workload)
        if different is None:
            return
        given = "".join(f" --set {name}={value}" for name, value in self.parameters.items())
        raise InputError(
            f"the plan does not fit the network {workload.name!r}: {different}",
            where=file,
            hint=f"it was made for {self.network.name}{given}: evaluate it with that network, or search again",
        )


def read_plan(path: str | Path) -> tuple[LoopTree, PlanRecord | None]:
    """The mapping of a file, and what its section `plan` says if it has one.

    Raises:
        InputError: naming file, line and key.
    """
    return plan_from_node(read_document(path))


def plan_from_node(node: Node, **parameters: int) -> tuple[LoopTree, PlanRecord | None]:
    """The same from a parsed document, with values of the parameters of the mapping that differ from their defaults."""
    tree = mapping_from_node(node, **parameters)
    section = node.mapping().get("plan")
    if section is None:
        return tree, None
    try:
        return tree, _record(section)
    except InputError as problem:
        hint = f"{problem.hint}; or {_HINT}" if problem.hint else _HINT
        where = problem.where if problem.where.startswith(section.file) else f"{section.where}: {problem.where}"
        raise InputError(problem.problem, where=where, hint=hint) from None


def _record(node: Node) -> PlanRecord:
    fields = node.mapping(known=(*KEYS, *OPTIONAL), required=KEYS)
    buffer = fields["buffer"].mapping(known=BUFFER_KEYS, required=BUFFER_KEYS)
    capacity = buffer["capacity_bytes"]
    value, bound = fields["value"].number("the objective of the plan"), fields["bound"].number("the bound")
    if bound > value:
        raise fields["bound"].error(f"expected a bound of at most the value {float(value)}, found {float(bound)}")
    return PlanRecord(
        version=fields["looptree"].text(),
        objective=fields["objective"].choice(OBJECTIVES),
        value=float(value),
        bound=float(bound),
        status=fields["status"].choice(STATUSES),
        space=_space(fields["space"]),
        architecture=fields["architecture"].text(),
        buffer=buffer["level"].text(),
        capacity_bytes=None if capacity.value is None else capacity.integer("a capacity in bytes", most=_MOST),
        parameters={
            name: entry.integer("the value of a parameter", least=-_MOST, most=_MOST)
            for name, entry in fields["parameters"].mapping().items()
        },
        network=workload_from_node(fields["network"]),
        limits=tuple(fields["limits"].texts()) if "limits" in fields else (),
    )


def _space(node: Node) -> dict[str, str | int | bool]:
    fields = node.mapping(required=("name",))
    for entry in fields.values():
        if not isinstance(entry.value, str | int | bool):
            raise entry.expected("a setting of the search space")
    return {name: entry.value for name, entry in fields.items()} | {"name": fields["name"].text()}


def plan_to_dict(record: PlanRecord) -> dict[str, Any]:
    """The section `plan` as plain data."""
    return {
        "looptree": record.version,
        "objective": record.objective,
        "value": record.value,
        "bound": record.bound,
        "status": record.status,
        **({"limits": list(record.limits)} if record.limits else {}),
        "space": dict(record.space),
        "architecture": record.architecture,
        "buffer": {"level": record.buffer, "capacity_bytes": record.capacity_bytes},
        "parameters": dict(record.parameters),
        "network": workload_to_dict(record.network),
    }
