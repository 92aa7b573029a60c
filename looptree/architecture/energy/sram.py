"""An on-chip SRAM buffer."""

from __future__ import annotations

from dataclasses import dataclass

from looptree.architecture.energy.area import sram_mm2
from looptree.architecture.energy.estimate import Estimate, MemoryShape, outside, rounded
from looptree.architecture.energy.technology import cache_pj, checked_node
from looptree.errors import InputError

NODE_NM = 28.0
BANK_PJ = {
    (1, 128): (1.7, 2.52),
    (8, 64): (3.32, 3.85),
    (8, 128): (4.3, 7.1),
    (8, 256): (6.27, 13.5),
    (16, 512): (19.4, 33.9),
    (32, 256): (15.4, 26.6),
    (128, 128): (26.01, 23.65),
    (128, 512): (58.2, 103.2),
}
"""Published energies of a read and of a write of a bank of so many KiB and bits per access, in pJ."""

READ = (0.0746453, 0.572883, 0.617287)
WRITE = (0.0266140, 0.474222, 0.944408)
"""Factor, exponent of the capacity in KiB and of the width in bits: least squares of the logarithms of `BANK_PJ`."""

WIRED_PORTS = 2
SIDE_PER_PORT = 0.5


@dataclass(frozen=True, slots=True)
class Sram:
    """Energy of an access of an SRAM buffer of one or more banks, one of which answers.

    Formula: read = 0.0746 C^0.573 W^0.617 pJ and write = 0.0266 C^0.474 W^0.944 pJ, with C KiB per bank and W bits per
    access. Source: the eight banks (one read and one write port) of the hardware descriptions that were published with
    Mei et al., DeFiNES, HPCA 2023, which are from CACTI 7; the formula meets them within 21 % (read) and 10 % (write).
    Range: banks of 1 to 128 KiB, 64 to 512 bits. Assumptions: the banks are at 28 nm (the descriptions do not say); at
    another node the energy changes as that of a cache of the same capacity (see `technology`); wires between banks cost
    nothing; each port beyond two lengthens the wires inside a bank by half (area grows with the square of the ports:
    Rixner et al., Register Organization for Media Processing, HPCA 2000).

    Attributes:
        technology_nm: the node. banks: equal parts with accesses of their own.

    >>> estimate = Sram().estimate(MemoryShape(131072, 128, 2))
    >>> round(float(estimate.read_pj), 2), round(float(estimate.write_pj), 2), estimate.warnings
    (24.04, 25.97, ())
    """

    technology_nm: float = NODE_NM
    banks: int = 1

    def __post_init__(self) -> None:
        if self.banks < 1:
            raise InputError(f"expected at least 1 bank, found {self.banks}")

    def estimate(self, shape: MemoryShape) -> Estimate:
        """See `MemoryModel`."""
        kib, bits = shape.bank_bytes("sram", self.banks) / 1024, shape.width("sram")
        side = 1 + SIDE_PER_PORT * max(0, shape.ports - WIRED_PORTS)
        scale = side * cache_pj(kib, self.technology_nm) / cache_pj(kib, NODE_NM)
        read, write = (rounded(k * kib**c * bits**w * scale) for k, c, w in (READ, WRITE))
        area = rounded(sram_mm2(kib * self.banks, self.technology_nm) * side**2)
        warnings = (
            *outside("a bank of", kib, 1, 128, "KiB"),
            *outside("word_bits", bits, 64, 512, "bits"),
            *checked_node(self.technology_nm),
        )
        return Estimate(read, write, area_mm2=area, warnings=warnings)
