"""Loading a workload: a file of Einsums, a file of layers, or a shipped one by its name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from looptree import resources
from looptree.documents import Node, check_kind, read_document
from looptree.errors import InputError, nearest
from looptree.workload.layers import network_from_node
from looptree.workload.reader import workload_from_node
from looptree.workload.workload import Workload


def load_workload(source: str | Path, /, **parameters: int) -> Workload:
    """The workload of a file, or of a shipped network or segment.

    Args:
        source: a path to a file that lists `einsums:` or `layers:`, or a name such as `resnet18`.
        parameters: replace those of the network file, such as `batch=4` or `resolution=96`.

    Raises:
        InputError: no such file or name, a mistake in the file (naming file, line and layer), or a
            parameter that the network does not have.

    >>> load_workload("resnet18", resolution=32).einsum("conv1").ranks["p"]
    16
    """
    return workload_of(read_document(workload_path(source)), **parameters)


def workload_path(source: str | Path) -> Path:
    """The file that a path or the name of a shipped workload stands for; a file that exists comes first.

    Raises:
        InputError: a name without a folder and a suffix that no shipped workload has.
    """
    return resources.locate("workloads", source)


def workload_of(document: Node, /, **parameters: int) -> Workload:
    """The workload of a parsed document, whichever of the two kinds it is."""
    check_kind(document, "einsums", "layers")
    fields = document.mapping()
    if "layers" in fields and "einsums" not in fields:
        return network_from_node(document, parameters)
    if "einsums" not in fields or "layers" in fields:
        raise document.error(
            f"expected either 'einsums' or 'layers', found {', '.join(fields) or 'nothing'}",
            _meant(fields) or "einsums lists Einsums, layers lists the layers of a network",
        )
    if parameters:
        raise InputError(
            f"a file of Einsums has no parameters, found {', '.join(parameters)}",
            where=document.file,
            hint="only a file of layers can be changed this way",
        )
    return workload_from_node(document)


def _meant(keys: Iterable[str]) -> str:
    """The proposal for a key that is almost one of the two."""
    hints = (nearest(key, ("einsums", "layers")) for key in keys if key not in ("einsums", "layers"))
    return next((hint for hint in hints if hint.startswith("did you mean")), "")
