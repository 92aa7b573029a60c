"""The drawing of a layer graph for the terminal."""

from __future__ import annotations

import pytest

from looptree.graph import annotate, draw, layer_graph
from looptree.graph.rails import rails
from looptree.workload.load import load_workload

ATTENTION = """\
attention: 4 einsums, 409 M operations, 0 B of weights, 6.01 MiB of intermediates
     einsum                  operation     ranks              operations    output  weights
●    attention_scores        mac           h12 p512 k512 e64       201 M  3.00 MiB
├─●  attention_softmax_stat  softmax_stat  h12 p512 k512          3.15 M  6.00 KiB
●─┘  attention_softmax       softmax       h12 p512 k512          3.15 M  3.00 MiB
◆    attention               mac           h12 p512 e64 k512       201 M   384 KiB
"""


def test_attention() -> None:
    assert draw(layer_graph(load_workload("attention"))) == ATTENTION


def test_plain_text_and_further_columns() -> None:
    graph = annotate(layer_graph(load_workload("conv_conv")), {"conv1": {"group": "A"}})
    assert draw(graph, show=["group"], plain=True) == (
        "conv_conv: 2 einsums, 231 M operations, 72.0 KiB of weights, 196 KiB of intermediates\n"
        "   einsum  operation  ranks                  operations   output   weights  group\n"
        "*  conv1   mac        m64 p56 q56 c64 r3 s3       116 M  196 KiB  36.0 KiB  A\n"
        "#  conv2   mac        m64 p56 q56 c64 r3 s3       116 M  196 KiB  36.0 KiB\n"
    )


RAILS = [
    ("a; b: a; c: b", "● ● ●"),
    ("a; b; c: a b", "●|│ ●|●─┘"),
    ("a; b: a; c: a; d: b c a", "●|├─●|├─│─●|●─┴─┘"),
    ("a; b; c; d: a c; e: b", "●|│ ●|│ │ ●|●─│─┘|  ●"),
    ("a; b; c: a; d: b c a", "●|│ ●|├─│─●|●─┴─┘"),
    ("a; b: a; c: b; d: b; e: a c d", "●|├─●|│ ├─●|│ ● │|●─┴─┘"),
    ("a; b; c: b a; d: a", "●|│ ●|├─●|●"),
]


@pytest.mark.parametrize(("edges", "drawn"), RAILS)
def test_rails(edges: str, drawn: str) -> None:
    reads = {entry.split(":")[0].strip(): entry.partition(":")[2].split() for entry in edges.split(";")}
    expected = drawn.split("|") if "|" in drawn else drawn.split(" ")
    assert rails(list(reads), reads) == expected


def test_a_node_that_leaves_is_marked() -> None:
    assert rails(["a", "b"], {"a": [], "b": ["a"]}, {"b"}) == ["●", "◆"]


def test_every_line_of_a_large_network_is_as_wide_as_its_columns() -> None:
    lines = draw(layer_graph(load_workload("bert_base"))).splitlines()
    assert len(lines) == 192 + 2
    names = {line.index("layer_") for line in lines[2:]}
    assert len(names) == 1
