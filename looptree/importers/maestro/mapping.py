"""The dataflows of a network as one mapping, and its hardware as an architecture, for the exact model.

Layers take turns. Each one has its tensors off chip and in L2, then the loops of its outermost level, whose steps are
those of all units together, and below them the tile of the PEs.
"""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

from looptree.architecture import Architecture, Level
from looptree.architecture import Compute as Units
from looptree.importers.maestro.hardware import Hardware
from looptree.importers.maestro.nest import nest_of
from looptree.importers.maestro.statistics import L1_ENERGY, L2_ENERGY
from looptree.importers.maestro.syntax import Network, parse_network
from looptree.importers.maestro.text import read_text
from looptree.importers.maestro.workload import layer_names, rank_of, workload_of_network
from looptree.taxonomy.tree import Branch, Chain, Compute, LoopTree, RankRef, Storage, Temporal

_UNIT = Fraction(1)
_SQUARE = ("m", "c")
"""Ranks that a whole network is computed along, where every dataflow would have its own."""


def read_dataflows(path: str | Path, pes: int) -> LoopTree:
    """The mapping that the dataflows of a network file are, on so many PEs.

    Raises:
        InputError: a mistake in the file, or a dataflow that cannot be represented.
    """
    return mapping_of_network(parse_network(read_text(path), str(path)), Hardware(pes))


def mapping_of_network(network: Network, hardware: Hardware) -> LoopTree:
    """The mapping of a network by its own dataflows.

    Raises:
        InputError: a dataflow is missing, or cannot be represented, naming file, line and layer.
    """
    workload = workload_of_network(network)
    chains = []
    for layer, name in zip(network.layers, layer_names(network), strict=True):
        nest = nest_of(layer, hardware.pes)
        einsum = workload.einsum(name)
        tensors = tuple(dict.fromkeys((*(access.tensor for access in einsum.inputs), name)))
        loops = tuple(
            Temporal((RankRef(rank_of(layer, loop.dimension)),), min(loop.step, nest.extents[loop.dimension]))
            for loop in nest.levels[0].loops
            if loop.steps(nest.extents[loop.dimension]) > 1
        )
        chains.append(Chain((Storage("L2", tensors), *loops, Storage("PEs", tensors)), Compute(name)))
    everything = Storage("DRAM", tuple(workload.tensors))
    if len(chains) == 1:
        return LoopTree(Chain((everything, *chains[0].inner), chains[0].end))
    return LoopTree(Chain((everything,), Branch("sequential", tuple(chains))))


def architecture_of(hardware: Hardware, name: str = "maestro") -> Architecture:
    """The hardware as an architecture: DRAM, L2, and the L1 buffers of all PEs as one.

    Energies are those that MAESTRO has: of an access, in multiply-accumulates. The PEs are as square as they can be,
    along output and input channels.
    """
    side = next(s for s in range(math.isqrt(hardware.pes), 0, -1) if hardware.pes % s == 0)
    l1, l2 = (Fraction(str(energy)) for energy in (L1_ENERGY, L2_ENERGY))
    levels = (
        Level("DRAM", None, _bandwidth(hardware.offchip_bandwidth)),
        Level("L2", hardware.l2_bytes, _bandwidth(hardware.noc_bandwidth), l2, l2),
        Level("PEs", hardware.l1_bytes * hardware.pes if hardware.l1_bytes else None, None, l1, l1),
    )
    spatial = dict(zip(_SQUARE, (hardware.pes // side, side), strict=True))
    return Architecture(name, levels, Units("MAC", _UNIT, {}, spatial))


def _bandwidth(words: int | None) -> Fraction | None:
    return None if words is None else Fraction(words)
