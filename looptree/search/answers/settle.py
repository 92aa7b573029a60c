"""Of plans with the same objective, one that takes little of everything else.

Where off-chip bytes or operations are counted, many plans are equally good, and the first that is found may recompute
much for nothing. So the search goes on for a little while with a weighted sum in which the other metrics count so
little that no plan with a larger objective is better.
"""

from __future__ import annotations

from dataclasses import replace

from looptree.search.asked.metrics import METRICS, Weights, shares
from looptree.search.group.goal.goal import ROUNDING
from looptree.search.network.planner import Found, Planner
from looptree.search.network.plans.partition import Path

SHARES = 1e-8, 1e-5  # of the objective that the other metrics count, together and of the plan known, at least and most
EFFORT = 8_000  # ranges that are bounded for that, besides half as many as for the search


def settled(planner: Planner, found: Found, objective: str) -> Found:
    """An optimal plan, or one as good that takes less of the other metrics, each as a share of what the first takes.

    Args:
        found: the plan. objective: a metric that adds up.

    It is proven to take least of them unless the effort for that is too large.
    """
    if not found.path.proven or not found.value:
        return found
    others = shares(found.path.totals, [name for name in METRICS if name != objective])
    unit = min(max(0.1 / found.value, SHARES[0]), SHARES[1]) * found.value
    weights = Weights(*(unit * share for share in others))._replace(**{objective: 1.0})
    most = planner.tally.nodes * 3 // 2 + EFFORT

    def going(path: Path) -> bool:
        return planner.told(found.value, found.bound) and planner.tally.nodes < most

    try:
        path = planner.solve(weights, planner.capacity, going)
    except KeyboardInterrupt:
        return found
    if not path.steps or path.totals[METRICS.index(objective)] > found.value * (1 + ROUNDING):
        return found
    return replace(found, path=path)
