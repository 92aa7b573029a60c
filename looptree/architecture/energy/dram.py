"""Off-chip memory by its kind."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from looptree.architecture.energy.estimate import Estimate, MemoryShape
from looptree.errors import InputError, close

PJ_PER_BIT = {
    "LPDDR2": Fraction(40),
    "LPDDR4": Fraction(8),
    "LPDDR5": Fraction(7),
    "DDR3": Fraction(70),
    "DDR4": Fraction("20.3"),
    "GDDR5": Fraction(14),
    "GDDR6": Fraction("6.5"),
    "HBM2": Fraction("3.92"),
    "HBM2E": Fraction("4.3"),
    "HBM3": Fraction("3.87"),
    "HBM3E": Fraction("3.44"),
    "FGDRAM": Fraction("1.95"),
}
"""Energy of moving one bit, interface included, in pJ."""

DOUBTS = {
    "LPDDR5": "published figures are 7 (taken here) and, with the interfaces of both sides, 20 pJ per bit",
    "HBM3": "no figure of its own was found: 3.87 pJ per bit is the middle between HBM2E and HBM3E",
}
"""What a user has to know of a number before building on it."""

NEWER = ("LPDDR4X", "LPDDR5X", "DDR5", "GDDR6X", "GDDR7", "HBM4")
"""Kinds of which no number with a source was found."""

UNKNOWN = (
    "no number with a source is known of this kind: give read_pj_per_byte and write_pj_per_byte instead of a model"
)


@dataclass(frozen=True, slots=True)
class Dram:
    """Energy per byte of an off-chip memory.

    Sources, with the confidence of each: HBM2 3.92, FGDRAM (fine-grained DRAM, its proposed successor) 1.95 and GDDR5
    14 pJ per bit: O'Connor et al., Fine-Grained DRAM, MICRO 2017 (read). DDR3 70 and LPDDR2 40: Malladi et al., ISCA
    2012 (quoted in a second source). LPDDR4 8: the table of the Accelergy plug-in for CACTI, which gives "public
    data" as its source (second source). DDR4 20.3 and GDDR6 6.5: Jouppi et al., ISCA 2021, Table 2, 1300 and the
    middle of 350 to 480 pJ for 64 bits (not compared again); the same table has 250 to 450 pJ for HBM2, which is 3.9
    to 7.0 pJ per bit. HBM2E 4.3 and HBM3E a fifth less: Moon, Son and Lee (SK hynix), IEDM 2023, paper 15-6 (quoted
    in a second source). HBM3: the middle of these two, and a warning that says so. LPDDR5 7: the energy analysis of
    AiF, ISCA 2025 (quoted in a second source); PIM-AI, arXiv 2411.17309, Table 1, has 20 with the interfaces of
    processor and memory (quoted in a second source), so that a warning names both. Of other newer kinds (LPDDR5X,
    DDR5, GDDR7) no number that fits these was found: give read_pj_per_byte and write_pj_per_byte. Assumptions: a
    write costs as much as a read, at the locality of rows that the sources assume; refresh and idle power are not
    counted.

    Attributes:
        kind: one of `PJ_PER_BIT`.

    >>> float(Dram("HBM2").estimate(MemoryShape(None, None, 1)).read_pj_per_byte)
    31.36
    """

    kind: str

    def __post_init__(self) -> None:
        if self.kind not in PJ_PER_BIT:
            problem = f"expected one of {', '.join(PJ_PER_BIT)} as kind of DRAM, found {self.kind!r}"
            raise InputError(problem, hint=UNKNOWN if self.kind.upper() in NEWER else close(self.kind, PJ_PER_BIT))

    def estimate(self, shape: MemoryShape) -> Estimate:
        """See `MemoryModel`."""
        del shape
        per_byte = 8 * PJ_PER_BIT[self.kind]
        doubt = DOUBTS.get(self.kind)
        return Estimate(read_pj_per_byte=per_byte, write_pj_per_byte=per_byte, warnings=(doubt,) if doubt else ())
