"""Several searches of one network that go on side by side, so that there is more to do at a time.

A round of one search asks for a handful of groups, and the next one begins when the last of these is searched: so half
of the workers wait at its end. Rounds of several searches together, in buffers of different sizes, have more to do, and
what one of them finds out serves all. Each round depends on what was known when it began, and on nothing else: so the
plans depend neither on the number of workers nor on which of them is done first.
"""

from __future__ import annotations

from collections.abc import Sequence

from looptree.search.network.catalogue import Catalogue, Task
from looptree.search.network.partition import NO_PATH, Path, Rounds


def side_by_side(searches: Sequence[Rounds], catalogue: Catalogue) -> list[Path]:
    """What each of some searches finds.

    Where several ask for one group, the largest buffer comes first: what is proven there bounds the others.
    """
    paths, going = [NO_PATH] * len(searches), dict(enumerate(searches))
    while going:
        tasks: dict[int, Task] = {}
        for number, search in list(going.items()):
            known = next(search, None)
            if known is None:
                del going[number]
                continue
            paths[number], asked = known
            for task in asked:
                other = tasks.get(task.variant)
                if other is None or (task.capacity, task.below) > (other.capacity, other.below):
                    tasks[task.variant] = task
        catalogue.run(list(tasks.values()))
    return paths
