"""Nests below spatial loops: equal to the same nest written into the mapping, and beaten by no nest of the space."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from looptree.architecture import Architecture, Array, Cores, Level, Network
from looptree.check import check
from looptree.errors import InputError, UnsupportedError
from looptree.model import evaluate
from looptree.model.inside import with_nests
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.taxonomy.tree import Chain, Compute, LoopTree, RankRef, Spatial, Storage, Temporal
from looptree.workload import Workload
from tests.model import spatial_cases
from tests.model.inside_cases import (
    deeper,
    drawn_design,
    drawn_layer,
    matches,
    measured,
    pairs_of,
    registers,
    written,
)
from tests.model.model_cases import keep, layer
from tests.model.test_model_cores import random_design as core_designs
from tests.random_designs import Generator
from tests.some import some

Node = Temporal | Spatial | Storage


def machine(seed: int, *, cores: bool = False) -> Architecture:
    """Registers below a buffer, in an array or on cores whose networks share things or do not."""
    draw = random.Random(f"machine {seed}")
    plain = registers(draw.choice([3, 6, 12, 24, 100]))
    levels = tuple(
        replace(level, network=Network(draw.random() < 0.5, True, draw.random() < 0.5)) for level in plain.levels
    )
    compute = replace(plain.compute, array=Array({"x": 64, "y": 64}))
    return replace(plain, levels=levels, compute=compute, cores=Cores({"core": 64}, "DRAM") if cores else None)


def spread_layer(seed: int, architecture: Architecture) -> Design:
    """A layer alone below loops of which some run at once; the places at the buffer are anywhere among them."""
    draw = random.Random(f"spread {seed}")
    einsum = drawn_layer(draw)
    workload = Workload("drawn", [einsum])
    may = [rank for rank, extent in einsum.ranks.items() if extent > 1]
    nodes: list[Node] = []
    for rank in draw.choices(may, k=draw.choice([1, 2, 2, 3])):
        ref, tile = (RankRef(rank),), draw.randrange(1, einsum.ranks[rank] + 1)
        at_once = not nodes or draw.random() < 0.6
        nodes.append(Spatial(ref, tile, draw.choice("xy")) if at_once else Temporal(ref, tile))
    draw.shuffle(nodes)
    for tensor in workload.tensors:
        if draw.random() < 0.8:
            nodes.insert(draw.randrange(len(nodes) + 1), Storage("GLB", (tensor,)))
    inner = (Storage("DRAM", tuple(workload.tensors)), *nodes)
    return bind(workload, architecture, LoopTree(Chain(inner, Compute(einsum.name, inside="found"))))


def on_cores(seed: int, architecture: Architecture) -> Design:
    """The designs of `drawn_design` whose outermost loop, above the branch, is over cores."""
    design = drawn_design(seed, architecture)
    inner = list(design.tree.root.inner)
    first = next((at for at, node in enumerate(inner) if isinstance(node, Temporal)), None)
    if first is not None:
        loop = inner.pop(first)
        assert isinstance(loop, Temporal)
        inner.insert(1, Spatial(loop.ranks, loop.tile, "core"))
    return bind(design.workload, architecture, LoopTree(Chain(tuple(inner), design.tree.root.end)))


def drawn(seed: int, *, cores: bool) -> Design | None:
    """A random design; `None` where the model refuses it as it stands, or the nests in it."""
    try:
        design = (on_cores if cores else spread_layer)(seed, machine(seed, cores=cores))
        measured(design, [])
        with_nests(design)
    except UnsupportedError:
        return None
    return design if any(chain.spatial for chain in design.chains) else None


def compared(seed: int, *, cores: bool = False) -> str:
    """Random nests of each layer, as they are counted and as they are when they are written into the mapping."""
    design = drawn(seed, cores=cores)
    return "refused" if design is None else matches(design, seed)


@pytest.mark.parametrize("chunk", range(2))
def test_nests_of_random_layers(chunk: int) -> None:
    outcomes = Counter(compared(seed) for seed in range(chunk * 14, chunk * 14 + 14))
    assert outcomes["alone"] > 9


@pytest.mark.parametrize("chunk", range(2))
def test_nests_of_layers_on_cores(chunk: int) -> None:
    outcomes = Counter(compared(seed, cores=True) for seed in range(chunk * 10, chunk * 10 + 10))
    assert outcomes["fused"] > 1 and outcomes["alone"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("chunk", some(range(2, 12), 1))
def test_nests_of_many_designs(chunk: int) -> None:
    test_nests_of_random_layers(chunk)
    test_nests_of_layers_on_cores(chunk)


@pytest.mark.slow
@pytest.mark.parametrize("seed", some(range(0, 60, 6), 2))
@pytest.mark.parametrize("draw", [spatial_cases.random_design, core_designs], ids=["array", "cores"])
def test_nests_below_random_designs(seed: int, draw: Callable[[Generator], Design]) -> None:
    """One more level below all levels of random mappings, with places between the loops, pipelines and all."""
    for number in range(seed, seed + 6):
        try:
            design = deeper(draw(Generator(random.Random(number).randrange)), number)
            measured(design, [])
            with_nests(design)
        except InputError:
            continue
        assert matches(design, number) in ("alone", "fused")


# -- two levels -------------------------------------------------------------------------------


def two_levels(seed: int) -> bool:
    """Whether nests at both levels are found; then no others are better."""
    plain = machine(seed)
    dram, buffer, inner = plain.levels
    draw = random.Random(f"two levels {seed}")
    pad = Level("PAD", draw.choice([8, 16, 40]), read_pj_per_byte=Fraction(3), write_pj_per_byte=Fraction(7, 2))
    design = spread_layer(seed, replace(plain, levels=(dram, buffer, pad, inner)))
    try:
        whole = with_nests(design)
    except UnsupportedError:
        return False
    assert not check(whole)
    best = evaluate(whole.workload, whole.architecture, whole.tree, stepwise=False)
    assert best.fits
    (einsum,) = design.workload.einsums
    for nests in pairs_of(design, einsum.name, draw):
        other = written(design, [(einsum.name, nests)], 2)
        assert not other.fits or other.energy.total >= best.energy.total, nests
    return True


def test_nests_at_two_levels() -> None:
    """Registers of each instance below a scratchpad of each instance."""
    assert sum(map(two_levels, range(8))) >= 5


# -- by hand ----------------------------------------------------------------------------------

FC = Workload("fc", [layer("fc", "Y[m,n] = X[m,k] * W[k,n]", m=4, n=3, k=2)])


@pytest.mark.parametrize("multicast", [True, False])
def test_weights_of_two_instances(multicast: bool) -> None:
    """Two instances with two rows of the product each, and room for one word of registers in each.

    Every operation reads its weight from the buffer: 24 reads, or 12 where both instances read it together. A weight
    that stays for the two rows of an instance is read for half of the operations: 12, or 6.
    """
    plain = machine(0)
    dram, buffer, inner = plain.levels
    levels = dram, replace(buffer, network=Network(multicast)), replace(inner, capacity_bytes=1)
    architecture = replace(plain, levels=levels, dataflow="weight_stationary")
    nodes = (keep("DRAM", "X", "W", "Y"), keep("GLB", "X", "W", "Y"), Spatial((RankRef("m"),), 2, "x"))
    design = with_nests(bind(FC, architecture, LoopTree(Chain(nodes, Compute("fc", inside="found")))))
    found = evaluate(FC, architecture, design.tree, stepwise=False).transfers
    assert found["GLB"]["W"].reads_words == (6 if multicast else 12)
    assert found["RF"]["W"].writes_words == 12
    assert found["GLB"]["X"].reads_words == 24
    assert found["RF"]["W"].per_instance == (12, 6)


# -- what is refused --------------------------------------------------------------------------


def test_halos_that_reach_a_place_further_out_step_by_step() -> None:
    """Neighbours forward what both need at one step: how much of the input that is depends on the nest."""
    conv = Workload("conv", [layer("conv", "Y[p] = X[p+r] * W[r]", p=8, r=3)])
    plain = machine(0)
    dram, buffer, inner = plain.levels
    forwarding = replace(plain, levels=(replace(dram, network=Network(forward=True)), buffer, inner))
    leaf = Compute("conv", inside="found")
    outer, spread, shared = keep("DRAM", "X", "W", "Y"), Spatial((RankRef("p"),), 2, "x"), keep("GLB", "X", "W", "Y")
    with pytest.raises(UnsupportedError, match="what neighbours forward to 'GLB' of 'X' depends on the nest"):
        with_nests(bind(conv, forwarding, LoopTree(Chain((outer, spread, shared), leaf))))
    pad = replace(inner, name="PAD")
    two = replace(plain, levels=(dram, replace(buffer, network=Network(forward=True)), pad, inner))
    with pytest.raises(UnsupportedError, match="what neighbours forward to 'PAD' of 'X' depends on the nest"):
        with_nests(bind(conv, two, LoopTree(Chain((outer, shared, spread), leaf))))
