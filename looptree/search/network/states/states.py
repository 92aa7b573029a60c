"""The states that a plan goes through, and the steps between them.

A *state* is an ideal (the layers that are done) and the tensors that are on chip whole. A *step* runs one group, in the
room that the tensors leave that stay on chip while it runs. An intermediate may stay from the group that makes it, and
what comes from off chip from the first group that reads it, until no layer is left that does: so what is on chip says
of every tensor that was used all that the groups to come have to know.

Of states that exchanges of equal branches make of each other there is one (`looptree.search.network.states.alike`). A
step may lead to a state with branches exchanged, so the layers of the steps after it are found where all of a plan is
known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from looptree.model.axis import Array
from looptree.search.asked.space import Space
from looptree.search.network.groups.catalogue import Catalogue
from looptree.search.network.states.alike import Alike
from looptree.search.network.states.crossing import bytes_of, crossing_tensors, subsets
from looptree.search.network.states.ideals import Layers, TooManyError, bits
from looptree.search.network.states.outline import MOST_STEPS, Outline
from looptree.search.network.states.paths import Paths
from looptree.search.network.states.step import Group, Step, placed

MOST_STEPS_WITH_INPUTS = 30_000
"""Steps before or after which an input is on chip: each may ask for a search of its own."""

Move = tuple[int, int, int, int, int, int, int, float]
"""A step as numbers: states before and after, layers of the group, tensors on chip before and after, those that the
group uses, those that it fetches for others, too, and room."""


class StateGraph:
    """All states and steps, as arrays.

    Attributes:
        source, target: state of each step. query: number of its variant and capacity.
        queries: variant and capacity of each number. groups: by their layers.
        order: layers that are done and tensors on chip of each state. paths: the shortest ones through the states.
    """

    def __init__(self, layers: Layers, catalogue: Catalogue, capacity: float, space: Space, outline: Outline) -> None:
        self.layers = layers
        self.catalogue = catalogue
        self.capacity = capacity
        self.space = space
        known = crossing_tensors(layers, catalogue, capacity) if space.resident else []
        self.crossing = [tensor for tensor in known if tensor.maker or space.resident_inputs]
        self._inputs = sum(1 << i for i, t in enumerate(self.crossing) if not t.maker)
        self._doubled = sum(1 << i for i, t in enumerate(self.crossing) if t.copies == 2)
        self._always = sum(
            1 << i for i, t in enumerate(self.crossing) if space.restrictions.tensor(t.name).between == "always"
        )
        self._crossing_of = [
            sum(1 << i for i, t in enumerate(self.crossing) if (t.readers | t.maker) >> layer & 1)
            for layer in range(len(layers.names))
        ]
        self._alike = Alike(layers.alike.classes, layers.names, [tensor.name for tensor in self.crossing])
        self.groups: dict[int, Group] = {}
        self._queries: dict[tuple[int, float], int] = {}
        self._variants: dict[tuple[int, int, int], int] = {}
        self.queries: list[tuple[int, float]] = []
        self.states: dict[tuple[int, int], int] = {(0, 0): 0}
        self._held = bytes_of(self.crossing)
        self._arrange(self._all_steps(outline))

    @classmethod
    def of(cls, layers: Layers, catalogue: Catalogue, capacity: float, outline: Outline | None = None) -> StateGraph:
        """The states of the space of a catalogue, or of the largest narrower one that is not too many.

        Args:
            outline: of that space, if it is known.

        Raises:
            TooManyError: there are too many even for single layers.
            TimeUpError: the time of the catalogue is up.
        """
        space = catalogue.space
        most = catalogue.space.resident
        outline = outline or Outline.of(layers, *space.most_layers, catalogue.check_time)
        if most and not all(tensor.maker for tensor in crossing_tensors(layers, catalogue, capacity)):
            asked = space.with_layers(outline.group_layers, outline.chain_layers)
            for inputs in filter(None, _fewer(space.resident_inputs)):
                try:
                    return cls(layers, catalogue, capacity, replace(asked, resident_inputs=inputs), outline)
                except TooManyError:
                    space = replace(space, resident_inputs=0)
        for resident in _fewer(most):
            for known in (outline, outline.without_chains)[outline.chain_layers == outline.group_layers :]:
                narrower = space.with_layers(known.group_layers, known.chain_layers)
                try:
                    return cls(layers, catalogue, capacity, replace(narrower, resident=resident), known)
                except TooManyError:
                    outline = known
        raise TooManyError

    def _all_steps(self, outline: Outline) -> list[Move]:
        """Every step between states, and the states on the way."""
        moves: list[Move] = []
        kept: dict[int, list[int]] = {0: [0]}
        with_inputs = 0
        allowed = [mask if self._allowed(mask) else 0 for mask in outline.groups]
        for ideal, following in zip(outline.ideals, outline.following, strict=True):
            begun = sum(1 << i for i in bits(self._inputs) if self.crossing[i].readers & ideal)
            for resident in kept.pop(ideal, []):
                state = self.states[ideal, resident]
                coming = (
                    group for at in following if allowed[at] for group in self._images(allowed[at], ideal, resident)
                )
                for group in coming:
                    for then, used, fetched, room in self._choices(ideal, resident, begun, group):
                        done, left = key = self._least(ideal | group.layers, then)
                        if key not in self.states:
                            self.states[key] = len(self.states)
                            kept.setdefault(done, []).append(left)
                        moves.append((state, self.states[key], group.layers, resident, then, used, fetched, room))
                        with_inputs += bool((resident | then) & self._inputs)
            if len(moves) > MOST_STEPS or with_inputs > MOST_STEPS_WITH_INPUTS:
                raise TooManyError
            self.catalogue.check_time()
        last = self.layers.everything, 0
        self.states.setdefault(last, len(self.states))  # even if no step leads there
        return moves

    def _allowed(self, mask: int) -> bool:
        """Whether a group keeps the restrictions."""
        rules, names = self.space.restrictions, self.layers.members(mask)
        crossing = {tensor.name for tensor in self.crossing}
        return rules.allows(names) and crossing.issuperset(rules.leaves(self.catalogue.workload, names))

    def _images(self, mask: int, ideal: int, resident: int) -> Iterator[Group]:
        """A group that may come next, and what else exchanges make of it that does."""
        known = ideal | resident << len(self.layers.names)
        images = self._alike.images(mask, self.layers.needs(mask), known) if self._alike.classes else [mask]
        for image in images:
            if image not in self.groups:
                self.groups[image] = self._group(image)
            yield self.groups[image]

    def _least(self, done: int, resident: int) -> tuple[int, int]:
        """Layers and tensors with their branches in order."""
        found = self._alike.least(done | resident << len(self.layers.names))
        return found & self.layers.everything, found >> len(self.layers.names)

    def _group(self, mask: int) -> Group:
        shape, names = self.catalogue.shape(self.layers.members(mask))
        touched = made = near = 0
        for layer in bits(mask):
            near |= self._crossing_of[layer]
        for i in bits(near):
            t = self.crossing[i]
            users, others = (t.readers | t.maker) & mask, t.readers & ~mask
            if others and (mask & t.maker if t.maker else users):
                made |= 1 << i
            if users and (others or t.maker & ~mask):
                touched |= 1 << i
        return Group(mask, shape, names, touched, made, subsets(made))

    def _choices(self, ideal: int, resident: int, begun: int, group: Group) -> Iterator[tuple[int, int, int, float]]:
        """What may be on chip after a group: then, what of it the group itself uses and fetches, and the room for that.

        Args:
            begun: tensors from off chip that were read before: whether they stay is decided.
        """
        done, count = ideal | group.layers, len(self.layers.names)
        through = resident & ~group.touched
        used = resident & group.touched
        room = self.capacity - self._held(through)
        stays = 0
        for i in bits(resident):
            if self.crossing[i].readers & ~done:
                stays |= 1 << i
        made, most = group.made & ~begun, self.space.resident
        pairs = self._alike.neighbours(ideal | resident << count, group.layers, made << count) if made else []
        for fresh in group.subsets if made == group.made else subsets(made):
            if made & self._always & ~fresh:
                continue
            then, own = stays | fresh, used | fresh
            few = then.bit_count() <= most and (then & self._inputs).bit_count() <= self.space.resident_inputs
            if few and self._held(own) <= room and self._alike.falling(pairs, fresh << count):
                yield then, own, fresh & self._inputs, room - self._second_copies(own)

    def _second_copies(self, used: int) -> int:
        """What a double-buffered level has twice takes once more; searches of groups count it once."""
        return self._held(used & self._doubled) // 2

    def _query(self, layers: int, resident: int, fetched: int, room: float) -> int:
        if (layers, resident, fetched) not in self._variants:
            group = self.groups[layers]
            names, filled = (frozenset(self.crossing[i].name for i in bits(mask)) for mask in (resident, fetched))
            found = self.catalogue.variant(group.shape, group.names, names, filled)
            self._variants[layers, resident, fetched] = found
        key = (self._variants[layers, resident, fetched], room)
        if key not in self._queries:
            self._queries[key] = len(self.queries)
            self.queries.append(key)
        return self._queries[key]

    def _arrange(self, moves: list[Move]) -> None:
        """Steps sorted by the state they lead to, and states in an order in which steps only lead forward."""
        order = sorted(self.states, key=lambda key: (key[0].bit_count(), key))
        rank = {self.states[key]: i for i, key in enumerate(order)}
        source = np.array([rank[move[0]] for move in moves], dtype=np.int64)
        target = np.array([rank[move[1]] for move in moves], dtype=np.int64)
        asked = [self._query(group, used, fetched, room) for _, _, group, _, _, used, fetched, room in moves]
        self.catalogue.find_floors()
        by_target = np.lexsort((source, target))
        self.source, self.target = source[by_target], target[by_target]
        self.query = np.array(asked, dtype=np.int64)[by_target]
        self.order = order
        ideals = tuple(ideal for ideal, _ in order)
        self.paths = Paths(self.source, self.target, self.query, ideals, self._alike.movable)
        self._moves = [moves[i][2:5] for i in by_target]

    @property
    def sizes(self) -> Array:
        """Layers of the group of each step."""
        return np.array([layers.bit_count() for layers, _, _ in self._moves], dtype=np.int64)

    def step(self, index: int) -> Step:
        """What a step is, with branches as they are in its first state."""
        layers, before, after = self._moves[index]
        group = self.groups[layers]
        variant, capacity = self.queries[int(self.query[index])]
        fresh = after & ~before
        used = before & group.touched | fresh
        return Step(
            group,
            variant,
            capacity,
            self._held(before & ~group.touched) + self._second_copies(used),
            frozenset(self.crossing[i].name for i in bits(used)),
            frozenset(self.crossing[i].name for i in bits(fresh)),
        )

    def plan(self, indices: Sequence[int]) -> tuple[Step, ...]:
        """The steps of a path, each branch with its own names all the way."""
        places = [list(range(len(each))) for each in self._alike.classes]
        found = []
        for index in indices:
            found.append(placed(self.step(index), self._alike, places))
            layers, _, after = self._moves[index]
            done = self.order[int(self.source[index])][0] | layers
            order = self._alike.order(done | after << len(self.layers.names))
            places = [[own[i] for i in each] for own, each in zip(places, order, strict=True)]
        return tuple(found)


def _fewer(most: int) -> list[int]:
    """A number of tensors and smaller ones to try.

    >>> _fewer(16), _fewer(1)
    ([16, 3, 2, 1, 0], [1, 0])
    """
    return [most, *(n for n in (3, 2, 1, 0) if n < most)]
