"""How long the words of a tensor keep the memory levels busy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from looptree.architecture import Architecture, Level
from looptree.model.exchange import End
from looptree.model.product import Amount
from looptree.model.sequence import Vector
from looptree.taxonomy.design import Design


class Rate(NamedTuple):
    """Cycles that one word takes of a resource, when it is read and when it is written."""

    read: Fraction
    write: Fraction


def rates(level: Level, bits: int) -> tuple[Rate, ...]:
    """What one word of so many bits takes of each resource of a level; none where all are unlimited.

    >>> rates(Level("GLB", bandwidth_bytes_per_cycle=Fraction(4)), bits=16)
    (Rate(read=Fraction(1, 2), write=Fraction(1, 2)),)
    """
    amount = Fraction(bits, 8) if level.ports is None else level.accesses(bits)
    return tuple(Rate(limit.cycles(amount, 0), limit.cycles(0, amount)) for limit in level.limits)


def resources(architecture: Architecture) -> tuple[str, ...]:
    """The component of every resource: the compute units, then the levels from the outside in."""
    levels = [level.name for level in architecture.levels for _ in level.limits]
    return (architecture.compute.name, *levels)


class Costs:
    """What words and operations take of each resource, in a common unit of time.

    Attributes:
        names: the component of each resource; the first one is compute.
        unit: how many units make a cycle.
    """

    def __init__(self, design: Design) -> None:
        self.names = resources(design.architecture)
        tensors = design.workload.tensors
        known = {
            (level.name, bits): rates(level, bits)
            for level in design.architecture.levels
            for bits in {tensor.bits for tensor in tensors.values()}
        }
        self._bits = {name: tensor.bits for name, tensor in tensors.items()}
        self.unit = lcm(*(cycles.denominator for found in known.values() for rate in found for cycles in rate))
        self._zero = (0,) * len(self.names)
        self._units = {
            (level, bits): tuple(
                (index, int(rate.read * self.unit), int(rate.write * self.unit))
                for index, rate in zip(self._indices(level), found, strict=True)
            )
            for (level, bits), found in known.items()
        }

    def access(self, level: str, tensor: str, *, reads: int = 0, writes: int = 0) -> Vector:
        """What reading and writing so many words of a tensor takes."""
        found = list(self._zero)
        for index, read, write in self._units[level, self._bits[tensor]]:
            found[index] = read * reads + write * writes
        return tuple(found)

    def passing(self, tensor: str, end: End, words: int = 1) -> Vector:
        """What so many words take at one end of an exchange."""
        return self.access(end.level, tensor, **{"reads" if end.reads else "writes": words})

    def moved(self, passing: Iterable[tuple[str, End]], steps: Mapping[int, int]) -> Vector:
        """What passes several ends, each of a tensor, takes at one step, given the own step of each axis."""
        counts: dict[Amount, int] = {}  # ends share amounts
        found = list(self._zero)
        for tensor, end in passing:
            if end.words not in counts:
                counts[end.words] = end.words.at(steps)
            words = counts[end.words]
            for index, read, write in self._units[end.level, self._bits[tensor]] if words else ():
                found[index] += (read if end.reads else write) * words
        return tuple(found)

    def limited(self, level: str) -> bool:
        """Whether accesses of a level take time."""
        return level in self.names

    def _indices(self, level: str) -> list[int]:
        return [index for index, name in enumerate(self.names) if name == level and index]

    def compute(self, cycles: int) -> Vector:
        """What so many cycles of the compute units are."""
        return (cycles * self.unit, *self._zero[1:])


def added(vectors: Iterable[Vector], zero: Vector) -> Vector:
    """Vectors added up."""
    return tuple(map(sum, zip(zero, *vectors, strict=True)))
