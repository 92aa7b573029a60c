"""The type of what a node makes: as the package `onnx` infers it, completed by what the model says itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import onnx
from onnx import helper, numpy_helper, shape_inference

from looptree.importers.contributed import shapes_of
from looptree.importers.dimensions import Dimensions
from looptree.importers.elements import CODES
from looptree.importers.graph import Array, Node, Type
from looptree.importers.proto import element_of, subgraphs

_DATA = 1024
"""Elements of constants that shape inference may look at."""

_EQUATION = re.compile(r"([A-Za-z]*(\.{3})?[A-Za-z]*)(,[A-Za-z]*(\.{3})?[A-Za-z]*)*(->[A-Za-z]*(\.{3})?[A-Za-z]*)?")
"""What an `Einsum` may say; shape inference of others does not always end."""

_SAME_SHAPE = ("GroupNormalization", "MeanVarianceNormalization")
"""What `onnx` infers no shape for: that of the first input."""

_SHAPES = {"ConstantOfShape": 0, "Expand": 1, "Reshape": 1, "Resize": 1, "Tile": 1, "Upsample": 1, "CenterCropPad": 1}
"""The first input that says a shape, dimension by dimension: inference makes as many as it has elements."""

_MOST_DIMENSIONS = 256

_LIKE = {"GreaterOrEqual": "Greater", "LessOrEqual": "Less"}
"""What `onnx` infers no shape for in some versions: as for another operator."""


class Shapes:
    """Infers types, node by node.

    Args:
        file: the name of the file, for messages.
        versions: of the operators of each domain.
        ir_version: of the model.
        declared: what the model says about values.
        dimensions: values of dynamic dimensions.
    """

    def __init__(
        self,
        file: str,
        versions: Mapping[str, int],
        ir_version: int,
        declared: Mapping[str, onnx.ValueInfoProto],
        dimensions: Dimensions,
    ) -> None:
        self.file = file
        self.ir_version = max(ir_version, 3)
        self.declared = dict(declared)
        self.dimensions = dimensions
        self.types: dict[str, Type] = {}
        self.constants: dict[str, Array | None] = {}
        self._imports = [helper.make_opsetid(domain, version) for domain, version in versions.items()]
        self._schemas: dict[tuple[str, str, int], onnx.defs.OpSchema | None] = {}
        self._messages: dict[str, onnx.TypeProto] = {}
        self._data: dict[str, onnx.TensorProto] = {}

    def of(self, node: Node, proto: onnx.NodeProto) -> tuple[dict[str, Type], dict[str, str]]:
        """The types of the outputs of a node, and for those that are not known why."""
        found = self._by_schema(node, proto)
        types, reasons = {}, {}
        for value in filter(None, node.outputs):
            inferred = found.get(value)
            type_ = self._complete(value, inferred, node)
            if type_ is None:
                reasons[value] = _reason(node, value, self.dimensions.numbers, known=inferred is not None)
            else:
                types[value] = type_
        return types, reasons

    def check(self, node: Node, proto: onnx.NodeProto) -> None:
        """Whether an operator of ONNX itself has the inputs, outputs and attributes that it should.

        The package `onnx` finds most of this as well, but what it does not find may end the whole process.

        Raises:
            InputError: it has not, or there is no such operator.
        """
        if node.domain:
            return
        schema = self._schema(node)
        if schema is None:
            problem = f"there is no operator {node.kind!r} in operator set {node.version}"
            raise node.error(problem, "is the model complete?")
        for what, found, least, most in (
            ("inputs", node.inputs, schema.min_input, schema.max_input),
            ("outputs", node.outputs, schema.min_output, schema.max_output),
        ):
            if not least <= len(found) <= most or (what == "outputs" and not any(found)):
                raise node.error(
                    f"expected {least} to {min(most, 2**16)} {what}, found {len(list(filter(None, found)))}"
                )
        option = onnx.defs.OpSchema.FormalParameterOption
        if not node.made(0) and schema.outputs and schema.outputs[0].option != option.Optional:
            raise node.error(f"output {schema.outputs[0].name!r} is missing")
        for given, formal in zip(node.inputs, schema.inputs, strict=False):
            if not given and formal.option == option.Single:
                raise node.error(f"input {formal.name!r} is missing")
        variadic = schema.inputs and schema.inputs[-1].option == option.Variadic
        if variadic and not all(node.inputs[len(schema.inputs) - 1 :]):
            raise node.error("one of its inputs is missing")
        for attribute in proto.attribute:
            wanted = schema.attributes.get(attribute.name)
            if wanted is not None and str(wanted.type).rpartition(".")[2] != _type_name(attribute):
                raise node.error(f"expected attribute {attribute.name!r} as in the definition of {node.kind}")
        self._check_values(node)

    def _check_values(self, node: Node) -> None:
        """What shape inference takes for granted: it would end the process, or never end."""
        rank = len(self.types[node.given(0)].shape) if node.given(0) in self.types else 0
        for name in ("axis", "batch_dims"):
            axis = node.attributes.get(name)
            if isinstance(axis, int) and not -rank - 1 <= axis <= rank:
                raise node.error(f"expected {name!r} as one of {rank} dimensions, found {axis}")
        if node.kind == "Einsum" and not _EQUATION.fullmatch(node.text("equation", "").replace(" ", "")):
            raise node.error(f"expected an equation such as 'bij,bjk->bik', found {node.text('equation', '')!r}")
        for value in node.inputs[_SHAPES[node.kind] :] if node.kind in _SHAPES else ():
            if value in self.types and self.types[value].size > _MOST_DIMENSIONS and len(self.types[value].shape) == 1:
                size = self.types[value].size
                raise node.error(f"expected a shape of at most {_MOST_DIMENSIONS} dimensions, found one of {size:,}")
        if node.kind == "Split" and node.integer("num_outputs", len(node.outputs)) != len(node.outputs):
            raise node.error(f"expected {node.integer('num_outputs')} outputs, found {len(node.outputs)}")

    def _schema(self, node: Node) -> onnx.defs.OpSchema | None:
        key = (node.kind, node.domain, node.version)
        if key not in self._schemas:
            try:
                found = onnx.defs.get_schema(node.kind, node.version, node.domain)
                if not found.has_type_and_shape_inference_function and node.kind in _LIKE:
                    found = onnx.defs.get_schema(_LIKE[node.kind], node.version, node.domain)
                self._schemas[key] = found
            except onnx.defs.SchemaError:
                self._schemas[key] = None
        return self._schemas[key]

    def _by_schema(self, node: Node, proto: onnx.NodeProto) -> Mapping[str, onnx.TypeProto]:
        schema = self._schema(node)
        if schema is None:
            known_types = shapes_of(node, self.types)
            return {v: helper.make_tensor_type_proto(CODES[t.element], t.shape) for v, t in known_types.items() if v}
        if schema.deprecated or not schema.has_type_and_shape_inference_function:
            known = node.kind in _SAME_SHAPE and not node.domain and node.given(0)
            return {node.made(0): self._message(node.given(0))} if known else {}
        types = {value: self._message(value) for value in node.reads}
        data = {value: self._tensor(value) for value in node.inputs if self._is_small(value)}
        shown = onnx.NodeProto()
        shown.CopyFrom(proto)
        shown.op_type, shown.domain = schema.name, node.domain
        try:
            return shape_inference.infer_node_outputs(
                schema, shown, types, data, opset_imports=self._imports, ir_version=self.ir_version
            )
        except Exception as problem:  # the package raises a dozen kinds, RuntimeError among them
            if next(subgraphs(proto), None) is not None:
                return {}
            raise node.error(f"is not what the operator expects: {first_line(problem)}") from None

    def _complete(self, value: str, inferred: onnx.TypeProto | None, node: Node) -> Type | None:
        """The type of a value, from inference and from what the model says; `None` where an extent is missing."""
        declared = self.declared.get(value)
        known = self.dimensions.known(declared) if declared is not None else None
        tensor = inferred.tensor_type if inferred is not None and inferred.HasField("tensor_type") else None
        extents: Sequence[int | None] | None = known
        if tensor is not None and tensor.HasField("shape"):
            own = [dim.dim_value if dim.HasField("dim_value") else None for dim in tensor.shape.dim]
            extents = _completed(own, known)
        if extents is None or any(extent is None for extent in extents):
            return None
        shape = tuple(extent for extent in extents if extent is not None)
        if min(shape, default=1) < 0:
            raise node.error(f"makes {value!r} of shape {list(shape)}", "an extent is negative")
        code = tensor.elem_type if tensor is not None else 0
        if not code and declared is not None:
            code = declared.type.tensor_type.elem_type
        return Type(element_of(code, node.where), shape)

    def _message(self, value: str) -> onnx.TypeProto:
        if value not in self._messages:
            type_ = self.types[value]
            self._messages[value] = helper.make_tensor_type_proto(CODES[type_.element], type_.shape)
        return self._messages[value]

    def _is_small(self, value: str) -> bool:
        array = self.constants.get(value) if value else None
        return array is not None and array.size <= _DATA and array.dtype.kind in "if"

    def _tensor(self, value: str) -> onnx.TensorProto:
        if value not in self._data:
            array = self.constants[value]
            assert array is not None
            self._data[value] = numpy_helper.from_array(array, value)
        return self._data[value]


def _type_name(attribute: onnx.AttributeProto) -> str:
    known = onnx.AttributeProto.AttributeType
    return known.Name(attribute.type) if attribute.type in known.values() else ""


def first_line(problem: Exception) -> str:
    """The first line of a message of the package, without its tags."""
    text = next((line.strip() for line in str(problem).splitlines() if line.strip()), type(problem).__name__)
    return text.removeprefix("[ShapeInferenceError] ").removeprefix("[TypeInferenceError] ")[:300]


def _completed(own: Sequence[int | None], known: Sequence[int | None] | None) -> list[int | None]:
    """Extents that were inferred, the missing ones from what the model says."""
    if known is None or len(known) != len(own):
        return list(own)
    return [extent if extent is not None else other for extent, other in zip(own, known, strict=True)]


def _reason(node: Node, value: str, numbers: Sequence[str], *, known: bool) -> str:
    made = f"{value!r} is not known: node {node.name!r} ({node.title}) makes it"
    if node.kind in ("If", "Loop", "Scan") and not node.domain and numbers:
        return f"the shape of {made}, which depends on data. If that is an input, give it a value: --dim {numbers[0]}=1"
    if known:
        return f"the shape of {made}, and it depends on data. Cut the model in front, as by onnx.utils.extract_model"
    return f"the shape of {made}, for which the package onnx infers none. Add the shape to the model as value_info"
