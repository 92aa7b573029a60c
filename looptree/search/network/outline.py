"""Which groups can follow which ideals, whatever stays on chip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from looptree.search.network.ideals import Layers, TooManyError

MOST_IDEALS = 20_000
MOST_STEPS = 300_000
MOST_GROUPS = 5_000


@dataclass(frozen=True, slots=True)
class Outline:
    """The ideals of a layer graph and the groups that lead from one to another.

    Attributes:
        group_layers: most layers of a group. ideals: smaller ones first. groups: as bit masks of layers.
        following: for each ideal the positions of the groups that may come next.
    """

    group_layers: int
    ideals: list[int]
    groups: list[int]
    following: list[list[int]]

    @classmethod
    def of(cls, layers: Layers, group_layers: int, check_time: Callable[[], None]) -> Outline:
        """All groups of so many layers, or of fewer where they would be too many.

        Raises:
            TooManyError: there are too many ideals, or too many steps even for single layers.
        """
        ideals = layers.ideals(MOST_IDEALS)
        for most in range(group_layers, 0, -1):
            check_time()
            try:
                groups = layers.convex(most, MOST_GROUPS if most > 1 else len(layers.names))
                return cls(most, ideals, groups, _following(layers, ideals, groups))
            except TooManyError:
                continue
        raise TooManyError


def _following(layers: Layers, ideals: list[int], groups: list[int]) -> list[list[int]]:
    found, steps = [], 0
    for listed in layers.following(ideals, groups):
        found.append(listed)
        steps += len(listed)
        if steps > MOST_STEPS:
            raise TooManyError
    return found
