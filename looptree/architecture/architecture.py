"""Memory levels and compute as frozen, self-checking values.

Quantities carry their unit in the name. Energies and bandwidths are exact fractions of what was
written, so that no count is rounded before it has to be.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Any

from looptree.architecture.array import Array
from looptree.architecture.cores import Cores
from looptree.architecture.level import Level
from looptree.display import Displayed
from looptree.errors import InputError, close, nearest
from looptree.workload import TENSOR_KINDS

DATAFLOWS = ("weight_stationary", "input_stationary", "output_stationary", "row_stationary")


@dataclass(frozen=True)
class Compute:
    """The compute units.

    Attributes:
        name: what the unit is called.
        pj_per_operation: energy of one operation in pJ, unless `pj_of` names its kind.
        pj_of: energy per operation by kind of operation (`mac`, `add`, `exp`, ...), in pJ.
        spatial: operations done at once along each rank, by rank name.
        leakage_pj_per_cycle: energy that all units take in every cycle, in pJ.
        area_mm2: area of all units; `None` is unknown.
        warnings: of the model that the energies are from.
        array: how the units are arranged; `None` where it does not matter.
    """

    name: str = "MAC"
    pj_per_operation: Fraction = Fraction(0)
    pj_of: Mapping[str, Fraction] = field(default_factory=dict)
    spatial: Mapping[str, int] = field(default_factory=dict)
    leakage_pj_per_cycle: Fraction = Fraction(0)
    area_mm2: Fraction | None = None
    warnings: tuple[str, ...] = field(default=(), repr=False, compare=False)
    array: Array | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "pj_of", MappingProxyType(dict(self.pj_of)))
        object.__setattr__(self, "spatial", MappingProxyType(dict(self.spatial)))
        if min(self.pj_per_operation, self.leakage_pj_per_cycle) < 0 or any(pj < 0 for pj in self.pj_of.values()):
            raise InputError("expected energies of at least zero", where=f"compute {self.name!r}")
        if any(extent < 1 for extent in self.spatial.values()):
            raise InputError("expected spatial extents of at least 1", where=f"compute {self.name!r}")

    def energy_pj(self, operation: str) -> Fraction:
        """Energy of one operation of that kind, in pJ."""
        return self.pj_of.get(operation, self.pj_per_operation)

    def __reduce__(self) -> tuple[object, ...]:
        plain = dict(self.pj_of), dict(self.spatial)
        rest = self.leakage_pj_per_cycle, self.area_mm2, self.warnings, self.array
        return Compute, (self.name, self.pj_per_operation, *plain, *rest)

    @property
    def fill_drain_cycles(self) -> int:
        """Cycles that each step of a layer takes to fill and to drain the array."""
        return self.array.fill_drain_cycles if self.array is not None else 0


@dataclass(frozen=True)
class Architecture(Displayed):
    """Memory levels from the outside in, then compute.

    Attributes:
        name: what it is called.
        levels: at least one; `levels[0]` is off chip.
        compute: the compute units below the innermost level.
        allocation: what counts against a capacity: `window` (fixed tiles) or `live` (circular buffers).
        data_bits: of a word, where the files of the workload do not say; `None` leaves it to them.
        cores: several copies of what is further in than one of the levels; `None` where there is one.
        dataflow: what stays at the innermost level while a layer runs there (one of `DATAFLOWS`); `None` pins nothing.
        notes: what its file says that it does not represent.

    >>> arch = Architecture("tiny", (Level("DRAM"), Level("GLB", 1024)), Compute())
    >>> arch.off_chip.name, arch.with_capacity("GLB", 2048).level("GLB").capacity_bytes
    ('DRAM', 2048)
    """

    name: str
    levels: tuple[Level, ...]
    compute: Compute = field(default_factory=Compute)
    allocation: str = "window"
    data_bits: int | None = None
    cores: Cores | None = None
    dataflow: str | None = None
    notes: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def __post_init__(self) -> None:
        where = f"architecture {self.name!r}"
        if not self.levels:
            raise InputError("an architecture needs at least one memory level", where=where)
        names = [level.name for level in self.levels]
        for index, level in enumerate(self.levels):
            if level.name in names[:index]:
                raise InputError(f"two memory levels are called {level.name!r}", where=level.where or where)
        if self.compute.name in names:
            raise InputError(f"the compute units and a memory level are both called {self.compute.name!r}", where=where)
        for kind in TENSOR_KINDS:
            if kind != "intermediate" and not self.off_chip.may_hold("", kind) and not self.off_chip.named_tensors:
                raise InputError(
                    f"{self.off_chip.name!r} may hold no {kind}, but inputs and outputs come from there",
                    where=where,
                    hint="keeps and bypasses are for the levels further in",
                )
            if not any(level.may_hold("", kind) or level.named_tensors for level in self.levels):
                raise InputError(f"no memory level may hold a tensor of kind {kind}", where=where)
        if self.allocation not in ("window", "live"):
            raise InputError(f"expected allocation window or live, found {self.allocation!r}", where=where)
        self._check_cores(where)
        self._check_dataflow(where)

    def _check_dataflow(self, where: str) -> None:
        if self.dataflow is None:
            return
        if self.dataflow not in DATAFLOWS:
            hint = close(self.dataflow, DATAFLOWS)
            raise InputError(f"expected one of {', '.join(DATAFLOWS)}, found {self.dataflow!r}", where=where, hint=hint)
        if len(self.levels) < 3:
            raise InputError(
                f"dataflow {self.dataflow} says what stays at a memory level below the buffer, and there is none",
                where=where,
                hint="add a level for the registers below the buffer, or leave out the dataflow",
            )

    def _check_cores(self, where: str) -> None:
        if self.cores is None:
            return
        names = [level.name for level in self.levels]
        if self.cores.below not in names:
            hint = nearest(self.cores.below, names)
            raise InputError(f"cores are below {self.cores.below!r}, which is no memory level", where=where, hint=hint)
        for axis in self.cores.axes:
            if self.compute.array is not None and axis in self.compute.array.axes:
                problem = f"the array of each core and the cores both have an axis {axis!r}"
                raise InputError(problem, where=where, hint="give them different names, such as core")

    @property
    def axes(self) -> dict[str, int]:
        """How many there are along each axis of the cores and of the array, by name."""
        array = self.compute.array
        return {**(self.cores.axes if self.cores is not None else {}), **(array.axes if array is not None else {})}

    def in_core(self, level: str) -> bool:
        """Whether each core has a memory level of its own of that name."""
        return self.cores is not None and self.depth(level) > self.depth(self.cores.below)

    @property
    def off_chip(self) -> Level:
        """The outermost level."""
        return self.levels[0]

    @property
    def leakage_pj_per_cycle(self) -> Fraction:
        """Energy that all levels and compute units take in every cycle, in pJ."""
        return sum((level.leakage_pj_per_cycle for level in self.levels), self.compute.leakage_pj_per_cycle)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Where models of energy and area stretch their numbers, and what its file says that it does not represent."""
        found = [(level.name, level.warnings) for level in self.levels]
        models = [
            f"{name}: {text}" for name, texts in (*found, (self.compute.name, self.compute.warnings)) for text in texts
        ]
        return (*models, *self.notes)

    @property
    def areas_mm2(self) -> dict[str, Fraction | None]:
        """Area of each memory level on chip and of the compute units; `None` where it is not known."""
        found = {level.name: level.area_mm2 for level in self.levels[1:]}
        return {**found, self.compute.name: self.compute.area_mm2}

    def level(self, name: str) -> Level:
        """The memory level of that name."""
        return self.levels[self.depth(name)]

    def depth(self, name: str) -> int:
        """Position of the level, 0 outermost."""
        if name not in self._depths:
            raise InputError(
                f"there is no memory level {name!r}",
                where=f"architecture {self.name!r}",
                hint=nearest(name, list(self._depths)),
            )
        return self._depths[name]

    @cached_property
    def known(self) -> dict[Any, Any]:
        """What was found out about it."""
        return {}

    @cached_property
    def _depths(self) -> dict[str, int]:
        return {level.name: depth for depth, level in enumerate(self.levels)}

    def with_capacity(self, name: str, capacity_bytes: int | None) -> Architecture:
        """The same architecture with another capacity of one level.

        Raises:
            InputError: there is no such level, or it has partitions.
        """
        index = self.depth(name)
        levels = list(self.levels)
        if levels[index].partitions:
            raise InputError(
                f"level {name!r} has partitions: one capacity cannot replace theirs",
                where=f"architecture {self.name!r}",
                hint="write another architecture file",
            )
        levels[index] = levels[index].resized(capacity_bytes)
        return replace(self, levels=tuple(levels))


def check_named(architecture: Architecture, tensors: Collection[str]) -> None:
    """Check that the tensors which levels name exist.

    Args:
        architecture: with levels that may name tensors. tensors: those of the workload.

    Raises:
        InputError: a name that is neither a kind nor a tensor of the workload.
    """
    for level in architecture.levels:
        for word in level.named_tensors:
            if word not in tensors:
                raise InputError(
                    f"{word!r} is neither a kind of tensor nor a tensor of the workload",
                    where=f"{level.where or f'architecture {architecture.name!r}'}: level {level.name!r}",
                    hint=nearest(word, (*TENSOR_KINDS, *tensors)),
                    guide="formats.md#more-about-levels-and-compute",
                )
