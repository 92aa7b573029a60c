"""Plans of layer graphs that are too wide to list their ideals: set partitioning over candidate groups.

Nothing stays on chip between groups here. As in `looptree.search.network.plans.partition`, costs are found out lazily:
groups start with a lower bound, the cheapest cover by lower bounds is looked at, and its groups are searched, until the
cover has nothing left to find out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from looptree.search.asked.metrics import Weights
from looptree.search.asked.space import Space
from looptree.search.covering import Column, Cover, cover
from looptree.search.group.goal.goal import ROUNDING
from looptree.search.network.groups.catalogue import Catalogue, Task
from looptree.search.network.plans.partition import NO_PATH, Path, Rounds, alone, driven
from looptree.search.network.states.ideals import Layers, TooManyError, bits
from looptree.search.network.states.outline import MOST_CHAINS, MOST_GROUPS
from looptree.search.network.states.step import Group, Step

SCALE = 1000  # objectives in thousandths, as whole numbers
IMPOSSIBLE = 10**18


class WidePartition:
    """Finds the best partition into groups, searching groups as they are needed.

    Args:
        capacity: bytes on chip.
    """

    def __init__(self, layers: Layers, catalogue: Catalogue, capacity: float) -> None:
        self.layers = layers.told_apart
        self.catalogue = catalogue
        self.capacity = capacity
        self.space, masks = self._candidates(catalogue.space)
        self.groups = []
        self.variants = []
        for mask in masks:
            shape, names = catalogue.shape(layers.members(mask))
            self.groups.append(Group(mask, shape, names))
            self.variants.append(catalogue.variant(shape, names, frozenset()))
        catalogue.find_floors()

    def _candidates(self, space: Space) -> tuple[Space, list[int]]:
        """The groups of the space, or of the largest narrower one in which they are not too many."""
        for most in range(space.group_layers, 0, -1):
            try:
                masks = self.layers.convex(most, MOST_GROUPS if most > 1 else len(self.layers.names))
            except TooManyError:
                continue
            longest = space.most_layers[1]
            while len(chains := self.layers.chains(most + 1, longest)) > MOST_CHAINS:
                longest = chains[MOST_CHAINS].bit_count() - 1
            return replace(space.with_layers(most, longest), resident=0), self._allowed([*masks, *chains])
        raise TooManyError

    def _allowed(self, masks: Sequence[int]) -> list[int]:
        """The groups that keep the restrictions."""
        rules, workload = self.catalogue.space.restrictions, self.catalogue.workload
        listed = [(mask, self.layers.members(mask)) for mask in masks]
        return [mask for mask, names in listed if rules.allows(names) and not rules.leaves(workload, names)]

    def solve(
        self,
        weights: Weights,
        going: Callable[[Path], bool] = lambda path: True,
        most: float = math.inf,
        spare: float = 0.0,
    ) -> Path:
        """The partition of least weighted sum; or the best one so far once `going` returns false.

        Args:
            most: only partitions below it count; if there is none, the bound is at least as large.
            spare: as for `Partition.solve`; here groups are searched in their own room only.
        """
        if not going(NO_PATH):
            return NO_PATH
        alone(self.layers, self.catalogue, weights, self.capacity)
        return driven(self.rounds(weights, going, most), self.catalogue)

    def rounds(self, weights: Weights, going: Callable[[Path], bool], most: float = math.inf) -> Rounds:
        """The search of the partition of least weighted sum; arguments as for `Partition.rounds`."""
        while True:
            known = self._cover(lambda v: self.catalogue.variants[v].upper(weights, self.capacity))
            found = self._cover(lambda v: self.catalogue.variants[v].lower(weights, self.capacity))
            value, bound = self._value(weights, known), found.bound / SCALE if found.found else math.inf
            path = self._path(weights, known, value, min(bound, value))
            better = min(value, most)
            tasks = self._tasks(weights, found, better)
            if not tasks and found.proven:
                path = replace(path, bound=better)
            if path.proven or path.bound >= most or not going(path) or not tasks:
                yield path, []
                return
            yield path, tasks

    def bound(self, weights: Weights) -> float:
        """What no plan undercuts, as far as that is known already."""
        found = self._cover(lambda v: self.catalogue.variants[v].lower(weights, self.capacity))
        return found.bound / SCALE if found.found else math.inf

    def _path(self, weights: Weights, known: Cover, value: float, bound: float) -> Path:
        if not math.isfinite(value):
            return replace(NO_PATH, bound=bound)
        steps = tuple(
            Step(self.groups[i], self.variants[i], self.capacity, 0, frozenset(), frozenset()) for i in known.chosen
        )
        variants = self.catalogue.variants
        designs = tuple(best for s in steps if (best := variants[s.variant].best(weights, s.capacity)) is not None)
        return Path(steps, designs, value, bound)

    def _cover(self, cost: Callable[[int], float]) -> Cover:
        """The cheapest cover by some cost of the variants."""
        costs = [cost(v) for v in self.variants]
        number = {i: at for at, i in enumerate(i for i, c in enumerate(costs) if math.isfinite(c))}
        columns = [
            Column(frozenset(bits(self.groups[i].layers)), min(IMPOSSIBLE, math.floor(costs[i] * SCALE)))
            for i in number
        ]
        edges = [(a, b) for b, before in enumerate(self.layers.before) for a in bits(before)]
        left = max(1.0, self.catalogue.seconds_left)
        found = cover(len(self.layers.names), edges, columns, seconds=None if math.isinf(left) else left)
        back = list(number)
        return replace(found, chosen=tuple(back[i] for i in found.chosen))

    def _value(self, weights: Weights, found: Cover) -> float:
        if not found.found:
            return math.inf
        known = self.catalogue.variants
        return sum(known[self.variants[i]].upper(weights, self.capacity) for i in found.chosen)

    def _tasks(self, weights: Weights, found: Cover, value: float) -> list[Task]:
        """Searches of the groups of a cover of which not everything is known."""
        known = self.catalogue.variants
        lowers = {i: known[self.variants[i]].lower(weights, self.capacity) for i in found.chosen}
        total = sum(lowers.values())
        if total >= value * (1 - ROUNDING):
            return []
        tasks = {}
        for i, lower in lowers.items():
            if not known[self.variants[i]].exact(weights, self.capacity):
                below = value - (total - lower) if math.isfinite(value) else math.inf
                tasks[self.variants[i]] = Task(self.variants[i], weights, self.capacity, below)
        return list(tasks.values())
