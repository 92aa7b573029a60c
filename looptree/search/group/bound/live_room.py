"""What the tensors of single designs take in a buffer that holds only what is still needed (`allocation: live`).

What is live at a time is no product over loops. It is no less than what one step needs, which bounds ranges of designs;
what a single design takes is asked of the model: once for each number of loops that may be above a storage node, since
what one tensor takes does not depend on where another one is kept as long as the same is computed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model import evaluate
from looptree.model.axis import Array
from looptree.search.asked.loops import Rank
from looptree.search.group.group import Group
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.taxonomy.tree import RankRef, Temporal

NEVER = 1e30


@dataclass(frozen=True, eq=False, slots=True)
class Rooms:
    """Bytes that are live at most, `NEVER` where the model has no number.

    Attributes:
        above: of each tensor below each number of loops, of shape (tensors, loops + 1); intermediates are spilled.
        kept: of each tensor where it is kept without being spilled.
    """

    above: Array
    kept: Array


class LiveRooms:
    """What is live in the designs of one group.

    Args:
        group: whose.
    """

    def __init__(self, group: Group) -> None:
        self.group = group
        self._known: dict[tuple[object, ...], Rooms] = {}

    def of(self, loops: tuple[tuple[Rank, int], ...], places: Mapping[str, int], spilled: Collection[str]) -> Rooms:
        """What each tensor takes in its places.

        Args:
            loops: above the branch, with their tile shapes. places: loops above the node of each intermediate that is
                kept. spilled: those of them that are computed once, and may be spilled instead.
        """
        key = (loops, tuple(places.items()), tuple(spilled))
        if key not in self._known:
            above = [self._asked(loops, places, spilled, depth) for depth in range(len(loops) + 1)]
            kept = self._asked(loops, places, (), 0) if places else above[0]
            self._known[key] = Rooms(np.stack(above, axis=1), kept)
        return self._known[key]

    def _asked(
        self, loops: tuple[tuple[Rank, int], ...], places: Mapping[str, int], spilled: Collection[str], depth: int
    ) -> Array:
        group = self.group
        level, architecture = group.goal.level, group.goal.architecture
        held = [t for t in group.tensors if t not in group.direct]
        retention = dict.fromkeys(held, depth) | {t: d for t, d in places.items() if t not in spilled}
        dropped = {t for t, rule in zip(group.tensors, group.rules, strict=True) if rule.drop}
        nest = tuple(Temporal(tuple(RankRef(name, einsum) for einsum, name in rank), tile) for rank, tile in loops)
        names = tuple(group.layers)
        choice = GroupChoice(names, nest, retention, frozenset(dropped), frozenset(spilled), level=level)
        try:
            found = evaluate(group.part, architecture, plan_tree(group.part, architecture, [choice]), stepwise=False)
        except UnsupportedError:
            return np.full(len(group.tensors), NEVER)
        rooms = found.occupancy[level].per_tensor
        return np.array([float(rooms[t][1]) if t in rooms else 0.0 for t in group.tensors])
