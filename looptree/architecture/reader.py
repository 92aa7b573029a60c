"""Reading an architecture from YAML."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from looptree.architecture.architecture import Architecture, Compute
from looptree.architecture.array import Array
from looptree.architecture.cores import Cores
from looptree.architecture.level import Level, Partition
from looptree.architecture.models import memory_model, operation_model
from looptree.architecture.network import Network
from looptree.architecture.ports import Ports
from looptree.documents import Node, check_kind, read_document
from looptree.errors import InputError

_KEYS = ("name", "description", "source", "year", "levels", "compute", "cores", "allocation", "data_bits")
_RATES = ("bandwidth_bytes_per_cycle", "read_bandwidth_bytes_per_cycle", "write_bandwidth_bytes_per_cycle")
_PORTS = ("read_ports", "write_ports", "shared_ports")
_ENERGIES = {
    "read_pj_per_byte": "an energy in pJ per byte",
    "write_pj_per_byte": "an energy in pJ per byte",
    "read_pj": "an energy in pJ per access",
    "write_pj": "an energy in pJ per access",
    "leakage_pj_per_cycle": "an energy in pJ per cycle",
}
_LEVEL_KEYS = (
    "name",
    "capacity_bytes",
    "partitions",
    "double_buffered",
    "keeps",
    "bypasses",
    *_RATES,
    "word_bits",
    *_PORTS,
    *_ENERGIES,
    "area_mm2",
    "network",
    "model",
    "source",
)
_NETWORK = ("multicast", "reduce", "forward")
_COMPUTE_KEYS = (
    "name",
    "model",
    "pj_per_operation",
    "pj_of",
    "spatial",
    "array",
    "leakage_pj_per_cycle",
    "area_mm2",
    "source",
)
_MOST_BYTES = 2**60


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
    bits = fields["data_bits"].integer("a width in bits", most=1024) if "data_bits" in fields else None
    cores = _cores(fields["cores"]) if "cores" in fields else None
    try:
        return Architecture(name, levels, compute, allocation, bits, cores)
    except InputError as problem:
        raise problem.at(node.file) from None


def _level(node: Node) -> Level:
    fields = {
        key: value
        for key, value in node.mapping(known=_LEVEL_KEYS, required=("name",)).items()
        if value.value is not None or key not in ("capacity_bytes", *_RATES)  # null is unlimited
    }
    _check_pairs(node)
    capacity = fields.get("capacity_bytes")
    rates: dict[str, Any] = {key: _rate(fields[key]) for key in _RATES if key in fields}
    energies: dict[str, Any] = {key: fields[key].number(what) for key, what in _ENERGIES.items() if key in fields}
    try:
        level = Level(
            name=fields["name"].text(),
            capacity_bytes=None if capacity is None else _capacity(capacity),
            **rates,
            **energies,
            word_bits=fields["word_bits"].integer("a width in bits", most=2**30) if "word_bits" in fields else None,
            ports=_ports(fields),
            double_buffered="double_buffered" in fields and fields["double_buffered"].boolean(),
            partitions=_partitions(fields["partitions"]) if "partitions" in fields else (),
            keeps=tuple(fields["keeps"].texts()) if "keeps" in fields else None,
            bypasses=tuple(fields["bypasses"].texts()) if "bypasses" in fields else (),
            area_mm2=fields["area_mm2"].number("an area in square millimetres") if "area_mm2" in fields else None,
            network=_network(fields["network"]) if "network" in fields else Network(),
        )
    except InputError as problem:
        raise problem if problem.where.startswith(node.file) else problem.at(node.where) from None
    if "model" not in fields:
        return level
    try:
        return level.modelled(memory_model(fields["model"]))
    except InputError as problem:
        raise problem if problem.where.startswith(node.file) else problem.at(fields["model"].where) from None


def _network(node: Node) -> Network:
    return Network(**{name: item.boolean() for name, item in node.mapping(known=_NETWORK).items()})


def _check_pairs(node: Node) -> None:
    """A bandwidth of reads without one of writes is a mistake, not an unlimited one: that is written as null."""
    fields = node.mapping()
    for key, other in (_RATES[1:], _RATES[:0:-1]):
        if key in fields and other not in fields:
            raise node.error(f"found {key} without {other}", "give both; null is unlimited")


def _capacity(node: Node) -> int:
    return node.integer("a capacity in bytes", most=_MOST_BYTES)


def _rate(node: Node) -> Fraction:
    return node.number("a bandwidth in bytes per cycle", positive=True)


def _ports(fields: dict[str, Node]) -> Ports | None:
    given = {key: fields[key].integer("a number of ports", least=0, most=2**20) for key in _PORTS if key in fields}
    if not given:
        return None
    return Ports(*(given.get(key, 0) for key in _PORTS))


def _partitions(node: Node) -> tuple[Partition, ...]:
    found = tuple(_partition(item) for item in node.sequence())
    if not found:
        raise node.error("expected partitions, found an empty list", "leave the key out if there are none")
    return found


def _partition(node: Node) -> Partition:
    fields = node.mapping(known=("name", "holds", "capacity_bytes"), required=("holds", "capacity_bytes"))
    name = fields["name"].text() if "name" in fields else ""
    try:
        return Partition(tuple(fields["holds"].texts()), _capacity(fields["capacity_bytes"]), name)
    except InputError as problem:
        raise problem if problem.where else problem.at(node.where) from None


def _compute(node: Node) -> Compute:
    fields = node.mapping(known=_COMPUTE_KEYS)
    spatial = fields["spatial"].mapping() if "spatial" in fields else {}
    pj_of = {
        kind: n.number("an energy in pJ per operation")
        for kind, n in (fields["pj_of"].mapping() if "pj_of" in fields else {}).items()
    }
    area = fields["area_mm2"].number("an area in square millimetres") if "area_mm2" in fields else None
    pj_per_operation = _optional(fields, "pj_per_operation", "an energy in pJ per operation")
    warnings: tuple[str, ...] = ()
    if "model" in fields:
        model = operation_model(fields["model"])
        said, warnings = model.energies(), model.warnings()
        if pj_per_operation is None:  # an energy that is given holds for all kinds, as without a model
            pj_of, pj_per_operation = {**said, **pj_of}, said["mac"]
        area = model.area_mm2() if area is None else area
    return Compute(
        name=fields["name"].text() if "name" in fields else "MAC",
        pj_per_operation=pj_per_operation or Fraction(0),
        pj_of=pj_of,
        spatial={rank: n.integer("a spatial extent", most=2**30) for rank, n in spatial.items()},
        leakage_pj_per_cycle=_optional(fields, "leakage_pj_per_cycle", "an energy in pJ per cycle") or Fraction(0),
        area_mm2=area,
        warnings=warnings,
        array=_array(fields["array"]) if "array" in fields else None,
    )


def _optional(fields: dict[str, Node], key: str, what: str) -> Fraction | None:
    return fields[key].number(what) if key in fields else None


def _cores(node: Node) -> Cores:
    fields = node.mapping(required=("below",))
    below = fields.pop("below").text()
    try:
        return Cores({axis: n.integer("cores along an axis", most=2**20) for axis, n in fields.items()}, below)
    except InputError as problem:
        raise problem if problem.where.startswith(node.file) else problem.at(node.where) from None


def _array(node: Node) -> Array:
    fields = node.mapping()
    systolic = fields.pop("systolic").boolean() if "systolic" in fields else False
    try:
        return Array({axis: n.integer("units along an axis", most=2**30) for axis, n in fields.items()}, systolic)
    except InputError as problem:
        raise problem if problem.where.startswith(node.file) else problem.at(node.where) from None
