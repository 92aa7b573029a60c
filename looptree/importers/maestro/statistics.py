"""The statistics of a layer under the names and units that MAESTRO's users know, counted exactly.

Assumptions: one multiply-accumulate per PE and cycle; double buffering hides transfers within a layer, so that the
slower of computation and network decides; the network multicasts what several units need at once and adds up what they
produce; a cluster keeps its tile while the loops inside run; L2 is filled once per layer and drained once. Words are
elements; energy is in units of one multiply-accumulate, by MAESTRO's own constants per access.
"""

from __future__ import annotations

from dataclasses import dataclass

from looptree.importers.maestro import counting
from looptree.importers.maestro.counting import Operand
from looptree.importers.maestro.hardware import Hardware
from looptree.importers.maestro.nest import Nest, nest_of
from looptree.importers.maestro.syntax import Layer

L1_ENERGY, L2_ENERGY = 1.68, 18.61
"""Energy of an access, in multiply-accumulates (BASE_constants.hpp of MAESTRO, 2019)."""

Number = int | float | None


@dataclass(frozen=True)
class Statistics:
    """A layer in numbers.

    Attributes:
        layer: its name.
        values: by MAESTRO's names, in the order of its output file; what it does not have comes last.
        notes: what a reader of the dataflow should know.
        nest: the loops that were counted.
    """

    layer: str
    values: dict[str, Number]
    notes: tuple[str, ...]
    nest: Nest


def statistics_of(layer: Layer, hardware: Hardware) -> Statistics:
    """The statistics of a layer on a hardware.

    Raises:
        InputError: the dataflow is missing, or cannot be represented.
    """
    nest = nest_of(layer, hardware.pes)
    operands = counting.operands_of(nest)
    moved = _moved(nest, operands)
    operations = nest.operations
    compute = counting.compute_cycles(nest)
    to_and_from = sum(moved[f"{name} l2 read"] for name in operands) + moved["output l2 write"]
    network = -(-to_and_from // hardware.noc_bandwidth) if hardware.noc_bandwidth else 0
    cycles = max(compute, network)
    sizes = {name: operand.size(nest.extents) for name, operand in operands.items()}
    energy = _energy(operations, moved)
    values: dict[str, Number] = {
        "NumPEs": nest.pes,
        "Runtime (Cycles)": cycles,
        "Activity count-based Energy (MACs)": sum(energy.values()),
        "Throughput (MACs/Cycle)": operations / cycles,
        "Power (MACs/Cycle)": sum(energy.values()) / cycles,
        "Avg BW Req (Elements/cycle)": to_and_from / compute,
        "Peak BW Req (Elements/cycle)": _peak(nest, operands),
        "Offchip BW Req (Elements/cycle)": sum(sizes.values()) / cycles,
        "L2 SRAM Size Req (Bytes)": 2 * sum(counting.shared_size(nest, o) for o in operands.values()),
        "L1 SRAM Size Req (Bytes)": 2 * sum(operand.size(nest.tile) for operand in operands.values()),
        "Multicasting Factor (Weight)": moved["filter l1 write"] / moved["filter l2 read"],
        "Multicasting Factor (Input)": moved["input l1 write"] / moved["input l2 read"],
        "Num Total Input Pixels": sizes["input"],
        "Num Total Weight Pixels": sizes["filter"],
        "Num Total Output Pixels": sizes["output"],
        "Num MACs": operations,
        **{name: energy[name] for name in energy},
        **moved,
        **{f"{n} reuse factor": moved[f"{n} l1 read"] / moved[f"{n} l1 write"] for n in ("input", "filter")},
        "output reuse factor": operations / moved["output l2 write"],
        "Avg number of utilized PEs": counting.mapped_pes(nest),
        "Arithmetic Intensity": operations / to_and_from,
        "Compute cycles": compute,
        "NoC cycles": network if hardware.noc_bandwidth else None,
        "Active PEs on average": counting.active_pes(nest),
        "PE utilization": operations / (cycles * nest.pes),
        "Unused PEs": nest.unused,
        "Off-chip words": sum(sizes.values()),
        "Off-chip cycles": -(-sum(sizes.values()) // hardware.offchip_bandwidth)
        if hardware.offchip_bandwidth
        else None,
    }
    return Statistics(layer.name, values, (*nest.notes, *_misfits(values, hardware)), nest)


def _moved(nest: Nest, operands: dict[str, Operand]) -> dict[str, int]:
    """Reads and writes of L1 and L2 per tensor, in MAESTRO's order."""
    found: dict[str, int] = {}
    for name in ("input", "filter"):
        found |= {
            f"{name} l1 read": nest.operations,
            f"{name} l1 write": counting.fills(nest, operands[name]),
            f"{name} l2 read": counting.shared_reads(nest, operands[name]),
            f"{name} l2 write": operands[name].size(nest.extents),
        }
    written = counting.shared_reads(nest, operands["output"])
    found |= {
        "output l1 read": nest.operations,
        "output l1 write": nest.operations,
        "output l2 read": written - operands["output"].size(nest.extents),
        "output l2 write": written,
    }
    return found


def _energy(operations: int, moved: dict[str, int]) -> dict[str, float]:
    return {
        "MAC energy (MACs)": float(operations),
        "L1 energy (MACs)": L1_ENERGY * sum(words for name, words in moved.items() if " l1 " in name),
        "L2 energy (MACs)": L2_ENERGY * sum(words for name, words in moved.items() if " l2 " in name),
    }


def _peak(nest: Nest, operands: dict[str, Operand]) -> float:
    """Words of the first step, in which everything is new, over its cycles."""
    first = dict(nest.extents)
    first |= {loop.dimension: min(loop.tile, first[loop.dimension]) for loop in nest.levels[0].loops}
    cycles = counting.cycles_of(nest, first, 1)
    return sum(counting.shared_size(nest, operand) for operand in operands.values()) / cycles


def _misfits(values: dict[str, Number], hardware: Hardware) -> list[str]:
    found = []
    for name, capacity in (("L1", hardware.l1_bytes), ("L2", hardware.l2_bytes)):
        needed = values[f"{name} SRAM Size Req (Bytes)"]
        if capacity is not None and needed is not None and needed > capacity:
            found.append(f"{name} needs {needed:,} bytes and has {capacity:,}")
    return found
