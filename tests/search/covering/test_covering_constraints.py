"""Each rule on the smallest instance whose optimum it moves."""

from __future__ import annotations

from functools import partial

import pytest

from looptree.search.covering import Column, cover, search
from looptree.search.covering.program import Program
from tests.search.covering.covering_cases import Edges, column


@pytest.fixture(params=["as it is", "integer programs alone", "integer programs with an order", "short sums"])
def _means(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ways to the same answer: with all means; and with some taken away, so that the others have to do."""
    if request.param != "as it is":
        monkeypatch.setattr(search, "construct", lambda *_: None)
        monkeypatch.setattr(search, "cuts_of_fractions", lambda *_: [])
        monkeypatch.setattr(search, "solve", lambda *_: None)
    if request.param == "integer programs with an order":
        monkeypatch.setattr(search, "MOST_CYCLES", -1)
    if request.param == "short sums":
        monkeypatch.setattr(search, "Program", partial(Program, room=1 << 6))


pytestmark = pytest.mark.usefixtures("_means")


def best(layers: int, edges: Edges, columns: list[Column], *limits: int | None) -> tuple[int, set[int]]:
    """Cost and columns of a proven optimum."""
    found = cover(layers, edges, columns, limits=limits)
    assert (found.status, found.bound) == ("optimal", found.cost)
    return found.cost, set(found.chosen)


def test_a_layer_is_in_no_more_than_one_group() -> None:
    columns = [column("01", 3), column("12", 3), column("0", 5), column("2", 4)]
    assert best(3, [], columns) == (7, {0, 3})  # not 3 + 3, which has layer 1 twice


def test_a_layer_is_in_at_least_one_group() -> None:
    assert best(2, [], [column("0", 1), column("1", 9)]) == (10, {0, 1})  # not 1


def test_a_layer_that_no_column_has_makes_it_infeasible() -> None:
    assert cover(2, [], [column("0", 1)]).status == "infeasible"


def test_a_group_does_not_wait_for_itself() -> None:
    columns = [column("02", 1), *(column(i, 2) for i in "012")]
    assert best(3, [], columns) == (3, {0, 2})
    assert best(3, [(0, 1), (1, 2)], columns) == (6, {1, 2, 3})  # 0 and 2 around 1 would cost 1 + 2


def test_two_groups_do_not_wait_for_each_other() -> None:
    columns = [column("03", 1), column("12", 1), *(column(i, 2) for i in "0123")]
    assert best(4, [(0, 1)], columns) == (2, {0, 1})
    assert best(4, [(0, 1), (2, 3)], columns)[0] == 5  # either of the two and two single layers, 1 + 2 + 2


def test_three_groups_do_not_wait_for_each_other() -> None:
    columns = [column("12", 1), column("34", 1), column("05", 1), *(column(i, 2) for i in "012345")]
    edges = [(0, 1), (2, 3), (4, 5)]
    assert best(6, edges[:2], columns)[0] == 3
    assert best(6, edges, columns)[0] == 6  # two groups and two single layers


def test_of_columns_with_the_same_members_all_make_the_cycle() -> None:
    twice = [column("03", 1, 5), column("03", 2, 0), column("12", 1, 5), column("12", 2, 0)]
    columns = [*twice, *(column(i, 3, 0) for i in "0123")]
    edges = [(0, 1), (2, 3)]
    assert best(4, edges[:1], columns, 5) == (3, {0, 3})  # or 1 and 2; both dear ways would use 10
    assert best(4, edges, columns, 5)[0] == 7  # 1 + 3 + 3


def test_limits_hold_for_the_sum() -> None:
    columns = [column("0", 1, 6), column("0", 3, 2), column("1", 1, 6), column("1", 4, 2)]
    assert best(2, [], columns, 12) == (2, {0, 2})
    assert best(2, [], columns, 11) == (4, {1, 2})  # 3 + 1 rather than 1 + 4
    assert best(2, [], columns, 4) == (7, {1, 3})
    assert cover(2, [], columns, limits=[3]).status == "infeasible"


def test_every_limit_holds() -> None:
    columns = [column("0", 1, 9, 0), column("0", 2, 0, 9), column("0", 5, 1, 1)]
    assert best(1, [], columns, None, None) == (1, {0})
    assert best(1, [], columns, 8, None) == (2, {1})
    assert best(1, [], columns, 8, 8) == (5, {2})


def test_a_limit_of_nothing_lets_nothing_through() -> None:
    columns = [column("0", 1, 1), column("0", 9, 0)]
    assert best(1, [], columns, 0) == (9, {1})
    assert cover(1, [], columns, limits=[-1]).status == "infeasible"


@pytest.mark.parametrize("unit", [1, 10**9, 10**18, 10**30])
def test_the_last_digit_counts(unit: int) -> None:
    apart = [column("0", unit), column("1", unit - 1)]
    assert best(2, [], [*apart, column("01", 2 * unit)]) == (2 * unit - 1, {0, 1})
    assert best(2, [], [*apart, column("01", 2 * unit - 2)]) == (2 * unit - 2, {2})


@pytest.mark.parametrize("unit", [1, 10**9, 10**18, 10**30])
def test_the_last_digit_of_a_limit_counts(unit: int) -> None:
    columns = [column("0", 1, unit), column("0", 2, unit - 1), column("1", 1, unit), column("1", 3, unit - 1)]
    assert best(2, [], columns, 2 * unit) == (2, {0, 2})
    assert best(2, [], columns, 2 * unit - 1) == (3, {1, 2})
    assert best(2, [], columns, 2 * unit - 2) == (5, {1, 3})


def test_groups_come_in_the_order_in_which_they_run() -> None:
    columns = [column("3", 0), column("12", 0), column("0", 0)]
    assert cover(4, [(0, 1), (0, 2), (1, 3), (2, 3)], columns).chosen == (2, 1, 0)


def test_nothing_to_cover() -> None:
    found = cover(0, [], [])
    assert (found.chosen, found.cost, found.bound, found.status) == ((), 0, 0, "optimal")
    assert cover(0, [], [], limits=[-1]).status == "infeasible"
