"""Loading workloads, architectures and mappings from whatever they are written in.

That is YAML of our own, of the original LoopTree or of AccelForge, the name of what ships, ONNX, or a file of MAESTRO.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from looptree import resources
from looptree.architecture import Architecture, architecture_from_node
from looptree.documents import Node, read_document, read_text
from looptree.errors import InputError, guided, nearest
from looptree.importers.imported import Imported
from looptree.taxonomy.plan_file import PlanRecord, plan_from_node
from looptree.taxonomy.reader import mapping_from_node, mapping_parameters
from looptree.taxonomy.tree import LoopTree
from looptree.workload.load import workload_of, workload_path
from looptree.workload.reader import check_bits, workload_from_node
from looptree.workload.workload import Workload

SUFFIX = ".onnx"


def load_workload(source: str | Path, /, **parameters: int) -> Workload:
    """The workload of a file, or of a shipped network or segment.

    Args:
        source: a path to a YAML file that lists `einsums:` or `layers:`, or has the `problem:` of the original
            LoopTree or the `workload:` of AccelForge, to an ONNX model (`.onnx`) or a network of MAESTRO (`.m`), or a
            name such as `resnet18`.
        parameters: replace those of the network file, such as `batch=4` or `resolution=96`; of an ONNX model they are
            its dynamic dimensions, and `bits`, the word width of all floating-point tensors; of a `problem:` and of a
            network of MAESTRO only `bits`, the word width of all tensors; of a template of AccelForge its variables.

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
    path = workload_path(source)
    document, left = _document(path, parameters)
    if _has(document, "workload"):
        from looptree.importers.accelforge import workload_document as translated

        if left:
            name = next(iter(left))
            hint = nearest(name, file_parameters(path)) or "it has none"
            raise InputError(f"the workload has no parameter {name!r}", where=document.file, hint=hint)
        return workload_from_node(translated(document))
    parameters = left
    if not _is_original(document, "problem"):
        return workload_of(document, **parameters)
    from looptree.importers.looptree_yaml import workload_document

    unknown = [name for name in parameters if name != "bits"]
    if unknown:
        raise InputError(f"a problem has no parameter {unknown[0]!r}", where=document.file, hint="known: bits")
    return workload_from_node(workload_document(document, parameters.get("bits")))


def is_problem(source: str | Path) -> bool:
    """Whether a workload is one of the original LoopTree, whose word width its architecture says."""
    if is_model(source) or is_maestro(source):
        return False
    path = workload_path(source)
    return path.is_file() and not _is_template(path) and _is_original(read_document(path), "problem")


def load_architecture(source: str | Path, /, **parameters: int) -> Architecture:
    """The architecture of a file, or the shipped one of that name.

    Args:
        source: a path, or a name such as `mobile`; a file that exists comes first. A file may have `levels:`, or the
            `architecture:` of the original LoopTree and of Timeloop, or the `arch:` of AccelForge, or be a hardware
            file of MAESTRO (`.m`).
        parameters: variables of a template of AccelForge; those that it does not have are ignored.

    Raises:
        InputError: no such file or name, or a mistake in the file (naming file, line and key).

    >>> load_architecture("small").off_chip.name
    'DRAM'
    """
    if is_maestro(source):
        from looptree.importers.maestro.hardware import read_hardware
        from looptree.importers.maestro.mapping import architecture_of

        return architecture_of(read_hardware(source), Path(source).stem)
    document, _ = _document(resources.locate("architectures", source), parameters)
    if _has(document, "arch"):
        from looptree.importers.accelforge import architecture_document as translated

        document, notes = translated(document)
        return replace(architecture_from_node(document), notes=notes)
    if _is_original(document, "architecture"):
        from looptree.importers.looptree_yaml import architecture_document

        document = architecture_document(document)
    return architecture_from_node(document)


def load_mapping(path: str | Path, architecture: Architecture, /, **parameters: int) -> LoopTree:
    """The mapping of a file in any format that is read.

    Args:
        path: of the file. architecture: whose components the targets of the original LoopTree's mappings count.
        parameters: of the mapping, where they differ from its defaults.

    Raises:
        InputError: a mistake in the file (naming file, line and key).
    """
    return load_plan(path, architecture, **parameters)[0]


def load_plan(path: str | Path, architecture: Architecture, /, **parameters: int) -> tuple[LoopTree, PlanRecord | None]:
    """The mapping of a file and, of a plan file, its record.

    Args:
        path: of a mapping, a plan, a mapping of the original LoopTree (`type: fused`) or of AccelForge (nodes with
            tags), or a network of MAESTRO, whose layers have a dataflow each.
        architecture: whose components the targets of the original LoopTree count, and whose units of computation are
            the PEs of MAESTRO.
        parameters: of the mapping, where they differ from its defaults, or variables of a template of AccelForge;
            those that it does not have are ignored.

    Raises:
        InputError: a mistake in the file (naming file, line and key).
    """
    if is_maestro(path):
        from looptree.importers.maestro.mapping import read_dataflows

        return read_dataflows(path, math.prod(architecture.compute.spatial.values())), None
    document, _ = _document(Path(path), parameters)
    if not _is_original(document, "mapping", "nodes"):
        known = mapping_parameters(document)
        return plan_from_node(document, **{name: value for name, value in parameters.items() if name in known})
    if any(node.tag for node in document.value["mapping"].value["nodes"].sequence()):
        from looptree.importers.accelforge import mapping_document as translated

        return mapping_from_node(translated(document, architecture)), None
    from looptree.importers.looptree_yaml import mapping_document

    components = [*(level.name for level in architecture.levels), architecture.compute.name]
    return mapping_from_node(mapping_document(document, components)), None


def file_parameters(path: str | Path) -> frozenset[str]:
    """The parameters of a mapping file, or the variables of a template of AccelForge; none for any other file.

    Raises:
        InputError: it cannot be read, or is not a valid template.
    """
    if is_model(path) or is_maestro(path) or not Path(path).is_file():
        return frozenset()
    if not _is_template(Path(path)):
        document = read_document(path)
        return frozenset(mapping_parameters(document) if _has(document, "mapping") else ())
    from looptree.importers.accelforge import parameters_of

    return parameters_of(read_text(path), str(path))


def _is_template(path: Path) -> bool:
    from looptree.importers.accelforge.template import is_template

    return is_template(read_text(path))


def _document(path: Path, parameters: Mapping[str, int]) -> tuple[Node, dict[str, int]]:
    """The document of a file, rendered if it is a template, and the parameters that are not its variables."""
    if not _is_template(path):
        return read_document(path), dict(parameters)
    from looptree.importers.accelforge import parameters_of, rendered_document

    text = read_text(path)
    known = parameters_of(text, str(path))
    own = {name: value for name, value in parameters.items() if name in known}
    return rendered_document(text, str(path), own), {n: v for n, v in parameters.items() if n not in known}


def _has(document: Node, key: str) -> bool:
    """Whether a document has a key that only files of another tool have."""
    return isinstance(document.value, dict) and key in document.value


def _is_original(document: Node, key: str, inside: str | None = None) -> bool:
    """Whether a document is of the original LoopTree: it has this key, and this one inside it."""
    body = document.value.get(key) if isinstance(document.value, dict) else None
    if body is None or inside is None:
        return body is not None
    return isinstance(body.value, dict) and inside in body.value


def is_model(source: str | Path) -> bool:
    """Whether a path is that of an ONNX model, which its suffix says."""
    return Path(source).suffix.lower() == SUFFIX


def is_network_file(source: str | Path) -> bool:
    """Whether a path is that of a network in a language of text: MAESTRO's, or YAML of ours or of another tool."""
    return is_maestro(source) or Path(source).suffix.lower() in (".yaml", ".yml")


def is_maestro(source: str | Path) -> bool:
    """Whether a path is that of a network or a hardware of MAESTRO, which its suffix says."""
    return Path(source).suffix.lower() == ".m"


@guided("import.md")
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
    check_bits(bits)
    from looptree.importers.assembly import assembled
    from looptree.importers.file import read_model
    from looptree.importers.inference import graph_of

    graph = graph_of(read_model(path), str(path), dimensions or {})
    return assembled(graph, bits=bits, fold=fold, strict=strict)
