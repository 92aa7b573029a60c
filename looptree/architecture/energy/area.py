"""Area of SRAM and of arithmetic units."""

from __future__ import annotations

from looptree.architecture.energy.estimate import power_law

CELL_UM2 = (
    (5.0, 0.021),
    (7.0, 0.027),
    (16.0, 0.07),
    (28.0, 0.127),
    (45.0, 0.346),
    (65.0, 0.57),
)
"""Published areas of a high-density six-transistor cell, in square micrometres, by node: TSMC 5 nm (Yeap et al., IEDM
2019), 7 nm (Chang et al., ISSCC 2017), 16 nm (Wu et al., IEDM 2013), 28 nm (Wu et al., IEDM 2009); Intel 45 nm (Mistry
et al., IEDM 2007), 65 nm (Bai et al., IEDM 2004). Not compared with the publications again."""

ARRAY_EFFICIENCY = 0.6
"""Share of a memory that its cells take. Assumption: decoders, sense amplifiers and wires take the rest."""

UNIT_NM = 45.0
UNIT_UM2 = {
    ("add", "integer"): ((8.0, 36.0), (16.0, 67.0), (32.0, 137.0)),
    ("mul", "integer"): ((8.0, 282.0), (32.0, 3495.0)),
    ("add", "float"): ((16.0, 1360.0), (32.0, 4184.0)),
    ("mul", "float"): ((16.0, 1640.0), (32.0, 7700.0)),
}
"""Area of an adder and a multiplier at 45 nm by width, in square micrometres: Horowitz, ISSCC 2014."""


def sram_mm2(capacity_kib: float, node_nm: float) -> float:
    """Area of an SRAM: its cells over `ARRAY_EFFICIENCY`; a power law of the node between the published cells.

    >>> round(sram_mm2(1024, 28), 3)
    1.776
    """
    return capacity_kib * 1024 * 8 * power_law(CELL_UM2, node_nm) / ARRAY_EFFICIENCY / 1e6


def unit_um2(operation: str, number: str, bits: int, node_nm: float) -> float:
    """Area of an adder or a multiplier; the square of the node scales it.

    >>> unit_um2("mul", "integer", 8, 45), unit_um2("mul", "integer", 8, 22.5)
    (282.0, 70.5)
    """
    return power_law(UNIT_UM2[operation, number], bits) * (node_nm / UNIT_NM) ** 2
