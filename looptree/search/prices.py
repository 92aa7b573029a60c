"""What a word moved and an operation add to the sums that objectives are made of.

Compute sits right below the buffer: an operation reads its inputs there and reads and writes its output there, and the
first read of each output point is skipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from looptree.architecture import Architecture
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


class Sum(NamedTuple):
    """A weighted sum of what adds up over tensors and layers.

    Attributes:
        energy: weight of a pJ. offchip: of a byte that is read or written off chip. operations: of an operation.
        buffer: of a byte that passes through the buffer.
    """

    energy: float = 0.0
    offchip: float = 0.0
    operations: float = 0.0
    buffer: float = 0.0


@dataclass(frozen=True, eq=False)
class Prices:
    """What one sum takes for a word of each tensor, and for an operation of each layer.

    Attributes:
        reads, writes: of one off-chip word of each tensor. width: bytes of one. whole: of each byte off chip, where a
        tensor's bytes that are read, or written, are rounded up to whole ones.
        operations, saved: of each operation, and what the first write of each output point saves.
    """

    reads: Array
    writes: Array
    width: Array
    whole: float
    operations: Array
    saved: Array

    @classmethod
    def of(cls, wanted: Sum, part: Workload, architecture: Architecture, level: str, tensors: Sequence[str]) -> Prices:
        """The prices of a sum in one group, of its tensors in that order."""
        outer, inner, compute = architecture.off_chip, architecture.level(level), architecture.compute
        joule, passed = wanted.energy, wanted.buffer
        read, write = (joule * float(pj) + passed for pj in (inner.read_pj_per_byte, inner.write_pj_per_byte))
        fetch, store = (joule * float(pj) for pj in (outer.read_pj_per_byte, outer.write_pj_per_byte))
        width = {name: t.bits / 8 for name, t in part.tensors.items()}
        words = np.array([width[t] for t in tensors])
        done = [
            sum(width[a.tensor] for a in e.inputs) * read
            + width[e.output.tensor] * (read + write)
            + joule * float(compute.energy_pj(e.operation))
            for e in part.einsums
        ]
        return cls(
            words * (fetch + write),
            words * (store + read),
            words,
            wanted.offchip,
            np.array(done) + wanted.operations,
            np.array([width[e.output.tensor] * read for e in part.einsums]),
        )

    def moved(self, row: int, reads: Array, writes: Array) -> Array:
        """What off-chip words of one tensor add to the sum."""
        return self._moved(reads, writes, self.reads[row], self.writes[row], self.width[row])

    def moved_all(self, reads: Array, writes: Array) -> Array:
        """What off-chip words of all tensors (the first axis) add to the sum."""
        shape = (-1, *([1] * (reads.ndim - 1)))
        return self._moved(reads, writes, *(row.reshape(shape) for row in (self.reads, self.writes, self.width)))

    def _moved(self, reads: Array, writes: Array, read: Array, write: Array, width: Array) -> Array:
        if not self.whole:
            return np.asarray(reads * read + writes * write)
        whole = np.asarray(np.ceil(reads * width) + np.ceil(writes * width))
        return whole if self.only_whole else np.asarray(reads * read + writes * write + self.whole * whole)

    @property
    def only_whole(self) -> bool:
        """Whether the sum is that of bytes off chip, and nothing else."""
        return self.whole == 1.0 and not self.reads.any() and not self.writes.any()
