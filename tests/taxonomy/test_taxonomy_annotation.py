"""Choices written on the layer graph."""

from __future__ import annotations

import dataclasses

import pytest

from looptree.errors import InputError
from looptree.graph import layer_graph
from looptree.taxonomy import GroupChoice, annotate_graph
from tests.taxonomy.taxonomy_examples import RESIDUAL, TWO_CONV, loop

FUSED = GroupChoice(
    ("conv1", "conv2"),
    (loop("p", 4), loop("q", 8)),
    {"F1": 1, "F2": 2, "F3": 2, "W2": 0},
    leaf_loops={"conv1": (loop("conv1.c", 1),)},
    leaf_retention={"conv1": {"W1": 1}},
    level="GLB",
)
KEYS = ("fusion_group", "tiling", "schedule", "retention", "recompute_or_refetch", "parallelism")


def test_attributes_of_a_fused_pair() -> None:
    graph = layer_graph(TWO_CONV)
    node = annotate_graph(graph, [FUSED]).nodes["conv1"]
    assert {key: node[key] for key in KEYS} == {
        "fusion_group": 0,
        "tiling": (("p", 4), ("q", 8), ("conv1.c", 1)),
        "schedule": ("p", "q", "conv1.c"),
        "retention": {"F1": 1, "F2": 2, "W1": 3},
        "recompute_or_refetch": {"F1": "refetch", "F2": "recompute", "W1": "refetch"},
        "parallelism": "sequential",
    }
    assert node["operations"] == TWO_CONV.einsum("conv1").operations
    assert "tiling" not in graph.nodes["conv1"]


def test_what_stands_off_chip_is_refetched() -> None:
    spilled = dataclasses.replace(FUSED, spilled=frozenset({"F2"}))
    node = annotate_graph(layer_graph(TWO_CONV), [spilled]).nodes["conv2"]
    assert node["recompute_or_refetch"] == {"F2": "refetch", "F3": "refetch", "W2": "retained"}
    rows = (loop("p", 4),)
    groups = [
        GroupChoice(("stem", "conv"), rows, {"Y": 1, "Z": 1}, level="GLB"),
        GroupChoice(("sum",), rows, {"Y": 1, "Z": 1, "S": 1}, level="GLB"),
    ]
    nodes = annotate_graph(layer_graph(RESIDUAL), groups).nodes
    assert [nodes[name]["fusion_group"] for name in ("stem", "conv", "sum")] == [0, 0, 1]
    assert nodes["conv"]["recompute_or_refetch"] == {"Z": "refetch", "Y": "refetch"}


def test_layers_of_a_nested_branch_have_its_loops_as_well() -> None:
    part = GroupChoice(("stem", "conv"), (loop("q", 2),), {"W1": 0, "Z": 1}, level="GLB")
    choice = GroupChoice(("stem", "conv", "sum"), (loop("p", 4),), {"Y": 1}, level="GLB", nested=(part,))
    nodes = annotate_graph(layer_graph(RESIDUAL), [choice]).nodes
    assert nodes["conv"]["tiling"] == (("p", 4), ("q", 2))
    assert nodes["conv"]["retention"] == {"Z": 2, "Y": 1, "W1": 1}
    assert (nodes["sum"]["schedule"], nodes["sum"]["retention"]) == (("p",), {"Y": 1})


def test_groups_and_graph_have_the_same_layers() -> None:
    with pytest.raises(InputError, match="einsum 'conv2' is in no fusion group"):
        annotate_graph(layer_graph(TWO_CONV), [GroupChoice(("conv1",), level="GLB")])
    with pytest.raises(InputError, match="there is no einsum 'conv3' in the layer graph"):
        annotate_graph(layer_graph(TWO_CONV), [FUSED, GroupChoice(("conv3",), level="GLB")])
