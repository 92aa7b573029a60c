"""Flows against single evaluations, and their numbers by hand on layers small enough for it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looptree.architecture import Architecture, Level
from looptree.model import evaluate
from looptree.study.sweep import Flow, Option, best_option, flows, frontier, orders_of, spread_tiles
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.taxonomy.tree import RankRef, Temporal
from looptree.workload.load import load_workload

UNLIMITED = Architecture("unlimited", (Level("DRAM"), Level("GLB")))
SMALL = load_workload("conv_conv", channels=2, resolution=6)


def flow_of(order: tuple[str, ...], tiles: tuple[int, ...], **places: int) -> Flow:
    found = flows(SMALL, [order], lambda _: tuple(sorted(set(tiles))))
    return next(flow for flow in found if flow.tiles == tiles and dict(flow.places) == places)


def test_rows_one_by_one_by_hand() -> None:
    """Channels 2, 6x6, 3x3 kernels: windows of 4 rows for the first step of conv1, weights of 36 words each."""
    flow = flow_of(("p",), (1,), conv1=1)
    assert flow.operations == 2 * 6 * 6 * 2 * 2 * 9
    assert flow.recomputed == 0
    assert flow.rooms == {"conv1": 3 * 6 * 2}
    assert flow.options["W_conv1"] == (Option(0, 36, 36), Option(1, 36, 36))
    assert flow.options["image"] == (Option(0, 72, 72), Option(1, 36, 72))
    assert flow.options["conv2"] == (Option(0, 72, 72), Option(1, 12, 72))
    assert flow.least_room == 36 + 36 + 36 + 36 + 12
    assert flow.uniform_room() == flow.least_room


def test_overlap_below_two_loops_is_computed_again_between_rows() -> None:
    """Rows 0..5 of conv1 are needed for 2, 3, 3, 3, 3, 2 rows of conv2: 16 instead of 6."""
    flow = flow_of(("p", "q"), (1, 1), conv1=2)
    assert flow.recomputed == (16 - 6) * 6 * 2 * 2 * 9
    assert flow.extra == pytest.approx(10 / 12)


@pytest.mark.parametrize("order", [("p", "q"), ("m", "p"), ("q",)])
def test_flows_count_what_an_evaluation_counts(order: tuple[str, ...]) -> None:
    for flow in flows(SMALL, [order], spread_tiles(2)):
        names = tuple(einsum.name for einsum in SMALL.einsums)
        loops = tuple(Temporal((RankRef(r),), t) for r, t in zip(flow.order, flow.tiles, strict=True))
        for depth in range(len(order) + 1):
            retention = {**flow.places, **dict.fromkeys(flow.options, depth)}
            tree = plan_tree(SMALL, UNLIMITED, [GroupChoice(names, loops, retention, level="GLB")])
            result = evaluate(SMALL, UNLIMITED, tree)
            assert sum(flow.rooms.values()) + sum(o[depth].room for o in flow.options.values()) == (
                result.occupancy["GLB"].window_bytes
            )
            assert sum(o[depth].moved for o in flow.options.values()) == result.offchip_bytes
            assert (flow.operations + flow.recomputed, flow.recomputed) == (
                result.total_operations,
                result.recomputed_operations,
            )


def test_a_buffer_for_more_transfers_is_never_larger() -> None:
    for flow in flows(SMALL, [("p", "q")], spread_tiles(2)):
        least = flow.least_moved
        rooms = [flow.room_within(least * factor) for factor in (1.0, 1.1, 2.0, 100.0)]
        assert rooms[0] == flow.least_room
        assert rooms == sorted((room for room in rooms if room is not None), reverse=True)
        assert flow.room_within(least - 1) is None


def test_orders_and_tiles() -> None:
    assert len(orders_of(("p", "q", "m", "c"), 2)) == 4 + 12
    assert best_option([Option(0, 9, 5), Option(1, 3, 5), Option(2, 1, 7)]) == Option(1, 3, 5)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12))
def test_a_frontier_covers_every_point(points: list[tuple[float, float]]) -> None:
    kept = frontier(points)
    assert all(any(x <= a and y <= b for x, y in kept) for a, b in points)
    assert all(a < c and b > d for (a, b), (c, d) in pairwise(kept))
