"""One place per tensor for many designs at once, under a capacity: bounds, and the exact best.

Each *item* (a tensor, or the tensors of one layer that may be stored inside its branch) offers options; an option takes
room above the branch, room inside the branch (where layers take turns) and adds to each sum. This is a
multiple-choice knapsack per design, solved for all designs side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from looptree.model.axis import Array

Value = Callable[[Sequence[Array], Array], Array]
AT_ONCE = 256
FEWEST = 8
MOST_STATES = 1 << 16
FEW = 64  # states that are not compared with each other, as that takes longer than to place one more item
NEVER = 1e30


@dataclass(frozen=True, eq=False)
class Item:
    """Options of one item; columns are designs.

    Attributes:
        room, inside: bytes above the branch, and inside it, of shape (options, designs).
        sums: what each option adds, of shape (sums, options, designs).
        branch: items with an equal one take their room inside beside each other, and in turn with all others.
        cycles: what each option adds to the compute cycles, of shape (options, designs); nothing if not given.
    """

    room: Array
    inside: Array
    sums: Array
    branch: str | None = None
    cycles: Array | None = None

    @cached_property
    def least_room(self) -> Array:
        """Least bytes above the branch of any option."""
        return np.asarray(self.room.min(axis=0))

    @cached_property
    def least(self) -> Array:
        """Least that any option adds to each sum."""
        return np.asarray(self.sums.min(axis=1))

    def at(self, columns: Array) -> Item:
        """The same for some of the designs, in order."""
        if len(columns) == self.room.shape[1]:
            return self
        cycles = None if self.cycles is None else self.cycles[:, columns]
        return Item(self.room[:, columns], self.inside[:, columns], self.sums[:, :, columns], self.branch, cycles)


@dataclass(frozen=True, eq=False)
class Problem:
    """Designs whose items are to be placed.

    Attributes:
        items: see `Item`. fixed: what each design adds to the sums anyway, of shape (sums, designs).
        cycles: compute cycles of each design. capacity: bytes on chip. value: the objective.
    """

    items: Sequence[Item]
    fixed: Array
    cycles: Array
    capacity: float
    value: Value


@dataclass(frozen=True, slots=True)
class Placed:
    """The best design.

    Attributes:
        value: the objective. options: chosen per item. room: bytes on chip.
    """

    value: float
    options: tuple[int, ...]
    room: float


def least(problem: Problem, columns: Array, below: float) -> tuple[Array, Array]:
    """The objective of the best options of some designs, infinite where it is not below a value.

    Returns:
        the objectives, and where they are exact: with too many options to go through, they are lower bounds.
    """
    found, exact = np.full(len(columns), np.inf), np.ones(len(columns), dtype=bool)
    todo = [(start, min(start + AT_ONCE, len(columns))) for start in range(0, len(columns), AT_ONCE)]
    while todo:
        start, stop = todo.pop()
        states = _States.of(problem, columns[start:stop], below, MOST_STATES)
        if states is None:
            continue
        if not states.complete and stop - start > FEWEST:
            middle = (start + stop) // 2
            todo += [(start, middle), (middle, stop)]
            continue
        np.minimum.at(found, start + states.design, states.hopeful)
        exact[start:stop] = states.complete
    return found, exact


def best(problem: Problem, column: int, below: float) -> Placed | None:
    """The best options of one design, if its objective is below a value."""
    states = _States.of(problem, np.array([column]), below, None)
    if states is None:
        return None
    value = states.hopeful
    last = int(np.lexsort((states.room + states.inside, value))[0])
    return Placed(float(value[last]), states.options(last), float(states.room[last] + states.inside[last]))


class _States:
    """Items placed one by one, every option of each, less what cannot get better or fit.

    Attributes:
        design: of each state. room, inside, within: bytes taken so far above the branches, in the largest of these, and
            in one of which more items follow. sums, cycles: so far. hopeful: least objective that it leads to.
        complete: whether all items are placed.
    """

    def __init__(self, problem: Problem, columns: Array, rank: Callable[[Item], float]) -> None:
        self.problem = problem
        self.items = [item.at(columns) for item in problem.items]
        single = [i for i, item in enumerate(self.items) if len(item.room) == 1 and item.branch is None]
        settled = single[: len(self.items) - 1]  # one item is left, so that it is looked at whether all fit
        self.ranked = sorted(
            set(range(len(self.items))).difference(settled),
            # several items in one branch first: what is in it is known as a whole before others take turns with it
            key=lambda i: (self.items[i].branch is None, self.items[i].branch or "", rank(self.items[i])),
        )
        self.cycles = problem.cycles[columns]
        self.untimed = all(item.cycles is None for item in problem.items)
        self.design = np.arange(len(columns))
        self.room, self.inside, self.within = np.zeros((3, len(columns)))
        self.sums = problem.fixed[:, columns]
        for item in map(self.items.__getitem__, settled):
            self.room = self.room + item.room[0]
            self.inside = np.maximum(self.inside, item.inside[0])
            self.sums = self.sums + item.sums[:, 0]
            self.cycles = self.cycles if item.cycles is None else self.cycles + item.cycles[0]
        self.hopeful = problem.value(list(self.sums), self.cycles)
        self.complete = True
        self.picks: list[Array] = []
        self.parents: list[Array] = []

    @classmethod
    def of(cls, problem: Problem, columns: Array, below: float, most: int | None) -> _States | None:
        """All states that are worth it, `None` if there is none.

        Args:
            most: with more states, those before all items are placed; else one state of each design at least is the
                best of it. `None`: each is needed as it is.
        """
        states = cls(problem, columns, _spread if most is None else _options)
        rest_room = [np.zeros(len(columns))]
        rest_sums = [np.zeros((len(problem.fixed), len(columns)))]
        for index in reversed(states.ranked):
            rest_room.append(rest_room[-1] + states.items[index].least_room)
            rest_sums.append(rest_sums[-1] + states.items[index].least)
        for index in states.ranked:
            rest_room.pop()
            rest_sums.pop()
            last = most is not None and len(rest_room) == 1
            following = states.ranked[-len(rest_room) + 1] if len(rest_room) > 1 else None
            item = states.items[index]
            closing = item.branch is None or following is None or states.items[following].branch != item.branch
            if not states._place(item, rest_room[-1], rest_sums[-1], below, last=last, closing=closing):
                return None
            if most is not None and len(states.design) > most:
                states.complete = len(rest_room) == 1
                break
        return states

    def _place(
        self, item: Item, rest_room: Array, rest_sums: Array, below: float, *, last: bool, closing: bool
    ) -> bool:
        """Place one more item; whether anything is left.

        Args:
            last: whether what others beat may stay, because no more items follow and only the least objective counts.
            closing: whether no more items are in the same branch.
        """
        design = self.design
        room = self.room + item.room[:, design]
        within = self.within + item.inside[:, design]
        inside = np.maximum(self.inside, within)
        option, state = np.nonzero(room + inside + rest_room[design] <= self.problem.capacity)
        at = design[state]
        sums = self.sums[:, state] + item.sums[:, option, at]
        cycles = self.cycles[state] if item.cycles is None else self.cycles[state] + item.cycles[option, at]
        hopeful = self.problem.value(list(sums + rest_sums[:, at]), cycles)
        keep = np.flatnonzero(hopeful < below)
        if not last and len(keep) > FEW:
            added = sums if self.untimed else np.concatenate([sums, cycles[None]])
            taken = inside[None] if closing else np.stack([np.broadcast_to(self.inside, within.shape), within])
            keep = _undominated(keep, at, room[option, state], taken[:, option, state], added)
        option, state, self.cycles = option[keep], state[keep], cycles[keep]
        self.picks.append(option)
        self.parents.append(state)
        self.design, self.sums, self.hopeful = at[keep], sums[:, keep], hopeful[keep]
        self.room = room[option, state]
        self.inside = inside[option, state] if closing else self.inside[state]
        self.within = np.zeros(len(keep)) if closing else within[option, state]
        return bool(len(keep))

    def options(self, state: int) -> tuple[int, ...]:
        """The option of each item that led to a state."""
        chosen = [0] * len(self.items)
        for step in range(len(self.ranked) - 1, -1, -1):
            chosen[self.ranked[step]] = int(self.picks[step][state])
            state = int(self.parents[step][state])
        return tuple(chosen)


def _options(item: Item) -> float:
    """Items of few options come first, so that there are few states when those of many are placed."""
    return len(item.room)


def _spread(item: Item) -> float:
    """Items whose options take the most different room come first, so that it is soon known what does not fit."""
    return -float(np.ptp(np.where(item.room < NEVER, item.room, 0.0), axis=0).max(initial=0))


def _undominated(keep: Array, at: Array, room: Array, inside: Array, sums: Array) -> Array:
    """States without those that another one of the same design surely beats.

    Among states of one design with equal room inside the branches (the rows of `inside`), sorted by the first sum and
    then by room, one is beaten if an earlier one takes no more room (and no more of the other sums). With several sums
    only neighbours are compared.
    """
    ranked = keep[
        np.lexsort((room[keep], *(row[keep] for row in sums[:0:-1]), sums[0, keep], *inside[:, keep], at[keep]))
    ]
    if len(sums) > 1:
        one, other = ranked[:-1], ranked[1:]
        worse = (at[one] == at[other]) & (inside[:, one] <= inside[:, other]).all(axis=0) & (room[one] <= room[other])
        for row in sums:
            worse &= row[one] <= row[other]
        return np.asarray(ranked[np.concatenate((np.ones(min(1, len(ranked)), dtype=bool), ~worse))])
    fresh = np.ones(len(ranked), dtype=bool)
    fresh[1:] = (at[ranked[1:]] != at[ranked[:-1]]) | (inside[:, ranked[1:]] != inside[:, ranked[:-1]]).any(axis=0)
    part = np.cumsum(fresh)
    taken = room[ranked]
    least = np.minimum.accumulate(taken - part * (taken.max(initial=0.0) + 1.0)) + part * (taken.max(initial=0.0) + 1.0)
    beaten = np.zeros(len(ranked), dtype=bool)
    beaten[1:] = ~fresh[1:] & (taken[1:] >= least[:-1] - 1e-3)
    return np.asarray(ranked[~beaten])
