"""Inputs inside the branch of each layer that reads them: as every design by the same rule, and as the model says."""

from __future__ import annotations

import pytest

from looptree.search.asked.metrics import Weights
from looptree.search.asked.restrictions import Restrictions
from looptree.search.asked.rules import TensorRule
from looptree.search.asked.space import Space
from looptree.search.exhaustive import Exhaustive
from looptree.search.group.goal.goal import Aim, Goal
from looptree.search.group.group import Group
from looptree.search.group.group_search import GroupSearch
from looptree.workload import Workload
from tests.search.group_cases import differences, searched
from tests.search.leaf_cases import streaming
from tests.search.search_cases import architecture, einsum, network
from tests.some import some

ONE = Space(loops=1, lone_loops=1, leaf_loops=1)
ROOMY = 10.0**6


def residual() -> Workload:
    conv = einsum("conv", "T[m,p] = X[c,p+r-1] * W[m,c,r]", {"m": 3, "c": 3, "p": 4, "r": 3})
    total = einsum("sum", "Y[m,p] = T[m,p] + X[m,p]", {"m": 3, "p": 4})
    return Workload("residual", [conv, total], shapes={"X": (3, 4)})


def products(weights: str = "WV") -> Workload:
    """Two of one matrix, whose ranks have other names."""
    key = einsum("key", "K[m,n] = X[m,k] * WK[k,n]", {"m": 3, "n": 2, "k": 3})
    value = einsum("value", f"V[i,o] = X[i,j] * {weights}[j,o]", {"i": 3, "o": 2, "j": 3})
    return Workload("products", [key, value])


def strides() -> Workload:
    """Two layers that read a third of a tensor each: together they ask for less than its hull."""
    first = einsum("first", "T[m,p] = X[m,3*p]", {"m": 2, "p": 3})
    second = einsum("second", "Y[m,p] = T[m,p] + X[m,3*p+1]", {"m": 2, "p": 3})
    return Workload("strides", [first, second], shapes={"X": (2, 8)})


@pytest.mark.parametrize("workload", [residual(), products("WK"), strides()], ids=lambda found: found.name)
def test_no_design_with_inputs_inside_several_branches_is_better(workload: Workload) -> None:
    hardware = architecture(buffer_bandwidth=3, spatial={"m": 2, "p": 2})
    assert differences(streaming(Exhaustive(workload, hardware, ONE)), hardware, most=6, largest=ROOMY)[0] == []


def test_nor_in_a_pipeline() -> None:
    space = Space(loops=1, lone_loops=1, leaf_loops=1, pipeline=True)
    hardware = architecture(buffer_bandwidth=3)
    assert differences(streaming(Exhaustive(residual(), hardware, space)), hardware, most=6, largest=ROOMY)[0] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", some(range(9), 3))
def test_nor_in_random_networks(seed: int) -> None:
    hardware = architecture(seed=seed, buffer_bandwidth=(None, 3, 6)[seed % 3])
    slow = streaming(Exhaustive(network("shared", seed, layers=2 + seed % 2), hardware, ONE))
    assert differences(slow, hardware, most=6, largest=ROOMY)[0] == []


def residual_in_one_group(space: Space) -> GroupSearch:
    return searched(residual(), architecture(), "offchip", space)


def test_inputs_inside_several_branches_need_less_room() -> None:
    """Three bytes: a word of `T`, and in the branch of each layer of `X` and of `W`, or `Y`."""
    outcome = residual_in_one_group(Space()).search(frozenset(), 3)
    assert outcome.design is not None
    assert all("X" in way.tensors for way in outcome.design.streaming.values()) and outcome.design.room == 3


def test_layers_that_share_nothing_else_are_no_such_group() -> None:
    found = [searched(products(name), architecture(), "offchip", ONE) for name in ("WV", "WK")]
    assert [len(search.within.sets) for search in found] == [0, 2]


@pytest.mark.parametrize("rule", [TensorRule(retention=(0, 1, 2, 3)), TensorRule(drop=True)])
def test_what_a_restriction_places_is_above_the_branches(rule: TensorRule) -> None:
    space = Space(restrictions=Restrictions(tensors=(("X", rule),)))
    assert not any("X" in within for within in residual_in_one_group(space).within.sets)


def test_what_stays_on_chip_is_not_inside_branches() -> None:
    search = residual_in_one_group(Space())
    assert frozenset({"X"}) in search.within.sets
    outcome = search.search(frozenset({"X"}), 3 + 12)
    assert outcome.design is None or all("X" not in way.tensors for way in outcome.design.streaming.values())


def test_mirror_images_of_loop_orders_are_left_out_there_too() -> None:
    ranks = {"m": 2, "c": 2, "p": 4, "q": 4, "r": 3, "s": 3}
    conv = einsum("conv", "T[m,p,q] = X[c,p+r-1,q+s-1] * W[m,c,r,s]", ranks)
    total = einsum("sum", "Y[m,p,q] = T[m,p,q] + X[m,p,q]", {"m": 2, "p": 4, "q": 4})
    square = Workload("square", [conv, total], shapes={"X": (2, 4, 4)})
    goal = Goal(Aim(Weights.only("offchip")), architecture(), "GLB")
    every, some_orders = (
        GroupSearch(Group(square, architecture(), "GLB", Space(loops=2), mirrored=known))
        .parted(frozenset({"X"}))
        .towards(goal)
        for known in (True, False)
    )
    listed, left = (sum(map(len, search.group.patterns.orders.values())) for search in (every, some_orders))
    assert left < listed
    found = [[search.search(frozenset(), c).value for c in (3, 6, 12, 24, 48)] for search in (every, some_orders)]
    assert found[0] == found[1] and len(set(found[0])) > 2
