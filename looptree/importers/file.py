"""Reading an ONNX file: what is wrong with the file as such is said here, in one message.

Weights in other files (external data) are neither read nor looked for, whatever their location says: only shapes and
element types of weights matter here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from looptree.documents import read_bytes
from looptree.errors import InputError

MAX_BYTES = 2**31 - 1
OLDEST_OPSET = 7
_DEFAULT_DOMAINS = ("", "ai.onnx")


def read_model(path: str | Path) -> onnx.ModelProto:
    """The model of a file, its functions written out.

    Raises:
        InputError: the file is missing, not readable, larger than 2 GiB or no ONNX model, or of operators that are
            too old or too new.
    """
    return parse_model(_bytes(path), str(path))


def parse_model(data: bytes, file: str) -> onnx.ModelProto:
    """The model in these bytes; `file` is the name that messages show."""
    try:
        model = onnx.load_model_from_string(data)
    except (DecodeError, ValueError) as problem:
        raise InputError(
            "expected an ONNX model, found something else or a part of one",
            where=file,
            hint="is the file complete? PyTorch writes it with torch.onnx.export",
        ) from problem
    if not model.HasField("graph") or not model.graph.node:
        raise InputError("expected an ONNX model with nodes, found none", where=file)
    check_names(model, file)
    for tensor in model.graph.initializer:
        check_location(tensor, file)
    opsets(model, file)
    return model


def check_location(tensor: onnx.TensorProto, file: str) -> None:
    """Whether external data lies beside the model; they are not read in any case.

    Raises:
        InputError: the place is another one, which no tool would write.
    """
    if tensor.data_location != onnx.TensorProto.EXTERNAL:
        return
    place = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
    parts = re.split(r"[/\\]", place)
    if not place or not parts[0] or ".." in parts or ":" in parts[0]:
        problem = f"expected external data beside the model, found {place!r}"
        raise InputError(problem, where=f"{file}: constant {tensor.name!r}")


def check_names(model: onnx.ModelProto, file: str) -> None:
    """Whether every name is text that can be printed: names end up in files and messages.

    Raises:
        InputError: one is not.
    """
    for name in (*(entry.domain for entry in model.opset_import), *_names(model.graph)):
        if not isinstance(name, str) or not name.isprintable():  # bytes, where they are not UTF-8
            raise InputError(f"expected names that can be printed, found {name!r}", where=file)


def _names(graph: onnx.GraphProto) -> Iterator[object]:
    for value in (*graph.input, *graph.output, *graph.value_info):
        yield value.name
        yield from (dim.dim_param for dim in value.type.tensor_type.shape.dim)
    for tensor in graph.initializer:
        yield tensor.name
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        for attribute in node.attribute:
            yield attribute.name
            for inner in (attribute.g, *attribute.graphs) if attribute.HasField("g") or attribute.graphs else ():
                yield from _names(inner)


def opsets(model: onnx.ModelProto, file: str) -> dict[str, int]:
    """The version of the operators of each domain.

    Raises:
        InputError: ONNX's own are missing, too old or newer than the installed `onnx` knows.
    """
    found: dict[str, int] = {}
    for entry in model.opset_import:
        domain = "" if entry.domain in _DEFAULT_DOMAINS else entry.domain
        if not 0 <= entry.version < 2**31:
            raise InputError(f"expected a version of operator set {domain!r}, found {entry.version}", where=file)
        found[domain] = max(found.get(domain, 0), entry.version)
    newest = int(onnx.defs.onnx_opset_version())
    version = found.get("", 0)
    if not version:
        raise InputError("the model does not say which operator set it uses (opset_import)", where=file)
    if not OLDEST_OPSET <= version <= newest:
        older = version < OLDEST_OPSET
        raise InputError(
            f"expected operator set {OLDEST_OPSET} to {newest}, found {version}",
            where=file,
            hint="onnx.version_converter.convert_version makes it newer" if older else "pip install --upgrade onnx",
        )
    return found


def _bytes(path: str | Path) -> bytes:
    data = read_bytes(path, MAX_BYTES, "store the weights as external data")
    if not data:
        raise InputError("the file is empty", where=str(path))
    return data
