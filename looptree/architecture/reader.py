"""Reading an architecture from YAML."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from looptree.architecture.architecture import Architecture, Compute, Level
from looptree.architecture.array import Array
from looptree.documents import Node, check_kind, read_document
from looptree.errors import InputError

_KEYS = ("name", "description", "source", "year", "levels", "compute", "allocation")
_LEVEL_KEYS = (
    "name",
    "capacity_bytes",
    "bandwidth_bytes_per_cycle",
    "read_pj_per_byte",
    "write_pj_per_byte",
    "source",
)
_COMPUTE_KEYS = ("name", "pj_per_operation", "pj_of", "spatial", "array", "source")


def read_architecture(path: str | Path) -> Architecture:
    """Read an architecture file."""
    return architecture_from_node(read_document(path))


def architecture_from_node(node: Node) -> Architecture:
    """An architecture from a parsed document.

    Raises:
        InputError: naming file, line and key.
    """
    check_kind(node, "levels")
    fields = node.mapping(known=_KEYS, required=("levels",))
    name = fields["name"].text() if "name" in fields else Path(node.file).stem
    levels = tuple(_level(item) for item in fields["levels"].sequence())
    compute = _compute(fields["compute"]) if "compute" in fields else Compute()
    allocation = fields["allocation"].choice(("window", "live")) if "allocation" in fields else "window"
    try:
        return Architecture(name, levels, compute, allocation)
    except InputError as problem:
        raise problem.at(node.file) from None


def _level(node: Node) -> Level:
    fields = node.mapping(known=_LEVEL_KEYS, required=("name",))

    def energy(key: str) -> Fraction:
        return fields[key].number("an energy in pJ per byte") if key in fields else Fraction(0)

    capacity = fields.get("capacity_bytes")
    bandwidth = fields.get("bandwidth_bytes_per_cycle")
    return Level(
        name=fields["name"].text(),
        capacity_bytes=None
        if capacity is None or capacity.value is None
        else capacity.integer("a capacity in bytes", most=2**60),
        bandwidth_bytes_per_cycle=None
        if bandwidth is None or bandwidth.value is None
        else bandwidth.number("a bandwidth in bytes per cycle", positive=True),
        read_pj_per_byte=energy("read_pj_per_byte"),
        write_pj_per_byte=energy("write_pj_per_byte"),
    )


def _compute(node: Node) -> Compute:
    fields = node.mapping(known=_COMPUTE_KEYS)
    spatial = fields["spatial"].mapping() if "spatial" in fields else {}
    pj_of = fields["pj_of"].mapping() if "pj_of" in fields else {}
    return Compute(
        name=fields["name"].text() if "name" in fields else "MAC",
        pj_per_operation=fields["pj_per_operation"].number("an energy in pJ per operation")
        if "pj_per_operation" in fields
        else Fraction(0),
        pj_of={kind: n.number("an energy in pJ per operation") for kind, n in pj_of.items()},
        spatial={rank: n.integer("a spatial extent", most=2**30) for rank, n in spatial.items()},
        array=_array(fields["array"]) if "array" in fields else None,
    )


def _array(node: Node) -> Array:
    fields = node.mapping()
    systolic = fields.pop("systolic").boolean() if "systolic" in fields else False
    try:
        return Array({axis: n.integer("units along an axis", most=2**30) for axis, n in fields.items()}, systolic)
    except InputError as problem:
        raise problem.at(node.where) from None
