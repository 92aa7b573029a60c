"""Plans of the example that were chosen by hand, in place of those that a search finds."""

from __future__ import annotations

import math
from collections.abc import Sequence

from looptree.architecture import Architecture, architecture_from_node
from looptree.documents import parse_document
from looptree.model.evaluate import evaluate
from looptree.report.compared import Compared
from looptree.report.planned import Planned
from looptree.search import Comparison, Plan, Space, State, Statistics
from looptree.search.asked.limits import Limit
from looptree.search.asked.objective import value
from looptree.search.result import Progress
from looptree.taxonomy import GroupChoice, RankRef, Temporal, plan_tree
from looptree.workload import Workload
from looptree.workload.reader import workload_from_node
from tests.cli.command_line import ARCHITECTURE, WORKLOAD

APART = (
    GroupChoice(("conv1",), (), {"F1": 0, "W1": 0, "F2": 0}, level="GLB"),
    GroupChoice(("conv2",), (), {"F2": 0, "W2": 0, "F3": 0}, level="GLB"),
)
FUSED = (
    GroupChoice(
        ("conv1", "conv2"),
        (Temporal((RankRef("p"),), 4),),
        {"F1": 1, "W1": 0, "F2": 1, "W2": 0, "F3": 1},
        level="GLB",
    ),
)
HANDED_OVER = (
    GroupChoice(("conv1",), (), {"F1": 0, "W1": 0}, level="GLB"),
    GroupChoice(("conv2",), (), {"W2": 0, "F3": 0}, level="GLB"),
)


def plan(
    workload: Workload,
    architecture: Architecture,
    groups: tuple[GroupChoice, ...],
    *,
    resident: frozenset[str] = frozenset(),
    objective: str = "energy",
    gap: float = 0.0,
) -> Plan:
    """A plan of these groups, with statistics as a search would give; `gap` is the share that is not proven."""
    tree = plan_tree(workload, architecture, groups, resident=resident)
    evaluation = evaluate(workload, architecture, tree)
    found = float(value(objective, evaluation))
    statistics = Statistics(
        status="feasible" if gap else "optimal",
        objective=objective,
        value=found,
        bound=found * (1 - gap),
        seconds=0.25,
        groups=3,
        shapes=2,
        searches=4,
        designs_evaluated=20,
        ranges_bounded=5,
        space=Space(),
    )
    return Plan(groups, resident, tree, evaluation, statistics, architecture)


def by_hand(
    workload: Workload,
    architecture: Architecture,
    *,
    objective: str = "energy",
    limits: Sequence[Limit | str] = (),
    space: Space | None = None,
    seconds: float | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """What `looptree.search.compare` would return, had it found these plans."""
    if progress is not None:
        progress(State(0.1, math.inf, 0.0, 1, 10))
        progress(State(0.2, 2e6, 1e6, 2, 20))
    return Comparison(
        plan(workload, architecture, APART, objective=objective),
        plan(workload, architecture, FUSED, objective=objective),
    )


def compared() -> Compared:
    """Both plans of the example."""
    workload = workload_from_node(parse_document(WORKLOAD))
    architecture = architecture_from_node(parse_document(ARCHITECTURE))
    return Compared(workload, architecture, by_hand(workload, architecture))


def kept_between() -> Planned:
    """The example layer by layer, with what goes from one layer to the other on chip."""
    workload = workload_from_node(parse_document(WORKLOAD))
    architecture = architecture_from_node(parse_document(ARCHITECTURE))
    return Planned(workload, architecture, plan(workload, architecture, HANDED_OVER, resident=frozenset({"F2"})))
