"""Memory hierarchies of one to four levels: double buffers, partitions, ports; every count equals the simulator's."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looptree.architecture import Architecture, Compute, Level, Partition, Ports
from looptree.check import checked_counts
from looptree.errors import InputError, UnsupportedError
from looptree.model import Evaluation, evaluate, evaluate_design
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.taxonomy.tree import LoopTree
from looptree.workload import Workload
from tests.model.model_cases import chain, keep, layer, loop, sequential
from tests.model.spatial_cases import random_design
from tests.random_designs import Generator
from tests.some import some

NAMES = ("DRAM", "GLB", "LB", "RF")
PAIR = layer("first", "B[p] = A[p+r] * W1[r]", p=18, r=3), layer("second", "C[p] = B[p+r] * W2[r]", p=16, r=3)


def hierarchy_of(generator: Generator) -> Design:
    """A random workload, hierarchy and mapping, bound."""
    generator.levels = NAMES[: 1 + generator.below(4)]
    workload = generator.workload()
    return bind(workload, generator.hierarchy(workload), generator.mapping(workload))


def disagreements(design: Design) -> list[str] | None:
    """What differs between model and simulator; `None` where either declines."""
    try:
        return [str(count) for count in checked_counts(design) if not count.agrees]
    except UnsupportedError:
        return None


@pytest.mark.parametrize("chunk", range(3))
def test_random_hierarchies(chunk: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(chunk * 100, (chunk + 1) * 100):
        design = hierarchy_of(Generator(random.Random(seed).randrange))
        different = disagreements(design)
        assert not different, (seed, different)
        levels = design.architecture.levels
        seen["compared"] += different is not None
        seen[f"{len(levels)} levels"] += 1
        seen["doubled"] += any(level.double_buffered for level in levels)
        seen["partitioned"] += any(level.partitions for level in levels)
    assert seen["compared"] >= 85
    assert min(seen[f"{count} levels"] for count in (1, 2, 3, 4)) >= 10
    assert min(seen["doubled"], seen["partitioned"]) >= 40


@pytest.mark.slow
@pytest.mark.parametrize("chunk", some(range(3, 50), 10))
def test_more_random_hierarchies(chunk: int) -> None:
    for seed in range(chunk * 100, (chunk + 1) * 100):
        assert not disagreements(hierarchy_of(Generator(random.Random(seed).randrange))), seed


def spread_over(generator: Generator) -> Design | None:
    """A random design with spatial loops on a random hierarchy; `None` where the loops are refused."""
    try:
        plain = random_design(generator)
    except InputError:
        return None
    drawn = generator.hierarchy(plain.workload)
    levels = [
        replace(level, network=x.network) for level, x in zip(drawn.levels, plain.architecture.levels, strict=True)
    ]
    architecture = replace(plain.architecture, levels=tuple(levels), allocation=drawn.allocation)
    return bind(plain.workload, architecture, plain.tree)


@pytest.mark.parametrize(
    "chunk", [0, 1, *(pytest.param(chunk, marks=pytest.mark.slow) for chunk in some(range(2, 20), 6))]
)
def test_random_hierarchies_with_instances(chunk: int) -> None:
    compared = 0
    for seed in range(chunk * 100, (chunk + 1) * 100):
        design = spread_over(Generator(random.Random(seed).randrange))
        try:
            different = None if design is None else disagreements(design)
        except InputError:  # sums of instances that the network cannot add up
            continue
        assert not different, (seed, different)
        compared += different is not None
    assert compared >= 50


@given(st.data())
def test_drawn_hierarchies(data: st.DataObject) -> None:
    def below(stop: int) -> int:
        return data.draw(st.integers(0, stop - 1)) if stop > 1 else 0

    assert not disagreements(hierarchy_of(Generator(below)))


def fused(*levels: Level, allocation: str = "window", compute: Compute | None = None) -> Evaluation:
    """Two convolutions of three taps in tiles of 4, everything on chip; `B` never leaves."""
    tree = LoopTree(
        chain(
            keep("DRAM", "A", "W1", "W2", "C"),
            keep("GLB", "W1", "W2"),
            loop("p", 4),
            keep("GLB", "A", "B", "C"),
            sequential("first", "second"),
        )
    )
    architecture = Architecture("line", (Level("DRAM"), *levels), compute or Compute(), allocation)
    return evaluate(Workload("line", PAIR), architecture, tree)


def test_a_double_buffered_level_holds_twice_what_it_exchanges() -> None:
    # windows in bytes: A 8, B 6, C 4, W1 and W2 3 each; all but B come from or go to DRAM
    assert fused(Level("GLB")).occupancy["GLB"].window_bytes == 8 + 6 + 4 + 3 + 3
    doubled = fused(Level("GLB", 43, double_buffered=True)).occupancy["GLB"]
    assert doubled.window_bytes == 2 * (8 + 4 + 3 + 3) + 6 == 42
    assert doubled.per_tensor == {"A": (16, 16), "B": (6, 6), "C": (8, 8), "W1": (6, 6), "W2": (6, 6)}
    assert doubled.fits
    assert not fused(Level("GLB", 41, double_buffered=True)).fits


def test_partitions_fit_one_by_one() -> None:
    parts = (Partition(("weight",), 5, "WB"), Partition(("input", "output"), 12), Partition(("intermediate",), 6))
    found = fused(Level("GLB", partitions=parts)).occupancy["GLB"]
    assert (found.capacity_bytes, found.window_bytes) == (23, 24)
    assert {name: (part.window_bytes, part.fits) for name, part in found.partitions.items()} == {
        "WB": (6, False),
        "input+output": (12, True),
        "intermediate": (6, True),
    }
    assert not found.fits


def test_a_partition_for_one_tensor_goes_before_that_of_its_kind() -> None:
    parts = (Partition(("weight", "input", "output", "intermediate"), 30), Partition(("W1",), 3))
    found = fused(Level("GLB", partitions=parts)).occupancy["GLB"].partitions
    assert [part.window_bytes for part in found.values()] == [24 - 3, 3]


def test_reads_and_writes_of_their_own_bandwidth() -> None:
    # GLB reads 288 bytes and writes 128, see the next test
    def glb(read: int, write: int) -> Level:
        return Level("GLB", None, None, *zero, Fraction(read), Fraction(write))

    zero = Fraction(0), Fraction(0)
    assert fused(glb(4, 1)).latency.memory["GLB"] == 128
    assert fused(glb(4, 8)).latency.memory["GLB"] == Fraction(288, 4)


def test_ports_move_whole_words() -> None:
    # GLB: first does 54 operations, second 48; B is produced 18 times
    # reads: A 54, W1 54, B 48 by second and 54 - 18 again by first, W2 48, C 48 - 16, and the drain of C 16 = 288
    # writes: fills A 18, W1 3, W2 3, B 54, C 48 = 126
    shared = fused(Level("GLB", word_bits=16, ports=Ports(shared=1))).latency.memory["GLB"]
    assert shared == Fraction(288 + 128, 2)
    accesses = fused(Level("GLB", word_bits=16)).to_dict()["accesses"]
    assert accesses == {"GLB": {"reads": 288 // 2, "writes": 128 // 2}}
    apart = fused(Level("GLB", word_bits=16, ports=Ports(1, 1))).latency.memory["GLB"]
    assert apart == Fraction(288, 2)
    mixed = fused(Level("GLB", word_bits=4, ports=Ports(1, 0, 1))).latency.memory["GLB"]
    assert mixed == max(Fraction(288 * 2, 2), Fraction(128 * 2, 1), Fraction((288 + 128) * 2, 2))


def test_energy_per_access() -> None:
    level = Level("GLB", word_bits=16, read_pj=Fraction(10), write_pj=Fraction(12))
    spent = fused(level).energy.per_component["GLB"]
    assert spent == {"read": 288 * Fraction(10, 2), "write": 128 * Fraction(12, 2)}


def test_leakage_takes_energy_in_every_cycle() -> None:
    level = Level("GLB", bandwidth_bytes_per_cycle=Fraction(1), leakage_pj_per_cycle=Fraction(2))
    found = fused(level, compute=Compute(leakage_pj_per_cycle=Fraction(1, 2)))
    assert found.latency.overlapped == 288 + 128
    assert found.energy.per_component["GLB"]["leakage"] == 2 * (288 + 128)
    assert found.energy.per_component["MAC"] == {"operation": 0, "leakage": Fraction(288 + 128, 2)}


def test_area_of_everything_on_chip() -> None:
    unknown = fused(Level("GLB", area_mm2=Fraction(1, 2)))
    assert unknown.area_mm2 is None
    assert unknown.to_dict()["area_mm2"] == {"total": None, "per_component": {"GLB": 0.5, "MAC": None}}
    known = fused(Level("GLB", area_mm2=Fraction(1, 2)), compute=Compute(area_mm2=Fraction(3)))
    assert known.area_mm2 == Fraction(7, 2)
    assert "area_mm2" not in fused(Level("GLB")).to_dict()


def test_a_tensor_where_it_may_not_be() -> None:
    with pytest.raises(InputError, match=r"GLB of architecture 'line' may not hold 'A' \(kind: input\)"):
        fused(Level("GLB", keeps=("weight", "output", "intermediate", "W1")))
    with pytest.raises(InputError, match=r"may not hold 'B' \(kind: intermediate\) \(no level may"):
        tight = Level("GLB", bypasses=("intermediate",))
        bind_pair = Architecture("line", (Level("DRAM", bypasses=("B",)), tight))
        tree = LoopTree(chain(keep("DRAM", "A", "W1", "W2", "C"), keep("GLB", "B"), sequential("first", "second")))
        bind(Workload("line", PAIR), bind_pair, tree)


def test_a_tensor_that_no_level_may_hold() -> None:
    tree = LoopTree(chain(keep("DRAM", "A", "W1", "W2", "C"), sequential("first", "second")))
    levels = (Level("DRAM", bypasses=("B",)), Level("GLB", bypasses=("B",)))
    with pytest.raises(InputError, match="no memory level of architecture 'odd' may hold tensor 'B'"):
        bind(Workload("line", PAIR), Architecture("odd", levels), tree)


def test_groups_that_are_bound_by_different_ports_add_up() -> None:
    tree = LoopTree(
        chain(
            keep("DRAM", "A", "W1", "B", "W2", "C"),
            keep("GLB", "W1", "W2", "A", "B", "C"),
            sequential("first", "second"),
        )
    )
    levels = (Level("DRAM"), Level("GLB", word_bits=8, ports=Ports(1, 1)))
    found = evaluate_design(bind(Workload("line", PAIR), Architecture("line", levels), tree))
    assert found.latency.memory["GLB"] == found.latency.overlapped == sum(g.latency_cycles for g in found.groups)


def test_words_of_a_few_bits_share_bytes_on_chip() -> None:
    # GLB: 4 words of 3 bits each are filled and read of A and B, and written and drained of Z: 72 bits.
    # Off chip 12 bits are 2 bytes, of each tensor.
    levels = (Level("DRAM", bandwidth_bytes_per_cycle=Fraction(1)), Level("GLB", bandwidth_bytes_per_cycle=Fraction(1)))
    where = Workload("odd", [layer("mul", "Z[p] = A[p] * B[p]", p=4)], default_bits=3)
    tree = LoopTree(chain(keep("DRAM", "A", "B", "Z"), keep("GLB", "A", "B", "Z"), "mul"))
    found = evaluate(where, Architecture("bits", levels), tree)
    assert found.latency.memory == {"DRAM": 6, "GLB": Fraction(72, 8)}
    assert found.offchip_bytes == 6
