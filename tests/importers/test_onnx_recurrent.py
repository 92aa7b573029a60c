"""`LSTM`, `GRU` and `RNN`: operations and traffic by hand."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper

from looptree.architecture import Architecture, Level
from looptree.errors import InputError
from looptree.importers.imported import Imported
from looptree.search import compare
from tests.importers.onnx_execution import imported, model_of

STEPS, BATCH, WIDTH, SIZE = 6, 2, 3, 4


def model(kind: str, gates: int, outputs: list[str], *, ways: int = 1, after: bool = False) -> onnx.ModelProto:
    """A convolution-like product, the recurrent layer, and perhaps a product behind it."""
    nodes = [
        helper.make_node("MatMul", ["a", "B"], ["x"], name="front"),
        helper.make_node(
            kind, ["x", "W", "R"], outputs, name="rnn", hidden_size=SIZE,
            direction="bidirectional" if ways == 2 else "forward",
        ),
    ]  # fmt: skip
    made = [value for value in outputs if value]
    if after:
        nodes.append(helper.make_node("MatMul", [made[0], "C"], ["z"], name="behind"))
        made = ["z"]
    weights = {"B": (5, WIDTH), "W": (ways, gates * SIZE, WIDTH), "R": (ways, gates * SIZE, SIZE), "C": (SIZE, 7)}
    constants = {name: np.ones(shape, np.float32) for name, shape in weights.items()}
    return model_of(nodes, {"a": [STEPS, BATCH, 5]}, made, constants)


def layers(result: Imported) -> list[tuple[str, str, int]]:
    return [(e.name, e.operation, e.operations) for e in result.workload.einsums]


@pytest.mark.parametrize(("kind", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
@pytest.mark.parametrize("ways", [1, 2])
def test_operations_are_those_of_all_gates(kind: str, gates: int, ways: int) -> None:
    found = imported(model(kind, gates, ["y"], ways=ways))
    assert layers(found) == [
        ("front", "mac", STEPS * BATCH * 5 * WIDTH),
        ("rnn_gates", "mac", STEPS * BATCH * ways * gates * SIZE * WIDTH),
        ("rnn", kind.lower(), STEPS * BATCH * ways * gates * SIZE * SIZE),
    ]
    assert found.opaque == (("rnn", kind),)
    assert found.parameters == 5 * WIDTH + ways * gates * SIZE * (WIDTH + SIZE)


def test_the_last_state_alone_needs_no_steps() -> None:
    found = imported(model("GRU", 3, ["", "h"], after=True))
    assert found.workload.tensors["rnn"].shape == (BATCH, SIZE)
    assert [name for name, *_ in layers(found)] == ["front", "rnn_gates", "rnn", "behind"]


def test_states_are_read_from_what_all_steps_make() -> None:
    found = imported(model("LSTM", 4, ["y", "h", "c"]))
    assert layers(found)[3:] == [("rnn_state", "copy", BATCH * SIZE), ("rnn_cell", "copy", BATCH * SIZE)]
    assert set(found.outputs) == {"y", "h", "c"}


def test_traffic_is_each_tensor_once_and_nothing_is_fused_across() -> None:
    """What the front makes is fused away; gates and states go off chip, 8 bits a word."""
    found = imported(model("GRU", 3, ["y"], after=True), bits=8)
    hardware = Architecture("large", (Level("DRAM"), Level("GLB", 1 << 20)))
    result = compare(found.workload, hardware, objective="offchip")
    gates, states = STEPS * BATCH * 3 * SIZE, STEPS * BATCH * SIZE
    own = STEPS * BATCH * (5 + 7) + found.parameters + 2 * gates + 2 * states
    assert result.fused.evaluation.offchip_bytes == own


def test_weights_that_do_not_fit_are_named() -> None:
    with pytest.raises(InputError, match="expected weights of 3 gates for inputs of 3"):
        imported(model("GRU", 4, ["y"]))
