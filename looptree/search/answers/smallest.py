"""The smallest buffer in which a network keeps limits: halving what is left between too small and large enough.

With less room nothing gets better. So a capacity in which no plan keeps the limits is a lower bound, and a plan that
keeps them needs so many bytes and no more: that is the next upper bound.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from looptree.search.answers.pursuit import Pursuit
from looptree.search.asked.metrics import METRICS
from looptree.search.asked.target import Target
from looptree.search.network.planner import Found, Planner


def smallest(planner: Planner, limits: Mapping[str, float]) -> Found:
    """The plan that keeps the limits in the fewest bytes on chip; its value is their number.

    Ctrl-C ends the search with the best plan so far, if there is one.
    """
    objective = next(iter(limits), METRICS[0])
    best = Pursuit(planner, Target(objective, limits), planner.capacity, enough=True).found()
    if not best.path.steps:
        return Found(best.path, best.weights, math.inf, math.inf if math.isinf(best.bound) else 0.0)
    low, high = 0, int(best.path.room)
    while low + 1 < high:
        middle = math.isqrt(max(low, 1) * high) if high > 2 * low else (low + high) // 2
        middle = min(max(middle, low + 1), high - 1)
        try:
            found = Pursuit(planner, Target(objective, limits), middle, enough=True).found()
        except KeyboardInterrupt:
            break
        if found.path.steps:
            best, high = found, int(found.path.room)
        elif math.isinf(found.bound):
            low = middle
        else:
            break
    return Found(best.path, best.weights, float(high), float(low + 1), float(high))
