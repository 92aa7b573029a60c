"""Numbers scaled to a unit and rounded to four digits; exact numbers are in the JSON and CSV outputs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Scale:
    """A unit for a column of numbers.

    Attributes:
        unit: its name, as it stands in the header (may be empty).
        factor: what one of it is worth in the base unit.
        decimals: digits after the point.

    >>> Scale("KiB", 1024, 1).text(65536)
    '64.0'
    """

    unit: str
    factor: int
    decimals: int

    def text(self, value: int | Fraction) -> str:
        """The value in this unit, rounded, thousands apart."""
        return _fixed(Fraction(value) / self.factor, self.decimals)


Units = tuple[tuple[str, int], ...]
BYTES: Units = (("B", 1), ("KiB", 2**10), ("MiB", 2**20), ("GiB", 2**30), ("TiB", 2**40))
PICOJOULES: Units = (("pJ", 1), ("nJ", 10**3), ("uJ", 10**6), ("mJ", 10**9), ("J", 10**12))
COUNTS: Units = (("", 1), ("thousand", 10**3), ("million", 10**6), ("billion", 10**9), ("trillion", 10**12))


def scale(values: Iterable[int | Fraction], units: Units) -> Scale:
    """The unit in which the largest of the values reads best, with about four digits.

    >>> scale([65536, 524288], BYTES), scale([12], BYTES)
    (Scale(unit='KiB', factor=1024, decimals=1), Scale(unit='B', factor=1, decimals=0))
    """
    numbers = [Fraction(value) for value in values]
    largest = max(map(abs, numbers), default=Fraction(0))
    unit, factor = max((known for known in units if known[1] <= largest), default=units[0], key=lambda known: known[1])
    whole = factor == 1 and all(number.denominator == 1 for number in numbers)
    scaled = largest / factor
    return Scale(unit, factor, 0 if whole else max(0, 4 - len(str(int(scaled)))))


def no_larger(units: Units, *others: Scale) -> Units:
    """The units up to the largest of some others: for a sum below its parts.

    >>> no_larger(BYTES, Scale("B", 1, 0), Scale("KiB", 1024, 1))
    (('B', 1), ('KiB', 1024))
    """
    most = max(other.factor for other in others)
    return tuple((unit, factor) for unit, factor in units if factor <= most)


def format_factor(value: int | Fraction, reference: int | Fraction) -> str:
    """How many times as much as the reference a value is, with about four digits; a dash where the reference is zero.

    >>> format_factor(1356, 100), format_factor(5, 1), format_factor(98765, 7), format_factor(1, 0)
    ('13.56', '5', '14,109', '-')
    """
    if not reference:
        return "-"
    times = Fraction(value) / reference
    return scale([times], (("", 1),)).text(times)


def format_size(size_bytes: int) -> str:
    """A size for people: exact where that is short, otherwise four digits.

    >>> format_size(65536), format_size(1000), format_size(1572864), format_size(4200000)
    ('64 KiB', '1,000 B', '1.5 MiB', '4.005 MiB')
    """
    return _short(size_bytes, BYTES)


def format_energy(picojoules: Fraction) -> str:
    """An energy for people.

    >>> format_energy(Fraction(191102976))
    '191.1 uJ'
    """
    return _short(picojoules, PICOJOULES)


def format_count(count: int | Fraction) -> str:
    """A count for people; whole below ten million.

    >>> format_count(9999999), format_count(1814073344)
    ('9,999,999', '1.814 billion')
    """
    value = Fraction(count)
    return _fixed(value, 0) if abs(value) < 10_000_000 else _short(value, COUNTS)


def format_percent(part: int | Fraction, whole: int | Fraction) -> str:
    """`part` of `whole` in percent with one decimal; what is small but not zero does not look like zero.

    >>> format_percent(1, 8), format_percent(1, 10**6), format_percent(0, 5), format_percent(0, 0)
    ('12.5 %', '<0.1 %', '0.0 %', '0.0 %')
    """
    share = Fraction(part) / whole * 100 if whole else Fraction(0)
    if 0 < share < Fraction(1, 20):
        return "<0.1 %"
    return f"{_fixed(share, 1)} %"


def format_ratio(value: int | Fraction, reference: int | Fraction) -> str:
    """`value / reference` with three decimals; a dash where the reference is zero.

    >>> format_ratio(1, 4), format_ratio(3, 0), format_ratio(0, 0)
    ('0.250', '-', '1.000')
    """
    if not reference:
        return "-" if value else "1.000"
    return _fixed(Fraction(value) / reference, 3)


def _short(value: int | Fraction, units: Units) -> str:
    fitting = scale([value], units)
    text = fitting.text(value)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text} {fitting.unit}".rstrip()


def _fixed(value: Fraction, decimals: int) -> str:
    """Exactly rounded decimal text (half to even), thousands apart; no float is involved."""
    digits = round(value * 10**decimals)
    sign = "-" if digits < 0 else ""
    whole, rest = divmod(abs(digits), 10**decimals)
    return f"{sign}{whole:,}" + (f".{rest:0{decimals}d}" if decimals else "")
