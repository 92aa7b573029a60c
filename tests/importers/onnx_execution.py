"""Runs an imported workload on numbers and holds it against what ONNX says.

The workload is executed Einsum by Einsum over its whole rank space, by a few lines of NumPy that know nothing of the
importer; what one operation of an Einsum does is looked up by the name of the operation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from looptree.importers.assembly import assembled
from looptree.importers.file import parse_model
from looptree.importers.imported import Imported
from looptree.importers.inference import graph_of
from looptree.workload.einsum import Access, Einsum
from looptree.workload.workload import Workload

Array = NDArray[Any]
Meaning = Callable[..., Array]

MEANINGS: dict[str, Meaning] = {
    "mac": lambda *read: np.prod(read, axis=0),
    "mul": lambda *read: np.prod(read, axis=0),
    "add": lambda *read: np.sum(read, axis=0),
    "copy": lambda *read: np.sum(read, axis=0),
    "max": lambda *read: np.max(read, axis=0),
    "min": lambda *read: np.min(read, axis=0),
    "relu": lambda x: np.maximum(x, 0),
    "neg": lambda x: -x,
    "abs": np.abs,
    "square": np.square,
    "exp": np.exp,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softmax_stat": np.exp,
    "softmax": lambda x, stat: np.exp(x) / stat,
    "div": lambda a, b: a / b,
}
_START = {"max": -np.inf, "min": np.inf}
_COMBINE: dict[str, np.ufunc] = {"max": np.maximum, "min": np.minimum}


def model_of(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Sequence[int | str]],
    outputs: Sequence[str],
    constants: Mapping[str, Any] | None = None,
    *,
    opset: int = 17,
    types: Mapping[str, int] | None = None,
) -> onnx.ModelProto:
    """A small model; inputs are of `float32` unless `types` says otherwise."""
    kinds = types or {}
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info(n, kinds.get(n, TensorProto.FLOAT), list(s)) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, kinds.get(n, TensorProto.FLOAT), None) for n in outputs],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in (constants or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def imported(
    model: onnx.ModelProto,
    dimensions: Mapping[str, int] | None = None,
    *,
    bits: int | None = None,
    fold: bool = True,
) -> Imported:
    """The import of a model that was written to bytes and read again."""
    read = parse_model(model.SerializeToString(), "model.onnx")
    return assembled(graph_of(read, "model.onnx", dimensions or {}), bits=bits, fold=fold)


def expressions(model: onnx.ModelProto, dimensions: Mapping[str, int] | None = None, *, fold: bool = True) -> list[str]:
    """The Einsums of an imported model as text, with the operation in front."""
    return [f"{e.operation}: {e.expression}" for e in imported(model, dimensions, fold=fold).workload.einsums]


def random_values(model: onnx.ModelProto, seed: int = 0) -> dict[str, Array]:
    """Numbers from 0.1 to 1 for all inputs (whole ones for whole types), so that roots and maxima are at home."""
    generator = np.random.default_rng(seed)
    values: dict[str, Array] = {}
    for value in model.graph.input:
        tensor = value.type.tensor_type
        shape = [dim.dim_value for dim in tensor.shape.dim]
        kind = helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        numbers = generator.uniform(0.1, 1.0, shape)
        values[value.name] = (numbers * 10 if np.dtype(kind).kind in "iu" else numbers).astype(kind)
    return values


def execute(workload: Workload, given: Mapping[str, Array], meanings: Mapping[str, Meaning]) -> dict[str, Array]:
    """Every tensor of the workload, from those that nothing produces."""
    values = {name: np.asarray(array, np.float64) for name, array in given.items()}
    for einsum in workload.einsums:
        shape = workload.tensors[einsum.output.tensor].shape
        read = [(access, values[access.tensor]) for access in einsum.inputs]
        values[einsum.output.tensor] = _run(einsum, read, shape, {**MEANINGS, **meanings}[einsum.operation])
    return values


def outside(result: Imported, model: onnx.ModelProto, values: Mapping[str, Array]) -> dict[str, Array]:
    """The tensors from outside as arrays: inputs and constants in the shapes in which they are stored."""
    known = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    known |= {node.output[0]: _constant(node) for node in model.graph.node if node.op_type == "Constant"}
    known |= values
    shapes = result.workload.tensors
    return {tensor: known[origin].reshape(shapes[tensor].shape) for tensor, origin in result.origins.items()}


def reference(model: onnx.ModelProto, values: Mapping[str, Array]) -> list[Array]:
    """The outputs of a model as the reference implementation of ONNX computes them."""
    outputs: Any = ReferenceEvaluator(model).run(None, dict(values))
    return [np.asarray(output) for output in outputs]


def agree(
    model: onnx.ModelProto,
    meanings: Mapping[str, Meaning] | None = None,
    *,
    fold: bool = True,
    expected: Sequence[Array] | None = None,
    values: Mapping[str, Array] | None = None,
) -> Imported:
    """Import and run a model, and assert that its outputs are those of the reference implementation of ONNX."""
    result = imported(model, fold=fold)
    assert not result.opaque, result.opaque
    given = dict(values or random_values(model))
    wanted = expected if expected is not None else reference(model, given)
    found = execute(result.workload, outside(result, model, given), meanings or {})
    leaving = [found[result.outputs[value.name]] for value in model.graph.output]
    assert set(result.outputs.values()) <= set(result.workload.outputs)
    for own, other in zip(leaving, wanted, strict=True):
        np.testing.assert_allclose(own.reshape(-1), np.asarray(other, np.float64).reshape(-1), rtol=2e-3, atol=1e-4)
    return result


def _constant(node: onnx.NodeProto) -> Array:
    (attribute,) = node.attribute
    value = helper.get_attribute_value(attribute)
    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)


def _run(einsum: Einsum, read: Sequence[tuple[Access, Array]], shape: tuple[int, ...], meaning: Meaning) -> Array:
    extents = tuple(einsum.ranks.values())
    points = np.indices(extents).reshape(len(extents), -1) if extents else np.zeros((0, 1), int)
    grid = dict(zip(einsum.ranks, points, strict=True))
    count = points.shape[1]
    outside = _START.get(einsum.operation, 0.0) if len(read) == 1 else 0.0
    result = meaning(*(_gathered(access, array, grid, count, outside) for access, array in read))
    output = np.full(int(np.prod(shape)), _START.get(einsum.operation, 0.0))
    place, inside = _places(einsum.output, shape, grid, count)
    _COMBINE.get(einsum.operation, np.add).at(output, place[inside], np.asarray(result, np.float64)[inside])
    return output.reshape(shape)


def _gathered(access: Access, array: Array, grid: Mapping[str, Array], count: int, outside: float) -> Array:
    place, inside = _places(access, array.shape, grid, count)
    return np.where(inside, array.reshape(-1)[np.where(inside, place, 0)], outside)


def _places(access: Access, shape: tuple[int, ...], grid: Mapping[str, Array], count: int) -> tuple[Array, Array]:
    place, inside = np.zeros(count, int), np.ones(count, bool)
    for form, extent in zip(access.projection, shape, strict=True):
        index = np.full(count, form.constant) + sum((c * grid[rank] for rank, c in form.terms), np.zeros(count, int))
        inside &= (index >= 0) & (index < extent)
        place = place * extent + index
    return place, inside
