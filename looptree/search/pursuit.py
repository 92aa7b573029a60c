"""The best plan for a product of metrics, or within limits: by repeated searches for weighted sums.

Each search for the least weighted sum tells something of all plans (`looptree.search.hull`): so the least objective of
the corners of the outer hull within the limits is a lower bound, and the corner where it is least says which weights to
try next. A product is least at a corner of the hull of all plans, because along a straight line it has no minimum but
at its ends: without limits, the plan that is found in the end is optimal.

With limits the best plan may lie inside the hull. The bound is then that of Lagrange, and the gap to the best plan is
closed as follows. A plan that is better than the best one known, and keeps the limits, has weighted sums of at most so
much (`Target.most`), for all weights that were tried. For each group that may be part of such a plan, all designs that
no other one beats are collected, and the best plan from these is found by labels (`looptree.search.labels`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from looptree.model.axis import Array
from looptree.search.catalogue import Task
from looptree.search.goal import Aim
from looptree.search.hull import Hull
from looptree.search.labels import Labels, Rule
from looptree.search.metrics import Weights
from looptree.search.partition import NO_PATH, Partition, Path
from looptree.search.planner import CLOSE, Found, Planner
from looptree.search.target import FACTORS, Target

EFFORT = 100_000  # ranges that are bounded to collect the designs of one group, at most
FEW_LABELS, MOST_LABELS = 100, 2_000  # at a state: for a good plan, and for the best one
MOST_COLLECTED = 20_000  # groups whose designs are collected


class Pursuit:
    """Looks for the best plan in one capacity.

    Args:
        enough: whether any plan that keeps the limits will do.

    Attributes:
        best: the best plan found. value: its objective. bound: no plan within the limits has a smaller one.
    """

    def __init__(self, planner: Planner, target: Target, capacity: float, *, enough: bool = False) -> None:
        self.planner = planner
        self.target = target
        self.enough = enough
        self.partition = planner.partition(capacity)
        self.hull = Hull(target.metrics, [self.partition.bound(Weights.only(name)) for name in target.metrics])
        self.tried: set[Weights] = set()
        self.best = NO_PATH
        self.value = math.inf
        self.bound = 0.0

    @property
    def proven(self) -> bool:
        """Whether the best plan is optimal."""
        return self.bound >= self.value * (1 - CLOSE)

    @property
    def done(self) -> bool:
        """Whether nothing more is asked for."""
        return self.proven or (self.enough and bool(self.best.steps))

    def found(self) -> Found:
        """The best plan; without one, the bound is infinite if there is none that keeps the limits.

        Ctrl-C ends the search with the best plan so far, if there is one.
        """
        try:
            finished = self._narrow()
            if isinstance(self.partition, Partition) and not self.done:
                if finished:
                    self._close(self.partition)
                elif not self.best.steps:
                    self._combine(self.partition)
        except KeyboardInterrupt:
            if not self.best.steps:
                raise
        return Found(self.best, Weights(**dict.fromkeys(self.target.metrics, 1.0)), self.value, self.bound)

    def _narrow(self) -> bool:
        """Search weighted sums until they say no more; whether there is time left."""
        first = FACTORS[self.target.objective]
        normal: Array | None = None
        if len(first) == 1:
            normal = np.array([float(name in first) for name in self.target.metrics])
        if self._corner() is None:
            return True
        while True:
            finished = normal is None or self._try(self.hull.weights(normal))
            corner = self._corner()
            if self.done or corner is None:
                return True
            normal = self.hull.violated(corner)
            if not finished or normal is None or self.hull.weights(normal) in self.tried:
                return finished

    def _corner(self) -> Array | None:
        """Where the outer hull is best, which gives the bound."""
        corners = self.hull.corners(self.target.limits)
        if not len(corners):
            self.bound = math.inf
            return None
        values = self.target.values(corners * self.hull.scale)
        self.bound = max(self.bound, float(values.min()))
        return np.asarray(corners[int(values.argmin())])

    def _try(self, weights: Weights) -> bool:
        """Search one weighted sum; whether that was finished."""
        self.tried.add(weights)
        path = self.partition.solve(weights, lambda path: self._going(weights, path))
        if math.isinf(path.bound):
            self.bound = math.inf
            return True
        self.hull.learn(weights, path.value if path.proven else path.bound, path.totals if path.steps else None)
        if path.steps:
            self._offer(path)
        return path.proven

    def _going(self, weights: Weights, path: Path) -> bool:
        """Whether to go on with a search: not if that cannot change the answer any more."""
        if path.steps:
            self._offer(path)
        going = self.planner.told(self.value, min(self.bound, self.value))
        if self.enough and self.best.steps:
            return False
        beyond = any(
            weights == Weights.only(name) and path.bound > most * (1 + CLOSE)
            for name, most in self.target.limits.items()
        )
        return going and not beyond

    def _offer(self, path: Path) -> None:
        value = self.target.value(path.totals)
        if value < self.value and self.target.keeps(path.totals):
            self.best, self.value = path, value

    # -- inside the hull -------------------------------------------------------------------

    def _combine(self, partition: Partition) -> None:
        """Take the best plan that the designs known so far make."""
        rules = self._rules(partition)
        self._label(partition, rules, self._hopeful(partition, rules), FEW_LABELS)

    def _close(self, partition: Partition) -> None:
        """Find the best plan between the bound and the best one known, if the groups are few enough."""
        self._combine(partition)
        rules = self._rules(partition)
        steps = self._hopeful(partition, rules)
        queries = sorted({int(partition.graph.query[step]) for step in steps})
        if len(queries) > MOST_COLLECTED or not self._collect(partition, rules, steps, queries):
            self._label(partition, rules, steps, FEW_LABELS)
        elif self._label(partition, rules, steps, MOST_LABELS):
            self.bound = self.value

    def _rules(self, partition: Partition) -> list[Rule]:
        """What a better plan has to keep, for all weights that were tried, the tightest rule first."""
        graph, found = partition.graph, list[Rule]()
        least = (self.hull.bounds[: len(self.hull.metrics)] * self.hull.scale).tolist()
        for weights in dict.fromkeys(self.hull.weights(normal) for normal in self.hull.normals):
            most = self.target.most([weights[i] for i in self.hull.columns], self.value, least)
            cost = np.array([partition.catalogue.variants[v].lower(weights, room) for v, room in graph.queries])
            before, after = graph.ways(cost[graph.query])
            found.append(Rule(weights, most * (1 + CLOSE), cost, before, after))
        return sorted(found, key=lambda rule: -rule.before[-1] / rule.most)

    def _hopeful(self, partition: Partition, rules: Sequence[Rule]) -> list[int]:
        """Steps that may be part of a better plan."""
        graph = partition.graph
        good = np.ones(len(graph.source), dtype=bool)
        for rule in rules:
            through = rule.before[graph.source] + rule.cost[graph.query] + rule.after[graph.target]
            good &= through < rule.most
        return [int(step) for step in np.flatnonzero(good)]

    def _collect(
        self, partition: Partition, rules: Sequence[Rule], steps: Sequence[int], queries: Sequence[int]
    ) -> bool:
        """All designs that a better plan may have; whether none is missing."""
        graph = partition.graph
        room = {query: np.full(len(rules), -np.inf) for query in queries}
        for step in steps:
            query, source, target = (int(each[step]) for each in (graph.query, graph.source, graph.target))
            left = np.array([rule.most - rule.before[source] - rule.after[target] for rule in rules])
            room[query] = np.maximum(room[query], left)
        tasks, aims = [], []
        axes = [Weights.only(name) for name in self.target.metrics]
        for query, left in room.items():
            variant, capacity = graph.queries[query]
            if partition.catalogue.variants[variant].pinned:
                continue
            most = dict(zip((rule.weights for rule in rules), left.tolist(), strict=True))
            limits = tuple((axis, most.get(axis, math.inf)) for axis in axes)
            tasks.append(Task(variant, rules[0].weights, capacity, float(left[0])))
            aims.append(Aim(rules[0].weights, limits))
        for start in range(0, len(tasks), 64):
            part = slice(start, start + 64)
            if not self.planner.told(self.value, self.bound):
                return False
            if not all(partition.catalogue.collect(tasks[part], aims[part], EFFORT)):
                return False
        return True

    def _label(self, partition: Partition, rules: Sequence[Rule], steps: Sequence[int], most: int) -> bool:
        """Take the best plan that known designs make; whether no other plan was left out."""
        graph, variants = partition.graph, partition.catalogue.variants
        listed = {}
        for query in {int(graph.query[step]) for step in steps}:
            variant, room = graph.queries[query]
            listed[query] = [d for d in variants[variant].designs if d.room <= room]
        size = len(self.hull.columns)
        options = {
            query: np.array([[d.totals[i] for i in self.hull.columns] for d in designs]).reshape(len(designs), size)
            for query, designs in listed.items()
        }
        known = Labels(graph, options, self.hull.columns, rules, steps, most)
        found = known.best(self.target.values)
        if found.steps:
            taken = tuple(
                listed[int(graph.query[step])][option] for step, option in zip(found.steps, found.options, strict=True)
            )
            self._offer(Path(tuple(graph.step(step) for step in found.steps), taken, math.inf, 0.0))
        return found.complete
