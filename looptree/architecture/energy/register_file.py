"""A register or a small register file next to a compute unit."""

from __future__ import annotations

from dataclasses import dataclass

from looptree.architecture.energy.estimate import Estimate, MemoryShape, outside, power_law, rounded

BYTE_PJ = ((1.0, 0.01), (4.0, 0.012), (16.0, 0.0225))
"""Published energy of reading or writing one byte of a register file of so many bytes, in pJ."""


@dataclass(frozen=True, slots=True)
class RegisterFile:
    """Energy of an access of a register file of a few bytes.

    Source: the register files of 1, 4 and 16 bytes of the hardware descriptions that were published with Mei et al.,
    DeFiNES, HPCA 2023. Range: 1 to 32 bytes; a power law of the capacity between them and beyond (at 512 bytes it says
    0.11 pJ per byte, as CACTI does for an SRAM of 1 KiB). Assumptions: energy is proportional to the width of an
    access; no scaling to other nodes.

    >>> estimate = RegisterFile().estimate(MemoryShape(4, 16, 2))
    >>> estimate.read_pj == estimate.write_pj, float(estimate.read_pj), estimate.warnings
    (True, 0.024, ())
    """

    def estimate(self, shape: MemoryShape) -> Estimate:
        """See `MemoryModel`."""
        size = shape.bank_bytes("register_file", 1)
        access = rounded(power_law(BYTE_PJ, size) * shape.width("register_file") / 8)
        return Estimate(access, access, warnings=tuple(outside("a register file of", size, 1, 32, "bytes")))
