"""What the exhaustive search takes for granted, against the model."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from fractions import Fraction
from functools import reduce

import numpy as np
import pytest

from looptree.check import check
from looptree.model import evaluate
from looptree.search.asked.objective import value
from looptree.search.asked.space import Space
from looptree.search.exhaustive import Designs, Exhaustive, Group, steps_of, together, undominated
from looptree.taxonomy.binding import bind
from looptree.taxonomy.group import plan_tree
from looptree.taxonomy.group_tensors import group_tensors
from tests.search.search_cases import KINDS, OBJECTIVES, architecture, network

SPACE = Space(loops=2, lone_loops=2, leaf_loops=0)


@pytest.mark.parametrize("kind", [*KINDS, "loose"])
def test_what_tensors_take_and_add_in_their_places_adds_up(kind: str) -> None:
    """Any places together, by the model, against the sums of each tensor's own place."""
    draw = random.Random(kind)
    workload = network(kind, 1, layers=2)
    hardware = architecture(seed=1, buffer_bandwidth=3)
    search = Exhaustive(workload, hardware, SPACE)
    group = Group(search.network, frozenset(e.name for e in workload.einsums), frozenset())
    for choice in draw.sample(list(group.choices()), 6):
        whole, above = group.evaluated(choice), group.above(choice)
        assert whole is not None
        retention = {t: draw.randrange(len(choice.loops) + 1) for t in above}
        fixed = sum((group.sums(whole, t) for t in choice.retention), group.work(whole))
        together_ = sum((above[t][depth] for t, depth in retention.items()), fixed)
        moved = replace(choice, retention={**choice.retention, **retention})
        result = evaluate(workload, hardware, plan_tree(workload, hardware, [moved]), stepwise=False)
        assert together_[0] == result.occupancy["GLB"].window_bytes
        found = Designs(together_[None])
        for objective in OBJECTIVES:
            expected = float(value(objective, result))
            assert found.least(objective, math.inf, search.bandwidths) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", [*KINDS, "loose", "shared"])
def test_groups_of_a_plan_add_up(kind: str) -> None:
    """Layers alone, everything whole, some tensors on chip in between: by model, simulator and group by group."""
    draw = random.Random(kind)
    workload = network(kind, 2)
    hardware = architecture(seed=2, buffer_bandwidth=3)
    space = Space(group_layers=1, chain_layers=1, lone_loops=0, leaf_loops=0)
    search = Exhaustive(workload, hardware, space)
    inner = list(search.network.whole_bytes)
    for _ in range(4):
        kept = draw.sample(inner, draw.randrange(len(inner) + 1))
        steps = list(steps_of(search.network, [frozenset((e.name,)) for e in workload.einsums], kept))
        choices = [next(Group(search.network, *step[:3]).choices()) for step in steps]
        stored = [
            {t: 0 for e in choice.einsums for t in group_tensors(workload, (e,)) if t not in kept} for choice in choices
        ]
        choices = [replace(choice, retention=places) for choice, places in zip(choices, stored, strict=True)]
        tree = plan_tree(workload, hardware, choices, resident=kept)
        assert check(bind(workload, hardware, tree)) == ()
        result = evaluate(workload, hardware, tree, stepwise=False)
        rooms = [search.designs(*step[:3]).rows[0, :2].sum() + step[3] for step in steps]
        assert max(rooms) == result.occupancy["GLB"].window_bytes
        for objective in OBJECTIVES:
            parts = [search.designs(*step[:3]).least(objective, math.inf, search.bandwidths) for step in steps]
            assert sum(parts) == pytest.approx(float(value(objective, result)), rel=1e-12)


def test_a_chain_of_three_layers_has_four_partitions_and_nine_plans() -> None:
    """Tensors stay on chip at a cut or not: 1 + 2 + 2 + 4 plans."""
    search = Exhaustive(network("matmul", 0), architecture())
    assert len(search.plans) == 9
    assert len({frozenset(layers for layers, *_ in plan) for plan in search.plans}) == 4
    alone = Exhaustive(network("matmul", 0), architecture(), Space(group_layers=1, chain_layers=1, resident=0))
    assert len(alone.plans) == 1


def test_rows_that_others_match_or_beat_are_left_out() -> None:
    rows = np.array([[1.0, 3.0], [2.0, 2.0], [2.0, 4.0], [1.0, 3.0]])
    assert undominated(rows).tolist() == [[1, 3], [2, 2]]


def test_layers_take_turns_inside_their_branches() -> None:
    one, other = np.array([[1.0, 4.0, 2.0]]), np.array([[2.0, 3.0, 5.0]])
    assert reduce(together, [one, other]).tolist() == [[3, 4, 7]]


def test_nothing_fits_no_bytes() -> None:
    search = Exhaustive(network("matmul", 0, layers=2), architecture(), Space(loops=1, lone_loops=1, leaf_loops=0))
    assert search.value("energy", 0) == math.inf
    assert Fraction(search.value("offchip")) > 0
