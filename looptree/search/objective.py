"""What a search makes as small as possible, and what a word moved or an operation adds to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from looptree.architecture import Architecture
from looptree.errors import InputError, nearest
from looptree.model.axis import Array
from looptree.workload import Workload

OBJECTIVES = ("energy", "offchip", "latency")


@dataclass(frozen=True, slots=True)
class Price:
    """Energy of the parts of a design, in pJ.

    Attributes:
        reads, writes: of one word of each tensor that is filled from, or drained to, the off-chip level.
        operations, points: of one operation of each Einsum, and what the first write of an output word saves.
    """

    reads: Mapping[str, float]
    writes: Mapping[str, float]
    operations: Mapping[str, float]
    points: Mapping[str, float]


def price(part: Workload, architecture: Architecture, level: str) -> Price:
    """What moves and operations of a segment cost where compute sits right below the buffer."""
    outer, inner = architecture.off_chip, architecture.level(level)
    read, write = float(inner.read_pj_per_byte), float(inner.write_pj_per_byte)
    width = {name: t.bits / 8 for name, t in part.tensors.items()}
    operations = {}
    for e in part.einsums:
        accesses = sum(width[a.tensor] for a in e.inputs) * read + width[e.output.tensor] * (read + write)
        operations[e.name] = accesses + float(architecture.compute.energy_pj(e.operation))
    return Price(
        {t: w * (float(outer.read_pj_per_byte) + write) for t, w in width.items()},
        {t: w * (float(outer.write_pj_per_byte) + read) for t, w in width.items()},
        operations,
        {e.name: width[e.output.tensor] * read for e in part.einsums},
    )


def cost(objective: str, architecture: Architecture, offchip: Array, energy: Array, cycles: Array) -> Array:
    """The objective over a grid, from off-chip bytes, energy in pJ and compute cycles."""
    if objective == "offchip":
        return offchip
    if objective == "energy":
        return energy
    bandwidth = architecture.off_chip.bandwidth_bytes_per_cycle
    moved = offchip / float(bandwidth) if bandwidth is not None else np.zeros(())
    return np.maximum(moved, cycles)


def checked(objective: str) -> str:
    """The objective, if it is one.

    Raises:
        InputError: listing the known ones.
    """
    if objective not in OBJECTIVES:
        raise InputError(
            f"expected one of {', '.join(OBJECTIVES)} as objective, found {objective!r}",
            hint=nearest(objective, OBJECTIVES),
        )
    return objective
