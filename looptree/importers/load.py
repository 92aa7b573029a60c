"""Loading what a user has: YAML, the name of what ships, ONNX, PyTorch modules, MAESTRO's files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from looptree.architecture.architecture import Architecture
from looptree.architecture.load import load_architecture as load_own_architecture
from looptree.errors import InputError
from looptree.importers.imported import Imported
from looptree.taxonomy.tree import LoopTree
from looptree.workload.load import load_workload as load_yaml
from looptree.workload.reader import MAX_BITS
from looptree.workload.workload import Workload

SUFFIX = ".onnx"


def load_workload(source: str | Path, /, **parameters: int) -> Workload:
    """The workload of a file, or of a shipped network or segment.

    Args:
        source: a path to a YAML file that lists `einsums:` or `layers:`, to an ONNX model (`.onnx`) or a network of
            MAESTRO (`.m`), or a name such as `resnet18`.
        parameters: replace those of the network file, such as `batch=4` or `resolution=96`; of an ONNX model they are
            its dynamic dimensions, and `bits`, the word width of all floating-point tensors.

    Raises:
        InputError: no such file or name, a mistake in the file, or a parameter that the network does not have.

    >>> load_workload("resnet18", resolution=32).einsum("conv1").ranks["p"]
    16
    """
    if is_model(source):
        bits = parameters.pop("bits", None)
        return import_onnx(source, dimensions=parameters, bits=bits).workload
    if is_maestro(source):
        from looptree.importers.maestro.workload import load_network

        return load_network(source, **parameters)
    return load_yaml(source, **parameters)


def load_architecture(source: str | Path) -> Architecture:
    """The architecture of a file, or the shipped one of that name.

    Args:
        source: a path to a YAML file or to a hardware file of MAESTRO (`.m`), or a name such as `mobile`; a file that
            exists comes first.

    Raises:
        InputError: no such file or name, or a mistake in the file (naming file, line and key).

    >>> load_architecture("small").off_chip.name
    'DRAM'
    """
    if not is_maestro(source):
        return load_own_architecture(source)
    from looptree.importers.maestro.hardware import read_hardware
    from looptree.importers.maestro.mapping import architecture_of

    return architecture_of(read_hardware(source), Path(source).stem)


def is_foreign_mapping(source: str | Path) -> bool:
    """Whether a path is that of a mapping in the language of another tool: the dataflows of a network of MAESTRO."""
    return is_maestro(source)


def read_foreign_mapping(source: str | Path, architecture: Architecture) -> LoopTree:
    """The mapping of a file of another tool.

    Args:
        source: a network of MAESTRO (`.m`), whose layers have a dataflow each.
        architecture: what it is for; its units of computation are the PEs.

    Raises:
        InputError: a mistake in the file, or a dataflow that cannot be represented.
    """
    from looptree.importers.maestro.hardware import Hardware
    from looptree.importers.maestro.mapping import mapping_of_network
    from looptree.importers.maestro.syntax import parse_network
    from looptree.importers.maestro.text import read_text

    network = parse_network(read_text(source), str(source))
    return mapping_of_network(network, Hardware(math.prod(architecture.compute.spatial.values())))


def is_model(source: str | Path) -> bool:
    """Whether a path is that of an ONNX model, which its suffix says."""
    return Path(source).suffix.lower() == SUFFIX


def is_maestro(source: str | Path) -> bool:
    """Whether a path is that of a network or a hardware of MAESTRO, which its suffix says."""
    return Path(source).suffix.lower() == ".m"


def import_onnx(
    path: str | Path,
    *,
    dimensions: dict[str, int] | None = None,
    bits: int | None = None,
    fold: bool = True,
    strict: bool = False,
) -> Imported:
    """The workload of an ONNX model, and what became of its nodes.

    Args:
        path: the file; weights stored outside of it are neither needed nor read.
        dimensions: values of the dynamic dimensions of its inputs.
        bits: word width of every floating-point tensor; without it, that of its element type.
        fold: fold batch normalisation, biases and activations into the layer in front of them.
        strict: an operator that is not known is an error instead of an opaque layer.

    Raises:
        InputError: the package `onnx` is missing, no such file, no ONNX model, a dynamic dimension without a value, or
            a node that is not what its operator expects.
    """
    try:
        import onnx  # noqa: F401 - whether it is there
    except ImportError:
        raise InputError(
            "reading an ONNX model needs the package onnx", where=str(path), hint="pip install 'looptree[onnx]'"
        ) from None
    _check_bits(bits)
    from looptree.importers.assembly import assembled
    from looptree.importers.file import read_model
    from looptree.importers.inference import graph_of

    graph = graph_of(read_model(path), str(path), dimensions or {})
    return assembled(graph, bits=bits, fold=fold, strict=strict)


def import_torch(
    module: Any,
    example_inputs: Any,
    example_keywords: Mapping[str, Any] | None = None,
    *,
    bits: int | None = None,
    fold: bool = True,
    strict: bool = False,
) -> Imported:
    """The workload of a PyTorch module, and what became of its operators.

    The module is exported by `torch.export` as for inference, and is neither run nor changed.

    Args:
        module: a `torch.nn.Module`, or a `torch.export.ExportedProgram`, for which no example inputs are needed.
        example_inputs: the positional inputs of one call, or a single tensor; only shapes and types matter.
        example_keywords: inputs by name.
        bits: word width of every floating-point tensor; without it, that of its element type.
        fold: fold batch normalisation, biases and activations into the layer in front of them.
        strict: an operator that is not known is an error instead of an opaque layer.

    Raises:
        InputError: PyTorch is missing or cannot export the module, or a shape depends on data.
    """
    try:
        import torch
    except ImportError:
        hint = "pip install 'looptree[torch]', or torch for your machine as https://pytorch.org says"
        raise InputError("importing a PyTorch module needs the package torch", hint=hint) from None
    _check_bits(bits)
    from looptree.importers.assembly import assembled
    from looptree.importers.aten.capture import program_of
    from looptree.importers.aten.translation import graph_of_program

    inputs = (example_inputs,) if isinstance(example_inputs, torch.Tensor) else tuple(example_inputs or ())
    graph = graph_of_program(program_of(module, inputs, example_keywords))
    return assembled(graph, bits=bits, fold=fold, strict=strict)


def from_torch(
    module: Any, example_inputs: Any, example_keywords: Mapping[str, Any] | None = None, *, bits: int | None = None
) -> Workload:
    """The workload of a PyTorch module: `import_torch` without its report.

        workload = looptree.from_torch(module, torch.zeros(1, 3, 224, 224), bits=8)

    Args:
        module: a `torch.nn.Module` or a `torch.export.ExportedProgram`.
        example_inputs: the positional inputs of one call, or a single tensor.
        example_keywords: inputs by name.
        bits: word width of every floating-point tensor; without it, that of its element type.

    Raises:
        InputError: as `import_torch`.
    """
    return import_torch(module, example_inputs, example_keywords, bits=bits).workload


def _check_bits(bits: int | None) -> None:
    if bits is not None and (type(bits) is not int or not 1 <= bits <= MAX_BITS):
        raise InputError(f"expected a word width from 1 to {MAX_BITS} bits, found {bits!r}", where="bits")
