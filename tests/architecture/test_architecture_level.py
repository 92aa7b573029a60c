"""Memory levels: what an access carries, what ports move, what may be here, and what contradicts itself."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from looptree.architecture import Architecture, Level, Partition, Ports
from looptree.errors import InputError


@cache
def cycles_of(ports: Ports, reads: int, writes: int) -> int:
    """Every way to use the shared ports, cycle by cycle; the shortest one counts."""
    if not reads and not writes:
        return 0
    ways = [(ports.read + extra, ports.write + ports.shared - extra) for extra in range(ports.shared + 1)]
    left = {(max(0, reads - read), max(0, writes - write)) for read, write in ways} - {(reads, writes)}
    return 1 + min(cycles_of(ports, *pair) for pair in left)


@pytest.mark.parametrize("read, write, shared", [(0, 0, 1), (0, 0, 3), (1, 1, 0), (1, 1, 1), (2, 1, 0), (1, 0, 2)])
def test_ports_take_the_least_whole_cycles(read: int, write: int, shared: int) -> None:
    ports = Ports(read, write, shared)
    for reads, writes in itertools.product(range(8), repeat=2):
        expected = math.ceil(max(limit.cycles(reads, writes) for limit in ports.limits))
        assert cycles_of(ports, reads, writes) == expected, (reads, writes)


@pytest.mark.parametrize(
    "bits, word, accesses",
    [(8, 8, 1), (8, 64, Fraction(1, 8)), (16, 24, 1), (3, 8, Fraction(1, 2)), (32, 8, 4), (20, 8, 3), (8, None, 1)],
)
def test_an_access_carries_whole_words_of_a_tensor(bits: int, word: int | None, accesses: Fraction | int) -> None:
    level = Level("SRAM", word_bits=word)
    assert level.accesses(bits) == accesses


def test_energy_per_byte_and_per_access_agree_where_words_fill_the_access() -> None:
    per_byte = Level("A", read_pj_per_byte=Fraction(3), write_pj_per_byte=Fraction(5))
    per_access = Level("A", word_bits=64, read_pj=Fraction(24), write_pj=Fraction(40))
    assert per_byte.read_pj_per_word(16) == per_access.read_pj_per_word(16) == 6
    assert per_byte.write_pj_per_word(16) == per_access.write_pj_per_word(16) == 10


@pytest.mark.parametrize(
    "keys, expected",
    [
        ({"capacity_bytes": 0}, "capacity of at least 1 byte (a whole number), found 0"),
        ({"capacity_bytes": 1.5}, "capacity of at least 1 byte (a whole number), found 1.5"),
        ({"capacity_bytes": float("nan")}, "capacity of at least 1 byte (a whole number), found nan"),
        ({"word_bits": 0}, "word of at least 1 bit, found 0"),
        ({"bandwidth_bytes_per_cycle": Fraction(0)}, "bandwidth above zero, found 0"),
        ({"write_bandwidth_bytes_per_cycle": Fraction(-1)}, "bandwidth above zero, found -1"),
        ({"read_pj": Fraction(1)}, "needs word_bits"),
        ({"ports": Ports(shared=1)}, "a level with ports needs word_bits"),
        ({"read_pj": Fraction(-1), "word_bits": 8}, "energies of at least zero"),
        ({"leakage_pj_per_cycle": Fraction(-1)}, "energies of at least zero"),
        ({"area_mm2": Fraction(-1)}, "area of at least zero"),
        ({"read_pj": Fraction(1), "read_pj_per_byte": Fraction(1), "word_bits": 8}, "either read_pj or read_pj_per_by"),
        (
            {"bandwidth_bytes_per_cycle": Fraction(1), "ports": Ports(1, 1), "word_bits": 8},
            "one way to say how much it moves per cycle, found bandwidth_bytes_per_cycle as well as ports",
        ),
        (
            {"bandwidth_bytes_per_cycle": Fraction(1), "read_bandwidth_bytes_per_cycle": Fraction(1)},
            "found bandwidth_bytes_per_cycle as well as read_bandwidth",
        ),
        ({"capacity_bytes": 9, "partitions": (Partition(("weight",), 9),)}, "either capacity_bytes or partitions"),
        ({"partitions": (Partition(("weight",), 9), Partition(("weight", "F"), 9))}, "two partitions hold 'weight'"),
        ({"partitions": (Partition(("F",), 9, "a"), Partition(("G",), 9, "a"))}, "two partitions are called 'a'"),
        ({"keeps": ("weight",), "bypasses": ("weight",)}, "both keeps and bypasses name 'weight'"),
        ({"keeps": ()}, "keeps is empty"),
    ],
)
def test_what_contradicts_itself(keys: dict[str, Any], expected: str) -> None:
    with pytest.raises(InputError, match="level 'GLB'") as problem:
        Level("GLB", **keys)
    assert expected in str(problem.value)


@pytest.mark.parametrize("ports", [(0, 0, 0), (1, 0, 0), (0, 2, 0), (-1, 1, 1)])
def test_ports_have_to_read_and_write(ports: tuple[int, int, int]) -> None:
    with pytest.raises(InputError, match="port"):
        Ports(*ports)


def test_a_kind_of_tensor_that_no_level_may_hold() -> None:
    levels = (Level("DRAM", bypasses=("intermediate",)), Level("GLB", keeps=("weight",)))
    with pytest.raises(InputError, match="no memory level may hold a tensor of kind intermediate"):
        Architecture("odd", levels)
    with pytest.raises(InputError, match="'DRAM' may hold no weight"):
        Architecture("odd", (Level("DRAM", bypasses=("weight",)), Level("GLB")))


def test_one_capacity_does_not_replace_partitions() -> None:
    parted = Architecture("a", (Level("DRAM"), Level("GLB", partitions=(Partition(("weight",), 9),))))
    with pytest.raises(InputError, match="level 'GLB' has partitions"):
        parted.with_capacity("GLB", 5)
