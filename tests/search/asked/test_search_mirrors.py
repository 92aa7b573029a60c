"""Loop orders that are mirror images of each other: one of them is enough."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from looptree.search import search
from looptree.search.asked.metrics import Weights
from looptree.search.asked.mirrors import distinct, mirrors
from looptree.search.asked.restrictions import Restrictions
from looptree.search.asked.rules import LayerRule
from looptree.search.asked.space import Space
from looptree.search.exhaustive import Exhaustive
from looptree.search.group.goal.goal import Aim, Goal
from looptree.search.group.group import Group
from looptree.search.group.group_search import GroupSearch
from looptree.workload import Einsum, Workload
from tests.search.search_cases import OBJECTIVES, architecture, einsum
from tests.some import some

SPACE = Space(loops=2, lone_loops=3, leaf_loops=1)


def square(seed: int, layers: int = 2, sides: Sequence[int] = (4, 5, 6)) -> Workload:
    """Convolutions, depthwise ones, pooling and sums of square maps; every other network has one layer that is not."""
    draw = random.Random(seed)
    uneven = draw.randrange(layers) if seed % 2 else None
    side = draw.choice(sides)
    channels = draw.choice([1, 2])
    shapes, einsums = {"T0": (channels, side, side)}, list[Einsum]()
    for index in range(layers):
        source, output = f"T{index}", f"T{index + 1}"
        kernel, stride, padding = draw.choice([1, 2, 3]), draw.choice([1, 1, 2]), draw.choice([0, 0, 1])
        kernel = min(kernel, side + 2 * padding)
        width = draw.choice([1, 2, 3])
        out = (side + 2 * padding - kernel) // stride + 1
        ranks = {"m": width, "p": out, "q": out, "c": channels, "r": kernel, "s": kernel}
        column = f"{stride}*q+s-{padding}"
        if index == uneven:
            ranks, column = (
                ({**ranks, "s": 1}, column) if draw.random() < 0.5 else (ranks, f"{stride}*q+s-{padding + 1}")
            )
        conv = f"{output}[m,p,q] = {source}[c,{stride}*p+r-{padding},{column}] * W{index}[m,c,r,s]"
        if width == channels and draw.random() < 0.5:
            conv = f"{output}[m,p,q] = {source}[m,{stride}*p+r-{padding},{column}] * W{index}[m,r,s]"
            del ranks["c"]
        einsums.append(einsum(output, conv, ranks))
        side, channels = out, width
        shapes[output] = (channels, side, side)
    return Workload("square", einsums, shapes=shapes)


@pytest.mark.parametrize("seed", some(range(24), 6))
def test_the_best_design_is_among_the_orders_that_are_left(seed: int) -> None:
    """Of fused groups and lone layers, for every objective and several capacities."""
    part, array = square(seed), [None, {"m": 2, "p": 2, "q": 2}, {"p": 2, "q": 3}][seed % 3]
    hardware = architecture(None, seed=1, buffer_bandwidth=3, spatial=array)
    every, some_orders = (Group(part, hardware, "GLB", SPACE, mirrored=known) for known in (True, False))
    listed, left = (sum(map(len, group.patterns.orders.values())) for group in (every, some_orders))
    assert left < listed if some_orders.mirrors else left == listed
    for objective in OBJECTIVES:
        goal = Goal(Aim(Weights.only(objective)), hardware, "GLB")
        whole, fewer = (GroupSearch(group).towards(goal) for group in (every, some_orders))
        room = every.least_bytes(frozenset())
        for capacity in (room + 6, 2 * room + 20):
            assert fewer.search(frozenset(), capacity).value == whole.search(frozenset(), capacity).value


@pytest.mark.parametrize("seed", some(range(12), 2))
def test_nothing_is_missed(seed: int) -> None:
    """Whole networks, against every design of every plan."""
    network, space = square(seed, sides=(3,)), replace(SPACE, lone_loops=2, leaf_loops=0)
    slow = Exhaustive(network, architecture(), space)
    for capacity in (20, 45):
        for objective in OBJECTIVES:
            expected = slow.value(objective, capacity)
            if math.isfinite(expected):
                found = search(network, architecture(capacity), objective=objective, space=space, workers=1)
                assert found.statistics.value == pytest.approx(expected, rel=1e-12)


def test_half_of_the_orders_of_a_square_convolution_are_left() -> None:
    """Of p, q, m, c, r and s: p before q, or r before s where neither p nor q is there."""
    part = Workload(
        "one",
        [einsum("conv", "Y[m,p,q] = X[c,p+r,q+s] * W[m,c,r,s]", {"m": 4, "p": 5, "q": 5, "c": 3, "r": 3, "s": 3})],
    )
    ranks = [((("conv", name),),) for name in "pqmcrs"]
    (mirror,) = mirrors(part, {})
    assert [ranks[at][0][0][1] for at in distinct(ranks, [mirror])] == ["p", "m", "c", "r"]
    orders = list(Space(joined_loops=5).orders(part))
    left = [orders[at] for at in distinct(orders, [mirror])]
    fixed = [order for order in orders if {name for rank in order for _, name in rank} <= {"m", "c"}]
    assert len(left) == len(fixed) + (len(orders) - len(fixed)) // 2


@pytest.mark.parametrize(
    "second",
    [
        "Z[m,p,q] = Y[m,p+r,2*q+s] * V[m,r,s]",  # another stride
        "Z[m,p,q] = Y[m,p+r,q+s-1] * V[m,r,s]",  # padding on one side
        "Z[m,p,q] = Y[m,p+r,q+s] * V[m,r]",  # weights of their own for each row of the kernel
        "Z[m,p,q] = Y[m,p+r,q+s] * V[m,r,s] * B[p]",  # something that only rows read
    ],
)
def test_one_layer_that_tells_rows_from_columns_is_enough(second: str) -> None:
    first = einsum("one", "Y[m,p,q] = X[c,p+r,q+s] * W[m,c,r,s]", {"m": 2, "p": 6, "q": 6, "c": 3, "r": 3, "s": 3})
    other = einsum("two", second, {"m": 2, "p": 2, "q": 2, "r": 2, "s": 2})
    shapes = {"Y": (2, 6, 6)}
    assert mirrors(Workload("both", [first, other], shapes=shapes), {}) == []
    alike = einsum("two", "Z[m,p,q] = Y[m,p+r,q+s] * V[m,r,s]", {"m": 2, "p": 2, "q": 2, "r": 2, "s": 2})
    assert len(mirrors(Workload("both", [first, alike], shapes=shapes), {})) == 1


def test_rules_and_arrays_tell_rows_from_columns() -> None:
    part = square(0)
    rules = Restrictions(layers=(("T1", LayerRule(order=("q", "p"))),))
    for space, array in ((Space(restrictions=rules), {}), (Space(), {"p": 2})):
        assert not Group(part, architecture(spatial=array), "GLB", space, mirrored=False).mirrors
    assert Group(part, architecture(spatial={"m": 2}), "GLB", Space(), mirrored=False).mirrors
