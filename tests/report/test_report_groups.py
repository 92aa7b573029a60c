"""The choices of a group on one line."""

from __future__ import annotations

import pytest

from looptree.documents import parse_document
from looptree.report.groups import describe_choice
from looptree.taxonomy import GroupChoice, RankRef, Temporal
from looptree.workload import Workload
from looptree.workload.reader import workload_from_node
from tests.cli.command_line import WORKLOAD

P = Temporal((RankRef("p"),), 4)
Q = Temporal((RankRef("q", "conv2"),), 8)
BOTH = ("conv1", "conv2")


@pytest.fixture(scope="module")
def workload() -> Workload:
    return workload_from_node(parse_document(WORKLOAD))


def test_loops_and_what_is_kept_outside_in(workload: Workload) -> None:
    retention = {"W1": 0, "W2": 0, "F1": 1, "F2": 1, "F3": 2}
    choice = GroupChoice(BOTH, (P, Q), retention, level="GLB")
    assert describe_choice(workload, choice) == "[weights] p 4 [input, intermediate] q 8 [output]"


def test_some_of_a_kind(workload: Workload) -> None:
    choice = GroupChoice(BOTH, (P,), {"W1": 0, "W2": 1, "F2": 1}, level="GLB")
    assert describe_choice(workload, choice) == "[1 of 2 weights] p 4 [1 of 2 weights, intermediate]"


def test_one_layer(workload: Workload) -> None:
    assert describe_choice(workload, GroupChoice(("conv1",), (), {"F1": 0, "W1": 0, "F2": 0}, level="GLB")) == (
        "[weight, input, output]"
    )
    assert describe_choice(workload, GroupChoice(("conv1",), level="GLB")) == ""


def test_a_nested_branch(workload: Workload) -> None:
    part = GroupChoice(BOTH, (Q,), {"F2": 1, "W1": 0}, level="GLB")
    choice = GroupChoice(BOTH, (P,), {"W2": 0}, level="GLB", nested=(part,))
    assert (
        describe_choice(workload, choice)
        == "[1 of 2 weights] p 4; nested conv1, conv2: [1 of 2 weights] q 8 [intermediate]"
    )


def test_everything_else_that_is_chosen(workload: Workload) -> None:
    choice = GroupChoice(
        BOTH,
        (P,),
        {"F2": 1},
        drop=frozenset({"F2"}),
        spilled=frozenset({"F2"}),
        leaf_loops={"conv1": (Temporal((RankRef("c", "conv1"),), 2),)},
        leaf_retention={"conv1": {"W1": 1}},
        parallelism="pipeline",
        level="GLB",
    )
    assert describe_choice(workload, choice) == (
        "p 4 [intermediate]; conv1: c 2 [1 of 2 weights]; overlap dropped; refetched, not recomputed; pipelined"
    )
