"""All plans that keep some rules and that no other one beats.

A rule says that no plan counts whose weighted sum of metrics is not below some amount. For each group that may be part
of a plan within the rules, all designs that no other one beats are collected, and the plans that these make are found
by labels (`looptree.search.network.labels`). That is exact, and takes the longer the more room the rules leave.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.search.asked.metrics import METRICS, Weights
from looptree.search.asked.target import ROUNDING
from looptree.search.group.design import GroupDesign
from looptree.search.group.goal import Aim
from looptree.search.network.catalogue import Task
from looptree.search.network.labels import Labelled, Labels, Rule
from looptree.search.network.partition import Partition, Path

EFFORT = 100_000  # ranges that are bounded to collect the designs of one group, at most
FEW_LABELS, MOST_LABELS = 100, 2_000  # at a state: for good plans, and for all of them
MOST_COLLECTED = 20_000  # groups whose designs are collected
AT_ONCE = 64  # groups; the time is looked at in between


def rule(partition: Partition, weights: Weights, most: float) -> Rule:
    """That no plan counts whose weighted sum is above `most`, with what is known of all groups."""
    graph, variants = partition.graph, partition.catalogue.variants
    cost = np.array([variants[variant].lower(weights, room) for variant, room in graph.queries])
    before, after = graph.ways(cost[graph.query])
    return Rule(weights, most * (1 + ROUNDING), cost, before, after)


@dataclass(frozen=True, eq=False)
class Combined:
    """Plans made of designs that are known.

    Attributes:
        complete: whether no plan was left out that these designs make.
    """

    partition: Partition
    labels: Labels
    designs: dict[int, list[GroupDesign]]

    @property
    def complete(self) -> bool:
        return self.labels.complete

    def best(self, value: Callable[[Array], Array]) -> Path | None:
        """The plan of least value."""
        found = self.labels.best(value)
        return self._path(found) if found.steps else None

    def paths(self) -> list[Path]:
        """All plans that no other one beats."""
        return [self._path(found) for found in self.labels.all()]

    def _path(self, found: Labelled) -> Path:
        graph = self.partition.graph
        steps = graph.plan(found.steps)
        taken = zip(found.steps, found.options, strict=True)
        designs = tuple(self.designs[int(graph.query[step])][option] for step, option in taken)
        return Path(steps, designs, math.inf, 0.0)


class Within:
    """Plans within rules.

    Args:
        metrics: those that count. rules: the one that leaves least room comes first.

    Attributes:
        steps: those that may be part of such a plan. queries: their questions, that is groups with some room.
    """

    def __init__(self, partition: Partition, metrics: Sequence[str], rules: Sequence[Rule]) -> None:
        self.partition = partition
        self.metrics = metrics
        self.rules = sorted(rules, key=lambda rule: -rule.before[-1] / rule.most)
        graph = partition.graph
        good = np.ones(len(graph.source), dtype=bool)
        for known in self.rules:
            through = known.before[graph.source] + known.cost[graph.query] + known.after[graph.target]
            good &= through < known.most
        self.steps = [int(step) for step in np.flatnonzero(good)]
        self.queries = sorted({int(graph.query[step]) for step in self.steps})

    def collect(self, going: Callable[[], bool]) -> bool:
        """Find all designs that such a plan may have; whether none is missing.

        Args:
            going: asked in between whether to go on.
        """
        if len(self.queries) > MOST_COLLECTED:
            return False
        catalogue = self.partition.catalogue
        axes = [Weights.only(name) for name in self.metrics]
        first, tasks, aims = self.rules[0].weights, [], []
        for query, left in self._left().items():
            variant, capacity = self.partition.graph.queries[query]
            if catalogue.variants[variant].pinned:
                continue
            most = dict(zip((known.weights for known in self.rules), left.tolist(), strict=True))
            limits = tuple((axis, most.get(axis, math.inf)) for axis in axes)
            tasks.append(Task(variant, first, capacity, float(left[0])))
            aims.append(Aim(first, limits))
        for start in range(0, len(tasks), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            if not going() or not all(catalogue.collect(tasks[part], aims[part], EFFORT)):
                return False
        return True

    def _left(self) -> dict[int, Array]:
        """What the designs of each question may take at most by each rule, whatever comes before and after."""
        graph = self.partition.graph
        left = {query: np.full(len(self.rules), -np.inf) for query in self.queries}
        for step in self.steps:
            query, source, target = (int(each[step]) for each in (graph.query, graph.source, graph.target))
            here = np.array([known.most - known.before[source] - known.after[target] for known in self.rules])
            left[query] = np.maximum(left[query], here)
        return left

    def combine(self, most: int) -> Combined:
        """The plans of the designs that are known, with so many labels at a state at most."""
        graph, variants = self.partition.graph, self.partition.catalogue.variants
        columns = [METRICS.index(name) for name in self.metrics]
        designs, options = {}, {}
        for query in self.queries:
            variant, room = graph.queries[query]
            known = [design for design in variants[variant].designs if design.room <= room]
            designs[query] = known
            options[query] = np.array([[d.totals[i] for i in columns] for d in known]).reshape(len(known), len(columns))
        return Combined(self.partition, Labels(graph, options, columns, self.rules, self.steps, most), designs)
