"""DOT and GraphML of the layer graph."""

from __future__ import annotations

import networkx

from looptree.graph import dot, graphml, layer_graph
from looptree.importers.load import load_workload


def test_graphml_is_read_back_with_every_layer_tensor_and_number() -> None:
    graph = layer_graph(load_workload("resnet18"))
    found = networkx.parse_graphml(graphml(graph))
    assert list(found.nodes) == list(graph.nodes)
    assert set(found.edges) == set(graph.edges)
    for name, attributes in graph.nodes(data=True):
        assert found.nodes[name]["operations"] == attributes["operations"]
        assert found.nodes[name]["ranks"] == " ".join(
            f"{rank}={extent}" for rank, extent in attributes["ranks"].items()
        )
        assert found.nodes[name]["leaves"] == attributes["leaves"]
    assert all(found.edges[edge]["bytes"] == graph.edges[edge]["bytes"] for edge in graph.edges)
    assert found.graph["name"] == "resnet18"


def test_dot_has_a_box_per_layer_and_an_arrow_per_tensor() -> None:
    graph = layer_graph(load_workload("conv_conv"))
    assert dot(graph).splitlines() == [
        'digraph "conv_conv" {',
        "  node [shape=box];",
        '  "conv1" [label="conv1\\nmac m64 p56 q56 c64 r3 s3"];',
        '  "conv2" [label="conv2\\nmac m64 p56 q56 c64 r3 s3"];',
        '  "conv1" -> "conv2" [label="conv1\\n200,704 B"];',
        "}",
    ]


def test_names_that_have_a_meaning_in_either_format() -> None:
    graph = networkx.DiGraph(name='a"b\\')
    graph.add_edge('x"<&>', "y\x01", tensor="t", bytes=1)
    assert 'digraph "a\\"b\\\\"' in dot(graph)
    assert list(networkx.parse_graphml(graphml(graph)).nodes) == ['x"<&>', "y?"]
