"""Energy and area of arithmetic operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from looptree.architecture.energy.area import unit_um2
from looptree.architecture.energy.estimate import outside, power_law, rounded
from looptree.architecture.energy.technology import between, checked_node
from looptree.errors import InputError

PJ = {
    ("add", "integer"): {8: (0.03, 0.007), 32: (0.1, 0.03)},
    ("mul", "integer"): {8: (0.2, 0.07), 32: (3.1, 1.48)},
    ("add", "float"): {16: (0.4, 0.16), 32: (0.9, 0.38)},
    ("mul", "float"): {16: (1.1, 0.34), 32: (3.7, 1.31)},
}
"""Energy of an operation by its width in bits, at 45 and at 7 nm, in pJ."""

ADDITIONS = ("add", "sub", "max", "min", "relu")
SUM_BITS = 32


@dataclass(frozen=True, slots=True)
class Operations:
    """Energy of additions, multiplications and multiply-accumulate operations.

    Source: Horowitz, ISSCC 2014 (45 nm), and Jouppi et al., ISCA 2021, Table 2 (7 nm). Range: integers of 8 to 32 bits,
    floating point of 16 and 32 bits, 7 to 45 nm; power laws of width and node between them. Assumptions: a
    multiply-accumulate operation is a multiplication and an addition of 32 bits; subtractions and comparisons cost as
    much as additions; a copy costs nothing; any other operation (a division, an exponential) costs as much as a
    multiply-accumulate operation unless the file says otherwise.

    Attributes:
        bits: of an operand. number: `integer` or `float`. technology_nm: the node. units: how many there are, for the
        area.

    >>> energies = Operations(8, technology_nm=45).energies()
    >>> [float(energies[kind]) for kind in ("add", "mul", "mac", "copy")]
    [0.03, 0.2, 0.3, 0.0]
    """

    bits: int
    number: str = "integer"
    technology_nm: float = 45.0
    units: int | None = None

    def __post_init__(self) -> None:
        if self.number not in ("integer", "float"):
            raise InputError(f"expected integer or float as number, found {self.number!r}")

    def energies(self) -> Mapping[str, Fraction]:
        """Energy by kind of operation, in pJ."""
        addition, product = (rounded(self._pj(kind, self.bits)) for kind in ("add", "mul"))
        total = product + rounded(self._pj("add", max(self.bits, SUM_BITS)))
        return {**dict.fromkeys(ADDITIONS, addition), "mul": product, "mac": total, "copy": Fraction(0)}

    def area_mm2(self) -> Fraction | None:
        """Area of all units, each a multiplier and an adder of 32 bits; `None` if their number is not known."""
        if self.units is None:
            return None
        parts = ("mul", self.bits), ("add", max(self.bits, SUM_BITS))
        unit = sum(unit_um2(kind, self.number, bits, self.technology_nm) for kind, bits in parts)
        return rounded(unit * self.units / 1e6)

    def warnings(self) -> tuple[str, ...]:
        """Where the published numbers are stretched."""
        least = min(PJ["mul", self.number])
        return (*outside("bits", self.bits, least, SUM_BITS, "bits"), *checked_node(self.technology_nm))

    def _pj(self, kind: str, bits: int) -> float:
        widths = PJ[kind, self.number].items()
        return power_law([(float(width), between(*at, self.technology_nm)) for width, at in widths], bits)
