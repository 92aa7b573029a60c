"""A bound of a range of designs is no more than the objective of any design in it."""

from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest

from looptree.search.asked.space import Space
from looptree.search.group.bound.book import PatternBook
from looptree.search.group.bound.nodes import Nodes
from looptree.search.group.bound.placing import Placing
from looptree.search.group.bound.problems import Problems
from tests.search.group_cases import searched
from tests.search.search_cases import KINDS, OBJECTIVES, architecture, network


def node(placing: Placing, pattern: int, start: tuple[int, ...], stop: tuple[int, ...]) -> Nodes:
    rates = np.zeros((len(placing.problems.relaxation.prices), 1))
    inexact = np.zeros(1, dtype=bool)
    return Nodes(np.array([pattern]), np.array([start]), np.array([stop]), np.full(1, -np.inf), inexact, rates)


def settled(book: PatternBook, pattern: int) -> list[int]:
    """Patterns with all intermediates decided that come from one."""
    children = book.children(pattern).tolist()
    return [end for child in children for end in settled(book, child)] if children else [pattern]


def least(placing: Placing, book: PatternBook, pattern: int, start: tuple[int, ...], stop: tuple[int, ...]) -> float:
    """The objective of the best single design in a range."""
    found = math.inf
    for at in itertools.product(*(range(a, b) for a, b in zip(start, stop, strict=True))):
        for end in settled(book, pattern):
            design = placing.best(book, node(placing, end, at, tuple(i + 1 for i in at)), math.inf)
            found = min(found, math.inf if design is None else design.value)
    return found


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("kind", [*KINDS, "loose"])
def test_no_design_in_a_range_is_better_than_its_bounds(kind: str, objective: str) -> None:
    draw = random.Random(f"{kind} {objective}")
    workload = network(kind, 3, layers=3)
    space = Space(loops=2, leaf_loops=1)
    search = searched(workload, architecture(seed=1, buffer_bandwidth=3), objective, space)
    total = sum(t.size_bytes for t in workload.tensors.values())
    tight = 0
    for _ in range(6):
        capacity = draw.choice([math.inf, *(float(int(total * share)) for share in (0.1, 0.2, 0.4, 0.8))])
        placing = Placing(Problems(search.group, frozenset(), capacity))
        book = draw.choice([b for b in search.books() if b.first])
        pattern = draw.randrange(book.first)
        widths = book.widths()[pattern].tolist()
        start = tuple(draw.randrange(width) for width in widths)
        stop = tuple(draw.randrange(a + 1, min(width, a + 3) + 1) for a, width in zip(start, widths, strict=True))
        while draw.random() < 0.5 and len(book.children(pattern)):
            pattern = draw.choice(book.children(pattern).tolist())
        known = node(placing, pattern, start, stop)
        truth = least(placing, book, pattern, start, stop) * (1 + 1e-9)
        columns, places = book.columns(known.pattern, known.start, known.stop)
        room, sums = placing.problems.relaxation.options(columns, places)
        floors = placing.floors(columns).sum(axis=0)
        relaxed, rates = placing.problems.relaxation.bounds(columns, room, sums, known.rates, math.inf, floors)
        assert relaxed[0] <= truth
        again, _ = placing.problems.relaxation.bounds(columns, room, sums, rates, math.inf, floors)
        assert again[0] <= truth
        bound = placing.bounds(book, known, math.inf).bound[0]
        assert relaxed[0] <= bound <= truth
        tight += bound >= truth * (1 - 1e-8)
    assert tight
