"""The schema of an architecture file; its quantities take the units that the reader knows."""

from __future__ import annotations

from collections.abc import Iterable

from looptree.architecture import models, reader
from looptree.architecture.architecture import DATAFLOWS
from looptree.architecture.energy import MEMORY_MODELS
from looptree.report.schema.parts import COUNT, FLAG, NAMES, TEXT, Schema, closed, many, named, quantity, said
from looptree.units import (
    AREA_MM2,
    BITS,
    BYTES_PER_CYCLE,
    BYTES_PER_SECOND,
    ENERGY_PJ,
    ENERGY_PJ_PER_BYTE,
    ENERGY_PJ_PER_CYCLE,
    ENERGY_PJ_PER_OPERATION,
    FREQUENCY_HZ,
    LENGTH_NM,
    POWER_PJ_PER_SECOND,
    SIZE_UNITS,
)

_CAPACITY = quantity(SIZE_UNITS, "bytes, such as 65536 or 64KiB; null is unlimited", null=True)
_RATE = quantity(
    {**BYTES_PER_CYCLE, **BYTES_PER_SECOND}, "bytes per cycle, or such as 25.6GB/s; null is unlimited", null=True
)
_PER_OPERATION = quantity({**ENERGY_PJ, **ENERGY_PJ_PER_OPERATION}, "pJ per operation, or such as 40fJ")
_LEAKAGE = quantity({**ENERGY_PJ_PER_CYCLE, **POWER_PJ_PER_SECOND}, "pJ per cycle, or with clock_hz such as 8mW")
_AREA = quantity(AREA_MM2, "square millimetres, or such as 250000um2")
_WIDTH = quantity(BITS, "bits, such as 64, 64bit or 8B")
_PARAMETERS = {
    "technology_nm": quantity(LENGTH_NM, "technology node in nm"),
    "banks": COUNT,
    "kind": TEXT,
    "mac_pj": _PER_OPERATION,
    "bits": _WIDTH,
    "number": {"enum": ["integer", "float"]},
    "units": COUNT,
}


def architecture_schema() -> Schema:
    """Memory levels from the outside in, and the compute units."""
    levels = said(many(_level(), least=1), "memory levels, off chip first")
    return closed(
        reader.KEYS,
        ("levels",),
        levels=levels,
        compute=said(_compute(), "the compute units"),
        cores=said(
            {"type": "object", "properties": {"below": TEXT}, "required": ["below"], "additionalProperties": COUNT},
            "how many along each axis, and the memory level that all of them share",
        ),
        dataflow={"enum": list(DATAFLOWS), "description": "what stays at the innermost level while a layer runs"},
        allocation={"enum": ["window", "live"], "description": "what counts against a capacity"},
        clock_hz=quantity(FREQUENCY_HZ, "Hz, or such as 800MHz: makes what is said per second per cycle"),
        data_bits=_WIDTH,
    )


def _level() -> Schema:
    per_byte = {
        f"{action}_pj_per_byte": quantity(ENERGY_PJ_PER_BYTE, f"energy to {action} a byte, in pJ, or such as 1.2pJ/B")
        for action in ("read", "write")
    }
    per_access = {key: quantity(ENERGY_PJ, "energy of an access in pJ") for key in ("read_pj", "write_pj")}
    partition = closed(
        reader.PARTITION_KEYS, ("holds", "capacity_bytes"), name=TEXT, holds=NAMES, capacity_bytes=_CAPACITY
    )
    network = closed(reader.NETWORK_KEYS, (), **dict.fromkeys(reader.NETWORK_KEYS, FLAG))
    return closed(
        reader.LEVEL_KEYS,
        ("name",),
        name=TEXT,
        capacity_bytes=_CAPACITY,
        **dict.fromkeys(reader.RATES, _RATE),
        **dict.fromkeys(reader.PORTS, said({"type": "integer", "minimum": 0}, "accesses per cycle")),
        **per_byte,
        **per_access,
        word_bits=said(_WIDTH, "what one access moves, in bits"),
        leakage_pj_per_cycle=_LEAKAGE,
        area_mm2=_AREA,
        double_buffered=said(FLAG, "what is exchanged with the next place further out takes its space twice"),
        partitions=said(many(partition), "parts with capacities of their own"),
        keeps=said(NAMES, "the only tensors that may be here: kinds or names"),
        bypasses=said(NAMES, "tensors that may not be here: kinds or names"),
        network=said(network, "what instances below may share"),
        model=_model(MEMORY_MODELS),
    )


def _compute() -> Schema:
    array = {"type": "object", "properties": {"systolic": FLAG}, "additionalProperties": COUNT}
    return closed(
        reader.COMPUTE_KEYS,
        (),
        model=_model(["operations"]),
        pj_per_operation=_PER_OPERATION,
        pj_of=said(named(_PER_OPERATION), "energy by kind of operation"),
        spatial=said(named(COUNT), "operations done at once along each rank"),
        array=said(array, "units along one or two axes, such as {x: 16, y: 16, systolic: true}"),
        leakage_pj_per_cycle=_LEAKAGE,
        area_mm2=_AREA,
    )


def _model(known: Iterable[str]) -> Schema:
    """A name, or the name with the one parameter that matters, or with all of them."""
    names = list(known)
    bodies = {}
    for name in names:
        full = closed(models.PARAMETERS[name], (), **_PARAMETERS)
        short = [_PARAMETERS[models.SHORT[name]]] if name in models.SHORT else []
        bodies[name] = {"anyOf": [full, *short, {"type": "null"}]}
    by_name = closed(bodies, (), **bodies) | {"minProperties": 1, "maxProperties": 1}
    return {"anyOf": [{"enum": names}, by_name], "description": "where energies and area come from that are not given"}
