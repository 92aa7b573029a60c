"""Which layers are fused, in which order the groups run, and what stays on chip between them: a shortest path.

The cost of a step is the objective of the best design of its group in the room that is left. Costs are found out
lazily: a step starts with a lower bound, the shortest path by lower bounds is looked at, and the groups on it are
searched, until the path has nothing left to find out. Then it is optimal: every other path has a lower bound at least
as large. A group is only searched for designs that would make a plan better than the best one known, and better than
the best known way to run its layers in other groups. Where its lower bound is as large as that already, it is not
searched. If that is so of all groups on a path, what they are compared with makes a plan that costs no more than the
path's lower bounds: so it is optimal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from looptree.model.axis import Array
from looptree.search.asked.metrics import NOTHING, Totals, Weights
from looptree.search.deadline import TimeUpError
from looptree.search.group.design import GroupDesign
from looptree.search.group.goal.goal import ROUNDING
from looptree.search.network.groups.catalogue import Catalogue, Task
from looptree.search.network.plans.suffixes import Suffixes
from looptree.search.network.states.ideals import Layers
from looptree.search.network.states.states import StateGraph
from looptree.search.network.states.step import Group, Step

MARGIN = 1e-4  # as a share; see `Partition._asked`
QUICK = 4_000  # ranges that are bounded to find a first design of a layer alone, where the time is limited
ENOUGH = 4  # searches to be done before the next look; with more, some turn out not to have been needed


@dataclass(frozen=True, slots=True)
class Path:
    """The best plan found, and what was proven.

    Attributes:
        steps: of the plan, with the design of each; empty if there is none. value: its objective. bound: no plan has a
        smaller one.
    """

    steps: tuple[Step, ...]
    designs: tuple[GroupDesign, ...]
    value: float
    bound: float

    @property
    def proven(self) -> bool:
        """Whether the plan is optimal."""
        return self.bound >= self.value * (1 - ROUNDING)

    @property
    def totals(self) -> Totals:
        """What the plan takes."""
        total = NOTHING
        for design in self.designs:
            total = total.plus(design.totals)
        return total

    @property
    def room(self) -> float:
        """Bytes on chip that the plan needs, what stays there between groups included."""
        return max(d.room + s.held for s, d in zip(self.steps, self.designs, strict=True))


NO_PATH = Path((), (), math.inf, 0.0)


Rounds = Iterator[tuple[Path, list[Task]]]
"""What is known after each round of a search, and what has to be searched before the next one begins."""


def driven(rounds: Rounds, catalogue: Catalogue) -> Path:
    """What a search finds in the end, or until Ctrl-C if there is a plan by then."""
    path = NO_PATH
    for path, tasks in rounds:
        if not tasks:
            continue
        try:
            catalogue.run(tasks)
        except KeyboardInterrupt:
            if not path.steps:
                raise
            break
    return path


def alone(layers: Layers, catalogue: Catalogue, weights: Weights, capacity: float) -> Path:
    """A first plan: every layer by itself, nothing on chip in between; nothing is proven of it.

    There is none where the restrictions ask for something else. Where the time is limited, one is taken that is found
    soon: whether a layer alone can do better is asked later, where a path depends on it.
    """
    quick = math.isfinite(catalogue.until)
    return replace(driven(rounds_alone(layers, catalogue, weights, capacity, quick=quick), catalogue), bound=0.0)


def rounds_alone(
    layers: Layers,
    catalogue: Catalogue,
    weights: Weights,
    capacity: float,
    most: float = math.inf,
    *,
    quick: bool = False,
) -> Rounds:
    """The search of the plan that runs every layer by itself and keeps nothing on chip in between.

    Args:
        most: larger sums need not be told apart, once there is a plan at all.
        quick: any such plan will do: searches end early where they have a design by then.
    """
    rules, every, steps = catalogue.space.restrictions, [], []
    for number, name in enumerate(layers.names):
        shape, names = catalogue.shape((name,))
        every.append(catalogue.variant(shape, names, frozenset()))
        if rules.allows((name,)) and not rules.leaves(catalogue.workload, (name,)):
            steps.append(Step(Group(1 << number, shape, names), every[-1], capacity, 0, frozenset(), frozenset()))
    catalogue.find_floors()
    variants, numbers = catalogue.variants, [step.variant for step in steps]
    if not math.isfinite(most) or math.fsum(variants[v].upper(weights, capacity) for v in numbers) > most:
        spare = most * (1 + MARGIN) - math.fsum(variants[v].lower(weights, capacity) for v in numbers)
        for effort in (QUICK, math.inf) if quick else (math.inf,):
            tasks = []
            for v in dict.fromkeys(v for v in numbers if not variants[v].exact(weights, capacity)):
                lower, upper = variants[v].between(weights, capacity)
                below = min(upper, lower + spare) if math.isfinite(upper + most) else upper
                wanted = lower < below and not (quick and math.isfinite(upper))
                tasks += [Task(v, weights, capacity, below, effort=effort)] if wanted else []
            yield NO_PATH, tasks
    designs = tuple(best for s in steps if (best := variants[s.variant].best(weights, capacity)) is not None)
    bound = math.fsum(variants[v].lower(weights, capacity) for v in every)
    if len(designs) < len(layers.names):
        yield replace(NO_PATH, bound=bound), []
    else:
        value = math.fsum(weights.of(d.totals) for d in designs)
        yield Path(tuple(steps), designs, value, min(bound, value)), []


class Partition:
    """Finds the best path, searching groups as they are needed."""

    def __init__(self, graph: StateGraph, catalogue: Catalogue) -> None:
        self.graph = graph
        self.catalogue = catalogue
        self.space = graph.space
        self.suffixes = Suffixes(graph, catalogue)

    def solve(
        self,
        weights: Weights,
        going: Callable[[Path], bool] = lambda path: True,
        most: float = math.inf,
        spare: float = 0.0,
    ) -> Path:
        """The path of least weighted sum; or the best one so far once `going` returns false.

        Args:
            going: asked between rounds with the state of things. most: only paths below it count, which makes searches
                of groups short; if there is none, the bound is at least as large.
            spare: bytes more in which groups are searched first; see `_roomier`.
        """
        if not going(NO_PATH):
            return NO_PATH
        if math.isinf(most):
            alone(self.graph.layers, self.catalogue, weights, self.graph.capacity)
        return driven(self.rounds(weights, going, most, spare), self.catalogue)

    def rounds(
        self, weights: Weights, going: Callable[[Path], bool], most: float = math.inf, spare: float = 0.0
    ) -> Rounds:
        """The search of the path of least weighted sum.

        Groups of few layers come first: they make good plans soon, and a larger group is then only searched for
        designs that are better than the best known way to run its layers in smaller ones. Designs of which each takes
        long are left by the first search of a group; thorough searches come last, for groups of any size.

        Args:
            going, most, spare: as for `solve`.
        """
        path, sizes = NO_PATH, self.graph.sizes
        most_layers = int(sizes.max(initial=1))
        for layers in range(1, most_layers + 1):
            while True:
                path, tasks = self._look(weights, sizes <= layers, most, thorough=layers == most_layers)
                tasks = [self._roomier(task, spare) for task in tasks] if spare else tasks
                if path.proven or path.bound >= most or not going(path):
                    yield path, []
                    return
                if not tasks:
                    break
                yield path, tasks
                self.suffixes.learn()
        yield path, []

    def bound(self, weights: Weights) -> float:
        """What no plan undercuts, as far as that is known already."""
        variants = self.catalogue.variants
        lower = np.array([variants[v].lower(weights, room) for v, room in self.graph.queries])
        return self.graph.paths.shortest(lower[self.graph.query])[0]

    def _look(self, weights: Weights, allowed: Array, most: float, *, thorough: bool) -> tuple[Path, list[Task]]:
        """The best plan so far, and the searches that are to be done before the next look.

        They look for plans of allowed steps that are better than that, and below `most`.
        Where the time is up there are none: the plan and its bound are what is known by then.
        """
        variants, queries = self.catalogue.variants, self.graph.queries
        known = np.array([variants[v].between(weights, room) for v, room in queries]).reshape(-1, 2)
        lower, upper = known[:, 0], known[:, 1]
        value, steps = self.graph.paths.shortest(upper[self.graph.query])
        bound, _ = self.graph.paths.shortest(lower[self.graph.query])
        try:
            tasks = self._asked(weights, allowed, lower, upper, min(value, most), thorough=thorough)
        except TimeUpError:
            tasks = []
        found = self.graph.plan(steps)
        designs = tuple(best for step in found if (best := variants[step.variant].best(weights, step.capacity)))
        return Path(found, designs, value, min(bound, value)), tasks

    def _asked(
        self, weights: Weights, allowed: Array, lower: Array, upper: Array, better: float, *, thorough: bool
    ) -> list[Task]:
        """The searches that the shortest path of allowed steps by lower bounds asks for, and enough others.

        If no plan is better than the best one known, a group of each path with lower bounds below that has to be
        searched. So the shortest path that shares no such group with the first one asks for searches as well, and so
        on: workers have more to do at a time.

        They prove a little more than is asked: what is a little worse than other groups need not be searched again when
        other metrics count a little, too, as in `looptree.search.answers.settle`.

        Args:
            lower, upper: what the design of each query takes at least, and the best one known. better: than that a path
                has to be. thorough: whether a path that has nothing else to be searched asks for thorough searches.
        """
        paths, query, tasks = self.graph.paths, self.graph.query, dict[tuple[int, float], Task]()
        adding, left = self.suffixes.serve(weights), lower < upper * (1 - ROUNDING)
        cost = np.where(allowed, lower[query], np.inf)
        through = paths.through(cost)
        while len(tasks) < ENOUGH:
            reach, path = paths.shortest(cost)
            steps = [index for index in path if left[query[index]]]
            if not steps or reach >= better * (1 - ROUNDING):
                break
            quick, slow = list[Task](), list[Task]()
            for index in steps:
                least = lower[query[index]]
                below = min(better - (through[index] - least), paths.between(upper, index))
                if least < below:
                    below *= 1 + MARGIN
                    first = self.suffixes.instead(index, weights, below, upper) if adding else None
                    task = first or self._task(index, weights, below)
                    (slow if task.thorough and not first else quick).append(task)
            tasks |= {(task.variant, task.capacity): task for task in quick or slow[: None if thorough else 0]}
            cost[np.isin(query, query[steps])] = np.inf
        return list(tasks.values())

    def _task(self, index: int, weights: Weights, below: float) -> Task:
        """The search for the group of a step."""
        variant, room = self.graph.queries[int(self.graph.query[index])]
        return self._once_more(Task(variant, weights, room, below))

    def _once_more(self, task: Task) -> Task:
        """A search, thorough if the last one left something."""
        left = self.catalogue.variants[task.variant].left
        return replace(task, thorough=(task.weights, task.capacity) in left)

    def _roomier(self, task: Task, spare: float) -> Task:
        """A search of a group in more bytes, if it may prove that even there no design is good enough.

        Then this need not be proven again in capacities that are larger by as much. If there is a design, which may
        take too much room, the group is searched in its own room next.
        """
        lower, upper = self.catalogue.variants[task.variant].between(task.weights, task.capacity + spare)
        if not lower < task.below <= upper:
            return task
        return self._once_more(replace(task, capacity=task.capacity + spare))
