"""What a study keeps of its results: the plans of all, of a Pareto front, or of the best per network.

The numbers of every point stay: a run that goes on needs to know what is done, proofs build on them, and sensitivity is
a comparison of all of them. A plan is many times their size. One that another result beats is beaten for good, so plans
are dropped as results come, and what is left in the end depends on the results alone.
"""

from __future__ import annotations

from looptree.sweep.answers import best_per_network, front, point_rows
from looptree.sweep.store import Store
from looptree.sweep.study import Study

SLACK = 256  # plans that come between two looks at what is kept


class Kept:
    """Drops plans from a store, each time that it has grown by as many as it kept before.

    Args:
        study: whose results. store: of them.
    """

    def __init__(self, study: Study, store: Store) -> None:
        self.study, self.store = study, store
        self.room = SLACK

    def wrote(self, plans: int) -> None:
        """So many more plans are there."""
        self.room -= plans
        if self.room <= 0:
            self.room = SLACK + self.drop()

    def drop(self) -> int:
        """Drop what is not kept; how many plans are left."""
        if self.study.group or self.study.keep == "all":
            return 0
        rows = point_rows(self.study, self.store, planned=True)
        chosen = front(rows, self.study.front) if self.study.keep == "front" else best_per_network(rows)
        left = {row["point"] for row in chosen} | {row["source"] for row in chosen}
        self.store.drop_plans(row["point"] for row in rows if row["point"] not in left)
        return len(left)
