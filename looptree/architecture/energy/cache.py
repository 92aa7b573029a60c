"""A cache with 64-bit accesses."""

from __future__ import annotations

from dataclasses import dataclass

from looptree.architecture.energy.area import sram_mm2
from looptree.architecture.energy.estimate import Estimate, MemoryShape, outside, rounded
from looptree.architecture.energy.technology import cache_pj, checked_node

ACCESS_BITS = 64


@dataclass(frozen=True, slots=True)
class Cache:
    """Energy of an access of a processor's cache, tags and all.

    Source: Horowitz, ISSCC 2014 (45 nm), and Jouppi et al., ISCA 2021, Table 2 (7 nm), for 8 KiB, 32 KiB and 1 MiB and
    64 bits. Range: 8 KiB to 1 MiB, 7 to 45 nm. Between them, power laws of capacity and node.
    Assumptions: energy is proportional to the width of an access, and the same for a write as for a read.

    Attributes:
        technology_nm: the node.

    >>> estimate = Cache(45).estimate(MemoryShape(8192, 64, 1))
    >>> estimate.read_pj, estimate.warnings
    (Fraction(10, 1), ())
    """

    technology_nm: float = 45.0

    def estimate(self, shape: MemoryShape) -> Estimate:
        """See `MemoryModel`."""
        kib = shape.bank_bytes("cache", 1) / 1024
        access = rounded(cache_pj(kib, self.technology_nm) * shape.width("cache") / ACCESS_BITS)
        warnings = (*outside("capacity", kib, 8, 1024, "KiB"), *checked_node(self.technology_nm))
        return Estimate(access, access, area_mm2=rounded(sram_mm2(kib, self.technology_nm)), warnings=warnings)
