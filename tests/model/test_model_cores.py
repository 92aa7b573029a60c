"""Cores that share fused tiles: worked out by hand, and every count against the simulation on random designs."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looptree.architecture import Architecture, Array, Cores, Level, Network, architecture_from_node
from looptree.documents import parse_document
from looptree.errors import InputError
from looptree.model.result import OperationCount
from looptree.taxonomy import Branch, Chain, LoopTree, RankRef, Spatial, Storage, Temporal
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from tests.model.model_cases import keep, layer, loop, matmuls, run, sequential, words
from tests.model.spatial_cases import compared
from tests.model.stepwise_cases import limited, reloading
from tests.model.test_model_split import dividing
from tests.random_designs import Generator
from tests.some import some

CHUNK = 60
TRIES = 40


LINE = [
    layer("first", "B[p] = A[p+r] * V[r]", p=18, r=3),
    layer("second", "C[p] = B[p+r] * W[r]", p=16, r=3),
]


def machine(network: Network = Network(), cores: int = 4) -> Architecture:  # noqa: B008
    levels = (Level("DRAM", bandwidth_bytes_per_cycle=Fraction(1), network=network), Level("L1"))
    return Architecture("machine", levels, cores=Cores({"core": cores}, "DRAM"))


def over_cores(rank: str, tile: int) -> Spatial:
    return Spatial((RankRef(rank),), tile, "core")


TILED = (over_cores("p", 4), keep("L1", "A", "B", "C", "V", "W"), sequential("first", "second"))


# -- by hand --------------------------------------------------------------------------------------


def test_halos_are_recomputed() -> None:
    # each core needs 6 of B, two of them for its neighbour as well, and so 8 of A
    found = run(LINE, *TILED, on=machine())
    assert found.operations["first"] == OperationCount(4 * 6 * 3, 6 * 3)
    assert words(found, "DRAM", "A") == (4 * 8, 0)
    assert words(found, "DRAM", "W") == (4 * 3, 0)
    assert found.transfers["L1"]["A"].per_instance == (6 * 3, 8)
    assert found.occupancy["L1"].per_tensor == {"A": (8, 8), "B": (6, 6), "V": (3, 3), "C": (4, 4), "W": (3, 3)}
    assert found.latency.compute == 6 * 3 + 4 * 3
    assert found.latency.layers["first"].units == 4
    assert found.latency.stepwise is not None
    # in before: 32 of A and 12 of V; while the first computes 18 cycles, 12 of W; then 12 cycles; then 16 of C out
    assert found.latency.stepwise.cycles == 44 + 18 + 12 + 16


def test_halos_are_forwarded_and_weights_multicast() -> None:
    # the first core computes 6 of B, the others 4 each and get 2 from their neighbour
    found = run(LINE, *TILED, on=machine(Network(multicast=True, forward=True)))
    assert found.operations["first"] == OperationCount(18 * 3, 0)
    assert words(found, "DRAM", "A") == (20, 0)
    assert words(found, "L1", "A") == (18 * 3, 8 + 3 * 6)
    assert words(found, "DRAM", "W") == (3, 0)
    reads, writes = words(found, "L1", "B")
    assert (reads, writes) == (16 * 3 + 18 * (3 - 1), 18 * 3 + 3 * 2)
    assert found.latency.compute == 6 * 3 + 4 * 3
    assert found.latency.stepwise is not None
    assert found.latency.stepwise.cycles == 23 + 18 + 12 + 16


def test_cores_below_a_loop_know_of_no_other_core_before() -> None:
    # two steps of 8 rows, 2 rows per core: at each step the first core computes anew what the last one had
    tree = (loop("p", 8), over_cores("p", 2), *TILED[1:])
    for forward, points in ((False, 2 * 4 * 4), (True, 2 * (8 + 2))):
        found = run(LINE, *tree, on=machine(Network(forward=forward)))
        assert found.operations["first"].total == 3 * points


def test_what_all_cores_share_is_computed_once() -> None:
    # B stands above the cores: each point is computed by the core that needs it first
    levels = (Level("DRAM"), Level("L2"), Level("L1"))
    on = Architecture("shared", levels, cores=Cores({"core": 4}, "L2"))
    found = run(LINE, keep("L2", "B"), over_cores("p", 4), keep("L1", "A", "C"), sequential("first", "second"), on=on)
    assert found.operations["first"] == OperationCount(18 * 3, 0)
    assert words(found, "L2", "B") == (16 * 3 + 18 * 2, 18 * 3)
    assert found.occupancy["L2"].per_tensor["B"] == (18, 18)


def test_channels_over_cores() -> None:
    # four channels of the second layer, one per core: all need all of B
    two = [matmuls(2, 4)[0], matmuls(2, 4)[1]]
    for multicast, times in ((False, 4), (True, 1)):
        tree = (over_cores("n", 1), keep("L1", "T0", "T1", "T2", "W1", "W2"), sequential("fc1", "fc2"))
        found = run(two, *tree, on=machine(Network(multicast=multicast)))
        assert found.operations["fc1"].total == times * 64
        assert words(found, "DRAM", "W2") == (16, 0)  # a column each
        assert words(found, "DRAM", "T0") == (16 * times, 0)


def test_partial_sums_of_cores_are_reduced() -> None:
    one = matmuls(1, 4)
    tree = (over_cores("k", 1), keep("L1", "T0", "T1", "W1"), sequential("fc1"))
    found = run(one, *tree, on=machine(Network(reduce=True)))
    assert words(found, "DRAM", "T1") == (0, 16)
    assert words(found, "L1", "T1") == (4 * 16, 64)  # each core writes 16 sums, and hands them on
    with pytest.raises(InputError, match="the network of level 'DRAM' does not reduce"):
        run(one, *tree, on=machine())


# -- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        (
            (over_cores("p", 2), keep("L1", "B")),
            "8 instances of 'first', 'second' along axis 'core', which has 4 cores (use a larger",
        ),
        ((over_cores("p", 4), keep("DRAM", "B")), "all cores share DRAM, and here is a spatial loop over the cores"),
        ((keep("L1", "B"), over_cores("p", 4)), "tensor 'B' stands at L1 above it, but each core has a L1 of its own"),
    ],
)
def test_mistakes(nodes: tuple[Storage | Temporal, ...], said: str) -> None:
    with pytest.raises(InputError) as caught:
        run(LINE, *nodes, keep("L1", "A"), sequential("first", "second"), on=machine())
    assert said in str(caught.value)


CORES = """
levels: [{name: DRAM}, {name: L1}]
compute: {array: {x: 4}}
cores: %s
"""


@pytest.mark.parametrize(
    ("cores", "said"),
    [
        ("{core: 4}", "key 'below' is missing"),
        ("{core: 4, below: L2}", "a.yaml:4: cores.below: expected one of DRAM, L1, found 'L2'"),
        ("{core: 0, below: DRAM}", "expected cores along an axis from 1 to 1048576, found 0"),
        ("{below: DRAM}", "expected cores along one or two axes, found 0"),
        ("{a: 1, b: 2, c: 3, below: DRAM}", "expected cores along one or two axes, found 3"),
        ("{x: 4, below: DRAM}", "the array of each core and the cores both have an axis 'x'"),
        ("4", "expected a mapping"),
    ],
)
def test_cores_that_are_none(cores: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        architecture_from_node(parse_document(CORES % cores, "a.yaml"))
    assert said in str(caught.value)


# -- random designs -------------------------------------------------------------------------------


class Spreading:
    """Turns loops into spatial ones, those above branches over cores; storage nodes at levels that do not fit go."""

    def __init__(self, generator: Generator, own: tuple[str, ...]) -> None:
        self.generator = generator
        self.own = own

    def chain(self, chain: Chain, *, spread: bool = False) -> Chain:
        leaf = not isinstance(chain.end, Branch)
        inner: list[Storage | Temporal] = []
        for node in chain.inner:
            if isinstance(node, Storage):
                if spread == (node.level in self.own):
                    inner.append(node)
            elif self.generator.chance(40):
                axis = self.generator.pick(["x", "y", "core"] if leaf and spread else ["core", "core", "row"])
                spread = spread or axis in ("core", "row")
                inner.append(Spatial(node.ranks, node.tile, axis))
            else:
                inner.append(node)
        end = chain.end
        if isinstance(end, Branch):
            end = replace(end, chains=tuple(self.chain(child, spread=spread) for child in end.chains))
        return Chain(tuple(inner), end)


def random_design(generator: Generator) -> Design:
    """A random design with cores, the first of many drawn whose tensors all still have a place."""
    workload = generator.workload()
    architecture = generator.architecture()
    levels = tuple(
        replace(
            limited(generator, level.name),
            network=Network(generator.chance(50), generator.chance(85), generator.chance(50)),
        )
        for level in architecture.levels
    )
    cores = Cores({"core": 64, "row": 64}, generator.pick(["DRAM", "DRAM", "GLB"]))
    compute = replace(architecture.compute, array=Array({"x": 64, "y": 64}, systolic=generator.chance(20)))
    machine = Architecture("cores", levels, compute, cores=cores)
    own = tuple(level.name for level in levels if machine.in_core(level.name))
    for _ in range(TRIES):
        tree = Spreading(generator, own).chain(reloading(generator, generator.mapping(workload).root))
        tree = dividing(generator, tree, list(compute.spatial), 2)
        try:
            found = bind(workload, machine, LoopTree(tree))
        except InputError:
            continue
        if any(chain.spatial for chain in found.chains if chain.kind != "compute"):
            return found
    return bind(workload, machine, generator.mapping(workload))


@pytest.mark.parametrize("chunk", range(2))
def test_random_designs_equal_the_simulation(chunk: int) -> None:
    seeds = range(chunk * CHUNK, chunk * CHUNK + CHUNK)
    outcomes = Counter(compared(Generator(random.Random(seed).randrange), random_design) for seed in seeds)
    assert outcomes["cores"] > 0.25 * CHUNK


@pytest.mark.parametrize("seed", [63003512, 63010603])
def test_sums_that_begin_in_tiles_that_are_no_boxes(seed: int) -> None:
    """What a core computes anew leaves out what others compute: its sums begin in these points, not in their hull."""
    assert compared(Generator(random.Random(seed).randrange), random_design) == "cores"


@pytest.mark.slow
@pytest.mark.parametrize("chunk", some(range(2, 12), 4))
def test_many_random_designs_equal_the_simulation(chunk: int) -> None:
    test_random_designs_equal_the_simulation(chunk)


@settings(max_examples=25)
@given(st.data())
def test_designs_that_hypothesis_draws(data: st.DataObject) -> None:
    compared(Generator(lambda n: data.draw(st.integers(0, n - 1))), random_design)
