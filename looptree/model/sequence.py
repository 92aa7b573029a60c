"""Steps that follow each other, summed up by their ends.

While a step computes, what the next one needs comes in and what the one before has finished leaves. So the time of
a step depends on its neighbours. Of a run of steps all times inside are known; the first still lacks what the step
before the run stores, the last what the step after the run loads. Two runs are joined at their ends, and a run that
repeats is joined with itself once. Amounts are vectors: what is asked of each resource, in a common unit of time.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import add
from typing import NamedTuple

Vector = tuple[int, ...]


class Steps(NamedTuple):
    """One or more steps.

    Attributes:
        load: what comes in for the first step. store: what leaves after the last one.
        head: what is asked for while the first step computes, as far as known; tail: the same of the last step.
        spent: time of the steps in between, by layer and resource that takes longest (`layer * resources + resource`).
        first, last: layers of the first and the last step.
        alone: there is one step only; its `head` and `tail` are the same.
    """

    load: Vector
    head: Vector
    tail: Vector
    store: Vector
    spent: Vector
    first: int
    last: int
    alone: bool


def step(layer: int, layers: int, load: Vector, work: Vector, store: Vector) -> Steps:
    """A single step of one of so many layers."""
    return Steps(load, work, work, store, (0,) * (layers * len(work)), layer, layer, True)


def charged(
    load: Vector, head: Vector, tail: Vector, store: Vector, spent: Sequence[int], first: int, last: int, count: int
) -> Steps:
    """A run of so many steps of which all is known; see `Steps`."""
    return Steps(load, head, tail, store, tuple(spent), first, last, count == 1)


def joined(before: Steps | None, after: Steps | None) -> Steps | None:
    """One run after the other; `None` is a run without steps."""
    if before is None or after is None:
        return after if before is None else before
    tail = tuple(map(add, before.tail, after.load))
    head = tuple(map(add, after.head, before.store))
    spent = list(map(add, before.spent, after.spent))
    if not before.alone:
        _charge(spent, before.last, tail)
    if not after.alone:
        _charge(spent, after.first, head)
    return Steps(
        before.load,
        tail if before.alone else before.head,
        head if after.alone else after.tail,
        after.store,
        tuple(spent),
        before.first,
        after.last,
        False,
    )


def repeated(run: Steps | None, times: int) -> Steps | None:
    """A run so many times (at least once) in a row."""
    if run is None or times == 1:
        return run
    twice = joined(run, run)
    assert twice is not None, "two runs with steps make one with steps"
    if times == 2:
        return twice
    if run.alone:  # steps in the middle have a neighbour on either side
        middle = tuple(map(sum, zip(run.load, run.head, run.store, strict=True)))
        spent = [0] * len(run.spent)
        _charge(spent, run.first, middle, times - 2)
    else:  # every joint is the same
        spent = [(times - 1) * two - (times - 2) * one for two, one in zip(twice.spent, run.spent, strict=True)]
    return twice._replace(spent=tuple(spent))


def closed(run: Steps) -> Vector:
    """Time by layer and resource, with the first load and the last store exposed."""
    spent = list(run.spent)
    _charge(spent, run.first, run.load)
    _charge(spent, run.first, run.head)
    if not run.alone:
        _charge(spent, run.last, run.tail)
    _charge(spent, run.last, run.store)
    return tuple(spent)


def loading(run: Steps, load: Vector) -> Steps:
    """A run whose first step needs more."""
    first = tuple(map(add, run.load, load))
    return Steps(first, run.head, run.tail, run.store, run.spent, run.first, run.last, run.alone)


def storing(run: Steps, store: Vector) -> Steps:
    """A run after whose last step more leaves."""
    last = tuple(map(add, run.store, store))
    return Steps(run.load, run.head, run.tail, last, run.spent, run.first, run.last, run.alone)


def _charge(spent: list[int], layer: int, asked: Vector, times: int = 1) -> None:
    """Add the time of a step: the most that is asked of a resource, the first of them where several take as long."""
    longest = max(asked)
    spent[layer * len(asked) + asked.index(longest)] += times * longest
