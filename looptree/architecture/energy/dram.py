"""Off-chip memory by its kind."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from looptree.architecture.energy.estimate import Estimate, MemoryShape
from looptree.errors import InputError, nearest

PJ_PER_BIT = {
    "LPDDR2": Fraction(40),
    "LPDDR4": Fraction(8),
    "DDR3": Fraction(70),
    "DDR4": Fraction("20.3"),
    "GDDR5": Fraction(14),
    "GDDR6": Fraction("6.5"),
    "HBM2": Fraction("3.92"),
    "FGDRAM": Fraction("1.95"),
}
"""Energy of moving one bit, interface included, in pJ."""

NEWER = ("LPDDR4X", "LPDDR5", "LPDDR5X", "DDR5", "GDDR6X", "GDDR7", "HBM2E", "HBM3", "HBM3E", "HBM4")
"""Kinds of which no number with a source was found."""

UNKNOWN = (
    "no number with a source is known of this kind: give read_pj_per_byte and write_pj_per_byte instead of a model"
)


@dataclass(frozen=True, slots=True)
class Dram:
    """Energy per byte of an off-chip memory.

    Sources, with the confidence of each: HBM2 3.92, FGDRAM (fine-grained DRAM, its proposed successor) 1.95 and GDDR5
    14 pJ per bit: O'Connor et al., Fine-Grained DRAM, MICRO 2017 (read). DDR3 70 and LPDDR2 40: Malladi et al., ISCA
    2012 (quoted in a second source). LPDDR4 8: the table of the Accelergy plug-in for CACTI, which gives "public data"
    as its source (second source). DDR4 20.3 and GDDR6 6.5: Jouppi et al., ISCA 2021, Table 2, 1300 and the middle of
    350 to 480 pJ for 64 bits (not compared again). Newer kinds (LPDDR5, HBM3) are not here because no number with a
    source was found, only figures without one that differ by a factor of three: give read_pj_per_byte and
    write_pj_per_byte. Assumptions: a write costs as much as a read, at the
    locality of rows that the sources assume; refresh and idle power are not counted.

    Attributes:
        kind: one of `PJ_PER_BIT`.

    >>> float(Dram("HBM2").estimate(MemoryShape(None, None, 1)).read_pj_per_byte)
    31.36
    """

    kind: str

    def __post_init__(self) -> None:
        if self.kind not in PJ_PER_BIT:
            problem = f"expected one of {', '.join(PJ_PER_BIT)} as kind of DRAM, found {self.kind!r}"
            raise InputError(problem, hint=UNKNOWN if self.kind in NEWER else nearest(self.kind, PJ_PER_BIT))

    def estimate(self, shape: MemoryShape) -> Estimate:
        """See `MemoryModel`."""
        del shape
        per_byte = 8 * PJ_PER_BIT[self.kind]
        return Estimate(read_pj_per_byte=per_byte, write_pj_per_byte=per_byte)
