"""One memory level: what it holds, for which tensors, what an access costs, and how much it moves per cycle.

Assumption: the words of a tensor that are moved one after the other share accesses. An access of `word_bits` bits
carries as many whole words of the tensor as fit; a wider word of a tensor takes several accesses. Nothing is added for
a last access that is not full.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from looptree.architecture.energy import MemoryModel, MemoryShape
from looptree.architecture.network import Network
from looptree.architecture.ports import Limit, Ports
from looptree.errors import InputError
from looptree.workload import TENSOR_KINDS


@dataclass(frozen=True, slots=True)
class Partition:
    """A part of a level with a capacity of its own.

    Attributes:
        holds: kinds of tensors (`TENSOR_KINDS`) and names of tensors; a name says more than a kind.
        capacity_bytes: bytes it can hold.
        name: what it is called; the tensors it holds by default.
    """

    holds: tuple[str, ...]
    capacity_bytes: int
    name: str = ""

    def __post_init__(self) -> None:
        if not self.holds:
            raise InputError("a partition holds nothing")
        if self.capacity_bytes < 1:
            raise InputError(f"expected a capacity of at least 1 byte, found {self.capacity_bytes}")
        if not self.name:
            object.__setattr__(self, "name", "+".join(self.holds))


@dataclass(frozen=True)
class Level:
    """One memory level.

    Attributes:
        name: unique in its architecture.
        capacity_bytes: bytes it can hold; `None` is unlimited, or what the partitions say.
        bandwidth_bytes_per_cycle: bytes per cycle, reads and writes together; `None` is unlimited.
        read_pj_per_byte, write_pj_per_byte: energy of reading and of writing one byte, in pJ.
        read_bandwidth_bytes_per_cycle, write_bandwidth_bytes_per_cycle: bytes per cycle of each by itself.
        word_bits: what one access moves, in bits.
        ports: how many accesses per cycle.
        read_pj, write_pj: energy of an access, in pJ, instead of energy per byte.
        double_buffered: what is exchanged with the next place further out takes its space twice.
        partitions: parts with capacities of their own; a tensor that none of them holds may not be here.
        keeps: kinds and names of the only tensors that may be here; `None` for all.
        bypasses: kinds and names of tensors that may not be here.
        leakage_pj_per_cycle: energy that it takes in every cycle, in pJ.
        area_mm2: its area; `None` is unknown.
        model: where energies and area come from that were not given; see `modelled`.
        bare: the level as it was given, before the model. warnings: of the model.
        network: what instances of what is right below share.
        where: file, line and key that it was read from, for messages; empty where there is none.
    """

    name: str
    capacity_bytes: int | None = None
    bandwidth_bytes_per_cycle: Fraction | None = None
    read_pj_per_byte: Fraction = Fraction(0)
    write_pj_per_byte: Fraction = Fraction(0)
    read_bandwidth_bytes_per_cycle: Fraction | None = None
    write_bandwidth_bytes_per_cycle: Fraction | None = None
    word_bits: int | None = None
    ports: Ports | None = None
    read_pj: Fraction | None = None
    write_pj: Fraction | None = None
    double_buffered: bool = False
    partitions: tuple[Partition, ...] = ()
    keeps: tuple[str, ...] | None = None
    bypasses: tuple[str, ...] = ()
    leakage_pj_per_cycle: Fraction = Fraction(0)
    area_mm2: Fraction | None = None
    model: MemoryModel | None = None
    bare: Level | None = field(default=None, repr=False, compare=False)
    warnings: tuple[str, ...] = field(default=(), repr=False, compare=False)
    network: Network = field(default_factory=Network)
    where: str = field(default="", repr=False, compare=False)

    def __post_init__(self) -> None:
        for problem in (*self._wrong_sizes(), *self._wrong_rates(), *self._wrong_energies(), *self._wrong_tensors()):
            raise InputError(problem, where=f"level {self.name!r}")

    # -- what it holds ----------------------------------------------------------------------

    @property
    def total_bytes(self) -> int | None:
        """The capacity, or that of all partitions together; `None` if unlimited."""
        return sum(part.capacity_bytes for part in self.partitions) if self.partitions else self.capacity_bytes

    def partition(self, tensor: str, kind: str) -> Partition | None:
        """The partition that holds a tensor, if there is one."""
        named = next((part for part in self.partitions if tensor in part.holds), None)
        return named or next((part for part in self.partitions if kind in part.holds), None)

    def may_hold(self, tensor: str, kind: str) -> bool:
        """Whether a tensor may be here; what names the tensor goes before what names its kind.

        >>> level = Level("WB", keeps=("weight", "F2"), bypasses=("W9",))
        >>> [level.may_hold(*pair) for pair in (("W1", "weight"), ("W9", "weight"), ("F2", "output"), ("F3", "output"))]
        [True, False, True, False]
        """
        if self.partitions and self.partition(tensor, kind) is None:
            return False
        for word in (tensor, kind):
            if word in self.bypasses:
                return False
            if self.keeps is not None and word in self.keeps:
                return True
        return self.keeps is None

    @property
    def named_tensors(self) -> tuple[str, ...]:
        """Tensors that are named here, not their kinds."""
        words = (*(self.keeps or ()), *self.bypasses, *(word for part in self.partitions for word in part.holds))
        return tuple(dict.fromkeys(word for word in words if word not in TENSOR_KINDS))

    # -- models -----------------------------------------------------------------------------

    def modelled(self, model: MemoryModel) -> Level:
        """The same level with what a model says of it, where energies and area are not given.

        Raises:
            InputError: the model needs something that is not known of the level.

        >>> from looptree.architecture.energy import MEMORY_MODELS
        >>> Level("DRAM", write_pj_per_byte=Fraction(40)).modelled(MEMORY_MODELS["dram"]("HBM2")).read_pj_per_byte
        Fraction(784, 25)
        """
        ports = 1 if self.ports is None else self.ports.read + self.ports.write + self.ports.shared
        try:
            said = model.estimate(MemoryShape(self.total_bytes, self.word_bits, ports))
        except InputError as problem:
            raise problem.at(f"level {self.name!r}") from None
        found: dict[str, Any] = {"area_mm2": said.area_mm2} if self.area_mm2 is None else {}
        for action in ("read", "write"):
            if getattr(self, f"{action}_pj") is None and not getattr(self, f"{action}_pj_per_byte"):
                per_access, per_byte = getattr(said, f"{action}_pj"), getattr(said, f"{action}_pj_per_byte")
                found |= {f"{action}_pj": per_access, f"{action}_pj_per_byte": per_byte or Fraction(0)}
        return replace(self, **found, model=model, bare=self, warnings=said.warnings)

    def resized(self, capacity_bytes: int | None) -> Level:
        """The same level with another capacity, and with what its model says of that."""
        if self.bare is None or self.model is None:
            return replace(self, capacity_bytes=capacity_bytes)
        return replace(self.bare, capacity_bytes=capacity_bytes).modelled(self.model)

    # -- what an access costs ---------------------------------------------------------------

    def accesses(self, bits: int) -> Fraction:
        """Accesses per word of a tensor of so many bits: 1 / floor(word_bits / bits), or ceil(bits / word_bits).

        >>> [str(Level("SRAM", word_bits=64).accesses(bits)) for bits in (8, 24, 64, 100)]
        ['1/8', '1/2', '1', '2']
        """
        if self.word_bits is None:
            return Fraction(1)
        return Fraction(1, self.word_bits // bits) if bits <= self.word_bits else Fraction(-(-bits // self.word_bits))

    def read_pj_per_word(self, bits: int) -> Fraction:
        """Energy of reading one word of a tensor of so many bits, in pJ."""
        return self._pj_per_word("read", bits, self.read_pj, self.read_pj_per_byte)

    def write_pj_per_word(self, bits: int) -> Fraction:
        """Energy of writing one word of a tensor of so many bits, in pJ."""
        return self._pj_per_word("write", bits, self.write_pj, self.write_pj_per_byte)

    def _pj_per_word(self, action: str, bits: int, per_access: Fraction | None, per_byte: Fraction) -> Fraction:
        if (action, bits) not in self._known:
            self._known[action, bits] = per_byte * bits / 8 if per_access is None else per_access * self.accesses(bits)
        return self._known[action, bits]

    @cached_property
    def _known(self) -> dict[tuple[str, int], Fraction]:
        """Energies of words, as far as someone asked."""
        return {}

    # -- how much it moves ------------------------------------------------------------------

    @cached_property
    def limits(self) -> tuple[Limit, ...]:
        """What bounds the cycles; the slowest counts. Empty where everything is unlimited."""
        if self.ports is not None:
            return self.ports.limits
        rates = (
            (True, True, self.bandwidth_bytes_per_cycle),
            (True, False, self.read_bandwidth_bytes_per_cycle),
            (False, True, self.write_bandwidth_bytes_per_cycle),
        )
        return tuple(Limit(reads, writes, rate) for reads, writes, rate in rates if rate is not None)

    # -- mistakes ---------------------------------------------------------------------------

    def _wrong_sizes(self) -> Iterator[str]:
        if self.capacity_bytes is not None and (not self.capacity_bytes >= 1 or self.capacity_bytes % 1):
            yield f"expected a capacity of at least 1 byte (a whole number), found {self.capacity_bytes}"
        if self.word_bits is not None and self.word_bits < 1:
            yield f"expected a word of at least 1 bit, found {self.word_bits}"
        if self.area_mm2 is not None and self.area_mm2 < 0:
            yield "expected an area of at least zero"
        if self.partitions and self.capacity_bytes is not None:
            yield "expected either capacity_bytes or partitions, found both (the capacity is that of its partitions)"
        names = [part.name for part in self.partitions]
        yield from (f"two partitions are called {name!r}" for name in names if names.count(name) > 1)
        words = [word for part in self.partitions for word in part.holds]
        yield from (f"two partitions hold {word!r}" for word in words if words.count(word) > 1)

    def _wrong_rates(self) -> Iterator[str]:
        apart = (self.read_bandwidth_bytes_per_cycle, self.write_bandwidth_bytes_per_cycle)
        for rate in (self.bandwidth_bytes_per_cycle, *apart):
            if rate is not None and rate <= 0:
                yield f"expected a bandwidth above zero, found {rate}"
        ways = {
            "bandwidth_bytes_per_cycle": self.bandwidth_bytes_per_cycle is not None,
            "read_bandwidth_bytes_per_cycle and write_bandwidth_bytes_per_cycle": apart != (None, None),
            "ports": self.ports is not None,
        }
        given = [name for name, is_given in ways.items() if is_given]
        if len(given) > 1:
            yield f"expected one way to say how much it moves per cycle, found {' as well as '.join(given)}"
        if self.ports is not None and self.word_bits is None:
            yield "a level with ports needs word_bits, the width of an access"

    def _wrong_energies(self) -> Iterator[str]:
        per_byte, per_access = (self.read_pj_per_byte, self.write_pj_per_byte), (self.read_pj, self.write_pj)
        if min(*per_byte, self.leakage_pj_per_cycle, *(pj for pj in per_access if pj is not None)) < 0:
            yield "expected energies of at least zero"
        for action, byte, access in zip(("read", "write"), per_byte, per_access, strict=True):
            if access is not None and byte:
                yield f"expected either {action}_pj or {action}_pj_per_byte, found both"
            if access is not None and self.word_bits is None:
                yield f"{action}_pj is the energy of an access: it needs word_bits, the width of an access"

    def _wrong_tensors(self) -> Iterator[str]:
        for word in self.keeps or ():
            if word in self.bypasses:
                yield f"both keeps and bypasses name {word!r}"
        if self.keeps == ():
            yield "keeps is empty: no tensor may be here (remove the level)"
