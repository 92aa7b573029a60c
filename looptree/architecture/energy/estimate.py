"""What a model of a memory is asked, and what it answers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Protocol

from looptree.errors import InputError


@dataclass(frozen=True, slots=True)
class MemoryShape:
    """What a model may want to know of a memory.

    Attributes:
        capacity_bytes: `None` if unlimited. word_bits: the width of an access. ports: of any kind.
    """

    capacity_bytes: int | None
    word_bits: int | None
    ports: int

    def bank_bytes(self, model: str, banks: int) -> float:
        """Bytes of each of so many equal banks.

        Raises:
            InputError: the capacity is not known, or less than a byte a bank.
        """
        if self.capacity_bytes is None:
            raise InputError(f"model {model} needs capacity_bytes")
        if self.capacity_bytes < banks:
            raise InputError(f"model {model}: {banks} banks of {self.capacity_bytes} bytes are less than a byte each")
        return self.capacity_bytes / banks

    def width(self, model: str) -> int:
        """The width of an access in bits.

        Raises:
            InputError: it is not known.
        """
        if self.word_bits is None:
            raise InputError(f"model {model} needs word_bits, the width of an access")
        return self.word_bits


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a model says: energies of an access or of a byte, and an area, each where it knows one.

    Attributes:
        read_pj, write_pj: energy of an access, in pJ. read_pj_per_byte, write_pj_per_byte: energy of a byte, in pJ.
        area_mm2: of the whole memory. warnings: where the numbers are stretched.
    """

    read_pj: Fraction | None = None
    write_pj: Fraction | None = None
    read_pj_per_byte: Fraction | None = None
    write_pj_per_byte: Fraction | None = None
    area_mm2: Fraction | None = None
    warnings: tuple[str, ...] = ()


class MemoryModel(Protocol):
    """A model of a memory, with its parameters."""

    def estimate(self, shape: MemoryShape) -> Estimate:
        """What it says of a memory.

        Raises:
            InputError: something that it needs is not known, or a parameter makes no sense.
        """


def rounded(value: float) -> Fraction:
    """A modelled value as an exact number of six digits; more would only look exact.

    >>> rounded(26.01000001)
    Fraction(2601, 100)
    """
    return Fraction(f"{value:.6g}")


def power_law(points: Iterable[tuple[float, float]], at: float) -> float:
    """A value between, or beyond, published ones: a power law through the two nearest.

    Args:
        points: pairs (x, value), with x ascending. at: where the value is wanted.

    >>> round(power_law([(1, 10), (4, 20), (16, 80)], 2), 2), round(power_law([(1, 10), (4, 20), (16, 80)], 32), 1)
    (14.14, 160.0)
    """
    known = list(points)
    (left, low), (right, high) = next((p for p in pairwise(known) if at <= p[1][0]), (known[-2], known[-1]))
    return float(low * (at / left) ** (math.log(high / low) / math.log(right / left)))


def outside(what: str, value: float, least: float, most: float, unit: str) -> Iterator[str]:
    """A warning if a value is outside the range of the published ones."""
    if not least <= value <= most:
        yield f"{what} {value:g} {unit} is outside {least:g} to {most:g} {unit}, for which numbers are published"
