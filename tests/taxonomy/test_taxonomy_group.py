"""Fusion groups as choices, and the trees that they mean."""

from __future__ import annotations

import dataclasses
import pickle

import pytest

from looptree.errors import InputError
from looptree.taxonomy import Branch, Chain, Compute, GroupChoice, Storage, describe, group_chain, plan_tree
from looptree.taxonomy.binding import bind
from looptree.taxonomy.group import off_chip_tensors
from tests.taxonomy.taxonomy_examples import RESIDUAL, TWO_CONV, TWO_LEVELS, loop

FUSED = GroupChoice(
    ("conv1", "conv2"),
    (loop("p", 4), loop("q", 8)),
    {"F3": 2, "F1": 1, "F2": 1, "W2": 0},
    drop=frozenset({"F2"}),
    leaf_loops={"conv1": (loop("conv1.c", 1),)},
    leaf_retention={"conv1": {"W1": 1}},
    parallelism="pipeline",
    level="GLB",
)


def test_chain_of_a_group() -> None:
    conv1 = Chain((loop("conv1.c", 1), Storage("GLB", ("W1",))), Compute("conv1"))
    assert group_chain(TWO_CONV, FUSED) == Chain(
        (
            Storage("GLB", ("W2",)),
            loop("p", 4),
            Storage("GLB", ("F1",)),
            Storage("GLB", ("F2",), "drop"),
            loop("q", 8),
            Storage("GLB", ("F3",)),
        ),
        Branch("pipeline", (conv1, Chain((), Compute("conv2")))),
    )


def test_plan_of_one_group_is_its_chain_below_the_off_chip_storage() -> None:
    tree = plan_tree(TWO_CONV, TWO_LEVELS, [FUSED])
    chain = group_chain(TWO_CONV, FUSED)
    assert tree.root == Chain((Storage("DRAM", ("F1", "W1", "W2", "F3")), *chain.inner), chain.end)
    assert bind(TWO_CONV, TWO_LEVELS, tree).root.depth == 2


def test_plan_of_several_groups_takes_turns() -> None:
    first = GroupChoice(("conv1",), (loop("p", 2),), {"F1": 1, "W1": 0, "F2": 1}, level="GLB")
    second = GroupChoice(("conv2",), level="GLB")
    tree = plan_tree(TWO_CONV, TWO_LEVELS, [first, second])
    assert tree.root.inner == (Storage("DRAM", ("F1", "W1", "F2", "W2", "F3")),)
    assert isinstance(tree.root.end, Branch)
    assert tree.root.end.kind == "sequential"
    assert tree.root.end.chains[0] == Chain(
        (Storage("GLB", ("W1",)), loop("p", 2), Storage("GLB", ("F1", "F2"))), Compute("conv1")
    )
    assert tree.root.end.chains[1] == Chain((), Compute("conv2"))
    bind(TWO_CONV, TWO_LEVELS, tree)


def test_group_of_one_layer_takes_its_own_loops_as_well() -> None:
    choice = GroupChoice(
        ("conv1",),
        (loop("p", 2),),
        leaf_loops={"conv1": (loop("c", 1),)},
        leaf_retention={"conv1": {"W1": 1}},
        level="GLB",
    )
    chain = group_chain(TWO_CONV, choice)
    assert chain == Chain((loop("p", 2), loop("c", 1), Storage("GLB", ("W1",))), Compute("conv1"))


PART = GroupChoice(("stem", "conv"), (loop("q", 2),), {"W1": 0, "Y": 1, "Z": 1}, drop=frozenset({"Z"}), level="GLB")
NESTED = GroupChoice(("stem", "conv", "sum"), (loop("p", 4),), {"X": 1}, level="GLB", nested=(PART,))


def test_a_nested_branch_reloads_what_it_stores() -> None:
    chain = group_chain(RESIDUAL, NESTED)
    inner = Chain(
        (
            Storage("GLB", ("W1",), "reload"),
            loop("q", 2),
            Storage("GLB", ("Y",), "reload"),
            Storage("GLB", ("Z",), "drop"),
        ),
        Branch("sequential", (Chain((), Compute("stem")), Chain((), Compute("conv")))),
    )
    assert chain == Chain(
        (loop("p", 4), Storage("GLB", ("X",))), Branch("sequential", (inner, Chain((), Compute("sum"))))
    )
    assert pickle.loads(pickle.dumps(NESTED)) == NESTED
    assert hash(dataclasses.replace(NESTED, nested=())) != hash(NESTED)
    assert describe(NESTED) == (
        "stem, conv and sum fused, sequential; loops p: 4; GLB keeps X below p; nested inside (stem and conv fused, "
        "sequential; loops q: 2; GLB keeps W1 whole, Y and Z below q; overlap of Z dropped)"
    )


@pytest.mark.parametrize("layers", [("stem",), ("conv", "stem"), ("stem", "sum"), ("conv1", "conv2")])
def test_a_nested_branch_has_layers_that_are_neighbours(layers: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="expected a nested branch of layers next to each other, found"):
        dataclasses.replace(NESTED, nested=(GroupChoice(layers, level="GLB"),))
    with pytest.raises(InputError, match="next to each other"):
        dataclasses.replace(NESTED, nested=(PART, PART))


def test_off_chip_stands_what_leaves_a_group_and_what_is_spilled() -> None:
    spilled = dataclasses.replace(FUSED, spilled=frozenset({"F2"}))
    assert off_chip_tensors(TWO_CONV, [FUSED]) == {"F1", "W1", "W2", "F3"}
    assert off_chip_tensors(TWO_CONV, [spilled]) == {"F1", "W1", "W2", "F3", "F2"}
    stem = GroupChoice(("stem", "conv"), level="GLB")
    rest = GroupChoice(("sum",), level="GLB")
    assert off_chip_tensors(RESIDUAL, [stem, rest]) - {*RESIDUAL.inputs, "S"} == {"Y", "Z"}


STEM = GroupChoice(("stem",), (loop("p", 3),), {"W0": 0, "X": 1}, level="GLB")
CONV = GroupChoice(("conv",), (loop("p", 4),), {"W1": 0}, level="GLB")
SUM = GroupChoice(("sum",), level="GLB")


def test_tensors_that_stay_on_chip_between_groups() -> None:
    tree = plan_tree(RESIDUAL, TWO_LEVELS, [STEM, CONV, SUM], resident=["Z", "Y"])
    # Neither Y nor Z goes off chip: they are no outputs.
    assert tree.root.inner == (
        Storage("DRAM", ("X", "W0", "W1", "S")),
        Storage("GLB", ("Y", "Z"), lifetime="uses"),
    )
    assert tree.root.chains == tuple(group_chain(RESIDUAL, choice) for choice in (STEM, CONV, SUM))
    bind(RESIDUAL, TWO_LEVELS, tree)
    # What does not stay crosses off chip as before; without any there is no node.
    some = plan_tree(RESIDUAL, TWO_LEVELS, [STEM, CONV, SUM], resident={"Y"})
    assert some.root.inner[0] == Storage("DRAM", ("X", "W0", "W1", "Z", "S"))
    assert plan_tree(RESIDUAL, TWO_LEVELS, [STEM, CONV, SUM]).root.inner == (
        Storage("DRAM", ("X", "W0", "Y", "W1", "Z", "S")),
    )


def test_inputs_outputs_and_spilled_tensors_that_stay_are_off_chip_as_well() -> None:
    conv = dataclasses.replace(CONV, spilled=frozenset({"Z"}))
    stem = dataclasses.replace(STEM, retention={"W0": 0})
    tree = plan_tree(RESIDUAL, TWO_LEVELS, [stem, conv, SUM], resident={"X", "Y", "Z", "S"})
    assert tree.root.inner == (
        Storage("DRAM", ("X", "W0", "W1", "Z", "S")),
        Storage("GLB", ("X", "Y", "Z", "S"), lifetime="uses"),
    )
    bind(RESIDUAL, TWO_LEVELS, tree)


def test_a_single_group_keeps_them_all_the_time() -> None:
    whole = GroupChoice(("stem", "conv", "sum"), (loop("p", 4),), {"Z": 1}, level="GLB")
    tree = plan_tree(RESIDUAL, TWO_LEVELS, [whole], resident={"Y"})
    chain = group_chain(RESIDUAL, whole)
    assert tree.root.inner == (Storage("DRAM", ("X", "W0", "W1", "S")), Storage("GLB", ("Y",)), *chain.inner)
    kept = dataclasses.replace(whole, retention={"Y": 0, "Z": 1})
    without = plan_tree(RESIDUAL, TWO_LEVELS, [kept])
    assert bind(RESIDUAL, TWO_LEVELS, tree).places == bind(RESIDUAL, TWO_LEVELS, without).places


def test_a_plan_checks_what_stays_on_chip() -> None:
    groups = [STEM, CONV, SUM]
    with pytest.raises(InputError, match=r"tensors that stay on chip: there is no tensor 'W2' \(known: X, W0"):
        plan_tree(RESIDUAL, TWO_LEVELS, groups, resident={"W2"})
    message = r"group stem: tensor 'X' stays on chip between groups and has a retention as well \(leave out its"
    with pytest.raises(InputError, match=message):
        plan_tree(RESIDUAL, TWO_LEVELS, groups, resident={"X"})
    inside = dataclasses.replace(SUM, leaf_retention={"sum": {"Z": 0}})
    with pytest.raises(InputError, match="group sum: tensor 'Z' stays on chip between groups and has a retention"):
        plan_tree(RESIDUAL, TWO_LEVELS, [STEM, CONV, inside], resident={"Z"})
    elsewhere = dataclasses.replace(CONV, level="LB")
    with pytest.raises(InputError, match="group conv: it keeps tensors at LB, the first group at GLB"):
        plan_tree(RESIDUAL, TWO_LEVELS, [STEM, elsewhere, SUM], resident={"Y"})


def test_a_choice_is_a_value() -> None:
    again = dataclasses.replace(FUSED)
    assert again == FUSED
    assert hash(again) == hash(FUSED)
    assert dataclasses.replace(FUSED, parallelism="sequential") != FUSED
    assert pickle.loads(pickle.dumps(FUSED)) == FUSED
    with pytest.raises(TypeError):
        FUSED.retention["F1"] = 0  # type: ignore[index]


def test_description() -> None:
    spilled = dataclasses.replace(FUSED, spilled=frozenset({"F2"}))
    assert describe(spilled) == (
        "conv1 and conv2 fused, pipeline; loops p: 4, q: 8; GLB keeps W2 whole, F1 and F2 below p, F3 below q; "
        "inside conv1 loops conv1.c: 1; inside conv1 GLB keeps W1 below conv1.c; overlap of F2 dropped; F2 spilled"
    )
    assert describe(GroupChoice(("conv1",), level="GLB")) == "conv1 alone"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"einsums": ()}, "a fusion group needs at least one einsum"),
        ({"retention": {"F1": 3}, "drop": frozenset()}, "expected a retention from 0 to 2 for tensor 'F1', found 3"),
        ({"retention": {"F1": -1}, "drop": frozenset()}, "expected a retention from 0 to 2 for tensor 'F1', found -1"),
        ({"leaf_retention": {"conv1": {"W1": 2}}}, "expected a retention from 0 to 1 for tensor 'W1', found 2"),
        ({"drop": frozenset({"W9"})}, "overlap of 'W9' is dropped but it has no retention"),
        ({"leaf_loops": {"conv3": ()}, "leaf_retention": {}}, "'conv3' is not in the group (did you mean 'conv2'?)"),
        ({"parallelism": "parallel"}, "expected sequential or pipeline, found 'parallel'"),
    ],
)
def test_a_choice_checks_itself(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        dataclasses.replace(FUSED, **change)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_a_plan_checks_its_tensors() -> None:
    with pytest.raises(InputError, match="at least one fusion group"):
        plan_tree(TWO_CONV, TWO_LEVELS, [])
    with pytest.raises(InputError, match=r"tensor 'F9' is not used here \(known: F1, W1, F2\)"):
        group_chain(TWO_CONV, GroupChoice(("conv1",), retention={"F9": 0}, level="GLB"))
    with pytest.raises(InputError, match="tensor 'F2' is not used here"):
        plan_tree(TWO_CONV, TWO_LEVELS, [GroupChoice(("conv2",), spilled=frozenset({"F2"}), level="GLB")])
    inside = GroupChoice(("conv1", "conv2"), leaf_retention={"conv1": {"W2": 0}}, level="GLB")
    with pytest.raises(InputError, match="inside the branch of 'conv1': tensor 'W2' is not used here"):
        group_chain(TWO_CONV, inside)
