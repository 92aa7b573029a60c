"""Reading a workload of Einsums from YAML, and writing it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from looptree.documents import Node
from looptree.errors import InputError, guided
from looptree.workload.einsum import MAX_EXTENT, Einsum
from looptree.workload.expression import parse_expression
from looptree.workload.workload import DEFAULT_BITS, Workload

KEYS = ("name", "description", "source", "year", "einsums", "tensors", "default_bits", "outputs", "published")
EINSUM_KEYS = ("name", "expression", "ranks", "operation", "layer")
TENSOR_KEYS = ("bits", "shape")
MAX_BITS = 4096


def check_bits(bits: int | None) -> None:
    """Whether a word width that a user gives is one; `None` stands for those of the tensors.

    Raises:
        InputError: it is not.
    """
    if bits is not None and (type(bits) is not int or not 1 <= bits <= MAX_BITS):
        raise InputError(f"expected a word width from 1 to {MAX_BITS} bits, found {bits!r}", where="bits")


@guided("formats.md#workload")
def workload_from_node(node: Node) -> Workload:
    """A workload from a parsed document.

    Raises:
        InputError: naming file, line and key.
    """
    fields = node.mapping(known=KEYS, required=("einsums",))
    name = fields["name"].text() if "name" in fields else Path(node.file).stem
    einsums = []
    for item in fields["einsums"].sequence():
        try:
            einsums.append(_einsum(item))
        except InputError as problem:
            raise problem if problem.where.startswith(item.file) else problem.at(item.where) from None
    shapes: dict[str, tuple[int, ...]] = {}
    bits: dict[str, int] = {}
    for tensor, entry in (fields["tensors"].mapping() if "tensors" in fields else {}).items():
        keys = entry.mapping(known=TENSOR_KEYS)
        if "shape" in keys:
            shapes[tensor] = tuple(n.integer("an extent", most=MAX_EXTENT) for n in keys["shape"].sequence())
        if "bits" in keys:
            bits[tensor] = keys["bits"].integer("a word width in bits", most=MAX_BITS)
    default = (
        fields["default_bits"].integer("a word width in bits", most=MAX_BITS)
        if "default_bits" in fields
        else DEFAULT_BITS
    )
    outputs = fields["outputs"].texts() if "outputs" in fields else []
    try:
        return Workload(name, einsums, shapes=shapes, bits=bits, default_bits=default, outputs=outputs)
    except InputError as problem:
        raise problem.at(node.file) from None


def _einsum(node: Node) -> Einsum:
    fields = node.mapping(known=EINSUM_KEYS, required=("name", "expression", "ranks"))
    name = fields["name"].text()
    if "." in name:
        raise fields["name"].error(f"a name may hold no point: {name!r}", "a point separates einsum and rank")
    output, inputs, operation = parse_expression(fields["expression"].prose(), fields["expression"].where)
    ranks = {
        rank: extent.integer(f"the extent of rank {rank!r}", most=MAX_EXTENT)
        for rank, extent in fields["ranks"].mapping().items()
    }
    if "operation" in fields:
        operation = fields["operation"].text()
    layer = fields["layer"].text() if "layer" in fields else ""
    return Einsum(name, ranks, inputs, output, operation, layer)


def workload_to_dict(workload: Workload) -> dict[str, Any]:
    """The workload as plain data, as `workload_from_node` reads it (shapes written out)."""
    return {
        "name": workload.name,
        "einsums": [
            {"name": e.name, "expression": e.expression, "operation": e.operation, "ranks": dict(e.ranks)}
            | ({"layer": e.layer} if e.layer else {})
            for e in workload.einsums
        ],
        "tensors": {t.name: {"shape": list(t.shape), "bits": t.bits} for t in workload.tensors.values()},
    } | ({"outputs": sorted(workload.declared_outputs)} if workload.declared_outputs else {})


def workload_to_yaml(workload: Workload) -> str:
    """The workload as YAML text."""
    return yaml.safe_dump(workload_to_dict(workload), sort_keys=False, width=120, default_flow_style=None)
