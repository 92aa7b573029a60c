"""Sets of layers up to exchanges of branches, against every exchange."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Mapping

import pytest

from looptree.search.asked.branches import Branch
from looptree.search.asked.restrictions import NONE, Restrictions
from looptree.search.asked.rules import TensorRule
from looptree.search.asked.shapes import Shapes
from looptree.search.asked.space import Space
from looptree.search.exhaustive import Exhaustive, Step
from looptree.search.network.states.alike import Alike
from looptree.workload import Workload
from tests.search.network.states.test_search_states import graph_of, paths, plan
from tests.search.search_cases import architecture, einsum, fan

CLASSES = [
    [Branch(("a0", "a1"), ("ta",)), Branch(("b1", "b0"), ("tb",)), Branch(("c0", "c1"), ("tc",))],
    [Branch(("u",), ("tu",)), Branch(("v",), ("tv",))],
]
LAYERS = ["stem", "a0", "b1", "b0", "u", "a1", "c0", "v", "c1", "last"]
TENSORS = ["tc", "tu", "tb", "ta", "tv"]
BITS = len(LAYERS) + len(TENSORS)


def exchanges(*masks: int) -> Iterator[tuple[int, ...]]:
    """Sets after each exchange of branches."""
    names = [*LAYERS, *TENSORS]
    for orders in itertools.product(*(list(itertools.permutations(each)) for each in CLASSES)):
        to = {name: name for name in names}
        for each, order in zip(CLASSES, orders, strict=True):
            for one, other in zip(each, order, strict=True):
                to |= dict(zip((*one.layers, *one.tensors), (*other.layers, *other.tensors), strict=True))
        yield tuple(sum(1 << names.index(to[name]) for i, name in enumerate(names) if m >> i & 1) for m in masks)


def test_sets_that_differ_by_exchanges_have_one_least_one() -> None:
    draw, alike = random.Random(1), Alike(CLASSES, LAYERS, TENSORS)
    for _ in range(50):
        mask = draw.randrange(1 << BITS)
        every = {other for (other,) in exchanges(mask)}
        assert {alike.least(other) for other in every} == {alike.least(mask)}
        assert alike.least(mask) in every
        assert alike.moved(alike.least(mask), alike.order(mask)) == mask


def test_images_are_all_exchanges_of_a_group_but_for_those_that_leave_the_state() -> None:
    draw, alike = random.Random(2), Alike(CLASSES, LAYERS, TENSORS)
    layers, several = 1 << len(LAYERS), 0
    for _ in range(100):
        state = alike.least(draw.randrange(1 << BITS) | draw.randrange(layers))
        group = draw.randrange(layers) & draw.randrange(layers) & ~state
        needs = draw.randrange(layers) & draw.randrange(layers) & state
        alike = Alike(CLASSES, LAYERS, TENSORS)
        found = list(alike.images(group, needs, state))
        fitting = {(g, n) for g, n in exchanges(group, needs) if not g & state and not n & ~state}
        orbits = {min((g, n) for g, n, s in exchanges(*pair, state) if s == state) for pair in fitting}
        least = [min(g for g, s in exchanges(one, state) if s == state) for one in found]
        assert sorted(least) == sorted(min(g for g, s in exchanges(one, state) if s == state) for one, _ in orbits)
        several += len(found) > 1
    assert several > 5


def classes(workload: Workload, rules: Restrictions = NONE, *, ordered: bool = False) -> list[list[tuple[str, ...]]]:
    found = Shapes(workload, rules, (), weights=False, ordered=ordered).branches()
    return sorted(sorted(branch.layers for branch in each) for each in found)


def test_branches_that_may_be_exchanged_are_found() -> None:
    workload = fan(3, 2, 1)
    whole = [("layerA0", "layerA1"), ("layerB0", "layerB1"), ("layerC0", "layerC1")]
    assert classes(workload) == [whole]
    assert classes(workload, ordered=True) == []
    assert classes(workload, Restrictions(tensors=(("WB1", TensorRule(spill=False)),))) == [[whole[0], whole[2]]]
    assert classes(workload, Restrictions(apart=(frozenset({"layerA0", "layerT"}),))) == [whole[1:]]
    other = einsum("other", "Z[m,n] = C1[m,n]", {n: dict(workload.einsum("sum").ranks)[n] for n in "mn"})
    assert classes(Workload("more", [*workload.einsums, other])) == [whole[:2]]


@pytest.mark.parametrize(("branches", "length", "stem"), [(3, 1, True), (2, 2, False), (2, 1, True)])
def test_plans_have_the_steps_of_all_plans_up_to_exchanges(branches: int, length: int, stem: bool) -> None:
    """Exchanges between two steps change names only, so each step is compared by itself."""
    workload, space = fan(branches, length, 1, stem=stem), Space(group_layers=3, chain_layers=3)
    graph = graph_of(workload, space, alike=True)
    (each,) = graph.catalogue.branches()

    def least(step: Step) -> list[object]:
        """The step after that exchange which makes it come first."""
        ways = []
        for order in itertools.permutations(each):
            pairs = list(zip(each, order, strict=True))
            layers = {a: b for one, other in pairs for a, b in zip(one.layers, other.layers, strict=True)}
            tensors = {a: b for one, other in pairs for a, b in zip(one.tensors, other.tensors, strict=True)}
            ways.append([_renamed(step[0], layers), _renamed(step[1], tensors), _renamed(step[2], tensors)])
        return [*min(ways), step[3]]

    def steps(plans: Iterable[frozenset[Step]]) -> set[str]:
        return {str(sorted(map(least, found), key=str)) for found in plans}

    known, every = [plan(graph, path) for path in paths(graph)], Exhaustive(workload, architecture(), space).plans
    assert steps(known) == steps(every)
    assert set(known) <= every
    assert len(graph.order) < len(graph_of(workload, space).order)


def _renamed(names: Iterable[str], to: Mapping[str, str]) -> list[str]:
    return sorted(to.get(name, name) for name in names)
