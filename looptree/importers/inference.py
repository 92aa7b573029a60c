"""From a model to a `Graph`: every value gets a type, every constant that shapes depend on gets its elements.

One pass over the nodes in order. For each node the package `onnx` infers what comes out (`infer_node_outputs`, with the
elements of small constants, so that a `Reshape` to a computed shape is known), and what only depends on constants is
computed. All shapes are whole numbers from the start, so that nothing stays symbolic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import inliner

from looptree.errors import InputError
from looptree.importers.contributed import rewritten
from looptree.importers.control import Control
from looptree.importers.dimensions import Dimensions
from looptree.importers.elements import ELEMENTS
from looptree.importers.file import opsets
from looptree.importers.graph import Array, Graph, Node, Type
from looptree.importers.known import Known, without_unused
from looptree.importers.ordering import ordered
from looptree.importers.proto import (
    constant_of,
    element_of,
    nodes_of,
    sparse_type,
    tensor_type,
    tensor_values,
)
from looptree.importers.shapes import Shapes, first_line

MAX_NODES = 50_000
_NUMBERS = ("int32", "int64", "bool")

Constants = dict[str, tuple[Type, Array | None]]


def graph_of(model: onnx.ModelProto, file: str, given: Mapping[str, int]) -> Graph:
    """The graph of a model, without what its outputs do not depend on; the model itself loses its weights.

    Args:
        model: as it was read.
        file: the name of the file, for messages and for the name of the workload.
        given: values of dynamic dimensions.

    Raises:
        InputError: naming file and node.
    """
    constants = _taken(model.graph, file)
    model = _written_out(model, file)
    if len(model.graph.node) > MAX_NODES:
        raise InputError(f"expected at most {MAX_NODES} nodes, found {len(model.graph.node)}", where=file)
    outputs = tuple(dict.fromkeys(value.name for value in model.graph.output))
    if not outputs:
        raise InputError("expected a model with outputs, found none", where=file)
    versions = opsets(model, file)
    dimensions = Dimensions(given, file)
    inputs = _inputs(model.graph, constants, dimensions, file)
    dimensions.check()
    declared = {value.name: value for value in (*model.graph.value_info, *model.graph.output)}
    inference = _Inference(Shapes(file, versions, model.ir_version, declared, dimensions), versions)
    inference.begin(inputs, constants)
    nodes = nodes_of(model.graph.node, file, versions, inference.taken)
    for node, proto in ordered(nodes, inference.types, outputs, file):
        inference.visit(node, proto)
    for value in outputs:
        if value in inference.reasons:
            raise InputError(inference.reasons[value], where=file)
    return Graph(
        Path(file).stem,
        without_unused(inference.known.nodes, outputs),
        inputs,
        outputs,
        inference.types,
        inference.constants,
        inference.known.aliases,
        file,
    )


def _written_out(model: onnx.ModelProto, file: str) -> onnx.ModelProto:
    """The model with its own functions in the place of their calls."""
    if not model.functions:
        return model
    try:
        return inliner.inline_local_functions(model)
    except Exception as problem:  # the package raises a dozen kinds
        reason = first_line(problem)
        raise InputError(f"the functions of the model cannot be written out: {reason}", where=file) from None


def _taken(graph: onnx.GraphProto, file: str) -> Constants:
    """The constants of a graph, which loses them: the weights, if they are in the file, are needed no more."""
    found: Constants = {}
    for tensor in graph.initializer:
        where = f"{file}: constant {tensor.name!r}"
        if tensor.name in found:
            raise InputError("two constants have this name", where=where)
        type_ = tensor_type(tensor, where)
        found[tensor.name] = type_, tensor_values(tensor, type_, where)
    for sparse in graph.sparse_initializer:
        name = sparse.values.name
        found[name] = sparse_type(sparse, f"{file}: constant {name!r}"), None
    del graph.initializer[:], graph.sparse_initializer[:]
    return found


def _inputs(graph: onnx.GraphProto, constants: Constants, dimensions: Dimensions, file: str) -> dict[str, Type]:
    """The inputs; a number that the user gives a value becomes one of the constants."""
    inputs: dict[str, Type] = {}
    for value in graph.input:
        where = f"{file}: input {value.name!r}"
        if value.name in constants:
            continue  # before IR version 4 constants are listed as inputs, too
        if value.name in inputs:
            raise InputError("two inputs have this name", where=where)
        if not value.type.HasField("tensor_type"):
            raise InputError("expected a tensor, found a sequence or the like", where=where)
        type_ = Type(element_of(value.type.tensor_type.elem_type, where), dimensions.shape(value))
        number = dimensions.number(value.name) if type_.element.name in _NUMBERS and type_.size == 1 else None
        if number is None:
            inputs[value.name] = type_
        else:
            constants[value.name] = type_, np.full(type_.shape, number, type_.element.name)
    return inputs


class _Inference:
    """What is known so far; `visit` adds one node after the other."""

    def __init__(self, shapes: Shapes, versions: dict[str, int]) -> None:
        self.shapes = shapes
        self.versions = versions
        self.types = shapes.types
        self.constants = shapes.constants
        self.known = Known(shapes.types, shapes.constants)
        self.reasons: dict[str, str] = {}
        self.taken: set[str] = set()
        self.control = Control(self.known, self._inside, self._add)

    def begin(self, inputs: Mapping[str, Type], constants: Constants) -> None:
        """Take what is given."""
        self.types |= inputs
        for value, (type_, array) in constants.items():
            self.known.know(value, type_, array)

    def visit(self, node: Node, proto: onnx.NodeProto) -> None:
        """Add a node whose inputs are known."""
        for value in node.reads:
            if value in self.reasons:
                raise node.error(self.reasons[value])
        simpler = rewritten(node, self.known)
        if simpler is not None:
            self.taken.discard(node.name)
            for message in simpler:
                self._add(message)
            return
        self.shapes.check(node, proto)
        if node.kind == "Constant" and not node.domain:
            self.known.know(node.made(0), *constant_of(proto, node))
        elif node.kind in ("Shape", "Size") and not node.domain and node.given(0):
            self._measure(node)
        elif not self.control.expand(node, proto):
            types, reasons = self.shapes.of(node, proto)
            self.reasons |= reasons
            self.known.add(node, types)

    def _measure(self, node: Node) -> None:
        type_ = self.types[node.given(0)]
        start, end = node.integer("start", 0), node.integer("end", len(type_.shape))
        found: Sequence[int] | int = type_.shape[start:end] if node.kind == "Shape" else type_.size
        fits = node.kind == "Shape" or type_.size < 2**63
        array = np.array(found if fits else 0, np.int64)
        self.known.know(node.made(0), Type(ELEMENTS[7], array.shape), array if fits else None)

    def _inside(self, graph: onnx.GraphProto, file: str, wanted: Sequence[str]) -> None:
        """Add what a graph inside of the model needs for some values."""
        for value, (type_, array) in _taken(graph, file).items():
            self.known.know(value, type_, array)
        self.shapes.declared |= {value.name: value for value in (*graph.value_info, *graph.output)}
        inside = nodes_of(graph.node, file, self.versions, self.taken)
        makes = {name for node, _ in inside for name in node.outputs}
        for inner, message in ordered(inside, self.types, [name for name in wanted if name in makes], file):
            self.visit(inner, message)

    def _add(self, proto: onnx.NodeProto) -> None:
        """Add a node of ONNX itself, of the newest version."""
        ((node, message),) = nodes_of([proto], self.shapes.file, {"": onnx.defs.onnx_opset_version()}, self.taken)
        self.visit(node, message)
