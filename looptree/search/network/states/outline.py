"""Which groups can follow which ideals, whatever stays on chip."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

from looptree.search.network.states.ideals import Layers, TooManyError

MOST_IDEALS = 20_000
MOST_STEPS = 300_000
MOST_GROUPS = 5_000
MOST_CHAINS = 12_000  # groups that are chains of more layers than any group may have


@dataclass(frozen=True, slots=True)
class Outline:
    """The ideals of a layer graph and the groups that lead from one to another.

    Attributes:
        group_layers: most layers of a group; chain_layers: of one that is a chain.
        ideals: smaller ones first. groups: as bit masks of layers, small ones first.
        following: for each ideal the positions of the groups that may come next.
    """

    group_layers: int
    chain_layers: int
    ideals: list[int]
    groups: list[int]
    following: list[list[int]]

    @classmethod
    def of(cls, layers: Layers, group_layers: int, chain_layers: int, check_time: Callable[[], None]) -> Outline:
        """All groups of so many layers, or of fewer where they would be too many; chains are the first to be shorter.

        Raises:
            TooManyError: there are too many ideals, or too many steps even for single layers.
        """
        ideals = layers.ideals(MOST_IDEALS)
        for most in range(group_layers, 0, -1):
            check_time()
            try:
                groups = layers.convex(most, MOST_GROUPS if most > 1 else len(layers.names))
                found = cls(most, most, ideals, groups, _following(layers, ideals, groups))
            except TooManyError:
                continue
            return found._with_chains(layers, chain_layers)
        raise TooManyError

    def _with_chains(self, layers: Layers, most: int) -> Outline:
        """The same with longer groups that are chains, as long as all of one length are not too many."""
        chains = layers.chains(self.group_layers + 1, most)
        following = list(layers.following(self.ideals, chains)) if chains else []
        steps = [0] * len(chains)
        for listed in following:
            for at in listed:
                steps[at] += 1
        longest, kept, room = self.group_layers, 0, MOST_STEPS - sum(map(len, self.following))
        for size, equal in itertools.groupby(range(len(chains)), lambda at: chains[at].bit_count()):
            every = list(equal)
            room -= sum(steps[at] for at in every)
            if every[-1] >= MOST_CHAINS or room < 0:
                break
            longest, kept = size, every[-1] + 1
        else:
            longest = max(most, longest)
        after = [
            first + [len(self.groups) + at for at in more if at < kept]
            for first, more in zip(self.following, following or [[]] * len(self.ideals), strict=True)
        ]
        return replace(self, chain_layers=longest, groups=self.groups + chains[:kept], following=after)

    @property
    def without_chains(self) -> Outline:
        """The same with no chains of more layers than any group may have."""
        few = sum(group.bit_count() <= self.group_layers for group in self.groups)
        following = [[at for at in listed if at < few] for listed in self.following]
        return replace(self, chain_layers=self.group_layers, groups=self.groups[:few], following=following)


def _following(layers: Layers, ideals: list[int], groups: list[int]) -> list[list[int]]:
    found, steps = [], 0
    for listed in layers.following(ideals, groups):
        found.append(listed)
        steps += len(listed)
        if steps > MOST_STEPS:
            raise TooManyError
    return found
