"""What a search makes as small as possible, and what a word moved or an operation adds to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from looptree.architecture import Level, Limit
from looptree.errors import InputError, nearest
from looptree.model import Evaluation
from looptree.workload import Workload

OBJECTIVES = ("energy", "offchip", "latency")


@dataclass(frozen=True, slots=True)
class Price:
    """What the parts of a design add to a sum: its energy in pJ, or what passes through a memory level.

    Attributes:
        reads, writes: of one word of each tensor that is filled from, or drained to, the off-chip level.
        operations, points: of one operation of each Einsum, and what the first write of an output word saves.
    """

    reads: Mapping[str, float]
    writes: Mapping[str, float]
    operations: Mapping[str, float]
    points: Mapping[str, float]


Cost = Callable[[int], tuple[float, float]]
"""What reading, and what writing, one word of so many bits takes at a level."""


def price(part: Workload, outer: Cost, inner: Cost, operation: Callable[[str], float]) -> Price:
    """What moves and operations of a segment take where compute sits right below the buffer.

    Args:
        part: the segment. outer, inner: what accesses off chip, and of the buffer, take.
        operation: what one operation of a kind takes by itself.
    """
    off_chip = {name: outer(tensor.bits) for name, tensor in part.tensors.items()}
    buffer = {name: inner(tensor.bits) for name, tensor in part.tensors.items()}
    operations = {}
    for e in part.einsums:
        accesses = sum(buffer[a.tensor][0] for a in e.inputs) + sum(buffer[e.output.tensor])
        operations[e.name] = accesses + operation(e.operation)
    return Price(
        {t: off_chip[t][0] + buffer[t][1] for t in part.tensors},
        {t: off_chip[t][1] + buffer[t][0] for t in part.tensors},
        operations,
        {e.name: buffer[e.output.tensor][0] for e in part.einsums},
    )


def energy_of(level: Level) -> Cost:
    """The energy of accesses of a level, in pJ."""
    return lambda bits: (float(level.read_pj_per_word(bits)), float(level.write_pj_per_word(bits)))


def load_of(level: Level, limit: Limit) -> Cost:
    """How much accesses of a level take of what a limit lets through: bytes, or accesses where it has ports."""

    def cost(bits: int) -> tuple[float, float]:
        amount = bits / 8 if level.ports is None else float(level.accesses(bits))
        return amount * limit.reads, amount * limit.writes

    return cost


def nothing(bits: int) -> tuple[float, float]:
    """Accesses of another level take nothing."""
    del bits
    return 0.0, 0.0


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
