"""Whole curves of a small network: every answer is checked by a search of its own."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest

from looptree.errors import InputError
from looptree.search import InfeasibleError, search
from looptree.sizing import Sizing, Step, answers, size
from looptree.sizing.answers import minimum
from looptree.sizing.kind import fineness
from tests.sizing.sizing_cases import NETWORK, SMALL


@cache
def sizing() -> Sizing:
    """Searched once for all tests."""
    return size(NETWORK, SMALL, workers=1)


@cache
def least(capacity: int) -> float:
    return search(NETWORK, SMALL.with_capacity("GLB", capacity), objective="offchip", workers=1).statistics.value


def test_the_curve_goes_from_the_smallest_buffer_to_where_nothing_is_gained() -> None:
    found = sizing()
    # image, two weights and conv2, each once: 2 * 2 * 4 * 4 + 2 * 2 * 2 * 9
    assert minimum(found) == 136
    # two channels of the image, their weights and a word of conv1
    assert found.fused[0].capacity_bytes == found.smallest_bytes == 5
    assert found.fused[-1].value == 136
    for points in (found.fused, found.layer_by_layer):
        assert all(p.status == "optimal" and p.bound == p.value for p in points)
        assert all(a.value >= b.value and a.capacity_bytes < b.capacity_bytes for a, b in pairwise(points))
    assert [p.capacity_bytes for p in found.fused] == [p.capacity_bytes for p in found.layer_by_layer]
    assert all(a.value >= f.value for a, f in zip(found.layer_by_layer, found.fused, strict=True))


def test_points_are_those_of_single_searches() -> None:
    assert [p.value for p in sizing().fused] == [least(p.capacity_bytes) for p in sizing().fused]


def test_answers_are_the_smallest_to_their_step() -> None:
    for answer in answers(sizing()):
        step = fineness(answer.capacity_bytes)
        assert 0 < answer.capacity_bytes - answer.not_enough_bytes <= step
        assert least(answer.capacity_bytes) <= answer.target < least(answer.not_enough_bytes)


def test_capacities_that_are_asked_for() -> None:
    found = size(NETWORK, SMALL, capacities=(90, 50), workers=1)
    assert [(p.capacity_bytes, p.value) for p in found.fused] == [(50, least(50)), (90, least(90))]
    with pytest.raises(InfeasibleError, match="a buffer of 5 bytes"):
        size(NETWORK, SMALL, capacities=(4,), workers=1)


def test_more_points_per_doubling_contain_the_doublings() -> None:
    finer = size(NETWORK, SMALL, space="quick", per_doubling=2, least=30, workers=1)
    capacities = [p.capacity_bytes for p in finer.fused]
    assert capacities == [25, 32, 45, 64]  # the smallest that has a plan, then from `least` on


def test_progress_counts_points_and_foresees_the_rest() -> None:
    steps: list[Step] = []
    size(NETWORK, SMALL, space="quick", capacities=(60,), workers=1, progress=steps.append)
    assert [s.done for s in steps] == sorted(s.done for s in steps)
    assert {s.kind for s in steps} == {"fused", "layer_by_layer"}
    assert steps[0].seconds_left is None and steps[-1].seconds_left is not None


@pytest.mark.parametrize(("asked", "problem"), [((), "points per doubling"), ((0,), "at least 1 byte")])
def test_settings_that_make_no_sense(asked: tuple[int, ...], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        size(NETWORK, SMALL, capacities=asked, per_doubling=1 if asked else 0)
