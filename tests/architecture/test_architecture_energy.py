"""Named models of energy and area: they give back published numbers, order sizes rightly, and say where they end."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from looptree.architecture import Architecture, architecture_from_node
from looptree.architecture.energy import MemoryShape, Operations
from looptree.architecture.energy.cache import Cache
from looptree.architecture.energy.dram import PJ_PER_BIT, Dram
from looptree.architecture.energy.operations import PJ
from looptree.architecture.energy.register_file import BYTE_PJ, RegisterFile
from looptree.architecture.energy.sram import BANK_PJ, Sram
from looptree.documents import parse_document
from looptree.errors import InputError


def architecture(text: str) -> Architecture:
    return architecture_from_node(parse_document(text, "a.yaml"))


def level(text: str) -> Architecture:
    return architecture(f"levels: [{{name: DRAM}}, {{name: GLB, {text}}}]")


@pytest.mark.parametrize("bank", BANK_PJ)
def test_sram_meets_the_published_banks(bank: tuple[int, int]) -> None:
    kib, bits = bank
    found = Sram().estimate(MemoryShape(kib * 1024, bits, 2))
    assert found.read_pj is not None
    assert found.write_pj is not None
    assert float(found.read_pj) == pytest.approx(BANK_PJ[bank][0], rel=0.21)
    assert float(found.write_pj) == pytest.approx(BANK_PJ[bank][1], rel=0.10)
    assert found.warnings == ()


def test_sram_formula_is_the_least_squares_fit() -> None:
    # moving any of the three numbers makes the sum of squared logarithms larger
    from looptree.architecture.energy.sram import READ, WRITE

    for column, (k, c, w) in enumerate((READ, WRITE)):

        def error(*at: float, column: int = column) -> float:
            logs = [math.log(at[0] * kib ** at[1] * bits ** at[2] / pj[column]) for (kib, bits), pj in BANK_PJ.items()]
            return sum(log**2 for log in logs)

        least = error(k, c, w)
        for shift in (0.99, 1.01):
            assert min(error(k * shift, c, w), error(k, c * shift, w), error(k, c, w * shift)) > least


def test_larger_and_more_ported_memories_take_more() -> None:
    def read(kib: int, bits: int = 128, ports: int = 2, banks: int = 1, nm: float = 28.0) -> Fraction:
        found = Sram(nm, banks).estimate(MemoryShape(kib * 1024, bits, ports)).read_pj
        assert found is not None
        return found

    assert read(8) < read(16) < read(128)
    assert read(8, 64) < read(8, 128)
    assert read(8, 256) < 2 * read(8, 128)
    assert read(8, ports=1) == read(8, ports=2) < read(8, ports=3)
    assert read(64, banks=8) == read(8)
    assert read(8, nm=7) < read(8, nm=28) < read(8, nm=45)


def test_cache_gives_the_published_numbers() -> None:
    for kib, (oldest, newest) in {8: (10, 7.5), 32: (20, 8.5), 1024: (100, 14)}.items():
        for node, expected in ((45, oldest), (7, newest)):
            found = Cache(node).estimate(MemoryShape(kib * 1024, 64, 1))
            assert found.read_pj == found.write_pj == Fraction(str(expected))
            assert found.warnings == ()


def test_operations_give_the_published_numbers() -> None:
    for (kind, number), widths in PJ.items():
        for bits, (oldest, newest) in widths.items():
            for node, expected in ((45, oldest), (7, newest)):
                assert Operations(bits, number, node).energies()[kind] == Fraction(str(expected))
    assert Operations(16).energies()["mul"] > 2 * Operations(8).energies()["mul"]
    assert Operations(32, "float").energies()["mac"] == Fraction("4.6")


def test_area_of_operations() -> None:
    # Horowitz: multiplier of 8 bits 282, adder of 32 bits 137 square micrometres
    assert Operations(8, units=1000).area_mm2() == Fraction("0.419")
    assert Operations(8).area_mm2() is None


def test_register_files_and_dram() -> None:
    for size, pj in BYTE_PJ:
        assert RegisterFile().estimate(MemoryShape(int(size), 8, 2)).read_pj == Fraction(str(pj))
    assert Dram("LPDDR4").estimate(MemoryShape(None, None, 1)).read_pj_per_byte == 64
    assert {"LPDDR4", "DDR4", "HBM2", "GDDR5"} <= set(PJ_PER_BIT)


def test_a_dram_of_which_sources_disagree_says_so() -> None:
    found = architecture("{levels: [{name: DRAM, model: {dram: HBM3}}, {name: GLB}]}")
    assert found.off_chip.read_pj_per_byte == 4 * (Fraction("4.3") + Fraction("3.44"))  # HBM2E and HBM3E, 8 bits
    assert found.warnings == (
        "DRAM: no figure of its own was found: 3.87 pJ per bit is the middle between HBM2E and HBM3E",
    )
    assert "20 pJ per bit" in architecture("{levels: [{name: DRAM, model: {dram: LPDDR5}}]}").warnings[0]
    assert not architecture("{levels: [{name: DRAM, model: {dram: HBM3E}}]}").warnings


def test_what_is_given_goes_before_the_model() -> None:
    found = level("capacity_bytes: 8192, word_bits: 128, read_pj: 3, area_mm2: 2, model: sram").level("GLB")
    assert [found.read_pj, found.area_mm2] == [3, 2]
    assert found.write_pj == Sram().estimate(MemoryShape(8192, 128, 1)).write_pj
    plain = level("capacity_bytes: 8192, word_bits: 128, read_pj_per_byte: 3, model: sram").level("GLB")
    assert plain.read_pj is None
    assert plain.read_pj_per_byte == 3


def test_another_capacity_is_modelled_again() -> None:
    small = level("capacity_bytes: 8192, word_bits: 128, write_pj: 1, model: sram")
    large = small.with_capacity("GLB", 65536).level("GLB")
    assert large.read_pj == Sram().estimate(MemoryShape(65536, 128, 1)).read_pj
    assert large.write_pj == 1
    assert small.with_capacity("GLB", 8192) == small


def test_outside_its_range_a_model_answers_and_says_so() -> None:
    huge = level("capacity_bytes: 1048576, word_bits: 2048, model: {sram: {technology_nm: 90}}")
    assert huge.level("GLB").read_pj
    assert huge.warnings == (
        "GLB: a bank of 1024 KiB is outside 1 to 128 KiB, for which numbers are published",
        "GLB: word_bits 2048 bits is outside 64 to 512 bits, for which numbers are published",
        "GLB: technology 90 nm is outside 7 to 45 nm, for which numbers are published",
    )
    wide = architecture("{levels: [{name: D}], compute: {model: {operations: {bits: 64}}}}")
    assert wide.warnings == ("MAC: bits 64 bits is outside 8 to 32 bits, for which numbers are published",)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("model: srm", "a.yaml:1: levels[1].model: there is no model 'srm' here (did you mean 'sram'?)"),
        ("model: sram", "levels[1].model: level 'GLB': model sram needs capacity_bytes"),
        ("capacity_bytes: 64, model: sram", "model sram needs word_bits"),
        ("capacity_bytes: 64, word_bits: 8, model: {sram: {banks: 0}}", "model.sram.banks: expected a number of banks"),
        ("capacity_bytes: 64, word_bits: 8, model: {sram: {banks: 65}}", "less than a byte each"),
        ("model: {sram: {nm: 28}}", "unknown key 'nm' (known: technology_nm, banks)"),
        ("model: {sram: {technology_nm: 0}}", "expected a technology node in nm above zero"),
        ("model: {sram: 28}", "expected a mapping of parameters, found 28"),
        ("model: dram", "model dram needs kind (write dram: {kind: ...})"),
        ("model: {dram: LPDR4}", "found 'LPDR4' (did you mean 'LPDDR4'?)"),
        ("model: {dram: hbm2}", "HBM3E, FGDRAM as kind of DRAM, found 'hbm2' (did you mean 'HBM2'?)"),
        ("model: {dram: ddr5}", "found 'ddr5' (no number with a source is known of this kind: give read_pj_per_byte"),
        ("model: {dram: DDR5}", "found 'DDR5' (no number with a source is known of this kind: give read_pj_per_byte"),
        ("model: {dram: LPDDR4, sram: {}}", "expected one model"),
        ("model: {relative: {kind: buffr}}", "found 'buffr' (did you mean 'buffer'?)"),
        ("model: {operations: 8}", "there is no model 'operations' here"),
    ],
)
def test_mistakes(text: str, expected: str) -> None:
    with pytest.raises(InputError) as problem:
        level(text)
    assert expected in str(problem.value)
    assert str(problem.value).startswith("a.yaml:1: levels[1]")


def test_models_of_compute() -> None:
    found = architecture("{levels: [{name: D}], compute: {model: {operations: 8}, pj_of: {exp: 9}}}").compute
    energies = [found.energy_pj(kind) for kind in ("mac", "add", "exp", "div")]
    assert energies == [Fraction("0.3"), Fraction("0.03"), 9, Fraction("0.3")]
    flat = architecture("{levels: [{name: D}], compute: {model: {operations: 8}, pj_per_operation: 2}}").compute
    assert flat.energy_pj("add") == 2
    with pytest.raises(InputError, match="there is no model 'sram' here"):
        architecture("{levels: [{name: D}], compute: {model: sram}}")
