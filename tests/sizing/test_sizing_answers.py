"""What a curve says, on curves small enough to check by eye."""

from __future__ import annotations

from dataclasses import replace

from looptree.search import SPACES
from looptree.sizing import Sizing, answers, changes, knees
from tests.sizing.sizing_cases import group, point


def test_a_knee_is_where_the_saving_per_doubling_falls_to_half() -> None:
    # savings per doubling: 100, 40 (2.5 times less), 30, 0
    values = {1024: 270.0, 2048: 170.0, 4096: 130.0, 8192: 100.0, 16384: 100.0}
    found = knees([point(capacity, value) for capacity, value in values.items()])
    assert [p.capacity_bytes for p in found] == [2048, 8192]


def test_no_knee_on_a_straight_line_nor_in_the_noise() -> None:
    straight = [point(1 << n, 1000.0 - 100 * n) for n in range(5)]
    flat = [point(1 << n, value) for n, value in enumerate((1001.0, 1000.5, 1000.4, 1000.4))]
    assert knees(straight) == knees(flat) == knees(straight[:2]) == ()


def test_no_knee_after_a_gap_in_the_curve() -> None:
    values = {16: 900.0, 4096: 130.0, 8192: 120.0, 16384: 110.0}  # 96 per doubling on average, then 10
    assert knees([point(capacity, value) for capacity, value in values.items()]) == ()


def test_what_changes_between_two_plans() -> None:
    before = point(64, 20.0, group("a"), group("b", "c", recomputing=("b",)), resident=("x",), recomputed=5)
    after = point(128, 10.0, group("a", "b", whole=("w",)), group("c"), resident=("y",))
    (found,) = changes([before, after])
    assert (found.before, found.after, found.saved) == (64, 128, 10.0)
    assert (found.merged, found.split) == ((("a", "b"),), (("b", "c"),))
    assert (found.resident, found.released, found.whole) == (("y",), ("x",), ("w",))
    assert (found.started, found.stopped, found.recomputed) == ((), ("b",), -5)


def test_a_group_that_grows_has_merged_and_one_that_falls_apart_has_split() -> None:
    one, two = group("a", "b"), group("a", "b", "c")
    assert changes([point(1, 2.0, one, group("c")), point(2, 1.0, two)])[0].merged == (("a", "b", "c"),)
    assert changes([point(1, 2.0, two), point(2, 1.0, one, group("c"))])[0].split == (("a", "b", "c"),)


def test_steps_that_gain_nothing_are_passed_over() -> None:
    points = [point(64, 20.0, group("a")), point(128, 20.0, group("a")), point(256, 10.0, group("a"))]
    assert [(c.before, c.after) for c in changes(points)] == [(64, 256)]


def test_answers_name_the_smallest_capacity_and_the_largest_that_is_too_small() -> None:
    sizing = Sizing(
        network="n",
        architecture="a",
        buffer="GLB",
        objective="offchip",
        space=SPACES["default"],
        smallest_bytes=16,
        fused=(point(16, 200.0), point(64, 108.0), point(128, 100.0)),
        layer_by_layer=(point(16, 105.0), point(64, 100.0), point(128, 100.0)),
        fused_probes=(point(96, 109.0, bound=100.5), point(112, 101.5, bound=101.2)),
        layer_by_layer_probes=(),
    )
    found = {a.share: (a.capacity_bytes, a.not_enough_bytes) for a in answers(sizing)}
    # 112 is above 101 for certain; whether 96 reaches 101 or 105 is not known, as its bound is 100.5
    assert found == {0.0: (128, 112), 0.01: (128, 112), 0.05: (112, 64), 0.1: (64, 16)}
    alone = {a.share: (a.capacity_bytes, a.not_enough_bytes) for a in answers(sizing, fused=False)}
    assert alone == {0.0: (64, 16), 0.01: (64, 16), 0.05: (16, 0), 0.1: (16, 0)}
    assert answers(replace(sizing, fused_probes=()))[1].not_enough_bytes == 64
