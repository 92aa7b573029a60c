"""Nodes, edges and attributes of the layer graph; annotations; order."""

from __future__ import annotations

import pytest

from looptree import resources
from looptree.errors import InputError
from looptree.graph import annotate, layer_graph, topological_order
from looptree.workload.load import load_workload


def test_one_node_per_einsum_and_one_edge_per_producer_and_consumer() -> None:
    graph = layer_graph(load_workload("resnet18"))
    assert graph.graph == {"name": "resnet18"}
    assert len(graph) == 31
    assert graph.edges["pool1", "layer1_0_conv1"] == {"tensor": "pool1", "bytes": 64 * 56 * 56}
    assert list(graph.successors("pool1")) == ["layer1_0_conv1", "layer1_0_add"]
    assert graph.number_of_edges() == 31 - 1 + 8  # a chain, and one shortcut around each of the eight blocks


def test_attributes_of_a_node() -> None:
    graph = layer_graph(load_workload("resnet18", batch=2))
    assert graph.nodes["conv1"] == {
        "operations": 2 * 64 * 112 * 112 * 3 * 7 * 7,
        "operation": "mac",
        "ranks": {"n": 2, "m": 64, "p": 112, "q": 112, "c": 3, "r": 7, "s": 7},
        "layer": "conv1",
        "output": "conv1",
        "output_bytes": 2 * 64 * 112 * 112,
        "leaves": False,
        "weights": ("W_conv1",),
        "weight_bytes": 64 * 3 * 7 * 7,
        "inputs": ("image",),
        "input_bytes": 2 * 3 * 224 * 224,
    }
    assert [name for name, leaves in graph.nodes(data="leaves") if leaves] == ["fc"]


def test_bytes_follow_the_word_width_and_caches_are_no_weights() -> None:
    graph = layer_graph(load_workload("gpt3_6_7b_decode", context=128))
    scores = graph.nodes["attention_scores"]
    assert (scores["inputs"], scores["input_bytes"], scores["weights"]) == (("key_cache",), 32 * 128 * 128, ())
    assert graph.nodes["attention_softmax"]["layer"] == "attention"
    assert [name for name, leaves in graph.nodes(data="leaves") if leaves] == ["key", "value", "add2"]


@pytest.mark.parametrize("name", resources.names("workloads"))
def test_sums_over_the_graph_are_those_of_the_workload(name: str) -> None:
    workload = load_workload(name)
    graph = layer_graph(workload)
    assert topological_order(graph) == [e.name for e in workload.einsums]
    assert sum(operations for _, operations in graph.nodes(data="operations")) == workload.operations
    assert all(graph.edges[edge]["bytes"] == graph.nodes[edge[0]]["output_bytes"] for edge in graph.edges)
    weights = sum(w for _, w in graph.nodes(data="weight_bytes"))
    assert weights == sum(workload.tensors[t].size_bytes for t in workload.inputs if t.startswith("W"))


def test_topological_order_does_not_depend_on_the_order_of_nodes() -> None:
    graph = layer_graph(load_workload("resnet18"))
    order = topological_order(graph)
    turned = graph.__class__()
    turned.add_nodes_from(reversed(order))
    turned.add_edges_from(graph.edges)
    position = {name: i for i, name in enumerate(topological_order(turned))}
    assert all(position[producer] < position[consumer] for producer, consumer in graph.edges)


def test_annotations_go_to_a_copy() -> None:
    graph = layer_graph(load_workload("conv_conv"))
    annotated = annotate(graph, {"conv1": {"group": 0}, "conv2": {"group": 0, "energy_pj": 1.5}})
    assert annotated.nodes["conv2"]["energy_pj"] == 1.5
    assert "group" not in graph.nodes["conv1"]
    with pytest.raises(InputError, match=r"no einsum .conv3. in the layer graph .did you mean .conv"):
        annotate(graph, {"conv3": {}})
