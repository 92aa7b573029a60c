"""Groups whose layers are the stages of a pipeline: each has an array of its own, on consecutive steps of the loops.

A pipeline moves and computes what layers that take turns do. It differs in its compute cycles, and in what tensors
inside the branches take: all of them are there at once. No pipeline is faster than the slowest of its stages, so the
most cycles of a layer are a lower bound; what a single design takes is asked of the model.
"""

from __future__ import annotations

from collections.abc import Mapping

from looptree.errors import UnsupportedError
from looptree.model import evaluate_design
from looptree.search.asked.loops import Rank
from looptree.search.group.group import Group
from looptree.taxonomy.binding import bind
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.taxonomy.tree import RankRef, Temporal


class Schedules:
    """The compute cycles of the pipelines of one group.

    Args:
        group: its layers are the stages.
    """

    def __init__(self, group: Group) -> None:
        self.group = group
        self._known: dict[tuple[object, ...], float | None] = {}

    def cycles(self, loops: tuple[tuple[Rank, int], ...], places: Mapping[str, int]) -> float | None:
        """Compute cycles, `None` where the model schedules no such pipeline.

        Args:
            loops: above the branch, with their tile shapes. places: loops above the node of each intermediate that is
                not spilled, or of one that is computed once; what else is kept where does not matter.
        """
        key = (loops, tuple(places.items()))
        if key not in self._known:
            self._known[key] = self._asked(loops, places)
        return self._known[key]

    def _asked(self, loops: tuple[tuple[Rank, int], ...], places: Mapping[str, int]) -> float | None:
        group = self.group
        choice = GroupChoice(
            tuple(group.layers),
            tuple(Temporal(tuple(RankRef(name, einsum) for einsum, name in rank), tile) for rank, tile in loops),
            {**{t: 0 for t in group.tensors if t not in group.direct}, **places},
            parallelism="pipeline",
            level=group.goal.level,
        )
        architecture = group.goal.architecture
        try:
            design = bind(group.part, architecture, plan_tree(group.part, architecture, [choice]))
            found = evaluate_design(design, stepwise=False, live=False)
        except UnsupportedError:
            return None
        return float(found.latency.compute)
