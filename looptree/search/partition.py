"""Which layers are fused, in which order the groups run, and what stays on chip between them: a shortest path.

The cost of a step is the objective of the best design of its group in the room that is left. Costs are found out
lazily: a step starts with a lower bound, the shortest path by lower bounds is looked at, and the groups on it are
searched, until the path has nothing left to find out. Then it is optimal: every other path has a lower bound at least
as large. A group is only searched for designs that would make a plan better than the best one known.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.search.catalogue import Catalogue, Task
from looptree.search.goal import ROUNDING
from looptree.search.ideals import Layers
from looptree.search.states import Group, StateGraph, Step


@dataclass(frozen=True, slots=True)
class Path:
    """The best plan found, and what was proven.

    Attributes:
        steps: of the plan; empty if there is none. value: its objective. bound: no plan has a smaller one.
    """

    steps: tuple[Step, ...]
    value: float
    bound: float

    @property
    def proven(self) -> bool:
        """Whether the plan is optimal."""
        return self.bound >= self.value * (1 - ROUNDING)


def alone(layers: Layers, catalogue: Catalogue, capacity: float) -> Path:
    """The first plan: every layer by itself, nothing on chip in between; nothing is proven of it."""
    steps = []
    for number, name in enumerate(layers.names):
        shape, names = catalogue.shape((name,))
        variant = catalogue.variant(shape, names, frozenset())
        steps.append(Step(Group(1 << number, shape, names), variant, capacity, frozenset(), frozenset()))
    catalogue.find_floors()
    catalogue.run([Task(variant, capacity, math.inf) for variant in dict.fromkeys(step.variant for step in steps)])
    value = sum(catalogue.variants[step.variant].upper(capacity) for step in steps)
    return Path(tuple(steps) if math.isfinite(value) else (), value, 0.0)


class Partition:
    """Finds the best path, searching groups as they are needed."""

    def __init__(self, graph: StateGraph, catalogue: Catalogue) -> None:
        self.graph = graph
        self.catalogue = catalogue
        self.space = graph.space
        self.rounds = 0

    def solve(self, going: Callable[[Path], bool] = lambda path: True) -> Path:
        """The optimal path; or the best one so far once `going` returns false.

        Groups of few layers come first: they make good plans soon, and a larger group is then only searched for
        designs that are better than the best known way to run its layers in smaller ones.

        Args:
            going: asked between rounds with the state of things.
        """
        path = Path((), math.inf, 0.0)
        sizes = self.graph.sizes
        for most in range(1, int(sizes.max(initial=1)) + 1):
            while True:
                self.rounds += 1
                path, tasks = self._look(sizes <= most)
                if not tasks:
                    break
                if path.proven or not going(path):
                    return path
                try:
                    self.catalogue.run(tasks)
                except KeyboardInterrupt:
                    if not path.steps:
                        raise
                    return path
        return path

    def _look(self, allowed: Array) -> tuple[Path, list[Task]]:
        """The best plan so far, and the searches that the shortest path of allowed steps by lower bounds asks for."""
        variants, queries = self.catalogue.variants, self.graph.queries
        lower = np.array([variants[v].lower(room) for v, room in queries])
        upper = np.array([variants[v].upper(room) for v, room in queries])
        value, steps = self.graph.shortest(upper[self.graph.query])
        bound, _ = self.graph.shortest(lower[self.graph.query])
        reach, hopeful = self.graph.shortest(np.where(allowed, lower[self.graph.query], np.inf))
        tasks: dict[int, Task] = {}
        if reach < value * (1 - ROUNDING):
            for index in hopeful:
                query = int(self.graph.query[index])
                variant, room = queries[query]
                if not variants[variant].exact(room):
                    below = min(value - (reach - lower[query]), self.graph.between(upper, index))
                    tasks[query] = Task(variant, room, below)
        return Path(tuple(self.graph.step(i) for i in steps), value, min(bound, value)), list(tasks.values())
