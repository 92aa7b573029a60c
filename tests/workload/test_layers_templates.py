"""Templates, groups, repetition and parameters: what a short file becomes."""

from __future__ import annotations

from looptree.documents import parse_document
from looptree.workload.layers import network_from_node
from looptree.workload.workload import Workload


def network(text: str, **parameters: object) -> Workload:
    return network_from_node(parse_document(text), parameters)


def reads(workload: Workload) -> dict[str, list[str]]:
    """For each Einsum, the activations it reads."""
    return {e.name: [t for t in e.reads if not t.startswith("W_")] for e in workload.einsums}


def test_repetition_chains_the_copies_and_names_the_last() -> None:
    found = network("""
        inputs: {x: [8]}
        layers:
          - {name: fc, type: linear, out_features: 8, repeat: 3}
          - {name: end, type: add, inputs: [fc, x]}
    """)
    assert reads(found) == {"fc_0": ["x"], "fc_1": ["fc_0"], "fc_2": ["fc_1"], "end": ["fc_2", "x"]}


def test_repetition_may_number_from_anywhere() -> None:
    found = network("""
        inputs: {x: [8]}
        parameters: {last: 3}
        layers: [{name: fc, type: linear, out_features: 8, repeat: [2, last]}]
    """)
    assert list(reads(found)) == ["fc_2", "fc_3"]


def test_a_group_is_a_template_without_a_name() -> None:
    found = network("""
        inputs: {x: [8]}
        layers:
          - name: block
            repeat: 2
            layers:
              - {name: fc, type: linear, out_features: 8}
              - {name: add, type: add, inputs: [fc, input]}
    """)
    assert reads(found) == {
        "block_0_fc": ["x"],
        "block_0_add": ["block_0_fc", "x"],
        "block_1_fc": ["block_0_add"],
        "block_1_add": ["block_1_fc", "block_0_add"],
    }


def test_templates_nest_and_take_parameters() -> None:
    found = network("""
        inputs: {x: [8]}
        parameters: {width: 4}
        templates:
          pair:
            parameters: {features: , again: 2*features}
            layers:
              - {name: one, type: linear, out_features: features}
              - {name: two, type: linear, out_features: again + width}
          stack:
            parameters: {count: 2}
            layers: [{name: pair, type: pair, features: 3, repeat: count}]
        layers:
          - {name: a, type: stack}
          - {name: b, type: pair, features: width, again: 1}
    """)
    assert {e.name: e.ranks["f"] for e in found.einsums} == {
        "a_pair_0_one": 3,
        "a_pair_0_two": 10,
        "a_pair_1_one": 3,
        "a_pair_1_two": 10,
        "b_one": 4,
        "b_two": 5,
    }
    assert reads(found)["b_one"] == ["a_pair_1_two"]


def test_templates_with_several_inputs() -> None:
    found = network("""
        inputs: {x: [8], y: [8]}
        templates:
          join:
            inputs: [left, right]
            layers: [{name: sum, type: add, inputs: [left, right]}]
        layers:
          - {name: both, type: join, inputs: [x, y], repeat: 2}
    """)
    assert reads(found) == {"both_0_sum": ["x", "y"], "both_1_sum": ["both_0_sum", "y"]}


def test_layers_may_stand_in_any_order() -> None:
    found = network("""
        inputs: {x: [8]}
        layers:
          - {name: last, type: add, inputs: [second, first]}
          - {name: first, type: relu, input: x}
          - {name: second, type: relu, input: first}
    """)
    assert list(reads(found)) == ["first", "second", "last"]


def test_parameters_follow_each_other_and_may_be_replaced() -> None:
    text = """
        inputs: {x: [rows, hidden]}
        parameters: {hidden: 8, rows: hidden // 2, features: 4*hidden}
        layers: [{name: fc, type: linear, out_features: features}]
    """
    assert dict(network(text).einsum("fc").ranks) == {"p": 4, "f": 32, "d": 8}
    assert dict(network(text, hidden=6).einsum("fc").ranks) == {"p": 3, "f": 24, "d": 6}
    assert dict(network(text, rows=5).einsum("fc").ranks) == {"p": 5, "f": 32, "d": 8}
    assert dict(network(text, batch=2).einsum("fc").ranks) == {"b": 2, "p": 4, "f": 32, "d": 8}


def test_outputs_and_word_widths() -> None:
    found = network("""
        inputs: {x: [8]}
        default_bits: 16
        outputs: [hidden]
        tensors: {W_fc: {bits: 4}}
        layers:
          - {name: hidden, layers: [{name: relu, type: relu}]}
          - {name: fc, type: linear, out_features: 2, activation: relu}
    """)
    assert found.outputs == ("hidden_relu", "fc")
    assert {t.name: t.bits for t in found.tensors.values()} == {"x": 16, "hidden_relu": 16, "W_fc": 4, "fc": 16}


def test_a_flatten_that_is_an_output_is_not_folded() -> None:
    text = """
        inputs: {x: [2, 3, 4]}
        %s
        layers:
          - {name: flat, type: flatten}
          - {name: fc, type: linear, out_features: 2}
    """
    assert list(reads(network(text % ""))) == ["fc"]
    assert list(reads(network(text % "outputs: [flat]"))) == ["flat", "fc"]


def test_every_einsum_names_its_layer() -> None:
    found = network("""
        inputs: {x: {shape: [2, 3, 4], ranks: [h, p, e]}}
        layers: [{name: a, type: attention, inputs: [x, x, x]}]
    """)
    assert [(e.name, e.layer) for e in found.einsums] == [
        ("a_scores", "a"),
        ("a_softmax_stat", "a"),
        ("a_softmax", "a"),
        ("a", "a"),
    ]


def test_padding_is_clipped_because_every_shape_is_declared() -> None:
    found = network("""
        inputs: {x: [3, 8, 8]}
        layers: [{name: conv, type: conv, out_channels: 4, kernel: 3, stride: 2, padding: 1}]
    """)
    assert found.einsum("conv").expression == "conv[m,p,q] = x[c,2*p+r-1,2*q+s-1] * W_conv[m,c,r,s]"
    assert {t.name: t.shape for t in found.tensors.values()} == {
        "x": (3, 8, 8),
        "W_conv": (4, 3, 3, 3),
        "conv": (4, 4, 4),
    }
