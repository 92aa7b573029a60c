"""Memory levels and compute as frozen, self-checking values.

Quantities carry their unit in the name. Energies and bandwidths are exact fractions of what was
written, so that no count is rounded before it has to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType

from looptree.architecture.array import Array
from looptree.errors import InputError, nearest


@dataclass(frozen=True)
class Level:
    """One memory level.

    Attributes:
        name: unique in its architecture.
        capacity_bytes: bytes it can hold; `None` is unlimited.
        bandwidth_bytes_per_cycle: bytes per cycle, reads and writes together; `None` is unlimited.
        read_pj_per_byte: energy of reading one byte, in pJ.
        write_pj_per_byte: energy of writing one byte, in pJ.
    """

    name: str
    capacity_bytes: int | None = None
    bandwidth_bytes_per_cycle: Fraction | None = None
    read_pj_per_byte: Fraction = Fraction(0)
    write_pj_per_byte: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        where = f"level {self.name!r}"
        if self.capacity_bytes is not None and self.capacity_bytes < 1:
            raise InputError(f"expected a capacity of at least 1 byte, found {self.capacity_bytes}", where=where)
        if self.bandwidth_bytes_per_cycle is not None and self.bandwidth_bytes_per_cycle <= 0:
            raise InputError(f"expected a bandwidth above zero, found {self.bandwidth_bytes_per_cycle}", where=where)
        if self.read_pj_per_byte < 0 or self.write_pj_per_byte < 0:
            raise InputError("expected energies of at least zero", where=where)


@dataclass(frozen=True)
class Compute:
    """The compute units.

    Attributes:
        name: what the unit is called.
        pj_per_operation: energy of one operation in pJ, unless `pj_of` names its kind.
        pj_of: energy per operation by kind of operation (`mac`, `add`, `exp`, ...), in pJ.
        spatial: operations done at once along each rank, by rank name.
        array: how the units are arranged; `None` where it does not matter.
    """

    name: str = "MAC"
    pj_per_operation: Fraction = Fraction(0)
    pj_of: Mapping[str, Fraction] = field(default_factory=dict)
    spatial: Mapping[str, int] = field(default_factory=dict)
    array: Array | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "pj_of", MappingProxyType(dict(self.pj_of)))
        object.__setattr__(self, "spatial", MappingProxyType(dict(self.spatial)))
        if self.pj_per_operation < 0 or any(pj < 0 for pj in self.pj_of.values()):
            raise InputError("expected energies of at least zero", where=f"compute {self.name!r}")
        if any(extent < 1 for extent in self.spatial.values()):
            raise InputError("expected spatial extents of at least 1", where=f"compute {self.name!r}")

    def energy_pj(self, operation: str) -> Fraction:
        """Energy of one operation of that kind, in pJ."""
        return self.pj_of.get(operation, self.pj_per_operation)

    def __reduce__(self) -> tuple[object, ...]:
        return Compute, (self.name, self.pj_per_operation, dict(self.pj_of), dict(self.spatial), self.array)

    @property
    def fill_drain_cycles(self) -> int:
        """Cycles that each step of a layer takes to fill and to drain the array."""
        return self.array.fill_drain_cycles if self.array is not None else 0


@dataclass(frozen=True)
class Architecture:
    """Memory levels from the outside in, then compute.

    Attributes:
        name: what it is called.
        levels: at least one; `levels[0]` is off chip.
        compute: the compute units below the innermost level.
        allocation: what counts against a capacity: `window` (fixed tiles) or `live` (circular buffers).

    >>> arch = Architecture("tiny", (Level("DRAM"), Level("GLB", 1024)), Compute())
    >>> arch.off_chip.name, arch.with_capacity("GLB", 2048).level("GLB").capacity_bytes
    ('DRAM', 2048)
    """

    name: str
    levels: tuple[Level, ...]
    compute: Compute = field(default_factory=Compute)
    allocation: str = "window"

    def __post_init__(self) -> None:
        where = f"architecture {self.name!r}"
        if not self.levels:
            raise InputError("an architecture needs at least one memory level", where=where)
        names = [level.name for level in self.levels]
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"two memory levels are called {name!r}", where=where)
        if self.compute.name in names:
            raise InputError(f"the compute units and a memory level are both called {self.compute.name!r}", where=where)
        if self.allocation not in ("window", "live"):
            raise InputError(f"expected allocation window or live, found {self.allocation!r}", where=where)

    @property
    def off_chip(self) -> Level:
        """The outermost level."""
        return self.levels[0]

    def level(self, name: str) -> Level:
        """The memory level of that name."""
        return self.levels[self.depth(name)]

    def depth(self, name: str) -> int:
        """Position of the level, 0 outermost."""
        for index, level in enumerate(self.levels):
            if level.name == name:
                return index
        raise InputError(
            f"there is no memory level {name!r}",
            where=f"architecture {self.name!r}",
            hint=nearest(name, [level.name for level in self.levels]),
        )

    def with_capacity(self, name: str, capacity_bytes: int | None) -> Architecture:
        """The same architecture with another capacity of one level."""
        index = self.depth(name)
        levels = list(self.levels)
        levels[index] = replace(levels[index], capacity_bytes=capacity_bytes)
        return replace(self, levels=tuple(levels))
