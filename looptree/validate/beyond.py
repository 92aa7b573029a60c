"""The best design that the search finds in the buffer of a published one, both in the same costs.

The buffer is what the published design takes by the model, so that both are counted alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from looptree.architecture.load import load_architecture
from looptree.model import Evaluation, evaluate
from looptree.model.result import plain
from looptree.search import Plan, search
from looptree.validate.case import Case, Values
from looptree.validate.settings import checked_values, designed
from looptree.workload import Workload
from looptree.workload.load import load_workload

OBJECTIVES = ("offchip", "energy")


@dataclass(frozen=True)
class Beyond:
    """A published design beside the best ones in its buffer.

    Attributes:
        at: the setting. architecture: whose costs. buffer_bytes: what the published design takes.
        found: the best plan by objective.
    """

    case: Case
    at: Values
    architecture: str
    buffer_bytes: int
    published: Evaluation
    found: Mapping[str, Plan]


def beyond(case: Case, seconds: float | None = None, load: Callable[..., Workload] = load_workload) -> list[Beyond]:
    """The best designs for every setting that the case lists under `searched`.

    Args:
        case: the case.
        seconds: for each search; none by default.
        load: reads a workload by name or path.
    """
    return [_beyond(case, item.at, item.architecture, seconds, load) for item in case.searched]


def _beyond(case: Case, at: Values, name: str, seconds: float | None, load: Callable[..., Workload]) -> Beyond:
    design = designed(case, checked_values(case.parameters, at), load)
    architecture = load_architecture(name)
    level = architecture.levels[1].name
    published = evaluate(design.workload, architecture, design.tree)
    size = published.occupancy[level].window_bytes
    limited = architecture.with_capacity(level, size)
    found = {  # in this process: most of these searches are over before workers would have started
        objective: search(design.workload, limited, objective=objective, seconds=seconds, workers=1)
        for objective in OBJECTIVES
    }
    return Beyond(case, at, name, size, published, found)


def beyond_dict(result: Beyond) -> dict[str, object]:
    """Plain data."""
    return {
        "case": result.case.name,
        "at": dict(result.at),
        "architecture": result.architecture,
        "buffer_bytes": result.buffer_bytes,
        "published": _costs(result.published),
        "found": {
            objective: {**_costs(plan.evaluation), "status": plan.statistics.status, "gap": plan.statistics.gap}
            for objective, plan in result.found.items()
        },
    }


def _costs(evaluation: Evaluation) -> dict[str, object]:
    return {
        "offchip_bytes": evaluation.offchip_bytes,
        "operations": evaluation.total_operations,
        "recomputed": evaluation.recomputed_operations,
        "energy_pj": plain(evaluation.energy.total),
        "latency_cycles": plain(evaluation.latency.overlapped),
    }
