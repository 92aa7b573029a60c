"""Nodes are cut into parts that cover them and do not overlap."""

from __future__ import annotations

import itertools
import random

import numpy as np

from looptree.search.group.bound.frontier import FEW, FIRST_BATCH, MANY, Frontier
from looptree.search.group.bound.nodes import Nodes


def nodes(draw: random.Random, count: int, loops: int) -> Nodes:
    start = np.array([[draw.randrange(6) for _ in range(loops)] for _ in range(count)])
    stop = start + np.array([[draw.choice([1, 1, 2, 5, 9]) for _ in range(loops)] for _ in range(count)])
    stop[:, 0] = np.maximum(stop[:, 0], start[:, 0] + 2)
    bound = np.array([draw.random() for _ in range(count)])
    return Nodes(np.arange(count), start, stop, bound, np.zeros(count, dtype=bool), np.zeros((1, count)))


def points(known: Nodes, number: int) -> list[tuple[int, ...]]:
    """Tile shapes of all nodes of a pattern."""
    found: list[tuple[int, ...]] = []
    for at in np.flatnonzero(known.pattern == number):
        found += itertools.product(*(range(a, b) for a, b in zip(known.start[at], known.stop[at], strict=True)))
    return sorted(found)


def test_halves_are_a_partition() -> None:
    draw = random.Random(3)
    for loops in (1, 2, 3):
        whole = nodes(draw, 40, loops)
        looseness = np.array([[draw.choice([0.0, 1.0, 2.0]) for _ in range(loops)] for _ in range(40)])
        halves = whole.halves(looseness)
        assert len(halves) == 2 * len(whole)
        assert (halves.points > 0).all()
        for number in range(40):
            assert points(halves, number) == points(whole, number)


def test_the_best_nodes_come_first_and_none_is_lost() -> None:
    known = nodes(random.Random(5), 30, 2)
    best, rest = known.best(7)
    assert len(best) == 7
    assert best.bound.max() <= rest.bound.min()
    assert sorted([*best.pattern.tolist(), *rest.pattern.tolist()]) == list(range(30))
    assert sorted(best.joined(rest).bound.tolist()) == sorted(known.bound.tolist())


def test_the_newest_nodes_at_the_floor_come_first_in_a_long_chain_until_a_design_is_found() -> None:
    known = nodes(random.Random(6), 100, 2)
    known.bound[:] = [1.0 if number % 4 == 0 else 2.0 for number in range(100)]
    deep, usual = Frontier(known, 1.0, MANY), Frontier(known, 1.0, MANY - 1)
    newest = deep.next(found=False)
    assert newest.pattern.tolist() == list(range(68, 100, 4)) and len(newest) == FEW
    assert sorted([*newest.pattern.tolist(), *deep.waiting.pattern.tolist()]) == list(range(100))
    assert deep.next(found=True).pattern.tolist()[: 25 - FEW] == list(range(0, 68, 4))
    assert usual.next(found=False).pattern.tolist()[:25] == list(range(0, 100, 4))
    assert len(usual) == 100 - FIRST_BATCH
