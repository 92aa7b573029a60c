"""All plans that keep some rules and that no other one beats.

A rule says that no plan counts whose weighted sum of metrics is not below some amount. For each group that may be part
of a plan within the rules, all designs that no other one beats are collected, and the plans that these make are found
by labels (`looptree.search.network.states.labels`). That is exact, and takes the longer the more room the rules leave.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.search.asked.metrics import METRICS, Weights
from looptree.search.asked.target import ROUNDING
from looptree.search.group.design import GroupDesign
from looptree.search.group.goal.goal import Aim
from looptree.search.network.groups.catalogue import Task
from looptree.search.network.plans.partition import Partition, Path
from looptree.search.network.states.labels import Labelled, Labels, Rule
from looptree.search.undominated import undominated

EFFORT = 100_000  # ranges that are bounded to collect the designs of one group, at most
FEW_LABELS, MOST_LABELS = 100, 2_000  # at a state: for good plans, and for all of them
MOST_COLLECTED = 20_000  # groups whose designs are collected
AT_ONCE = 64  # groups; the time is looked at in between


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
        metrics: those that count. weights: for each a rule. more: for these, too, once all designs are known.
        most: of weights, the largest weighted sum of a plan that counts, in each box; a plan counts if there is a box
            in which it keeps all rules.

    Attributes:
        steps: those that may be part of such a plan. queries: their questions, that is groups with some room.
    """

    def __init__(
        self,
        partition: Partition,
        metrics: Sequence[str],
        weights: Sequence[Weights],
        most: Callable[[Weights], Array],
        more: Sequence[Weights] = (),
    ) -> None:
        self.partition = partition
        self.metrics = metrics
        self._weights, self._most, self._more = weights, most, more
        self.steps = list(range(len(partition.graph.source)))
        self._complete = False
        self._look()

    def _look(self) -> None:
        """Which steps and queries may be part of a plan, by what is known of groups now."""
        variants, graph = self.partition.catalogue.variants, self.partition.graph
        rules = [
            self._rule(each, np.array([variants[v].lower(each, room) for v, room in graph.queries]))
            for each in self._weights
        ]
        self.rules = sorted(rules, key=lambda rule: -rule.before[-1] / rule.reach)  # what leaves least room comes first
        good, self._left = self._rest()
        self.steps = np.flatnonzero(good).tolist()
        self.queries = sorted({int(graph.query[step]) for step in self.steps})

    def _rule(self, weights: Weights, cost: Array) -> Rule:
        """The rule for some weights, if each query takes so much at least."""
        graph = self.partition.graph
        each = np.full(len(graph.source), np.inf)
        each[self.steps] = cost[graph.query[self.steps]]
        before, after = graph.paths.ways(each)
        return Rule(weights, self._most(weights) * (1 + ROUNDING), cost, before, after)

    def _rest(self) -> tuple[Array, Array]:
        """Steps that may be part of a plan, and what their designs may take at most by each rule, for each query."""
        graph = self.partition.graph
        good = np.zeros(len(graph.source), dtype=bool)
        left = np.full((len(graph.queries), len(self.rules)), -np.inf)
        rest = np.array([rule.before[graph.source] + rule.after[graph.target] for rule in self.rules])
        through = rest + np.array([rule.cost[graph.query] for rule in self.rules])
        some = np.flatnonzero((through < np.array([[rule.reach] for rule in self.rules])).all(axis=0))
        for box in range(len(self.rules[0].most)):
            most = np.array([[rule.most[box]] for rule in self.rules])
            inside = some[(through[:, some] < most).all(axis=0)]
            good[inside] = True
            np.maximum.at(left, graph.query[inside], (most - rest[:, inside]).T)
        return good, left

    def _fix(self, going: Callable[[], bool]) -> None:
        """Leave out groups of which every design takes more than is left for it by the rule that leaves least.

        A search of one sum is much shorter than one for all designs, and what it proves leaves less to other groups.
        Groups of few layers come first: they are searched sooner, and most larger ones are compared with them.
        """
        catalogue, graph = self.partition.catalogue, self.partition.graph
        sizes = np.zeros(len(graph.queries), dtype=np.int64)
        sizes[graph.query] = graph.sizes
        for size in np.unique(sizes[self.queries]).tolist():
            weights, tasks = self.rules[0].weights, list[Task]()
            for query in self.queries:
                variant, room = graph.queries[query]
                lower, upper = catalogue.variants[variant].between(weights, room)
                below = min(upper, float(self._left[query, 0]))
                if sizes[query] == size and lower < below * (1 - ROUNDING):
                    tasks.append(Task(variant, weights, room, below))
            if tasks and going():
                catalogue.run(tasks)
                self._look()

    def collect(self, going: Callable[[], bool]) -> bool:
        """Find all designs that such a plan may have; whether none is missing.

        Args:
            going: asked in between whether to go on.
        """
        if len(self.queries) > MOST_COLLECTED:
            return False
        self._fix(going)
        catalogue = self.partition.catalogue
        axes = [Weights.only(name) for name in self.metrics]
        first, tasks, aims = self.rules[0].weights, [], []
        for query in self.queries:
            variant, capacity = self.partition.graph.queries[query]
            if catalogue.variants[variant].pinned:
                continue
            left = self._left[query].tolist()
            most = dict(zip((known.weights for known in self.rules), left, strict=True))
            limits = tuple((axis, most.get(axis, math.inf)) for axis in axes)
            tasks.append(Task(variant, first, capacity, left[0]))
            aims.append(Aim(first, limits))
        for start in range(0, len(tasks), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            if not going() or not all(catalogue.collect(tasks[part], aims[part], EFFORT)):
                return False
        self._complete = True
        return True

    def combine(self, most: int, going: Callable[[], bool] = lambda: True) -> Combined:
        """The plans of the designs that are known.

        Args:
            most: labels at a state. going: asked in between whether to go on; if not, there are no plans.
        """
        graph, variants = self.partition.graph, self.partition.catalogue.variants
        columns = [METRICS.index(name) for name in self.metrics]
        designs, options = {}, {}
        for query in self.queries:
            variant, room = graph.queries[query]
            known = [design for design in variants[variant].designs if design.room <= room]
            rows = np.array([[d.totals[i] for i in columns] for d in known]).reshape(len(known), len(columns))
            best = undominated(rows)
            designs[query], options[query] = [known[i] for i in best], rows[best]
        rules = self._tightened(options) if self._complete else self.rules
        return Combined(self.partition, Labels(graph, options, columns, rules, self.steps, most, going), designs)

    def _tightened(self, options: Mapping[int, Array]) -> list[Rule]:
        """Rules with what the designs take at least, if there are no others that count."""
        columns = [METRICS.index(name) for name in self.metrics]
        found = []
        for weights in dict.fromkeys([*(rule.weights for rule in self.rules), *self._more]):
            cost, each = np.full(len(self.partition.graph.queries), np.inf), np.array(weights)[columns]
            for query, rows in options.items():
                cost[query] = (rows @ each).min(initial=np.inf)
            found.append(self._rule(weights, cost))
        return found
