"""From protobuf to plain values: attributes, tensors, types and nodes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import onnx
from onnx import numpy_helper

from looptree.errors import InputError
from looptree.importers.elements import ELEMENTS, Element
from looptree.importers.graph import Array, Attribute, Node, Type
from looptree.importers.known import MAX_VALUES

_READ_KINDS = "iufb"


def element_of(code: int, where: str) -> Element:
    """The element type of this number."""
    if code not in ELEMENTS:
        raise InputError(f"unknown element type {code}", where=where, hint="pip install --upgrade onnx")
    return ELEMENTS[code]


def tensor_type(tensor: onnx.TensorProto, where: str) -> Type:
    """Element type and shape of a constant."""
    shape = tuple(int(extent) for extent in tensor.dims)
    if any(extent < 0 for extent in shape):
        raise InputError(f"expected extents that are not negative, found {list(shape)}", where=where)
    return Type(element_of(tensor.data_type, where), shape)


def tensor_values(tensor: onnx.TensorProto, type_: Type, where: str) -> Array | None:
    """The elements of a small constant of numbers; `None` for all others and for external data."""
    if type_.size > MAX_VALUES or tensor.data_location == onnx.TensorProto.EXTERNAL:
        return None
    if type_.element.name in ("string", "complex64", "complex128"):
        return None
    try:
        array: Array = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, OverflowError) as problem:
        raise InputError(
            f"the elements of a constant do not fit its shape: {_first_line(problem)}", where=where
        ) from None
    return array if array.dtype.kind in _READ_KINDS else None


def nodes_of(
    protos: Sequence[onnx.NodeProto], file: str, versions: dict[str, int], taken: set[str]
) -> list[tuple[Node, onnx.NodeProto]]:
    """Nodes with names of their own, each with the message that it is from."""
    found = []
    for position, proto in enumerate(protos):
        kind, domain = proto.op_type, "" if proto.domain == "ai.onnx" else proto.domain
        name = _free(proto.name or f"{kind}_{position}", taken)
        found.append(
            (
                Node(
                    kind,
                    name,
                    tuple(proto.input),
                    tuple(proto.output),
                    {a.name: _attribute(a, f"{file}: node {name!r} ({kind})") for a in proto.attribute},
                    domain,
                    tuple(dict.fromkeys(_captured(proto))),
                    file,
                    versions.get(domain, 0),
                ),
                proto,
            )
        )
    return found


def constant_of(proto: onnx.NodeProto, node: Node) -> tuple[Type, Array | None]:
    """What a `Constant` node holds."""
    for attribute in proto.attribute:
        if attribute.name == "value":
            type_ = tensor_type(attribute.t, node.where)
            return type_, tensor_values(attribute.t, type_, node.where)
        if attribute.name == "sparse_value":
            return _sparse(attribute.sparse_tensor, node.where), None
        if attribute.name in ("value_int", "value_ints"):
            integers = np.asarray(node.integers(attribute.name) if attribute.ints else node.integer(attribute.name))
            return Type(ELEMENTS[7], integers.shape), integers.astype(np.int64)
        if attribute.name in ("value_float", "value_floats"):
            numbers = np.asarray(attribute.floats if attribute.name == "value_floats" else attribute.f, np.float32)
            return Type(ELEMENTS[1], numbers.shape), numbers
        if attribute.name in ("value_string", "value_strings"):
            count = len(attribute.strings)
            return Type(ELEMENTS[8], () if attribute.name == "value_string" else (count,)), None
    raise node.error("a constant without a value")


def sparse_type(tensor: onnx.SparseTensorProto, where: str) -> Type:
    """Element type and shape of a sparse constant; looptree counts it as dense."""
    return _sparse(tensor, where)


def _sparse(tensor: onnx.SparseTensorProto, where: str) -> Type:
    shape = tuple(int(extent) for extent in tensor.dims)
    if any(extent < 0 for extent in shape) or math.prod(shape) > 2**62:
        raise InputError(f"expected the extents of a sparse constant, found {list(shape)}", where=where)
    return Type(element_of(tensor.values.data_type, where), shape)


def _attribute(proto: onnx.AttributeProto, where: str) -> Attribute:
    kinds = onnx.AttributeProto
    match proto.type:
        case kinds.INT:
            return int(proto.i)
        case kinds.FLOAT:
            return float(proto.f)
        case kinds.STRING:
            return proto.s.decode("utf-8", "replace")
        case kinds.INTS:
            return tuple(int(value) for value in proto.ints)
        case kinds.FLOATS:
            return tuple(float(value) for value in proto.floats)
        case kinds.STRINGS:
            return tuple(value.decode("utf-8", "replace") for value in proto.strings)
        case kinds.TENSOR:
            return tensor_values(proto.t, tensor_type(proto.t, where), where)
        case _:
            return None


def subgraphs(proto: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The graphs among the attributes of a node."""
    for attribute in proto.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            yield attribute.g
        yield from attribute.graphs


def _captured(proto: onnx.NodeProto) -> Iterator[str]:
    """Values from outside that the subgraphs of a node read."""
    for graph in subgraphs(proto):
        own = {value.name for value in (*graph.input, *graph.initializer)}
        own |= {name for node in graph.node for name in node.output}
        yield from _others(graph, own)


def _others(graph: onnx.GraphProto, own: set[str]) -> Iterable[str]:
    read = [value.name for value in graph.output]
    for node in graph.node:
        read += [*node.input, *_captured(node)]
    return [name for name in read if name and name not in own]


def _free(name: str, taken: set[str]) -> str:
    """The name, or with a number where another node has it."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    taken.add(free)
    return free


def _first_line(problem: Exception) -> str:
    return next(iter(str(problem).splitlines()), type(problem).__name__)
