"""Quantities as people write them: strict, because a size that is off by a factor decides what fits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from looptree.errors import InputError, guided, nearest
from looptree.units.writing import PICOJOULES

MAX_SIZE_BYTES = 2**60
"""The largest size that is taken for meant."""

_SIZE = re.compile(r"(\d{1,30}(?:\.\d{1,30})?) ?([A-Za-z]*)", re.ASCII)
SIZE_UNITS = {"": 1, "B": 1} | {
    f"{prefix}{unit}": base**power
    for unit, base, prefixes in (("iB", 1024, "KMGT"), ("B", 1000, "kMGT"))
    for power, prefix in enumerate(prefixes, start=1)
}
_HINT_OF_UNITS = "write B after a number of bytes, or KiB, kB, MiB, MB, ..."
_THOUSANDS = (("", 1), ("k", 10**3), ("M", 10**6), ("G", 10**9), ("T", 10**12))
_HINT = "write a whole number of bytes, such as 65536, 512KiB, 64kB or 1.5MiB"


@guided("terminal.md#quantities")
def parse_size(text: str) -> int:
    """A size in bytes; `KiB`, `MiB`, ... are powers of 1024, `kB`, `MB`, ... powers of 1000.

    Raises:
        InputError: anything else, a size of zero, with a part of a byte, or above `MAX_SIZE_BYTES`.

    >>> parse_size("512KiB"), parse_size("64kB"), parse_size("1.5 MiB")
    (524288, 64000, 1572864)
    """
    shown = repr(text if len(text) <= 40 else text[:37] + "...")
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise InputError(f"expected a size, found {shown}", hint=_HINT)
    number, unit = match.groups()
    if unit not in SIZE_UNITS:
        raise InputError(f"expected a unit of size, found {unit!r} in {shown}", hint=_unit_hint(unit))
    size = Fraction(number) * SIZE_UNITS[unit]
    if size.denominator != 1:
        raise InputError(f"expected a whole number of bytes, found {shown}", hint=_HINT)
    if not 1 <= size <= MAX_SIZE_BYTES:
        raise InputError(f"expected a size from 1 byte to {MAX_SIZE_BYTES} bytes, found {shown}")
    return int(size)


def parse_bytes(text: str) -> int:
    """A size whose unit is written.

    Raises:
        InputError: as `parse_size`, or there is no unit.

    >>> parse_bytes("2KiB")
    2048
    """
    size = parse_size(text)
    if not text.strip()[-1].isalpha():
        raise InputError(f"expected a unit of size, found {text.strip()!r}", hint=_HINT_OF_UNITS)
    return size


def parse_energy(text: str) -> Fraction:
    """An energy in pJ, with its unit.

    >>> parse_energy("1.5uJ")
    Fraction(1500000, 1)
    """
    return _amount(text, dict(PICOJOULES), "an energy", "500uJ")


def parse_cycles(text: str) -> Fraction:
    """A time in cycles, with its unit.

    >>> parse_cycles("2 Mcycles")
    Fraction(2000000, 1)
    """
    return _amount(text, {f"{prefix}cycles": factor for prefix, factor in _THOUSANDS}, "a time", "2Mcycles")


def parse_count(text: str) -> Fraction:
    """A count, which may end in `k`, `M`, `G` or `T`.

    >>> parse_count("27M"), parse_count("12")
    (Fraction(27000000, 1), Fraction(12, 1))
    """
    return _amount(text, dict(_THOUSANDS), "a count", "27M")


def _amount(text: str, units: Mapping[str, int], what: str, example: str) -> Fraction:
    shown = repr(text if len(text) <= 40 else text[:37] + "...")
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise InputError(f"expected {what}, found {shown}", hint=f"write a number with its unit, such as {example}")
    number, unit = match.groups()
    if unit not in units:
        known = ", ".join(filter(None, units))
        found = repr(unit) if unit else "none"
        raise InputError(f"expected {what} with its unit, found {found} in {shown}", hint=f"known: {known}")
    amount = Fraction(number) * units[unit]
    if not amount > 0:
        raise InputError(f"expected {what} above 0, found {shown}")
    return amount


def _unit_hint(unit: str) -> str:
    """The two units that an ambiguous one, such as `KB` or `M`, may stand for."""
    letter = unit[0].upper()
    if letter in "KMGT" and unit.upper() in (letter, f"{letter}B", f"{letter}IB"):
        decimal = f"{'k' if letter == 'K' else letter}B"
        return f"write {letter}iB for powers of 1024, {decimal} for powers of 1000"
    return f"known: {', '.join(filter(None, SIZE_UNITS))}"


def _quantity_hint(unit: str, units: Mapping[str, Fraction], example: str) -> str:
    """The units that a shorter one may stand for, such as `pJ` where it has to be said of what; else the nearest."""
    longer = [known for known in units if unit and known.startswith(f"{unit}/") and known.rpartition("/")[2] != "b"]
    if longer:
        return f"write {' or '.join(longer)}"
    return nearest(unit, units) if unit else f"write it like {example}"


_QUANTITY = re.compile(r"(\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?) ?(\S{0,16})", re.ASCII)
_SI = {"": Fraction(1), "k": Fraction(10**3), "M": Fraction(10**6), "G": Fraction(10**9), "T": Fraction(10**12)}
_SMALL = {"f": Fraction(1, 1000), "p": Fraction(1), "n": Fraction(1000), "u": Fraction(10**6), "m": Fraction(10**9)}
_BYTES = {"B": Fraction(1), "bit": Fraction(1, 8), "b": Fraction(1, 8)}
ENERGY_PJ = {f"{p}J": factor for p, factor in _SMALL.items()}
ENERGY_PJ_PER_BYTE = {f"{p}J/{b}": f / bits for p, f in _SMALL.items() for b, bits in _BYTES.items()}
ENERGY_PJ_PER_OPERATION = {
    f"{p}J/{word}": factor for p, factor in _SMALL.items() for word in ("op", "operation", "MAC")
}
ENERGY_PJ_PER_CYCLE = {f"{p}J/cycle": factor for p, factor in _SMALL.items()}
POWER_PJ_PER_SECOND = {f"{p}W": factor for p, factor in _SMALL.items()} | {"W": Fraction(10**12)}
AREA_MM2 = {f"mm{two}": Fraction(1) for two in ("2", "^2")} | {f"um{two}": Fraction(1, 10**6) for two in ("2", "^2")}
LENGTH_NM = {"nm": Fraction(1), "um": Fraction(1000)}
BITS = {"bit": Fraction(1), "bits": Fraction(1), "b": Fraction(1), "B": Fraction(8)}
FREQUENCY_HZ = {f"{p}Hz": factor for p, factor in _SI.items()}
SECONDS = {"s": Fraction(1), "min": Fraction(60), "h": Fraction(3600), "ms": Fraction(1, 1000)}
BYTES_PER_CYCLE = {f"{b}/cycle": bits for b, bits in _BYTES.items()}
BYTES_PER_SECOND = {f"{p}{b}/s": f * bits for p, f in _SI.items() for b, bits in _BYTES.items()} | {
    f"{p}iB/s": Fraction(1024**power) for power, p in enumerate("KMGT", start=1)
}


def parse_quantity(text: str, units: Mapping[str, Fraction], example: str) -> Fraction:
    """A quantity with its unit, exactly, in the unit that counts as 1.

    Args:
        text: such as `1.2pJ/B` or `0.15 pJ/bit`. units: what each unit is worth, such as `ENERGY_PJ_PER_BYTE`.
        example: how it may be written, for messages.

    Raises:
        InputError: no number, no unit, or another unit.

    >>> parse_quantity("1.2pJ/B", ENERGY_PJ_PER_BYTE, "1.2pJ/B"), parse_quantity("800 MHz", FREQUENCY_HZ, "1GHz")
    (Fraction(6, 5), Fraction(800000000, 1))
    >>> parse_quantity("0.15pJ/bit", ENERGY_PJ_PER_BYTE, "1.2pJ/B"), parse_quantity("2min", SECONDS, "60s")
    (Fraction(6, 5), Fraction(120, 1))
    """
    shown = repr(text if len(text) <= 40 else text[:37] + "...")
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise InputError(f"expected a number with a unit, found {shown}", hint=f"write it like {example}")
    number, unit = match.groups()
    if unit not in units:
        problem = f"expected a unit, found {unit!r} in {shown}" if unit else f"expected a unit after {shown}"
        raise InputError(problem, hint=_quantity_hint(unit, units, example))
    return Fraction(number) * units[unit]


def parse_bandwidth(text: str, clock_hz: Fraction | None = None) -> Fraction:
    """A bandwidth in bytes per cycle: `16B/cycle`, or `25.6GB/s` at a clock.

    Raises:
        InputError: as `parse_quantity`; or it is per second and no clock is known.

    >>> parse_bandwidth("16 B/cycle"), parse_bandwidth("25.6GB/s", Fraction(800_000_000))
    (Fraction(16, 1), Fraction(32, 1))
    """
    units = BYTES_PER_CYCLE | BYTES_PER_SECOND
    value = parse_quantity(text, units, "25.6GB/s or 16B/cycle")
    if text.strip().endswith("/cycle"):
        return value
    if clock_hz is None:
        raise InputError(
            f"a bandwidth per second needs a clock, found {text.strip()!r}",
            hint="give the clock, clock_hz in a file, or write B/cycle",
        )
    return value / clock_hz
