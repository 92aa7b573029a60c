"""Loading workloads, architectures and mappings from whatever they are written in.

That is YAML of our own or of the original LoopTree, the name of what ships, or ONNX.
"""

from __future__ import annotations

from pathlib import Path

from looptree import resources
from looptree.architecture import Architecture, architecture_from_node
from looptree.documents import Node, read_document
from looptree.errors import InputError
from looptree.importers.imported import Imported
from looptree.taxonomy.plan_file import PlanRecord, plan_from_node
from looptree.taxonomy.reader import mapping_from_node
from looptree.taxonomy.tree import LoopTree
from looptree.workload.load import workload_of, workload_path
from looptree.workload.reader import MAX_BITS, workload_from_node
from looptree.workload.workload import Workload

SUFFIX = ".onnx"


def load_workload(source: str | Path, /, **parameters: int) -> Workload:
    """The workload of a file, or of a shipped network or segment.

    Args:
        source: a path to a YAML file that lists `einsums:` or `layers:`, or has the `problem:` of the original
            LoopTree, to an ONNX model (`.onnx`), or a name such as `resnet18`.
        parameters: replace those of the network file, such as `batch=4` or `resolution=96`; of an ONNX model they are
            its dynamic dimensions, and `bits`, the word width of all floating-point tensors; of a `problem:` only
            `bits`, the word width of all tensors.

    Raises:
        InputError: no such file or name, a mistake in the file, or a parameter that the network does not have.

    >>> load_workload("resnet18", resolution=32).einsum("conv1").ranks["p"]
    16
    """
    if is_model(source):
        bits = parameters.pop("bits", None)
        return import_onnx(source, dimensions=parameters, bits=bits).workload
    document = read_document(workload_path(source))
    if not _is_original(document, "problem"):
        return workload_of(document, **parameters)
    from looptree.importers.looptree_yaml import workload_document

    unknown = [name for name in parameters if name != "bits"]
    if unknown:
        raise InputError(f"a problem has no parameter {unknown[0]!r}", where=document.file, hint="known: bits")
    return workload_from_node(workload_document(document, parameters.get("bits")))


def is_problem(source: str | Path) -> bool:
    """Whether a workload is one of the original LoopTree, whose word width its architecture says."""
    path = workload_path(source)
    return not is_model(source) and path.is_file() and _is_original(read_document(path), "problem")


def load_architecture(source: str | Path) -> Architecture:
    """The architecture of a file, or the shipped one of that name.

    Args:
        source: a path, or a name such as `mobile`; a file that exists comes first. A file may have `levels:`, or the
            `architecture:` of the original LoopTree and of Timeloop.

    Raises:
        InputError: no such file or name, or a mistake in the file (naming file, line and key).

    >>> load_architecture("small").off_chip.name
    'DRAM'
    """
    document = read_document(resources.locate("architectures", source))
    if _is_original(document, "architecture"):
        from looptree.importers.looptree_yaml import architecture_document

        document = architecture_document(document)
    return architecture_from_node(document)


def load_plan(path: str | Path, architecture: Architecture, **parameters: int) -> tuple[LoopTree, PlanRecord | None]:
    """The mapping of a file and, of a plan file, its record.

    Args:
        path: of a mapping, a plan, or a mapping of the original LoopTree (`type: fused`).
        architecture: whose components the targets of the latter count.
        parameters: of the mapping, where they differ from its defaults.

    Raises:
        InputError: a mistake in the file (naming file, line and key).
    """
    document = read_document(path)
    if not _is_original(document, "mapping", "nodes"):
        return plan_from_node(document, **parameters)
    from looptree.importers.looptree_yaml import mapping_document

    components = [*(level.name for level in architecture.levels), architecture.compute.name]
    return mapping_from_node(mapping_document(document, components)), None


def _is_original(document: Node, key: str, inside: str | None = None) -> bool:
    """Whether a document is of the original LoopTree: it has this key, and this one inside it."""
    body = document.value.get(key) if isinstance(document.value, dict) else None
    if body is None or inside is None:
        return body is not None
    return isinstance(body.value, dict) and inside in body.value


def is_model(source: str | Path) -> bool:
    """Whether a path is that of an ONNX model, which its suffix says."""
    return Path(source).suffix.lower() == SUFFIX


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
    if bits is not None and (type(bits) is not int or not 1 <= bits <= MAX_BITS):
        raise InputError(f"expected a word width from 1 to {MAX_BITS} bits, found {bits!r}", where="bits")
    from looptree.importers.assembly import assembled
    from looptree.importers.file import read_model
    from looptree.importers.inference import graph_of

    graph = graph_of(read_model(path), str(path), dimensions or {})
    return assembled(graph, bits=bits, fold=fold, strict=strict)
