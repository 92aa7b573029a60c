"""Places that are not tried are never better."""

from __future__ import annotations

import itertools

import pytest

from looptree.errors import UnsupportedError
from looptree.model import Evaluation, evaluate
from looptree.search.asked.loops import candidate_ranks, clashing_ranks, joined_positions, orders, sinks_of
from looptree.search.asked.restrictions import NONE
from looptree.search.asked.space import Space
from looptree.search.group.group import Group
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.taxonomy.tree import RankRef, Temporal
from looptree.workload import Workload
from tests.search.group_cases import searched
from tests.search.search_cases import KINDS, architecture, network


def told(workload: Workload, choice: GroupChoice, tensor: str) -> tuple[float, ...] | None:
    """What a place of a tensor takes, and what comes of it: bytes, words, operations and cycles."""
    hardware = architecture()
    try:
        result = evaluate(workload, hardware, plan_tree(workload, hardware, [choice]), stepwise=False)
    except UnsupportedError:
        return None
    return (result.occupancy["GLB"].per_tensor[tensor][0], *cost(result))


def cost(result: Evaluation) -> tuple[float, ...]:
    return (result.offchip_bytes, float(result.energy.total), result.total_operations, result.latency.compute)


def no_worse(one: tuple[float, ...] | None, other: tuple[float, ...] | None) -> bool:
    return one is not None and other is not None and all(a <= b for a, b in zip(one, other, strict=True))


def choices(workload: Workload, count: int) -> list[GroupChoice]:
    """Loop orders, joined ones last, with their smallest and largest tile shapes, everything whole."""
    sinks = sinks_of(workload)
    ranks, clashes = candidate_ranks(workload, sinks), clashing_ranks(workload, sinks)
    found = []
    listed = sorted(orders(ranks, clashes, count, 3, ranks), key=lambda order: -len(joined_positions(order, clashes)))
    for order in listed:
        tilings = NONE.tilings(workload, order)
        for chosen in {tilings[0], tilings[-1]} if tilings else ():
            loops = tuple(Temporal(tuple(RankRef(r, e) for e, r in o), t) for o, t in zip(order, chosen, strict=True))
            names = tuple(e.name for e in workload.einsums)
            found.append(GroupChoice(names, loops, dict.fromkeys(workload.tensors, 0), level="GLB"))
    return found


def moved(choice: GroupChoice, tensor: str, depth: int, *, drop: bool = False) -> GroupChoice:
    """The same with one tensor in another place."""
    retention = {**choice.retention, tensor: depth}
    lost = frozenset((tensor,)) if drop else frozenset()
    return GroupChoice(choice.einsums, choice.loops, retention, lost, level="GLB")


@pytest.mark.parametrize("kind", KINDS)
def test_a_place_that_is_left_out_is_matched_by_one_that_is_tried(kind: str) -> None:
    checked = 0
    for seed in range(4):
        workload = network(kind, seed, layers=2)
        group = searched(workload, architecture(), "energy", Space(twice=120)).group
        for count in (2, 3):
            listed = choices(workload, count)
            for choice in (*listed[:2], *listed[-2:]):
                for tensor, tried in places(group, choice).items():
                    depths = range(len(choice.loops) + 1)
                    results = {depth: told(workload, moved(choice, tensor, depth), tensor) for depth in depths}
                    for result in results.values():
                        checked += 1
                        assert result is None or any(no_worse(results[depth], result) for depth in tried)
    assert checked


def places(group: Group, choice: GroupChoice) -> dict[str, list[int]]:
    """Loops above each place that is tried, per tensor; nothing where the loops are looked at in no table."""
    order = [tuple((r.einsum or "", r.rank) for r in loop.ranks) for loop in choice.loops]
    tiles = [loop.tile for loop in choice.loops]
    positions = joined_positions(order, clashing_ranks(group.part, group.sinks))
    for pattern in group.patterns.of(positions):
        for columns in itertools.product(*(range(len(loop.tiles)) for loop in pattern.loops)):
            if pattern.picked(columns) == tuple(zip(order, tiles, strict=True)):
                return {t: [d.loops for d in pattern.depths(row)] for row, t in enumerate(group.tensors)}
    return {}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kept_overlap_is_never_worse_than_a_dropped_one(kind: str) -> None:
    checked = 0
    for seed, count in itertools.product((1, 3), (1, 2)):
        workload = network(kind, seed, layers=2)
        for choice in choices(workload, count)[:3]:
            for tensor, depth in itertools.product(workload.tensors, range(1, count + 1)):
                dropped = told(workload, moved(choice, tensor, depth, drop=True), tensor)
                if dropped is not None:
                    checked += 1
                    assert no_worse(told(workload, moved(choice, tensor, depth), tensor), dropped)
    assert checked
