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
from onnx import helper, inliner

from looptree.errors import InputError
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
    taken: set[str] = set()
    for node, proto in ordered(nodes_of(model.graph.node, file, versions, taken), inference.types, outputs, file):
        inference.visit(node, proto, taken)
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
    inputs: dict[str, Type] = {}
    for value in graph.input:
        where = f"{file}: input {value.name!r}"
        if value.name in constants:
            continue  # before IR version 4 constants are listed as inputs, too
        if value.name in inputs:
            raise InputError("two inputs have this name", where=where)
        if not value.type.HasField("tensor_type"):
            raise InputError("expected a tensor, found a sequence or the like", where=where)
        inputs[value.name] = Type(element_of(value.type.tensor_type.elem_type, where), dimensions.shape(value))
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

    def begin(self, inputs: Mapping[str, Type], constants: Constants) -> None:
        """Take what is given."""
        self.types |= inputs
        for value, (type_, array) in constants.items():
            self.known.know(value, type_, array)

    def visit(self, node: Node, proto: onnx.NodeProto, taken: set[str]) -> None:
        """Add a node whose inputs are known; `taken` are names of nodes."""
        for value in node.reads:
            if value in self.reasons:
                raise node.error(self.reasons[value])
        self.shapes.check(node, proto)
        if node.kind == "Constant" and not node.domain:
            self.known.know(node.made(0), *constant_of(proto, node))
        elif node.kind in ("Shape", "Size") and not node.domain and node.given(0):
            self._measure(node)
        elif node.kind != "If" or not self._branch(node, proto, taken):
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

    def _branch(self, node: Node, proto: onnx.NodeProto, taken: set[str]) -> bool:
        """Put the branch of an `If` in its place where the condition is known."""
        condition = self.constants.get(node.given(0))
        if condition is None or condition.size != 1:
            return False
        wanted = "then_branch" if bool(condition.reshape(-1)[0]) else "else_branch"
        branch = next((a.g for a in proto.attribute if a.name == wanted), None)
        if branch is None or len(branch.output) != len(node.outputs):
            raise node.error(f"expected a {wanted} with {len(node.outputs)} outputs, found another")
        for value, (type_, array) in _taken(branch, node.file).items():
            self.known.know(value, type_, array)
        made = [value.name for value in branch.output]
        inside = nodes_of(branch.node, node.file, self.versions, taken)
        for inner, message in ordered(inside, self.types, made, node.file):
            self.visit(inner, message, taken)
        for source, target in zip(made, node.outputs, strict=True):
            name, version = f"{node.name}_{target}", self.versions[""]
            named = Node("Identity", name, (source,), (target,), file=node.file, version=version)
            self.visit(named, helper.make_node("Identity", [source], [target]), taken)
        return True
