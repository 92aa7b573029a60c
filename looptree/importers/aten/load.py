"""Importing PyTorch modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from looptree.errors import InputError
from looptree.importers.imported import Imported
from looptree.workload.reader import check_bits
from looptree.workload.workload import Workload


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
    check_bits(bits)
    from looptree.importers.assembly import assembled
    from looptree.importers.aten.capture import program_of
    from looptree.importers.aten.translate import graph_of_program

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
