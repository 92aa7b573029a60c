"""How long the words of a tensor keep the memory levels busy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
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


class Weighed(NamedTuple):
    """Words at each step, and the units of time that each of them takes of some resources."""

    words: Amount
    per_word: tuple[tuple[int, int], ...]


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


Units = Mapping[tuple[str, int], tuple[tuple[int, int, int], ...]]
"""By level and bits of a word: resources, and units of time that reading and writing it takes of each."""


def _tables(architecture: Architecture, bits: Collection[int]) -> tuple[tuple[str, ...], int, Units]:
    """Names of the resources, units per cycle, and what words of some sizes take."""
    names = resources(architecture)
    known = {(level.name, b): rates(level, b) for level in architecture.levels for b in bits}
    unit = lcm(*(cycles.denominator for found in known.values() for rate in found for cycles in rate))
    units = {
        (level, b): tuple(
            (index, int(rate.read * unit), int(rate.write * unit))
            for index, rate in zip((i for i, name in enumerate(names) if i and name == level), found, strict=True)
        )
        for (level, b), found in known.items()
    }
    return names, unit, units


class Costs:
    """What words and operations take of each resource, in a common unit of time.

    Attributes:
        names: the component of each resource; the first one is compute.
        unit: how many units make a cycle.
    """

    def __init__(self, design: Design) -> None:
        self._bits = {name: tensor.bits for name, tensor in design.workload.tensors.items()}
        bits, known = frozenset(self._bits.values()), design.architecture.known
        if ("rates", bits) not in known:
            known["rates", bits] = _tables(design.architecture, bits)
        self.names, self.unit, self._units = known["rates", bits]
        self._zero = (0,) * len(self.names)

    def access(self, level: str, tensor: str, *, reads: int = 0, writes: int = 0) -> Vector:
        """What reading and writing so many words of a tensor takes."""
        found = list(self._zero)
        for index, read, write in self._units[level, self._bits[tensor]]:
            found[index] = read * reads + write * writes
        return tuple(found)

    def passing(self, tensor: str, end: End, words: int = 1) -> Vector:
        """What so many words take at one end of an exchange."""
        return self.access(end.level, tensor, **{"reads" if end.reads else "writes": words})

    def weighed(self, passing: Iterable[tuple[str, End]]) -> tuple[Weighed, ...]:
        """What passes several ends, each of a tensor, that take time: each amount once."""
        found: dict[Amount, dict[int, int]] = {}
        for tensor, end in passing:
            for index, read, write in self._units[end.level, self._bits[tensor]]:
                units = read if end.reads else write
                if units:
                    per_word = found.setdefault(end.words, {})
                    per_word[index] = per_word.get(index, 0) + units
        return tuple(Weighed(words, tuple(per_word.items())) for words, per_word in found.items())

    def moved(self, passing: Iterable[Weighed], steps: Mapping[int, int]) -> Vector:
        """What amounts take at one step, given the own step of each axis."""
        found = list(self._zero)
        for amount, per_word in passing:
            words = amount.at(steps)
            for index, units in per_word if words else ():
                found[index] += units * words
        return tuple(found)

    def limited(self, level: str) -> bool:
        """Whether accesses of a level take time."""
        return level in self.names

    def compute(self, cycles: int) -> Vector:
        """What so many cycles of the compute units are."""
        return (cycles * self.unit, *self._zero[1:])


def added(vectors: Iterable[Vector], zero: Vector) -> Vector:
    """Vectors added up."""
    return tuple(map(sum, zip(zero, *vectors, strict=True)))
