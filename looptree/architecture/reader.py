"""Reading an architecture from YAML."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from looptree.architecture.architecture import DATAFLOWS, Architecture, Compute
from looptree.architecture.array import Array
from looptree.architecture.cores import Cores
from looptree.architecture.level import Level, Partition
from looptree.architecture.models import memory_model, operation_model
from looptree.architecture.network import Network
from looptree.architecture.ports import Ports
from looptree.architecture.quantity import (
    area,
    bandwidth,
    capacity,
    clock,
    energy_per_access,
    energy_per_byte,
    energy_per_operation,
    leakage,
    width,
)
from looptree.documents import Node, check_kind, read_document
from looptree.errors import InputError, guided

KEYS = (
    "name",
    "description",
    "source",
    "year",
    "levels",
    "compute",
    "cores",
    "dataflow",
    "allocation",
    "data_bits",
    "clock_hz",
)
RATES = ("bandwidth_bytes_per_cycle", "read_bandwidth_bytes_per_cycle", "write_bandwidth_bytes_per_cycle")
PORTS = ("read_ports", "write_ports", "shared_ports")
_ENERGIES = {
    "read_pj_per_byte": energy_per_byte,
    "write_pj_per_byte": energy_per_byte,
    "read_pj": energy_per_access,
    "write_pj": energy_per_access,
}
LEVEL_KEYS = (
    "name",
    "capacity_bytes",
    "partitions",
    "double_buffered",
    "keeps",
    "bypasses",
    *RATES,
    "word_bits",
    *PORTS,
    *_ENERGIES,
    "leakage_pj_per_cycle",
    "area_mm2",
    "network",
    "model",
    "source",
)
PARTITION_KEYS = ("name", "holds", "capacity_bytes")
NETWORK_KEYS = ("multicast", "reduce", "forward")
COMPUTE_KEYS = (
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


def read_architecture(path: str | Path) -> Architecture:
    """Read an architecture file."""
    return architecture_from_node(read_document(path))


@guided("formats.md#architecture")
def architecture_from_node(node: Node) -> Architecture:
    """An architecture from a parsed document.

    Raises:
        InputError: naming file, line and key.
    """
    check_kind(node, "levels")
    fields = node.mapping(known=KEYS, required=("levels",))
    name = fields["name"].text() if "name" in fields else Path(node.file).stem
    clock_hz = clock(fields["clock_hz"]) if "clock_hz" in fields else None
    levels = tuple(_level(item, clock_hz) for item in fields["levels"].sequence())
    compute = _compute(fields["compute"], clock_hz) if "compute" in fields else Compute()
    allocation = fields["allocation"].choice(("window", "live")) if "allocation" in fields else "window"
    bits = width(fields["data_bits"], most=1024) if "data_bits" in fields else None
    cores = _cores(fields["cores"], [level.name for level in levels]) if "cores" in fields else None
    dataflow = fields["dataflow"].choice(DATAFLOWS) if "dataflow" in fields else None
    try:
        return Architecture(name, levels, compute, allocation, bits, cores, dataflow)
    except InputError as problem:
        raise problem if problem.where.startswith(node.file) else problem.at(node.file) from None


def _level(node: Node, clock_hz: Fraction | None) -> Level:
    fields = {
        key: value
        for key, value in node.mapping(known=LEVEL_KEYS, required=("name",)).items()
        if value.value is not None or key not in ("capacity_bytes", *RATES)  # null is unlimited
    }
    _check_pairs(node)
    held = fields.get("capacity_bytes")
    rates: dict[str, Any] = {key: bandwidth(fields[key], clock_hz) for key in RATES if key in fields}
    energies: dict[str, Any] = {key: read(fields[key]) for key, read in _ENERGIES.items() if key in fields}
    try:
        level = Level(
            name=fields["name"].text(),
            capacity_bytes=None if held is None else capacity(held),
            **rates,
            **energies,
            leakage_pj_per_cycle=_leakage(fields, clock_hz),
            word_bits=width(fields["word_bits"], most=2**30) if "word_bits" in fields else None,
            ports=_ports(fields),
            double_buffered="double_buffered" in fields and fields["double_buffered"].boolean(),
            partitions=_partitions(fields["partitions"]) if "partitions" in fields else (),
            keeps=tuple(fields["keeps"].texts()) if "keeps" in fields else None,
            bypasses=tuple(fields["bypasses"].texts()) if "bypasses" in fields else (),
            area_mm2=area(fields["area_mm2"]) if "area_mm2" in fields else None,
            network=_network(fields["network"]) if "network" in fields else Network(),
            where=node.where,
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
    return Network(**{name: item.boolean() for name, item in node.mapping(known=NETWORK_KEYS).items()})


def _check_pairs(node: Node) -> None:
    """A bandwidth of reads without one of writes is a mistake, not an unlimited one: that is written as null."""
    fields = node.mapping()
    for key, other in (RATES[1:], RATES[:0:-1]):
        if key in fields and other not in fields:
            raise node.error(f"found {key} without {other}", "give both; null is unlimited")


def _leakage(fields: dict[str, Node], clock_hz: Fraction | None) -> Fraction:
    key = "leakage_pj_per_cycle"
    return leakage(fields[key], clock_hz) if key in fields else Fraction(0)


def _ports(fields: dict[str, Node]) -> Ports | None:
    given = {key: fields[key].integer("a number of ports", least=0, most=2**20) for key in PORTS if key in fields}
    if not given:
        return None
    return Ports(*(given.get(key, 0) for key in PORTS))


def _partitions(node: Node) -> tuple[Partition, ...]:
    found = tuple(_partition(item) for item in node.sequence())
    if not found:
        raise node.error("expected partitions, found an empty list", "leave the key out if there are none")
    return found


def _partition(node: Node) -> Partition:
    fields = node.mapping(known=PARTITION_KEYS, required=("holds", "capacity_bytes"))
    name = fields["name"].text() if "name" in fields else ""
    try:
        return Partition(tuple(fields["holds"].texts()), capacity(fields["capacity_bytes"]), name)
    except InputError as problem:
        raise problem if problem.where else problem.at(node.where) from None


def _compute(node: Node, clock_hz: Fraction | None) -> Compute:
    fields = node.mapping(known=COMPUTE_KEYS)
    spatial = fields["spatial"].mapping() if "spatial" in fields else {}
    pj_of = {
        kind: energy_per_operation(n) for kind, n in (fields["pj_of"].mapping() if "pj_of" in fields else {}).items()
    }
    taken = area(fields["area_mm2"]) if "area_mm2" in fields else None
    given = fields.get("pj_per_operation")
    pj_per_operation = None if given is None else energy_per_operation(given)
    warnings: tuple[str, ...] = ()
    if "model" in fields:
        model = operation_model(fields["model"])
        said, warnings = model.energies(), model.warnings()
        if pj_per_operation is None:  # an energy that is given holds for all kinds, as without a model
            pj_of, pj_per_operation = {**said, **pj_of}, said["mac"]
        taken = model.area_mm2() if taken is None else taken
    return Compute(
        name=fields["name"].text() if "name" in fields else "MAC",
        pj_per_operation=pj_per_operation or Fraction(0),
        pj_of=pj_of,
        spatial={rank: n.integer("a spatial extent", most=2**30) for rank, n in spatial.items()},
        leakage_pj_per_cycle=_leakage(fields, clock_hz),
        area_mm2=taken,
        warnings=warnings,
        array=_array(fields["array"]) if "array" in fields else None,
    )


def _cores(node: Node, levels: list[str]) -> Cores:
    fields = node.mapping(required=("below",))
    below = fields.pop("below").choice(tuple(levels))
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
