"""How much a memory level moves per cycle: limits, and the ports that some of them come from."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from looptree.errors import InputError


@dataclass(frozen=True, slots=True)
class Limit:
    """One resource of a level that moves so much per cycle: its cycles are what passes through it over `rate`.

    Attributes:
        reads, writes: whether reads, and whether writes, pass through it.
        rate: per cycle, in bytes or, of a level with ports, in accesses.
    """

    reads: bool
    writes: bool
    rate: Fraction

    def cycles(self, reads: int | Fraction, writes: int | Fraction) -> Fraction:
        """Cycles that so much reading and writing keeps it busy.

        >>> Limit(True, True, Fraction(8)).cycles(48, 16), Limit(True, False, Fraction(8)).cycles(48, 16)
        (Fraction(8, 1), Fraction(6, 1))
        """
        amount = (reads if self.reads else 0) + (writes if self.writes else 0)
        return amount / self.rate


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports of a level; each makes one access per cycle.

    Attributes:
        read, write: ports that only read, and that only write. shared: ports that do either, in any cycle.
    """

    read: int = 0
    write: int = 0
    shared: int = 0

    def __post_init__(self) -> None:
        if min(self.read, self.write, self.shared) < 0:
            raise InputError("expected numbers of ports of at least zero")
        for what, count in (("reads", self.read), ("writes", self.write)):
            if count + self.shared < 1:
                raise InputError(f"no port {what}", hint="give it a port of its own or a shared one")

    @property
    def limits(self) -> tuple[Limit, ...]:
        """What bounds the cycles: each side with all shared ports, and both sides together.

        Shared ports go to the slower side, as many as it takes to make both equally slow. So R reads and W writes take
        max(R / (read + shared), W / (write + shared), (R + W) / (read + write + shared)) cycles.

        >>> ports = Ports(read=1, shared=1)
        >>> max(limit.cycles(30, 10) for limit in ports.limits), max(limit.cycles(5, 10) for limit in ports.limits)
        (Fraction(20, 1), Fraction(10, 1))
        """
        both = Limit(True, True, Fraction(self.read + self.write + self.shared))
        reads = [Limit(True, False, Fraction(self.read + self.shared))] if self.write else []
        writes = [Limit(False, True, Fraction(self.write + self.shared))] if self.read else []
        return (*reads, *writes, *([both] if self.shared else []))
