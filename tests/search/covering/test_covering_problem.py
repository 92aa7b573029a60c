"""Which columns can be in a best cover at all."""

from __future__ import annotations

from looptree.search.covering.problem import Problem
from tests.search.covering.covering_cases import column

CHAIN = [(0, 1), (1, 2)]


def test_a_group_that_would_wait_for_itself_is_left_out() -> None:
    columns = [column("02", 1), column("01", 1), column("012", 1)]
    assert Problem.of(3, CHAIN, columns, []).candidates() == [1, 2]
    assert Problem.of(3, CHAIN[:1], columns, []).candidates() == [0, 1, 2]


def test_a_column_that_breaks_a_limit_alone_is_left_out() -> None:
    columns = [column("0", 1, 4), column("0", 2, 3)]
    assert Problem.of(1, [], columns, [3]).candidates() == [1]
    assert Problem.of(1, [], columns, [4]).candidates() == [0, 1]


def test_of_columns_with_the_same_members_those_that_have_no_better_are_kept() -> None:
    columns = [column("0", 3, 3, 9), column("0", 2, 4, 9), column("0", 3, 4, 0), column("0", 2, 4, 9)]
    assert Problem.of(1, [], columns, [None, None]).candidates() == [1]
    assert Problem.of(1, [], columns, [9, None]).candidates() == [0, 1]
    assert Problem.of(1, [], columns, [9, 9]).candidates() == [0, 1, 2]


def test_members_that_differ_are_not_compared() -> None:
    assert Problem.of(2, [], [column("0", 1), column("1", 9), column("01", 99)], []).candidates() == [0, 1, 2]
