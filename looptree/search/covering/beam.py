"""A good cover, quickly: groups put on one after another, guided by reduced costs.

A state is a set of layers that are done; a column may come next if none of its members is done and all that it waits
for is. Whatever is put on in this way runs in that order, so there is no cycle. Of the states with equally many
layers done, those with the least reduced cost go on. What reduced costs have no say in, such as limits that are not
tight, is left to luck: nothing is proven here.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from looptree.search.covering.precedence import Precedence, bits

WIDTH = 64


@dataclass(frozen=True, slots=True)
class Choice:
    """A column as the beam sees it.

    Attributes:
        place: its number. mask: its members. waits: layers outside that it waits for. price: its reduced cost.
        amounts: what it takes of each limited quantity.
    """

    place: int
    mask: int
    waits: int
    price: int
    amounts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _State:
    """Layers that are done, what that cost and took, and how it came about."""

    done: int
    price: int
    left: tuple[int, ...]
    last: Choice | None = None
    before: _State | None = None


def construct(
    precedence: Precedence,
    choices: Sequence[Choice],
    limits: Sequence[int],
    most: int | None,
    going: Callable[[], bool] = lambda: True,
) -> list[int] | None:
    """Places of columns that make a cover within the limits, in the order in which they run; None if none was found.

    Args:
        limits: the most of each quantity.
        most: covers with a higher price do not matter; None if all do.
        going: asked now and then; the search ends when it returns false.
    """
    starting = _by_first_layer(precedence, choices)
    levels: list[dict[int, _State]] = [{} for _ in range(precedence.layers + 1)]
    levels[0][0] = _State(0, 0, tuple(limits))
    for level in levels[:-1]:
        if not going():
            return None
        for state in heapq.nsmallest(WIDTH, level.values(), key=lambda state: (state.price, state.done)):
            for following in _following(precedence, starting, state, most):
                same = levels[following.done.bit_count()]
                known = same.get(following.done)
                if known is None or following.price < known.price:
                    same[following.done] = following
        level.clear()
    return _path(next(iter(levels[-1].values()), None))


def _by_first_layer(precedence: Precedence, choices: Sequence[Choice]) -> list[list[Choice]]:
    """For each layer the columns whose first member in topological order it is, the cheapest first."""
    rank = {layer: place for place, layer in enumerate(precedence.order)}
    starting: list[list[Choice]] = [[] for _ in rank]
    for choice in sorted(choices, key=lambda choice: (choice.price, choice.place)):
        starting[min(bits(choice.mask), key=rank.__getitem__)].append(choice)
    return starting


def _following(
    precedence: Precedence, starting: Sequence[Sequence[Choice]], state: _State, most: int | None
) -> Iterator[_State]:
    """The states one column further."""
    for layer, before in enumerate(precedence.before):
        if state.done >> layer & 1 or before & ~state.done:
            continue
        for choice in starting[layer]:
            price = state.price + choice.price
            if most is not None and price > most:
                break
            if choice.mask & state.done or choice.waits & ~state.done:
                continue
            left = tuple(have - take for have, take in zip(state.left, choice.amounts, strict=True))
            if not left or min(left) >= 0:
                yield _State(state.done | choice.mask, price, left, choice, state)


def _path(state: _State | None) -> list[int] | None:
    """The places of the columns that lead to a state; None if there is no state."""
    if state is None:
        return None
    places = []
    while state.last is not None and state.before is not None:
        places.append(state.last.place)
        state = state.before
    return places[::-1]
