"""Ports, separate bandwidths, energy per access and leakage: what the search prices, and what it refuses."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import pytest

from looptree.architecture import Architecture, Compute, Level, Partition, Ports
from looptree.errors import InputError
from looptree.model import evaluate
from looptree.search import InfeasibleError, Restrictions, Space, search
from looptree.search.asked.objective import value
from looptree.search.exhaustive import Exhaustive, Group, Network
from looptree.taxonomy.group import plan_tree
from looptree.workload import Workload
from tests.search.group_cases import differences
from tests.search.leaf_cases import streaming
from tests.search.search_cases import architecture, einsum, network

ROOMY = 10.0**6
ONE = Space(loops=1, lone_loops=1, leaf_loops=0)
MATMUL = einsum("fc", "Y[m,n] = X[m,k] * W[k,n]", {"m": 6, "n": 5, "k": 4})
PAIR = Workload(
    "pair",
    [
        einsum("one", "B[p] = A[p+r] * W1[r]", {"p": 10, "r": 3}),
        einsum("two", "C[p] = B[p+r] * W2[r]", {"p": 8, "r": 3}),
    ],
)
DRAM, GLB = Level("DRAM", None, Fraction(2), Fraction(100), Fraction(90)), Level("GLB", 48)
APART = replace(DRAM, bandwidth_bytes_per_cycle=None, read_bandwidth_bytes_per_cycle=Fraction(1, 4))
PORTED = replace(GLB, word_bits=16, ports=Ports(1, 1, 1), read_pj=Fraction(5), write_pj=Fraction(7))
ONE_PORT = Level("DRAM", word_bits=32, ports=Ports(shared=1), read_pj=Fraction(900), write_pj=Fraction(700))
LEAKY = replace(PORTED, leakage_pj_per_cycle=Fraction(40))


def best_of_all(workload: Workload, architecture: Architecture, objective: str) -> float:
    """Every loop, tile shape and place of a single layer, each evaluated on the architecture itself."""
    plain = Architecture("plain", (Level("DRAM"), Level("GLB")))
    found = []
    for choice in Group(Network(workload, plain, ONE), frozenset(["fc"]), frozenset()).choices():
        for depths in itertools.product(range(len(choice.loops) + 1), repeat=len(workload.tensors)):
            places = dict(zip(workload.tensors, depths, strict=True))
            tree = plan_tree(workload, architecture, [replace(choice, retention=places)])
            evaluation = evaluate(workload, architecture, tree, stepwise=False)
            if evaluation.fits:
                found.append(float(value(objective, evaluation)))
    return min(found)


@pytest.mark.parametrize("objective", ["energy", "latency", "offchip"])
@pytest.mark.parametrize("glb", [PORTED, LEAKY], ids=["ports", "leakage"])
@pytest.mark.parametrize("dram", [APART, ONE_PORT], ids=["two bandwidths", "one port"])
@pytest.mark.parametrize("bits", [{}, {"X": 16, "W": 12}], ids=["8 bits", "mixed bits"])
def test_no_design_of_a_layer_is_better(objective: str, glb: Level, dram: Level, bits: dict[str, int]) -> None:
    workload = Workload("fc", [MATMUL], bits=bits)
    architecture = Architecture("a", (dram, glb), Compute(spatial={"m": 2}))
    plan = search(workload, architecture, objective=objective, space=ONE, workers=1)
    assert plan.statistics.status == "optimal"
    assert plan.statistics.value == pytest.approx(best_of_all(workload, architecture, objective), rel=1e-12)


@pytest.mark.parametrize("objective", ["energy", "latency"])
def test_ports_of_a_byte_are_a_bandwidth(objective: str) -> None:
    energies = Fraction(3), Fraction(4)
    byte = Level("GLB", 30, Fraction(1), *energies)
    port = Level("GLB", 30, word_bits=8, ports=Ports(shared=1), read_pj=energies[0], write_pj=energies[1])
    values = [
        search(PAIR, Architecture("a", (DRAM, glb)), objective=objective, space=ONE, workers=1).statistics.value
        for glb in (byte, port)
    ]
    assert values[0] == values[1]


@pytest.mark.parametrize("objective", ["energy", "latency"])
def test_search_and_model_agree_on_a_fused_pair(objective: str) -> None:
    for glb in (PORTED, LEAKY):
        plan = search(PAIR, Architecture("a", (APART, glb)), objective=objective, space=Space(loops=2), workers=1)
        assert plan.statistics.status == "optimal"
        assert plan.statistics.value == float(value(objective, plan.evaluation))


STREAMED = Space(loops=1, lone_loops=1, leaf_loops=1)


@pytest.mark.parametrize(
    "kind, space",
    [
        ("chain", ONE),
        ("plane", ONE),
        ("matmul", ONE),
        ("plane", STREAMED),
        *(pytest.param(kind, STREAMED, marks=pytest.mark.slow) for kind in ("chain", "skip", "matmul", "padded")),
    ],
)
def test_no_design_on_a_double_buffered_level_is_better(kind: str, space: Space) -> None:
    plain = architecture()
    doubled = replace(plain, levels=(plain.levels[0], replace(plain.levels[1], double_buffered=True)))
    slow = Exhaustive(network(kind, 3, layers=2), doubled, space)
    found, cases = differences(streaming(slow) if space.leaf_loops else slow, doubled, largest=ROOMY)
    assert found == []
    assert cases >= 6


@pytest.mark.parametrize("kind", ["chain", "shared"])
def test_no_plan_on_a_double_buffered_level_is_better(kind: str) -> None:
    workload, plain = network(kind, 2), architecture(seed=2)
    unlimited = replace(plain, levels=(plain.levels[0], replace(plain.levels[1], double_buffered=True)))
    slow = Exhaustive(workload, unlimited, ONE)
    for capacity in (20, 30, 40, 60, 100):
        for objective in ("energy", "offchip"):
            expected = slow.value(objective, capacity)
            hardware = unlimited.with_capacity("GLB", capacity)
            if expected == float("inf"):
                with pytest.raises(InfeasibleError):
                    search(workload, hardware, objective=objective, space=ONE, workers=1)
            else:
                plan = search(workload, hardware, objective=objective, space=ONE, workers=1)
                assert plan.statistics.value == pytest.approx(expected, rel=1e-9)
                assert plan.evaluation.fits


def test_an_output_that_a_later_group_reads_is_twice_on_a_double_buffered_level() -> None:
    """Four bytes stay on chip for the next group, and are written off chip meanwhile."""
    layers = [einsum("one", "A[p] = X[p]", {"p": 4}), einsum("two", "B[p] = A[p] * V[p]", {"p": 4})]
    workload, plain = Workload("output", layers, outputs=["A"]), architecture()
    space = replace(ONE, restrictions=Restrictions(apart=(frozenset({"one", "two"}),)))
    unlimited = replace(plain, levels=(plain.levels[0], replace(plain.levels[1], double_buffered=True)))
    slow = Exhaustive(workload, unlimited, space)
    for capacity in range(8, 14):
        hardware = unlimited.with_capacity("GLB", capacity)
        plan = search(workload, hardware, objective="offchip", space=space, workers=1)
        assert plan.statistics.value == slow.value("offchip", capacity)


@pytest.mark.parametrize(
    "levels, expected",
    [
        (
            (DRAM, Level("GLB", partitions=(Partition(("weight",), 9), Partition(("input",), 9)))),
            "GLB tells apart tensors other than weights",
        ),
        ((DRAM, replace(GLB, bypasses=("input",))), "GLB tells apart tensors other than weights"),
        ((DRAM, replace(GLB, bypasses=("W1",))), "GLB tells apart tensors other than weights"),
        ((DRAM, replace(GLB, keeps=("weight",))), "GLB holds weights only"),
        ((replace(DRAM, bypasses=("intermediate",)), GLB), "DRAM may not hold every tensor"),
    ],
)
def test_what_is_not_searched_is_refused(levels: tuple[Level, ...], expected: str) -> None:
    with pytest.raises(InputError, match=f"{expected}, which a search does not take into account"):
        search(PAIR, Architecture("a", levels), workers=1)


def test_what_is_off_chip_has_to_fit() -> None:
    """With whole tensors of 12, 3, 10, 3 and 8 bytes, `B` may be off chip or not."""
    for capacity, room in ((25, ""), (26, "the best plan does not fit DRAM: it needs 36 bytes there"), (36, "plan")):
        hardware = Architecture("a", (replace(DRAM, capacity_bytes=capacity), replace(GLB, capacity_bytes=8)))
        if room == "plan":
            assert search(PAIR, hardware, space=ONE, workers=1).evaluation.occupancy["DRAM"].window_bytes == capacity
            continue
        said = room or "network 'pair' does not fit DRAM: its inputs, weights and outputs have 26 bytes"
        with pytest.raises(InfeasibleError, match=f"{said}, the capacity is {capacity}"):
            search(PAIR, hardware, space=ONE, workers=1)
    hardware = Architecture("a", (replace(DRAM, capacity_bytes=26), GLB))
    assert search(PAIR, hardware, space=ONE, workers=1).evaluation.offchip_bytes == 26
