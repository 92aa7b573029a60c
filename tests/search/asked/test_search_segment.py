"""Shapes of segments, and of the groups of a network."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from looptree.search.asked.restrictions import NONE, Restrictions
from looptree.search.asked.rules import LayerRule, TensorRule
from looptree.search.asked.segment import Shape, renamed, segment, shape_of
from looptree.search.asked.shapes import Shapes
from looptree.taxonomy.group import GroupChoice
from looptree.workload import Workload
from tests.search.search_cases import KINDS, einsum, fan, network


def orders(part: Workload) -> Iterator[Workload]:
    """The segment with its layers, and what each reads, in every order."""
    every = [[replace(e, inputs=inputs) for inputs in itertools.permutations(e.inputs)] for e in part.einsums]
    known = {name: tensor.shape for name, tensor in part.tensors.items()}
    bits = {name: tensor.bits for name, tensor in part.tensors.items()}
    for layers in itertools.product(*every):
        for order in itertools.permutations(layers):
            made = [e.output.tensor for e in order]
            if all(t not in made[i:] for i, e in enumerate(order) for t in e.reads):
                yield Workload(part.name, order, shapes=known, bits=bits, outputs=part.outputs)


def least(part: Workload) -> str:
    """Equal for segments that are equal up to the order of layers and of what they read."""
    return min(repr(shape_of(other).key) for other in orders(part))


def shapes(workload: Workload, rules: Restrictions = NONE, *, ordered: bool = False) -> Shapes:
    return Shapes(workload, rules, (), weights=False, ordered=ordered)


@pytest.mark.parametrize("kind", [*KINDS, "shared", "fan"])
def test_groups_have_one_shape_if_they_are_equal_in_some_order(kind: str) -> None:
    workload = fan(3, 1, 3) if kind == "fan" else network(kind, 4, layers=5)
    found, names = shapes(workload), [e.name for e in workload.einsums]
    slow, quick = list[str](), list[object]()
    for count in range(1, 4):
        for some in itertools.combinations(names, count):
            slow.append(least(segment(workload, some)))
            quick.append(found.of(some).key)
    for one, other in itertools.combinations(range(len(slow)), 2):
        assert (slow[one] == slow[other]) == (quick[one] == quick[other])


def alike(names: Sequence[str], ordered: bool = False) -> list[Shape]:
    """Two groups of a fan, as words of letters."""
    found = shapes(fan(4, 2, 1), ordered=ordered)
    return [found.of([f"layer{branch}{at}" for branch, at in zip(*[iter(each)] * 2, strict=True)]) for each in names]


def test_parts_of_equal_shapes_correspond() -> None:
    one, other = alike(["A0A1B0", "B0C0C1"])
    assert one.key == other.key
    to = dict(zip(one.einsums, other.einsums, strict=True))
    assert to == {"layerA0": "layerC0", "layerA1": "layerC1", "layerB0": "layerB0"}
    assert dict(zip(one.tensors, other.tensors, strict=True))["WB0"] == "WB0"
    choice = GroupChoice(("layerA0", "layerA1", "layerB0"), retention={"A0": 0, "WB0": 0}, level="GLB")
    assert renamed(choice, one, other).retention == {"C0": 0, "WB0": 0}


def test_the_order_of_layers_tells_groups_apart_where_it_counts() -> None:
    one, other = alike(["A0A1B0", "B0C0C1"], ordered=True)
    assert one.key != other.key


def test_marks_tell_alike_tensors_apart() -> None:
    """Of three branches one is marked: one shape, whichever it is, in which the marked tensors correspond."""
    found = shapes(fan(3, 1, 1))
    shape = found.of(["layerA0", "layerB0", "layerC0"])
    both = [found.marked(shape, [t == output for t in shape.tensors]) for output in ("A0", "C0")]
    assert both[0].key == both[1].key != found.marked(shape, [0] * len(shape.tensors)).key
    assert dict(zip(both[0].tensors, both[1].tensors, strict=True))["A0"] == "C0"
    assert both[0].key != found.marked(shape, [2 * (t == "A0") for t in shape.tensors]).key


def test_rules_tell_groups_apart() -> None:
    layers = [einsum(f"l{i}", f"Y{i}[{r}] = X{i}[{r}]", {r: 4}) for i, r in enumerate("mmnm")]
    workload = Workload("four", layers)

    def kinds(rules: Restrictions) -> list[bool]:
        found = shapes(workload, rules)
        return [found.of(["l0"]).key == found.of([f"l{i}"]).key for i in (1, 2, 3)]

    assert kinds(NONE) == [True, True, True]
    assert kinds(Restrictions(everywhere=LayerRule(ranks=frozenset("m")))) == [True, False, True]
    assert kinds(Restrictions(layers=(("l1", LayerRule(order=("m",))),))) == [False, True, True]
    assert kinds(Restrictions(tensors=(("X3", TensorRule(spill=False)),))) == [True, True, False]
