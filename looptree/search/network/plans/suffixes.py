"""What the last layers of a group say of all of it.

Let S be some layers of a group G that hold its sinks, and with each layer all that read its output in G. The loops of G
tile the ranks of its sinks, and tile inference goes from the sinks to the sources: so in a design of G the layers of S
work on the same tiles as in a design of S alone with the same loops, and what S keeps, spills or computes again is the
same there. Call *shared* what S reads and other layers make or read as well. If shared tensors cost nothing and take no
room in S alone, then the rest of what S moves, computes and holds in G is a design of S. The other layers of G and the
shared tensors take at least what any design of G has to: compulsory transfers, and each operation once. So for metrics
that add up

    least of G in C bytes  >=  least of S in C bytes with shared tensors free  +  least(G) - least(S without shared).

A shared tensor that stays on chip costs nothing and takes its whole size. So "free" is a search that is known anyway:
shared tensors are resident, in as many more bytes as they take. What is proven of S then holds for all groups that end
in it, however long they are. And what a group takes beyond the least grows with its layers, as they share the room. So
the last layers alone often take more than a whole group may.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from looptree.model.axis import Array
from looptree.search.asked.metrics import Weights
from looptree.search.group.design import Outcome, Tally
from looptree.search.group.goal.goal import Aim, Goal
from looptree.search.network.groups.catalogue import Catalogue, Task
from looptree.search.network.groups.variant import Variant
from looptree.search.network.states.ideals import bits
from looptree.search.network.states.states import StateGraph
from looptree.search.network.states.step import Step

FEWEST = 5  # layers that are searched for all groups that end in them
MARGIN = 1e-4  # by how much more than is asked is proven, as a share; see `partition.Partition._asked`
REACH = 1.5  # how many times as many layers these groups have at most


@dataclass(frozen=True, slots=True)
class Ending:
    """The last layers of a group in some capacity.

    Attributes:
        shape: of the group that they are. places: its tensors that stay on chip or are shared, by their place in the
            shape. capacity: bytes for them, what stays on chip and what is shared included.
    """

    shape: int
    places: frozenset[int]
    capacity: float


class Suffixes:
    """Searches the last layers of groups, once for all groups that end in them.

    Args:
        graph: of the groups. catalogue: where they are known.
    """

    def __init__(self, graph: StateGraph, catalogue: Catalogue) -> None:
        self.graph = graph
        self.catalogue = catalogue
        self._longer: dict[int, list[tuple[int, Ending]]] = {}
        self.searched: set[tuple[Ending, Weights]] = set()
        self._waiting: list[tuple[int, Ending, Task]] = []

    @cached_property
    def _sizes(self) -> Array:
        return self.graph.sizes

    @cached_property
    def _steps(self) -> Array:
        """One step for each query."""
        _, steps = np.unique(self.graph.query, return_index=True)
        return np.asarray(steps)

    @cached_property
    def _worth(self) -> frozenset[Ending]:
        """The last layers of chains that have more layers than any other group may have.

        In other networks a search of longer groups is no longer than one of their last layers.
        """
        most = self.graph.space.group_layers
        found = (
            self.ending(step, size)
            for step in self._steps[self._sizes[self._steps] > most].tolist()
            for size in range(FEWEST, int(self._sizes[step]))
        )
        return frozenset(ending for ending in found if ending is not None)

    def serve(self, weights: Weights) -> bool:
        """Whether the metrics add up, in a space in which layers share nothing but loops and room."""
        space, workers = self.catalogue.space, self.catalogue.workers.searches
        goal = Goal(Aim(weights), workers.architecture, workers.level)
        return not (goal.timed or space.pipeline or space.nested or space.live)

    def instead(self, index: int, weights: Weights, below: float, upper: Array) -> Task | None:
        """What to search before the group of a step: the same layers for longer groups that end in them.

        Only designs count that are so good that one of these groups may be part of a better plan. There is nothing to
        search if no longer group ends in them, or if that was searched before.

        Args:
            below: designs of the group have to be better. upper: what the best known design of each query takes.
        """
        size = int(self._sizes[index])
        if size < FEWEST or math.isinf(below) or not self._worth:
            return None
        step = self.graph.step(index)
        longer = [
            (other, ending)
            for other, ending in self._endings(size)
            if ending in self._worth and self._covers(ending, step)
        ]
        if not longer:
            return None
        ending = longer[0][1]
        if (ending, weights) in self.searched:
            return next((task for _, other, task in self._waiting if (other, task.weights) == (ending, weights)), None)
        self.searched.add((ending, weights))
        names = step.group.names
        resident = frozenset(names.tensors[at] for at in ending.places)
        variant = self.catalogue.variant(ending.shape, names, resident)
        self.catalogue.find_floors()
        needed = [(o, self.graph.paths.between(upper, o) * (1 + MARGIN)) for o, found in longer if found == ending]
        excess = [most - weights.of(self._variant_of(other).least) for other, most in needed if math.isfinite(most)]
        beyond = max([below - weights.of(self._variant_of(index).least), *excess])
        least = weights.of(self.catalogue.variants[variant].least)
        task = Task(variant, weights, ending.capacity, least + beyond)
        self._waiting.append((index, ending, task))
        return task

    def learn(self) -> None:
        """Keep what the searches that were asked for prove of these groups and of longer ones."""
        variants = self.catalogue.variants
        for index, ending, task in self._waiting:
            known, weights = variants[task.variant], task.weights
            proven = known.lower(weights, task.capacity) - weights.of(known.least)
            longer = [step for step, other in self._endings(int(self._sizes[index])) if other == ending]
            for step in (index, *longer):
                variant, (_, capacity) = self._variant_of(step), self.graph.queries[int(self.graph.query[step])]
                bound = weights.of(variant.least) + proven
                if bound > variant.lower(weights, capacity):
                    variant.learn(weights, capacity, Outcome(None, math.inf, bound, Tally()))
        self._waiting.clear()

    def _endings(self, size: int) -> list[tuple[int, Ending]]:
        """Groups that end in so many layers, a step for each query, and these layers."""
        if size not in self._longer:
            sizes = self._sizes[self._steps]
            some = self._steps[(sizes > size) & (sizes <= REACH * size)].tolist()
            found = ((step, self.ending(step, size)) for step in some)
            self._longer[size] = [(step, ending) for step, ending in found if ending is not None]
        return self._longer[size]

    def _covers(self, ending: Ending, step: Step) -> bool:
        """Whether the group of a step has no better design than some last layers for which more is free."""
        group = step.group
        if ending.shape != group.shape:
            return False
        own = frozenset(at for at, tensor in enumerate(group.names.tensors) if tensor in step.resident)
        free = frozenset(group.names.tensors[at] for at in ending.places - own)
        return own <= ending.places and step.capacity + self._bytes(free) == ending.capacity

    def ending(self, index: int, size: int) -> Ending | None:
        """The last layers of the group of a step; `None` if they are no group with the same sinks."""
        graph, step = self.graph, self.graph.step(index)
        layers = step.group.layers
        last, others = layers, 0
        while last.bit_count() > size:
            others |= last & -last
            last &= last - 1
        group = graph.groups.get(last)
        if group is None or not all(graph.layers.after[i] & layers for i in bits(others)):
            return None
        if self.catalogue.space.restrictions.pin(group.names.einsums) is not None:
            return None
        tensors = group.names.tensors
        first = [self.catalogue.workload.einsum(name) for name in graph.layers.members(others)]
        before = {t for einsum in first for t in (*einsum.reads, einsum.output.tensor)}
        resident = (step.resident | before).intersection(tensors)
        places = frozenset(at for at, tensor in enumerate(tensors) if tensor in resident)
        more = self._bytes(resident - step.resident) - self._bytes(step.resident - resident)
        return Ending(group.shape, places, step.capacity + more)

    def _bytes(self, tensors: Iterable[str]) -> int:
        return sum(self.catalogue.workload.tensors[tensor].size_bytes for tensor in tensors)

    def _variant_of(self, index: int) -> Variant:
        """What is known of the group of a step."""
        variant, _ = self.graph.queries[int(self.graph.query[index])]
        return self.catalogue.variants[variant]
