"""Quantities in architecture files: a bare number in the unit that the key names, or a number with a unit of its own.

`capacity_bytes: 512KiB`, `bandwidth_bytes_per_cycle: 25.6GB/s`, `read_pj_per_byte: 0.15pJ/bit`. What is said per second
needs the clock of the architecture, `clock_hz: 800MHz`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction

from looptree.documents import Node
from looptree.errors import InputError
from looptree.units import (
    AREA_MM2,
    BITS,
    ENERGY_PJ,
    ENERGY_PJ_PER_BYTE,
    ENERGY_PJ_PER_CYCLE,
    ENERGY_PJ_PER_OPERATION,
    FREQUENCY_HZ,
    LENGTH_NM,
    POWER_PJ_PER_SECOND,
    parse_bandwidth,
    parse_bytes,
    parse_quantity,
)

MOST_BYTES = 2**60
_BARE = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")


def capacity(node: Node) -> int:
    """A capacity in bytes: `65536` or `64KiB`."""
    if not _has_unit(node):
        return node.integer("a capacity in bytes", most=MOST_BYTES)
    return int(_placed(node, lambda text: Fraction(parse_bytes(text))))


def bandwidth(node: Node, clock_hz: Fraction | None) -> Fraction:
    """A bandwidth in bytes per cycle: `16`, `128bit/cycle`, or `25.6GB/s` at a clock."""
    if not _has_unit(node):
        return node.number("a bandwidth in bytes per cycle", positive=True)
    rate = _placed(node, lambda text: parse_bandwidth(text, clock_hz))
    if not rate:
        raise node.expected("a bandwidth above zero")
    return rate


def clock(node: Node) -> Fraction:
    """A frequency in Hz: `800e6` or `800MHz`."""
    found = _quantity(node, "a frequency in Hz", FREQUENCY_HZ, "800MHz")
    if not found:
        raise node.expected("a frequency above zero")
    return found


def energy_per_byte(node: Node) -> Fraction:
    """An energy in pJ per byte: `1.2`, `1.2pJ/B` or `0.15pJ/bit`."""
    return _quantity(node, "an energy in pJ per byte", ENERGY_PJ_PER_BYTE, "1.2pJ/B")


def energy_per_access(node: Node) -> Fraction:
    """An energy in pJ per access: `9.6` or `9.6pJ`."""
    return _quantity(node, "an energy in pJ per access", ENERGY_PJ, "9.6pJ")


def energy_per_operation(node: Node) -> Fraction:
    """An energy in pJ per operation: `0.04`, `40fJ` or `40fJ/op`."""
    units = ENERGY_PJ | ENERGY_PJ_PER_OPERATION
    return _quantity(node, "an energy in pJ per operation", units, "40fJ")


def leakage(node: Node, clock_hz: Fraction | None) -> Fraction:
    """An energy in pJ per cycle: `0.5`, `0.5pJ/cycle`, or a power such as `3mW` at a clock."""
    units = ENERGY_PJ_PER_CYCLE | POWER_PJ_PER_SECOND
    found = _quantity(node, "an energy in pJ per cycle", units, "0.5pJ/cycle")
    if not _has_unit(node) or str(node.value).rstrip().endswith("/cycle"):
        return found
    if clock_hz is None:
        raise node.error(f"a power needs a clock, found {node.value!r}", "add clock_hz to the file, or write pJ/cycle")
    return found / clock_hz


def area(node: Node) -> Fraction:
    """An area in square millimetres: `0.5`, `0.5mm2` or `500000um2`."""
    return _quantity(node, "an area in square millimetres", AREA_MM2, "0.5mm2")


def technology(node: Node) -> float:
    """A technology node in nm: `28` or `28nm`."""
    what = "a technology node in nm"
    found = _quantity(node, what, LENGTH_NM, "28nm") if _has_unit(node) else node.number(what, positive=True)
    if not found:
        raise node.expected("a technology node above zero")
    return float(found)


def width(node: Node, *, most: int) -> int:
    """A width in bits: `64`, `64bit` or `8B`."""
    if not _has_unit(node):
        return node.integer("a width in bits", most=most)
    bits = _placed(node, lambda text: parse_quantity(text, BITS, "64bit"))
    if bits.denominator != 1 or not 1 <= bits <= most:
        raise node.error(f"expected a width from 1 to {most} bits, found {node.value!r}")
    return int(bits)


def _quantity(node: Node, what: str, units: Mapping[str, Fraction], example: str) -> Fraction:
    if not _has_unit(node):
        return node.number(what)
    return _placed(node, lambda text: parse_quantity(text, units, example))


def _has_unit(node: Node) -> bool:
    """Whether it is text that is more than a number (YAML reads `1e-3` as text)."""
    return isinstance(node.value, str) and _BARE.fullmatch(node.value) is None


def _placed(node: Node, parse: Callable[[str], Fraction]) -> Fraction:
    try:
        return parse(node.value)
    except InputError as problem:
        raise problem.at(node.where) from None
