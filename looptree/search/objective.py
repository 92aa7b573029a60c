"""What a search makes as small as possible, and what a word moved or an operation adds to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from looptree.architecture import Architecture
from looptree.errors import InputError, nearest
from looptree.model import Evaluation
from looptree.model.axis import Array
from looptree.workload import Workload

OBJECTIVES = ("energy", "offchip", "latency")


@dataclass(frozen=True, slots=True)
class Price:
    """What the parts of a design add to a sum: its energy in pJ, or the bytes that pass through the buffer.

    Attributes:
        reads, writes: of one word of each tensor that is filled from, or drained to, the off-chip level.
        operations, points: of one operation of each Einsum, and what the first write of an output word saves.
    """

    reads: Mapping[str, float]
    writes: Mapping[str, float]
    operations: Mapping[str, float]
    points: Mapping[str, float]


def price(objective: str, part: Workload, architecture: Architecture, level: str) -> Price:
    """What moves and operations of a segment cost where compute sits right below the buffer.

    For `latency` that is the bytes that pass through the buffer, else energy.
    """
    outer, inner = architecture.off_chip, architecture.level(level)
    energy = objective != "latency"
    fetch, store = (float(outer.read_pj_per_byte), float(outer.write_pj_per_byte)) if energy else (0.0, 0.0)
    read, write = (float(inner.read_pj_per_byte), float(inner.write_pj_per_byte)) if energy else (1.0, 1.0)
    width = {name: t.bits / 8 for name, t in part.tensors.items()}
    operations = {}
    for e in part.einsums:
        accesses = sum(width[a.tensor] for a in e.inputs) * read + width[e.output.tensor] * (read + write)
        operations[e.name] = accesses + (float(architecture.compute.energy_pj(e.operation)) if energy else 0.0)
    return Price(
        {t: w * (fetch + write) for t, w in width.items()},
        {t: w * (store + read) for t, w in width.items()},
        operations,
        {e.name: width[e.output.tensor] * read for e in part.einsums},
    )


def cost(objective: str, architecture: Architecture, level: str, offchip: Array, priced: Array, cycles: Array) -> Array:
    """The objective over a grid, from off-chip bytes, what `price` adds up to, and compute cycles."""
    if objective == "offchip":
        return offchip
    if objective == "energy":
        return priced
    slowest = cycles
    for known, moved in ((architecture.off_chip, offchip), (architecture.level(level), priced)):
        if known.bandwidth_bytes_per_cycle is not None:
            slowest = np.maximum(slowest, moved / float(known.bandwidth_bytes_per_cycle))
    return slowest


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


def value(objective: str, result: Evaluation) -> Fraction:
    """The objective of an evaluation: pJ, bytes or cycles."""
    if objective == "offchip":
        return Fraction(result.offchip_bytes)
    return result.energy.total if objective == "energy" else result.latency.overlapped
