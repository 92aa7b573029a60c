"""The array of compute units: read from a file, and what can be wrong about it."""

from __future__ import annotations

import pickle

import pytest

from looptree.architecture import Array, Compute, architecture_from_node
from looptree.documents import parse_document
from looptree.errors import InputError

FILE = "name: a\nlevels: [{name: DRAM}]\ncompute: {array: %s}\n"


def array_of(text: str) -> Array | None:
    return architecture_from_node(parse_document(FILE % text, "a.yaml")).compute.array


def test_a_file_says_extents_and_whether_operands_pass_along() -> None:
    assert array_of("{x: 16, y: 8, systolic: true}") == Array({"x": 16, "y": 8}, systolic=True)
    assert array_of("{x: 12}") == Array({"x": 12})


def test_only_systolic_arrays_fill_and_drain() -> None:
    assert Array({"x": 16, "y": 8}, systolic=True).fill_drain_cycles == 15 + 7
    assert Array({"x": 16, "y": 8}).fill_drain_cycles == 0
    assert Compute().fill_drain_cycles == 0


def test_it_survives_pickling() -> None:
    compute = Compute(array=Array({"x": 3, "y": 2}, systolic=True))
    assert pickle.loads(pickle.dumps(compute)) == compute


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "a.yaml:3: compute.array: array: expected an array of 1 to 8 axes, found 0"),
        (
            "{a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1}",
            "a.yaml:3: compute.array: array: expected an array of 1 to 8 axes, found 9",
        ),
        ("{systolic: true}", "a.yaml:3: compute.array: array: expected an array of 1 to 8 axes, found 0"),
        ("{x: 0}", "a.yaml:3: compute.array.x: "),
        ("{x: 4, systolic: 3}", "a.yaml:3: compute.array.systolic: expected true or false, found 3"),
        ("[16, 16]", "a.yaml:3: compute.array: expected a mapping (key: value), found a list of 2"),
    ],
)
def test_mistakes_are_named(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        array_of(text)
    assert message in str(caught.value)
