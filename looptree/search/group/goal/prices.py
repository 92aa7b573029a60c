"""What a word moved and an operation add to the sums that objectives are made of.

With compute right below the buffer, an operation reads its inputs there and reads and writes its output there, and the
first read of each output point is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from looptree.architecture import Architecture, Level, Limit
from looptree.model.axis import Array
from looptree.workload import Workload


@dataclass(frozen=True, eq=False)
class Role:
    """How the words of a tensor that enter its place become off-chip reads and writes.

    reads = max(entered - `less` * first, 0), writes = `drained` * entered + `made` * first

    Attributes:
        inner: an intermediate that does not leave the group.
    """

    less: float
    drained: float
    made: float
    inner: bool = False


def direct(part: Workload, level: Level) -> frozenset[str]:
    """Tensors that the buffer may not hold: operations access them off chip, or the nests below the buffer do."""
    return frozenset(t for t in part.tensors if not level.may_hold(t, part.kind(t)))


def least_pj_per_byte(part: Workload, architecture: Architecture, level: str) -> float:
    """The energy of a byte off chip, at least: what a design takes besides is what all of them take at least, or more.

    The energy of a group is a sum over words that are read and written off chip, and over operations, and leakage. So
    is what is left of it without so much for each byte, and no word has a price below 0 there: so it is least where
    all counts are, as energy and bytes are (`Group.least`). That is not known where operations access words off chip,
    because their nests have a least of each by itself. Where a tensor's bytes are rounded up, it may be less.

    Args:
        level: the buffer.

    Returns:
        pJ per byte; 0 if nothing is known.
    """
    bits = {tensor.bits for tensor in part.tensors.values()}
    if direct(part, architecture.level(level)) or any(each % 8 for each in bits):
        return 0.0
    memory = architecture.off_chip
    return min(float(min(memory.read_pj_per_word(b), memory.write_pj_per_word(b)) / (b // 8)) for b in bits)


INPUT = Role(0, 0, 0)
OUTPUT = Role(1, 1, 0)
LEAVING = Role(1, 0, 1)  # an intermediate that is needed outside, too, or spilled: written once, then fetched again
INNER = Role(1, 0, 1, inner=True)


def role_of(part: Workload, tensor: str) -> Role:
    """The role of a tensor in a group."""
    if part.producer(tensor) is None:
        return INPUT
    if not part.consumers(tensor):
        return OUTPUT
    return LEAVING if tensor in part.outputs else INNER


@dataclass(frozen=True, slots=True)
class Load:
    """What passes through one resource of a memory level.

    Attributes:
        level: the memory level. limit: its resource. outer: it is off chip.
    """

    level: Level
    limit: Limit
    outer: bool

    @property
    def in_bytes(self) -> bool:
        """Whether it counts bytes off chip, which are rounded up per tensor, as the model does."""
        return self.outer and self.level.ports is None


class Sum(NamedTuple):
    """A weighted sum of what adds up over tensors and layers, or a load alone.

    Attributes:
        energy: weight of a pJ. offchip: of a byte that is read or written off chip. operations: of an operation.
        load: what passes through a resource of a memory level. steps: of a step of a layer.
        weights: of a byte that weights take of a partition of the buffer that is theirs.
    """

    energy: float = 0.0
    offchip: float = 0.0
    operations: float = 0.0
    load: Load | None = None
    steps: float = 0.0
    weights: float = 0.0


@dataclass(frozen=True, eq=False)
class Prices:
    """What one sum takes for a word of each tensor, and for an operation of each layer.

    Attributes:
        reads, writes: of one off-chip word of each tensor. whole: of each byte off chip, where a tensor's bytes that
        are read, or written, are rounded up to whole ones. bytes_read, bytes_written: bytes of a word that count there.
        operations, saved: of each operation, and what the first write of each output point saves.
        steps: of each step of a layer. weights: of each byte of a partition of weights.
    """

    reads: Array
    writes: Array
    whole: float
    bytes_read: Array
    bytes_written: Array
    operations: Array
    saved: Array
    steps: float
    weights: float

    @classmethod
    def of(cls, wanted: Sum, part: Workload, architecture: Architecture, level: str, tensors: Sequence[str]) -> Prices:
        """The prices of a sum in one group, of its tensors in that order.

        What operations access is priced here if compute is right below the buffer, else by
        `looptree.search.group.inside.nests`.
        """
        load = wanted.load
        cost = costs(wanted)
        past = direct(part, architecture.level(level))
        outer = partial(cost, architecture.off_chip)
        inner = partial(cost, architecture.level(level))
        straight = partial(straight_costs(wanted, architecture.off_chip), architecture.off_chip)
        whole = wanted.offchip if load is None else float(load.in_bytes)
        counted = (True, True) if load is None else (load.limit.reads, load.limit.writes)
        off_chip = {t: outer(part.tensors[t].bits) for t in part.tensors}
        buffer = {t: inner(part.tensors[t].bits) for t in part.tensors}
        operands = {t: straight(part.tensors[t].bits) if t in past else buffer[t] for t in part.tensors}
        compute = architecture.compute
        right_below = architecture.level(level) is architecture.levels[-1]
        accessed = operands if right_below else dict.fromkeys(buffer, (0.0, 0.0))
        done = [
            sum(accessed[a.tensor][0] for a in e.inputs)
            + sum(accessed[e.output.tensor])
            + wanted.energy * float(compute.energy_pj(e.operation))
            + wanted.operations
            for e in part.einsums
        ]
        placed = np.array([t not in past for t in tensors])
        width = np.array([part.tensors[t].bits / 8 for t in tensors]) * placed
        return cls(
            np.array([off_chip[t][0] + buffer[t][1] for t in tensors]) * placed,
            np.array([off_chip[t][1] + buffer[t][0] for t in tensors]) * placed,
            whole,
            width * counted[0],
            width * counted[1],
            np.array(done),
            np.array([accessed[e.output.tensor][0] for e in part.einsums]),
            wanted.steps,
            wanted.weights,
        )

    def moved_rows(self, rows: Array, reads: Array, writes: Array) -> Array:
        """What off-chip words of some tensors (the first axis) add to the sum."""
        every = (self.reads, self.writes, self.bytes_read, self.bytes_written)
        return self._moved(reads, writes, *(row[rows, None] for row in every))

    def moved_all(self, reads: Array, writes: Array) -> Array:
        """What off-chip words of all tensors (the first axis) add to the sum."""
        shape = (-1, *([1] * (reads.ndim - 1)))
        rows = (self.reads, self.writes, self.bytes_read, self.bytes_written)
        return self._moved(reads, writes, *(row.reshape(shape) for row in rows))

    def _moved(self, reads: Array, writes: Array, read: Array, write: Array, inward: Array, outward: Array) -> Array:
        if not self.whole:
            return np.asarray(reads * read + writes * write)
        whole = np.asarray(np.ceil(reads * inward) + np.ceil(writes * outward))
        return whole if self.only_whole else np.asarray(reads * read + writes * write + self.whole * whole)

    @property
    def only_whole(self) -> bool:
        """Whether the sum is that of bytes off chip, and nothing else."""
        return self.whole == 1.0 and not self.reads.any() and not self.writes.any()


def costs(wanted: Sum) -> Callable[[Level, int], tuple[float, float]]:
    """What reading, and what writing, one word of so many bits at a level adds to a sum.

    Bytes off chip are not counted here: they are rounded up to whole ones per tensor.
    """
    load = wanted.load
    if load is None:
        return lambda level, bits: (
            wanted.energy * float(level.read_pj_per_word(bits)),
            wanted.energy * float(level.write_pj_per_word(bits)),
        )
    return lambda level, bits: _passing(load, bits) if level.name == load.level.name else (0.0, 0.0)


def straight_costs(wanted: Sum, off_chip: Level) -> Callable[[Level, int], tuple[float, float]]:
    """The same with the bytes off chip of tensors that bypass the buffer: their words are whole bytes."""
    cost, load = costs(wanted), wanted.load
    counted = (wanted.offchip, wanted.offchip)
    if load is not None and load.in_bytes:
        counted = float(load.limit.reads), float(load.limit.writes)

    def of(level: Level, bits: int) -> tuple[float, float]:
        read, write = cost(level, bits)
        if level.name != off_chip.name:
            return read, write
        return read + counted[0] * bits / 8, write + counted[1] * bits / 8

    return of


def _passing(load: Load, bits: int) -> tuple[float, float]:
    """How much accesses of a level take of what a limit lets through: bytes, or accesses where it has ports."""
    if load.in_bytes:
        return 0.0, 0.0
    amount = bits / 8 if load.level.ports is None else float(load.level.accesses(bits))
    return amount * load.limit.reads, amount * load.limit.writes
