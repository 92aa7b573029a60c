"""PyTorch modules: layers as of their ONNX export, operations and parameters as PyTorch counts them."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from typing import Any

import pytest

import looptree
from looptree.errors import InputError
from looptree.importers.assembly import assembled
from looptree.importers.aten.program import Call, Constant, Program, Value
from looptree.importers.aten.translate import graph_of_program
from looptree.importers.elements import ELEMENTS
from looptree.importers.graph import Type
from looptree.importers.imported import Imported
from tests.importers.torch_recordings import Recording, data_of, layers, program_from, read, recordings

HAS_TORCH = importlib.util.find_spec("torch") is not None
FLOAT = ELEMENTS[1]


def imported(program: Program, **options: bool) -> Imported:
    return assembled(graph_of_program(program), **options)


@pytest.mark.parametrize("name", recordings())
def test_a_module_is_what_its_onnx_export_is(name: str) -> None:
    recording = read(name)
    found = imported(recording.program)
    assert [operator for _, operator in found.opaque] == {"recurrent": ["GRU"], "lstm": ["LSTM"] * 2}.get(name, [])
    assert layers(found.workload) == recording.onnx_layers


@pytest.mark.parametrize("name", recordings())
def test_operations_and_parameters_are_those_that_pytorch_counts(name: str) -> None:
    recording = read(name)
    found = imported(recording.program)
    products = sum(e.operations for e in found.workload.einsums if e.operation in ("mac", "lstm", "gru"))
    by_hand = 4 * 2 * 2 * 20 * (6 + 5 + 2 * 5 + 5)  # of two LSTMs, which PyTorch does not count
    assert 2 * products == (recording.flops if name != "lstm" else 2 * by_hand)
    assert found.model_parameters == recording.parameters


@pytest.mark.parametrize("name", [name for name in recordings() if name != "lstm"])  # of two directions each
def test_weights_of_layers_are_the_parameters_without_biases_and_folded_factors(name: str) -> None:
    recording = read(name)
    constants, types = recording.program.constants, recording.program.types
    found = imported(recording.program)
    read_by_layers = {origin for tensor, origin in found.origins.items() if tensor.startswith("W_")}
    left = {value for value, constant in constants.items() if constant.parameter} - read_by_layers
    assert found.parameters == sum(types[value].size for value in read_by_layers)
    assert all(len(types[value].shape) == 1 for value in left), left


def test_layers_are_called_as_the_modules() -> None:
    found = imported(read("inverted_residual").program).workload
    assert [einsum.name for einsum in found.einsums] == ["expand", "depthwise", "project", "add"]
    assert str(found.einsum("project").expression) == "project[n,m,p,q] = depthwise[n,c,p,q] * W_project[m,c]"


def test_without_folding_each_operator_is_a_layer() -> None:
    found = imported(read("conv_bn_relu_pool").program, fold=False).workload
    assert [einsum.operation for einsum in found.einsums] == ["mac", "mul", "relu", "max"]


def call(target: str, arguments: dict[str, Any], *outputs: str, module: str = "") -> Call:
    return Call(target, outputs[0].partition(":")[0], module, arguments, outputs)


def program(calls: list[Call], shapes: Mapping[str, tuple[int, ...]], outputs: tuple[str, ...]) -> Program:
    made = {value for c in calls for value in c.outputs}
    inputs = tuple(value for value in shapes if value not in made and not value.startswith("w"))
    constants = {value: Constant(parameter=True) for value in shapes if value.startswith("w")}
    return Program("m", tuple(calls), inputs, constants, outputs, {v: Type(FLOAT, s) for v, s in shapes.items()})


def test_an_operator_that_is_not_known_is_opaque_and_strictly_an_error() -> None:
    made = program([call("aten.cumsum.default", {"self": Value("x"), "dim": 0}, "y")], {"x": (4,), "y": (4,)}, ("y",))
    assert imported(made).opaque == (("y", "aten.cumsum"),)
    with pytest.raises(InputError, match=r"m: node 'y' \(aten.cumsum\): is not known"):
        imported(made, strict=True)


def test_calls_that_nothing_needs_are_left_out() -> None:
    calls = [
        call("aten.cumsum.default", {"self": Value("x"), "dim": 0}, "unused"),
        call("aten.mm.default", {"self": Value("x"), "mat2": Value("w")}, "y", module="head"),
    ]
    made = imported(program(calls, {"x": (4, 8), "w": (8, 2), "unused": (4, 8), "y": (4, 2)}, ("y",)))
    assert [str(einsum.expression) for einsum in made.workload.einsums] == ["head[b,f] = x[b,d] * W_head[d,f]"]


def test_core_operators_become_the_same_layers() -> None:
    """A linear layer that was decomposed: `addmm` of a transposed weight."""
    calls = [
        call("aten.permute.default", {"self": Value("w"), "dims": (1, 0)}, "t"),
        call("aten.addmm.default", {"self": Value("w_bias"), "mat1": Value("x"), "mat2": Value("t")}, "y"),
        call("aten.clamp.default", {"self": Value("y"), "min": 0, "max": 6}, "z"),
    ]
    shapes = {"x": (5, 12), "w": (8, 12), "w_bias": (8,), "t": (12, 8), "y": (5, 8), "z": (5, 8)}
    made = imported(program(calls, shapes, ("z",)))
    assert [str(einsum.expression) for einsum in made.workload.einsums] == ["y[b,f] = x[b,d] * W_y[f,d]"]
    assert made.folded == {"Clip": 1, "Transpose": 1} or made.folded == {"Clip": 1}


def test_a_wrong_argument_is_named() -> None:
    arguments = {"input": Value("x"), "weight": Value("w"), "stride": ("two",)}
    made = program([call("aten.conv2d.default", arguments, "y", module="stem")], _CONV, ("y",))
    with pytest.raises(InputError) as problem:
        imported(made)
    assert str(problem.value) == (
        "y (aten.conv2d.default) in module 'stem': expected stride as whole numbers, found ('two',)"
    )


_CONV = {"x": (1, 3, 8, 8), "w": (4, 3, 3, 3), "y": (1, 4, 6, 6)}


def test_an_image_without_a_batch() -> None:
    arguments = {"input": Value("x"), "weight": Value("w"), "padding": "same"}
    shapes = {"x": (3, 8, 8), "w": (4, 3, 3, 3), "y": (4, 8, 8)}
    made = imported(program([call("aten.conv2d.padding", arguments, "y")], shapes, ("y",)))
    assert [str(e.expression) for e in made.workload.einsums] == ["y[m,p,q] = x[c,p+r-1,q+s-1] * W_y[m,c,r,s]"]


def test_a_recording_is_read_as_it_was_written() -> None:
    recording = read("layout")
    assert program_from(data_of(recording.program)) == recording.program


def test_without_pytorch_one_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"needs the package torch.*pip install 'looptree\[torch\]'"):
        looptree.from_torch(object(), ())


@pytest.mark.slow
@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed")
def test_recordings_are_what_pytorch_says_now() -> None:
    from tests.importers.torch_recordings import recorded

    found = dict(recorded())
    assert set(found) == set(recordings())
    for name, made in found.items():
        assert _numbers(made) == _numbers(read(name)), name


def _numbers(recording: Recording) -> tuple[int, int, list[str], list[str]]:
    own = layers(imported(recording.program).workload)
    return recording.flops, recording.parameters, recording.onnx_layers, own


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed")
def test_a_module_is_exported_for_inference_and_left_as_it_was() -> None:
    import torch

    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Dropout())
    module[2].eval()
    workload = looptree.from_torch(module, torch.zeros(1, 3, 8, 8), bits=8)
    assert [str(e.expression) for e in workload.einsums] == ["Conv_0[m,p,q] = input[c,p+r,q+s] * W_Conv_0[m,c,r,s]"]
    assert {tensor.bits for tensor in workload.tensors.values()} == {8}
    assert [part.training for part in module] == [True, True, False]


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed")
def test_what_pytorch_cannot_export_is_an_error_with_its_reason() -> None:
    import torch

    class Choice(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * 2 if x.sum() > 0 else x

    with pytest.raises(InputError, match="Choice: PyTorch cannot export the module: "):
        looptree.from_torch(Choice(), torch.zeros(3))
    with pytest.raises(InputError, match=r"expected a torch.nn.Module or an exported program, found function"):
        looptree.from_torch(lambda x: x, torch.zeros(3))
