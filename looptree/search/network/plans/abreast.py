"""Several searches of one network that go on side by side, so that there is more to do at a time.

A round of one search asks for a handful of groups, and the next one begins when the last of these is searched: so half
of the workers wait at its end. Rounds of several searches together, in buffers of different sizes, have more to do, and
what one of them finds out serves all. Each round depends on what was known when it began, and on nothing else: so the
plans depend neither on the number of workers nor on which of them is done first.
"""

from __future__ import annotations

from collections.abc import Sequence

from looptree.search.network.groups.catalogue import Catalogue, Task
from looptree.search.network.plans.partition import NO_PATH, Path, Rounds


def side_by_side(searches: Sequence[Rounds], catalogue: Catalogue) -> list[Path]:
    """What each of some searches finds.

    Where several ask for one group, the largest buffer comes first: what is proven there bounds the others.
    """
    paths = [NO_PATH] * len(searches)
    waiting: dict[int, list[Task]] = {number: [] for number in range(len(searches))}
    while waiting:
        for number, tasks in list(waiting.items()):
            left = [task for task in tasks if _open(task, catalogue)]
            while not left:
                known = next(searches[number], None)
                if known is None:
                    break
                paths[number], left = known
            waiting[number] = left
        waiting = {number: left for number, left in waiting.items() if left}
        now: dict[int, Task] = {}
        for task in (task for left in waiting.values() for task in left):
            other = now.setdefault(task.variant, task)
            if (task.capacity, task.below) > (other.capacity, other.below):
                now[task.variant] = task
        catalogue.run(list(now.values()))
        waiting = {number: [t for t in left if now[t.variant] is not t] for number, left in waiting.items()}
    return paths


def _open(task: Task, catalogue: Catalogue) -> bool:
    """Whether a search still has something to find."""
    known = catalogue.variants[task.variant]
    return not known.exact(task.weights, task.capacity) and known.lower(task.weights, task.capacity) < task.below
