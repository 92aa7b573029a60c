"""Two plans of the example that were chosen by hand, in place of those that a search finds."""

from __future__ import annotations

from collections.abc import Callable

from looptree.architecture import Architecture, architecture_from_node
from looptree.documents import parse_document
from looptree.model.evaluate import evaluate
from looptree.report.compared import Compared
from looptree.search import Comparison, Plan, Statistics
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


def plan(workload: Workload, architecture: Architecture, groups: tuple[GroupChoice, ...]) -> Plan:
    """A plan of these groups, with statistics as a search would give."""
    tree = plan_tree(workload, architecture, groups)
    statistics = Statistics(
        seconds=0.25, groups_costed=3, designs_tabulated=20, designs_evaluated=5, space="what a test chose"
    )
    return Plan(groups, tree, evaluate(workload, architecture, tree), statistics)


def by_hand(
    workload: Workload,
    architecture: Architecture,
    *,
    objective: str = "energy",
    progress: Callable[[int, int, str], None] | None = None,
) -> Comparison:
    """What `looptree.search.compare` would return, had it found these plans."""
    if progress is not None:
        progress(1, 2, workload.einsums[0].name)
        progress(2, 2, "")
    return Comparison(plan(workload, architecture, APART), plan(workload, architecture, FUSED))


def compared() -> Compared:
    """Both plans of the example."""
    workload = workload_from_node(parse_document(WORKLOAD))
    architecture = architecture_from_node(parse_document(ARCHITECTURE))
    return Compared(workload, architecture, by_hand(workload, architecture))
