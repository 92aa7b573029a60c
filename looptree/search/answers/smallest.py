"""The smallest buffer in which a network keeps limits: dividing what is left between too small and large enough.

With less room nothing gets better. So a capacity in which no plan keeps the limits is a lower bound, and a plan that
keeps them needs so many bytes and no more: that is the next upper bound. In between, no search has to find the best
plan: it ends with the first one that keeps the limits, or when what groups take at least is beyond them. What is proven
in a large buffer holds in every smaller one, so capacities are asked for from above.

A proof that there is no plan takes much longer than to find one, and holds in no larger capacity. So close to the
answer groups are searched in as much room as they have in the largest capacity that is left: of most groups that
proves enough, and then it is proven once for all capacities that are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from looptree.search.answers.pursuit import Pursuit
from looptree.search.asked.target import Target
from looptree.search.network.planner import Found, Planner

DIVIDED = 2
"""What is large enough is divided by that until it is too small."""
TAKEN = 6
"""Then such parts of what is left are taken off from above: a plan is found sooner than it is proven that there is
none."""
FINE = 32
"""Once less than such a part of what is large enough is left, a byte less is asked for than the best plan needs, then 2
bytes less, 4, and so on: plans need few different numbers of bytes, and without one in between that is the end."""
SPARED = 8
"""Groups are searched in more room than they have if that is no more than such a part of the capacity."""


def smallest(planner: Planner, limits: Mapping[str, float]) -> Found:
    """The plan that keeps the limits in the fewest bytes on chip; its value is their number.

    Ctrl-C ends the search with the best plan so far, if there is one.
    """
    objective = next(iter(limits), "operations")  # designs that compute nothing again are found at once
    capacity = planner.capacity if limits else min(planner.capacity, planner.most_demanding()[0])
    best = Pursuit(planner, Target(objective, limits), capacity, enough=True).found()
    if capacity < planner.capacity and not best.path.steps:  # restrictions ask for larger groups
        best = Pursuit(planner, Target(objective, limits), planner.capacity, enough=True).found()
    if not best.path.steps:
        return Found(best.path, best.weights, math.inf, math.inf if math.isinf(best.bound) else 0.0)
    low, high, step = 0, int(best.path.room), 1
    while low + 1 < high:
        try:
            capacity = _between(low, high, step)
            more = high - 1 - capacity
            spare = float(more) if more <= capacity // SPARED else 0.0
            found = Pursuit(planner, Target(objective, limits), capacity, enough=True, spare=spare).found()
        except KeyboardInterrupt:
            break
        if found.path.steps:
            step = 2 * step if capacity == high - step else 1
            best, high = found, int(found.path.room)
        elif math.isinf(found.bound):
            low, step = capacity, 1
        else:
            break
    return Found(best.path, best.weights, float(high), float(low + 1), float(high))


def _between(low: int, high: int, step: int) -> int:
    """The capacity that is next, between one that is too small and one that is large enough.

    Args:
        step: by how much less is asked for where little is left.

    >>> _between(0, 1000, 1), _between(100, 160, 1), _between(1000, 1020, 4), _between(1, 3, 4)
    (500, 150, 1016, 2)
    """
    if not low:
        return max(1, high // DIVIDED)
    left = high - low
    return high - max(1, left // TAKEN) if left > high // FINE else max(low + 1, high - step)
