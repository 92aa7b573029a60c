"""A memory whose energy is known relative to that of a multiply-accumulate operation."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from looptree.architecture.energy.estimate import Estimate, MemoryShape
from looptree.errors import InputError, close

TO_MAC = {"register_file": 1, "neighbour": 2, "buffer": 6, "dram": 200}
"""Energy of a 16-bit access relative to a 16-bit multiply-accumulate operation."""

WORD_BITS = 16


@dataclass(frozen=True, slots=True)
class Relative:
    """Energy per byte of a part of the Eyeriss hierarchy, from that of a 16-bit operation.

    Source: Chen, Emer, Sze, Eyeriss: A Spatial Architecture for Energy-Efficient Dataflow, ISCA 2016, Table IV (a
    commercial 65 nm process): register file of 0.5 kB 1, neighbouring unit 2, buffer of 100 to 500 kB 6, DRAM 200.
    Assumption: energy is proportional to the bits that are moved.

    Attributes:
        kind: one of `TO_MAC`. mac_pj: energy of a 16-bit multiply-accumulate operation, in pJ.

    >>> Relative("buffer", Fraction(2)).estimate(MemoryShape(None, None, 1)).read_pj_per_byte
    Fraction(6, 1)
    """

    kind: str
    mac_pj: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        if self.kind not in TO_MAC:
            problem = f"expected one of {', '.join(TO_MAC)}, found {self.kind!r}"
            raise InputError(problem, hint=close(self.kind, TO_MAC))

    def estimate(self, shape: MemoryShape) -> Estimate:
        """See `MemoryModel`."""
        del shape
        per_byte = self.mac_pj * TO_MAC[self.kind] * 8 / WORD_BITS
        return Estimate(read_pj_per_byte=per_byte, write_pj_per_byte=per_byte)
