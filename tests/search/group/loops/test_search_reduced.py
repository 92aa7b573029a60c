"""Reduced segments: no bound of a design in which loops meet is above what tables of these loops together say."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from looptree.search.asked.space import ANY_PAIRS, Space
from looptree.search.group.bound.book import PatternBook
from looptree.search.group.bound.branch_and_bound import BranchAndBound
from looptree.search.group.bound.nodes import Nodes
from looptree.search.group.bound.placing import Placing
from looptree.search.group.bound.problems import Problems
from looptree.search.group.design import Tally
from looptree.search.group.group import Group
from looptree.workload import Workload
from tests.search.group_cases import searched
from tests.search.search_cases import OBJECTIVES, architecture, einsum, network
from tests.some import some


def space(loops: int, own: int = 0) -> Space:
    return Space(loops=loops, leaf_loops=own, joined_pairs=ANY_PAIRS)


def block(halo: int, stride: int = 1, *, front: bool = True) -> Workload:
    """A sum of what is made first and of two layers on it, and a layer on the sum that sums over its channels."""
    rows = 6
    at = {"m": 3, "p": rows}
    layers = [
        einsum("narrow", "A[m,p] = X[c,p] * U[m,c]", {"m": 2, "p": rows, "c": 3}),
        einsum("wide", f"B[m,p] = A[c,p+r-{halo // 2}] * V[m,c,r]", {**at, "c": 2, "r": halo}),
        einsum("sum", "Y[m,p] = B[m,p] + X[m,p]", at),
        einsum("last", f"Z[n,p] = Y[c,{stride}*p] * S[n,c]", {"n": 2, "p": rows // stride, "c": 3}),
    ]
    if front:
        layers.insert(0, einsum("front", "X[m,p] = F[c,p+r-1] * T[m,c,r]", {**at, "c": 2, "r": 3}))
    shapes = {"A": (2, rows), "X": (3, rows), "Y": (3, rows), "F": (2, rows)}
    return Workload("block", layers, shapes=shapes if front else {t: s for t, s in shapes.items() if t != "F"})


def plane(rows: int, columns: int) -> Workload:
    """A sum over rows and columns of what is made first and of two layers on it, the second one with a halo."""
    at = {"m": 2, "p": rows, "q": columns}
    layers = [
        einsum("front", "X[m,p,q] = F[c,p,q] * T[m,c]", {**at, "c": 2}),
        einsum("narrow", "A[m,p,q] = X[c,p,q] * U[m,c]", {**at, "m": 1, "c": 2}),
        einsum("wide", "B[m,p,q] = A[c,p+r-1,q+s-1] * V[m,c,r,s]", {**at, "c": 1, "r": 3, "s": 3}),
        einsum("sum", "Y[m,p,q] = B[m,p,q] + X[m,p,q]", at),
    ]
    return Workload("plane", layers, shapes={"A": (1, rows, columns), "X": (2, rows, columns)})


def appended(rows: int, columns: int, *, front: bool = True) -> Workload:
    """What two layers make of channels is appended to these, and a layer sums over all of them."""
    at = {"p": rows, "q": columns}
    layers = [
        einsum("narrow", "A[m,p,q] = X[c,p,q] * U[m,c]", {"m": 1, **at, "c": 2}),
        einsum("wide", "B[m,p,q] = A[c,p+r-1,q] * V[m,c,r]", {"m": 1, **at, "c": 1, "r": 3}),
        einsum("append", "Y[m,p,q] = X[m,p,q] + B[m-2,p,q]", {"m": 3, **at}),
        einsum("last", "Z[n,p,q] = Y[c,p,q] * S[n,c]", {"n": 2, **at, "c": 3}),
    ]
    if front:
        layers.insert(0, einsum("front", "X[m,p,q] = F[c,p,q] * T[m,c]", {"m": 2, **at, "c": 2}))
    shapes = {"A": (1, rows, columns), "B": (1, rows, columns), "X": (2, rows, columns)}
    return Workload("appended", layers, shapes=shapes)


def normed() -> Workload:
    """What a layer makes is divided by a sum over all of it, and multiplied with weights."""
    return Workload(
        "normed",
        [
            einsum("front", "X[p,f] = I[p,d] * V[d,f]", {"p": 4, "f": 5, "d": 2}),
            einsum("stat", "S[p] = X[p,f]", {"p": 4, "f": 5}),
            einsum("norm", "N[p,f] = X[p,f] * S[p]", {"p": 4, "f": 5}),
            einsum("last", "Y[p,g] = N[p,f] * W[f,g]", {"p": 4, "f": 5, "g": 3}),
        ],
    )


def leaves(book: PatternBook, known: Placing, node: Nodes) -> Iterator[tuple[int, float]]:
    """Patterns of a single choice of tile shapes in which loops meet and no more is decided, and their bounds."""
    node = known.bounds(book, node, np.inf)
    number = int(node.pattern[0])
    children = book.children(number)
    for child in children:
        yield from leaves(book, known, node.with_pattern(np.array([child])))
    if not len(children) and book.patterns[number].met:
        yield book.meant(number), float(node.bound[0])


def least_of_each(book: PatternBook, known: Placing, at: tuple[int, ...]) -> list[float]:
    """The least bound of a single choice of tile shapes in each of the first patterns of a book."""
    nodes = [single(book.group, at).with_pattern(np.array([number])) for number in range(book.first)]
    return [min(bound for _, bound in leaves(book, known, node)) for node in nodes]


def compared(group: Group, further: Sequence[int], draw: random.Random, most: int) -> tuple[int, int]:
    """How many designs were compared, and for how many of them something was supposed.

    Args:
        further: bytes beyond the fewest in which a design fits. most: choices of tile shapes of each loop order.
    """
    count = supposed = 0
    for positions in group.patterns.orders:
        for pattern in group.patterns.of(positions):
            choices = list(np.ndindex(*(len(loop.tiles) for loop in pattern.loops)))
            for at in draw.sample(choices, min(most, len(choices))):
                book = PatternBook(group, [pattern])
                for number in {meant for meant, _ in leaves(book, placing(group, math.inf), single(group, at))}:
                    joined = book.joined(number, [at])
                    if joined is None:
                        continue
                    others = book.others(number)
                    fewest, _ = BranchAndBound(placing(group, math.inf), 0.0, math.inf, Tally()).least_room(joined)
                    for capacity in (fewest + more for more in further):
                        known = placing(group, capacity)
                        exact = BranchAndBound(known, 0.0, math.inf, Tally())
                        exact.search(joined, math.inf, math.inf)
                        bounds = [bound for meant, bound in leaves(book, known, single(group, at)) if meant == number]
                        least = [min(bounds), *(() if others is None else least_of_each(others, known, at))]
                        assert max(least) <= exact.below * (1 + 1e-9), (
                            pattern.loops,
                            at,
                            book.patterns[number].places,
                            least,
                        )
                        count += 1
                        supposed += len(bounds) > 1
    return count, supposed


def placing(group: Group, capacity: float) -> Placing:
    return Placing(Problems(group, frozenset(), capacity))


def single(group: Group, at: tuple[int, ...]) -> Nodes:
    """A choice of tile shapes of the first pattern of a book."""
    start, rates = np.array([at]), np.zeros((len(group.prices), 1))
    return Nodes(np.array([0]), start, start + 1, np.full(1, -np.inf), np.zeros(1, dtype=bool), rates)


PARTS = {
    "block": (block(3), 2),
    "input": (block(3, front=False), 2),
    "strided": (block(3, 2), 2),
    "rows and columns": (plane(4, 3), 3),
    "norm": (normed(), 3),
    "appended": (appended(4, 2), 3),
}


LONG = ("rows and columns", "appended")


@pytest.mark.parametrize(
    ("name", "objective"),
    [
        pytest.param(name, objective, marks=[pytest.mark.slow] if name in LONG and objective != "energy" else [])
        for name in PARTS
        for objective in OBJECTIVES
    ],
)
def test_no_bound_is_above_the_best_design_with_the_same_loops(name: str, objective: str) -> None:
    part, loops = PARTS[name]
    group = searched(part, architecture(seed=2, buffer_bandwidth=3), objective, space(loops)).group
    count, supposed = compared(group, (0, 1, 3, 8), random.Random(1), 4)
    assert count >= 12
    assert supposed >= (0 if name == "input" else 3)


def test_several_reduced_segments_say_what_designs_take_where_the_first_one_does_not() -> None:
    group = searched(appended(6, 2, front=False), architecture(seed=2), "offchip", space(3)).group
    known, better, exact = placing(group, 40), set[str](), 0
    for pattern in itertools.chain.from_iterable(map(group.patterns.of, group.patterns.orders)):
        others = group.patterns.others(pattern) if pattern.met else []
        for at in np.ndindex(*(len(loop.tiles) for loop in pattern.loops)) if others else ():
            book = PatternBook(group, [pattern])
            joined, reduced = book.joined(0, [at]), book.others(0)
            assert joined is not None
            assert reduced is not None
            best = BranchAndBound(known, 0.0, math.inf, Tally())
            best.search(joined, math.inf, math.inf)
            first = min(bound for _, bound in leaves(book, known, single(group, at)))
            least = least_of_each(reduced, known, at)
            assert max(least) <= best.below * (1 + 1e-9)
            exact += max(least) >= best.below * (1 - 1e-9) > first
            better |= {type(other.segment).__name__ for other, one in zip(others, least, strict=True) if one > first}
    assert exact >= 5
    assert better == {"Segment", "Together"}


def test_no_bound_is_above_the_best_design_with_own_loops() -> None:
    for part in (block(3), normed()):
        group = searched(part, architecture(seed=3), "energy", space(2, 1)).group
        assert compared(group, (0, 4), random.Random(2), 2)[0] >= 4


@pytest.mark.slow
@pytest.mark.parametrize("first", some(range(0, 40, 5), 1))
def test_no_bound_of_many_groups_is_above_the_best_design(first: int) -> None:
    count = 0
    for seed in range(first, first + 5):
        draw = random.Random(seed)
        for kind in ("skip", "branches", "pool", "loose"):
            part = network(kind, 100 + seed, layers=4)
            group = searched(part, architecture(seed=seed), draw.choice(OBJECTIVES), space(draw.choice((2, 3)))).group
            count += compared(group, (0, 2, 9), draw, 2)[0]
    assert count
