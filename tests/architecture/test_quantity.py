"""Quantities with units in architecture files: exact, and refused where the unit measures something else."""

from __future__ import annotations

from fractions import Fraction

import pytest

from looptree.architecture import Architecture, architecture_from_node
from looptree.documents import parse_document
from looptree.errors import InputError

SHEET = """
clock_hz: 800MHz
data_bits: 8bit
levels:
  - {name: DRAM, bandwidth_bytes_per_cycle: 25.6GB/s, read_pj_per_byte: 1.2pJ/B, write_pj_per_byte: 0.2 pJ/bit}
  - {name: GLB, word_bits: 16B, read_ports: 1, write_ports: 1, read_pj: 9.6pJ, write_pj: 10400fJ, area_mm2: 250000um2,
     leakage_pj_per_cycle: 8mW, partitions: [{holds: [weight], capacity_bytes: 64KiB},
     {holds: [input, intermediate, output], capacity_bytes: 1.5MB}]}
compute: {pj_per_operation: 40fJ, pj_of: {exp: 2pJ/op}, leakage_pj_per_cycle: 0.5pJ/cycle, area_mm2: 1mm^2}
"""


def read(text: str) -> Architecture:
    return architecture_from_node(parse_document(text, "a.yaml"))


def test_every_quantity_takes_a_unit() -> None:
    sheet = read(SHEET)
    dram, glb = sheet.levels
    assert sheet.data_bits == 8
    assert dram.bandwidth_bytes_per_cycle == 32  # 25.6e9 / 800e6
    assert (dram.read_pj_per_byte, dram.write_pj_per_byte) == (Fraction("1.2"), Fraction("1.6"))
    assert glb.word_bits == 128
    assert (glb.read_pj, glb.write_pj) == (Fraction("9.6"), Fraction("10.4"))
    assert (glb.area_mm2, glb.leakage_pj_per_cycle) == (Fraction(1, 4), Fraction(10))  # 8 mW is 8e9 pJ/s
    assert [part.capacity_bytes for part in glb.partitions] == [65536, 1_500_000]
    assert (sheet.compute.pj_per_operation, sheet.compute.pj_of["exp"]) == (Fraction(1, 25), Fraction(2))
    assert (sheet.compute.leakage_pj_per_cycle, sheet.compute.area_mm2) == (Fraction(1, 2), Fraction(1))


def test_the_same_without_units() -> None:
    bare = SHEET
    for written, number in [
        ("800MHz", "800000000"), ("8bit", "8"), ("25.6GB/s", "32"), ("1.2pJ/B", "1.2"), ("0.2 pJ/bit", "1.6"),
        ("16B", "128"), ("9.6pJ", "9.6"), ("10400fJ", "10.4"), ("250000um2", "0.25"), ("8mW", "10"),
        ("64KiB", "65536"), ("1.5MB", "1500000"), ("40fJ", "0.04"), ("2pJ/op", "2"), ("0.5pJ/cycle", "0.5"),
        ("1mm^2", "1"),
    ]:  # fmt: skip
        assert written in bare
        bare = bare.replace(written, number)
    assert read(bare) == read(SHEET)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("25.6GB/s", "25.6GB", "levels[0].bandwidth_bytes_per_cycle: expected a unit, found 'GB' in '25.6GB'"),
        ("25.6GB/s", "25.6gb/s", "found 'gb/s' in '25.6gb/s' (did you mean"),
        ("25.6GB/s", "0GB/s", "expected a bandwidth above zero, found '0GB/s'"),
        ("clock_hz: 800MHz", "name: a", "a bandwidth per second needs a clock, found '25.6GB/s'"),
        ("25.6GB/s", "32", ""),
        ("800MHz", "0", "clock_hz: expected a frequency above zero, found 0"),
        ("800MHz", "800MB", "found 'MB' in '800MB' (known: Hz, kHz, MHz, GHz, THz)"),
        ("1.2pJ/B", "-1.2pJ/B", "expected a number with a unit, found '-1.2pJ/B' (write it like 1.2pJ/B)"),
        ("1.2pJ/B", "1.2pJ", "found 'pJ' in '1.2pJ'"),
        ("9.6pJ", "9.6pJ/B", "found 'pJ/B' in '9.6pJ/B'"),
        ("64KiB", "64KB", "write KiB for powers of 1024, kB for powers of 1000"),
        ("64KiB", "0.3B", "expected a whole number of bytes"),
        ("64KiB", "'65536'", "expected a capacity in bytes (a whole number), found '65536'"),
        ("16B", "1.3B", "levels[1].word_bits: expected a width from 1 to"),
        ("8mW", "8mA", "found 'mA' in '8mA'"),
        ("0.5pJ/cycle", "3mm2", "compute.leakage_pj_per_cycle: expected a unit, found 'mm2'"),
        ("40fJ", "40fJ/B", "(did you mean 'fJ/op'?)"),
        ("8bit", "8.5bit", "data_bits: expected a width from 1 to 1024 bits, found '8.5bit'"),
    ],
)
def test_a_wrong_unit_is_named_with_its_place(old: str, new: str, said: str) -> None:
    text = SHEET.replace(old, new)
    if not said:
        assert read(text) == read(SHEET)
        return
    with pytest.raises(InputError) as found:
        read(text)
    assert said in str(found.value)
    assert str(found.value).startswith("a.yaml:")


def test_a_power_needs_a_clock() -> None:
    text = SHEET.replace("clock_hz: 800MHz", "").replace("25.6GB/s", "32")
    with pytest.raises(InputError, match="a power needs a clock, found '8mW'"):
        read(text)


def test_a_technology_node_takes_a_unit() -> None:
    text = (
        "levels: [{name: DRAM}, {name: GLB, capacity_bytes: 64KiB, word_bits: 64, model: {sram: {technology_nm: %s}}}]"
    )
    assert read(text % "28nm").level("GLB").read_pj == read(text % "28").level("GLB").read_pj
