"""The first difference of two workloads, in words; and that a network written out is the same network."""

from __future__ import annotations

import pytest

from looptree import resources
from looptree.documents import parse_document
from looptree.workload import Workload
from looptree.workload.difference import first_difference
from looptree.workload.load import load_workload
from looptree.workload.reader import workload_from_node, workload_to_yaml
from tests.cli.command_line import WORKLOAD, replaced


def read(text: str) -> Workload:
    return workload_from_node(parse_document(text))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("m: 8, p: 34", "m: 9, p: 34", "layer 'conv1', extent of rank 'm': expected 8, found 9"),
        ("name: conv2", "name: second", "layer 'conv2': expected one of this name, found 'second'"),
        ("c: 8, r: 3, s: 3", "c: 8, r: 3, t: 3", "layer 'conv2', rank 's': expected extent 3, found no such rank"),
        ("c: 4, r: 3", "c: 4, k: 1, r: 3", "layer 'conv1', rank 'k': expected no such rank, found extent 1"),
        (
            "W1[m,c,r,s]",
            "W1[c,m,r,s]",
            "layer 'conv1', expression: expected F2[m,p,q] = F1[c,p+r,q+s] * W1[m,c,r,s], "
            "found F2[m,p,q] = F1[c,p+r,q+s] * W1[c,m,r,s]",
        ),
        (
            ", r: 3, s: 3}}\ntensors",
            ", r: 3, s: 3}, operation: xor}\ntensors",
            "layer 'conv2', operation: expected mac",
        ),
        ("F1: {bits: 8}", "F1: {bits: 4}", "tensor 'F1', bits per word: expected 8, found 4"),
        ("F1: {bits: 8}", "F1: {shape: [4, 35, 36]}", "tensor 'F1', shape: expected [4, 36, 36], found [4, 35, 36]"),
        ("tensors: {", "outputs: [F2]\ntensors: {", "outputs: expected F3, found F2, F3"),
    ],
)
def test_differences(before: str, after: str, expected: str) -> None:
    text = replaced(WORKLOAD, before, after)
    if "t: 3" in after:
        text = text.replace("F2[c,p+r,q+s] * W2[m,c,r,s]", "F2[c,p+r,q+t] * W2[m,c,r,t]")
    if "k: 1" in after:
        text = text.replace("W1[m,c,r,s]", "W1[m,c,r,s+k]")
    different = first_difference(read(WORKLOAD), read(text))
    assert different is not None
    assert different.startswith(expected)


def test_a_layer_more() -> None:
    more = replaced(
        WORKLOAD,
        "\ntensors",
        '\n  - {name: last, expression: "Y[m,p,q] = F3[m,p,q]", ranks: {m: 8, p: 32, q: 32}}\ntensors',
    )
    assert first_difference(read(WORKLOAD), read(more)) == "layers: expected no further ones, found 'last'"
    assert first_difference(read(more), read(WORKLOAD)) == "layer 'last': expected one of this name, found none"


def test_names_and_labels_do_not_count() -> None:
    other = replaced(replaced(WORKLOAD, "name: two_conv", "name: other"), "{name: conv1,", "{name: conv1, layer: x,")
    assert first_difference(read(WORKLOAD), read(other)) is None


@pytest.mark.parametrize("name", resources.names("workloads"))
def test_what_ships_is_the_same_when_it_is_written_and_read(name: str) -> None:
    workload = load_workload(name)
    assert first_difference(workload, workload_from_node(parse_document(workload_to_yaml(workload)))) is None
