"""What a plan file remembers of a search, and whether that holds for an evaluation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from looptree.architecture import Architecture
from looptree.model.result import Evaluation
from looptree.report.planned import Planned
from looptree.report.proof import NOUNS, percent, space_name
from looptree.search.asked.objective import amount, value
from looptree.taxonomy.plan_file import PlanRecord
from looptree.units import format_size


def record_of(planned: Planned, parameters: Mapping[str, int], version: str) -> PlanRecord:
    """The record of a plan.

    Args:
        planned: the plan.
        parameters: of the network, those that were given.
        version: of looptree.
    """
    statistics = planned.plan.statistics
    return PlanRecord(
        version=version,
        objective=statistics.objective,
        value=statistics.value,
        bound=statistics.bound,
        status=statistics.status,
        limits=tuple(limit.described for limit in statistics.limits),
        space={"name": space_name(statistics.space), **statistics.space.settings()},
        architecture=planned.architecture.name,
        buffer=planned.buffer,
        capacity_bytes=planned.capacity_bytes,
        parameters=dict(parameters),
        network=planned.workload,
    )


def holds(record: PlanRecord, architecture: Architecture, evaluation: Evaluation) -> bool:
    """Whether an evaluation is of the hardware that the plan was made for: same buffer, same value."""
    level = architecture.levels[1] if len(architecture.levels) > 1 else None
    if level is None or (level.name, level.total_bytes) != (record.buffer, record.capacity_bytes):
        return False
    return math.isclose(float(value(record.objective, evaluation)), record.value, rel_tol=1e-9)


def recorded(record: PlanRecord, architecture: Architecture, evaluation: Evaluation) -> str:
    """What is proven of the plan that was evaluated, in one sentence."""
    within = f" within {' and '.join(record.limits)}" if record.limits else ""
    least, taken = f"{NOUNS[record.objective]}{within}", amount(record.objective, record.value)
    if not holds(record, architecture, evaluation):
        size = "unlimited" if record.capacity_bytes is None else format_size(record.capacity_bytes)
        return (
            f"Nothing is proven of the plan here: it was found for the least {least} on {record.architecture}, "
            f"{record.buffer} {size}, where it takes {taken}."
        )
    space = record.space["name"]
    if record.status == "optimal":
        return f"The plan was found by a search for the least {least}: proven optimal in the space {space}."
    gap = percent((record.value - record.bound) / record.value) if record.value else percent(0)
    return (
        f"The plan was found by a search for the least {least} in the space {space}, which stopped with a gap of {gap}."
    )


def recorded_dict(record: PlanRecord, architecture: Architecture, evaluation: Evaluation) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "objective": record.objective,
        "value": record.value,
        "bound": record.bound,
        "status": record.status,
        "space": record.space["name"],
        "limits": list(record.limits),
        "holds": holds(record, architecture, evaluation),
    }
