"""Sizes are read strictly and written short; numbers share a unit per column."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looptree.errors import InputError
from looptree.units import (
    BYTES,
    COUNTS,
    ENERGY_PJ,
    ENERGY_PJ_PER_BYTE,
    FREQUENCY_HZ,
    MAX_SIZE_BYTES,
    PICOJOULES,
    SECONDS,
    Scale,
    format_count,
    format_energy,
    format_percent,
    format_ratio,
    format_size,
    parse_bandwidth,
    parse_quantity,
    parse_size,
    scale,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("65536", 65536),
        ("65536B", 65536),
        ("512KiB", 512 * 1024),
        ("512 KiB", 512 * 1024),
        (" 1MiB ", 1024**2),
        ("1.5MiB", 3 * 512 * 1024),
        ("0.5kB", 500),
        ("64kB", 64_000),
        ("2MB", 2_000_000),
        ("3GiB", 3 * 1024**3),
        ("1TB", 10**12),
        ("1048576TiB", MAX_SIZE_BYTES),
    ],
)
def test_sizes(text: str, expected: int) -> None:
    assert parse_size(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected a size, found ''"),
        ("0", "from 1 byte to"),
        ("0KiB", "from 1 byte to"),
        ("-1", "expected a size, found '-1'"),
        ("+1", "expected a size"),
        ("1e6", "expected a size, found '1e6'"),
        ("1,000", "expected a size"),
        ("1_000", "expected a size"),
        ("0x10", "expected a size"),
        ("nan", "expected a size"),
        ("inf", "expected a size"),
        ("KiB", "expected a size"),
        ("1  KiB", "expected a size"),
        ("1.KiB", "expected a size"),
        (".5KiB", "expected a size"),
        ("\u0663KiB", "expected a size"),
        ("1KiB1", "expected a size"),
        ("0.5", "expected a whole number of bytes, found '0.5'"),
        ("0.3KiB", "expected a whole number of bytes"),
        ("64KB", "found 'KB' in '64KB' (write KiB for powers of 1024, kB for powers of 1000)"),
        ("64kb", "found 'kb'"),
        ("64K", "write KiB for powers of 1024, kB for powers of 1000"),
        ("2m", "write MiB for powers of 1024, MB for powers of 1000"),
        ("2bananas", "found 'bananas' in '2bananas' (known: B, KiB"),
        ("1048577TiB", "from 1 byte to 1152921504606846976 bytes"),
        ("9" * 30, "from 1 byte to"),
        ("9" * 5000, "..."),
    ],
)
def test_what_is_no_size(text: str, expected: str) -> None:
    with pytest.raises(InputError) as problem:
        parse_size(text)
    assert expected in str(problem.value)
    assert len(str(problem.value)) < 200


@given(st.integers(1, MAX_SIZE_BYTES))
def test_bytes_are_read_as_they_are(size: int) -> None:
    assert parse_size(str(size)) == size == parse_size(f"{size}B")


@given(st.integers(1, 2**20).map(lambda kib: kib * 1024))
def test_a_short_size_is_near(size: int) -> None:
    text = format_size(size).replace(",", "")
    number, unit = text.split()
    factor = dict(BYTES)[unit]
    assert abs(Fraction(number) * factor - size) <= Fraction(size, 2000)


def test_scale_of_a_column() -> None:
    assert scale([0, 12, 900], BYTES) == Scale("B", 1, 0)
    assert scale([1, 10 * 2**20], BYTES) == Scale("MiB", 2**20, 2)
    assert scale([1234 * 2**30], BYTES) == Scale("TiB", 2**40, 3)
    assert scale([], COUNTS) == Scale("", 1, 0)
    assert scale([Fraction(1, 3)], PICOJOULES) == Scale("pJ", 1, 3)
    assert scale([10**30], COUNTS) == Scale("trillion", 10**12, 0)


def test_texts() -> None:
    assert Scale("KiB", 1024, 1).text(1536) == "1.5"
    assert Scale("", 1, 0).text(1234567) == "1,234,567"
    assert Scale("", 1, 2).text(Fraction(-5, 2)) == "-2.50"
    assert format_size(512) == "512 B"
    assert format_size(512 * 1024) == "512 KiB"
    assert format_energy(Fraction(1, 2)) == "0.5 pJ"
    assert format_energy(Fraction(13_380_000_000)) == "13.38 mJ"
    assert format_count(Fraction(19, 2)) == "10"
    assert format_count(10_000_000) == "10 million"
    assert format_percent(2, 3) == "66.7 %"
    assert format_percent(1, 1999) == "0.1 %"
    assert format_percent(1, 10**9) == "<0.1 %"
    assert format_ratio(2, 3) == "0.667"
    assert format_ratio(5, 0) == "-"


def test_no_float_loses_digits() -> None:
    assert Scale("", 1, 0).text(2**90 + 1) == f"{2**90 + 1:,}"
    assert format_percent(2**200, 2**201) == "50.0 %"


@pytest.mark.parametrize(
    ("text", "units", "expected"),
    [
        ("1.2pJ/B", ENERGY_PJ_PER_BYTE, Fraction(12, 10)),
        ("0.15 pJ/bit", ENERGY_PJ_PER_BYTE, Fraction(12, 10)),
        ("15fJ/b", ENERGY_PJ_PER_BYTE, Fraction(12, 100)),
        ("2nJ", ENERGY_PJ, 2000),
        ("1e-3 uJ", ENERGY_PJ, 1000),
        ("1GHz", FREQUENCY_HZ, 10**9),
        ("90s", SECONDS, 90),
        ("1.5min", SECONDS, 90),
    ],
)
def test_quantities_are_exact(text: str, units: dict[str, Fraction], expected: Fraction) -> None:
    assert parse_quantity(text, units, "1") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("16B/cycle", 16),
        ("64 bit/cycle", 8),
        ("25.6GB/s", Fraction(256, 10)),
        ("8Gbit/s", 1),
        ("1GiB/s", Fraction(2**30, 10**9)),
    ],
)
def test_bandwidths_per_second_are_at_the_clock(text: str, expected: Fraction) -> None:
    assert parse_bandwidth(text, Fraction(10**9)) == expected


@pytest.mark.parametrize(
    "text", ["", "GB/s", "-1GB/s", "1 gb/s", "1GB", "0x1GB/s", "1/3GB/s", "nan GB/s", "1GB/s/s" * 9]
)
def test_what_is_no_bandwidth(text: str) -> None:
    with pytest.raises(InputError):
        parse_bandwidth(text, Fraction(10**9))


def test_a_bandwidth_per_second_needs_a_clock() -> None:
    with pytest.raises(
        InputError, match=r"needs a clock, found '25.6GB/s' \(give the clock, clock_hz in a file, or write B/cycle\)"
    ):
        parse_bandwidth("25.6GB/s")


def test_a_unit_that_says_only_half_is_completed() -> None:
    with pytest.raises(InputError, match=r"found 'pJ' in '3pJ' \(write pJ/B or pJ/bit\)"):
        parse_quantity("3pJ", ENERGY_PJ_PER_BYTE, "1.2pJ/B")


def test_a_unit_that_is_nearly_right_is_named() -> None:
    with pytest.raises(InputError, match=r"found 'pJ/Byte' in '1pJ/Byte' \(did you mean 'pJ/B'\?\)"):
        parse_quantity("1pJ/Byte", ENERGY_PJ_PER_BYTE, "1.2pJ/B")
