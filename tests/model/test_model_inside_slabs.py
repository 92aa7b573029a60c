"""Nests of fused layers whose tiles are slabs: transposed convolutions, and dimensions that are merged."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import pytest

from looptree.architecture import Architecture, Level
from looptree.check import check
from looptree.errors import UnsupportedError
from looptree.model.inference import infer
from looptree.model.inside import with_nests
from looptree.model.inside.resolve import nests_of
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.taxonomy.tree import Branch, Chain, Compute, LoopTree, RankRef, Storage, Temporal
from looptree.workload import Workload
from tests.model.inside_cases import deeper, matches, pairs_of, registers, written
from tests.model.model_cases import layer
from tests.model.test_model_odd_layers import OddGenerator, merge
from tests.some import some

WRITERS = (
    "T[m,2*p+u] = X[c,p] * Wa[m,c,u]",
    "T[m,2*p+u] = X[c,p+r] * Wa[m,c,u,r]",
    "T[m,3*p+u] = X[c,p] * Wa[m,c,u]",
    "T[m,3*p+u] = X[m,p,u]",
    "T[m,2*p+u] = max(X[m,p])",
)


def slab_design(seed: int, architecture: Architecture) -> Design:
    """A layer that writes a dimension through two ranks, fused to one that reads it in tiles."""
    draw = random.Random(f"slabs {seed}")
    text = draw.choice(WRITERS)
    sizes = {"m": draw.randrange(1, 4), "p": draw.randrange(2, 6), "u": draw.randrange(2, 5)}
    sizes |= {rank: draw.randrange(1, 4) for rank in "cr" if rank in text.split("=")[1].replace("max", "")}
    if "3*p" in text and "X[m,p,u]" in text:
        sizes["u"] = 3
    first = layer("a", text, **sizes)
    long = first.output.projection[1].hull(first.box).stop
    reach = draw.randrange(1, min(3, long) + 1)
    ranks = {"m": draw.randrange(1, 3), "c": sizes["m"], "p": long - reach + 1, "r": reach}
    second = layer("b", "Y[m,p] = T[c,p+r] * Wb[m,c,r]", **ranks)
    workload = Workload("drawn", [first, second])
    may = [rank for rank in "mpc" if ranks[rank] > 1]
    cut = draw.sample(may, k=min(draw.choice([1, 2]), len(may)))
    loops = [Temporal((RankRef(rank),), draw.randrange(1, ranks[rank])) for rank in cut if rank != "c"]
    depth = draw.randrange(len(loops) + 1)
    outer, inner = (
        Storage("DRAM", ("X", "Wb", "Y", *(t for t in workload.inputs if t == "Wa"))),
        tuple(workload.tensors),
    )
    end = Branch("sequential", tuple(Chain((), Compute(e.name, inside="found")) for e in workload.einsums))
    return bind(
        workload, architecture, LoopTree(Chain((outer, *loops[:depth], Storage("GLB", inner), *loops[depth:]), end))
    )


def compared(seed: int) -> str:
    """What a random design has, after its nests were held against written ones."""
    draw = random.Random(f"registers {seed}")
    spatial = {"m": 2} if draw.random() < 0.3 else {}
    return matches(slab_design(seed, registers(draw.choice([3, 6, 12, 24]), spatial=spatial)), seed)


@pytest.mark.parametrize("chunk", range(2))
def test_nests_in_slabs(chunk: int) -> None:
    outcomes = Counter(compared(seed) for seed in range(chunk * 8, chunk * 8 + 8))
    assert outcomes["fused"] == 8


@pytest.mark.slow
@pytest.mark.parametrize("chunk", some(range(2, 10), 1))
def test_nests_in_many_slabs(chunk: int) -> None:
    test_nests_in_slabs(chunk)


@pytest.mark.parametrize("chunk", range(2))
def test_nests_of_odd_layers(chunk: int) -> None:
    """Joined, mirrored, shifted, summed and split dimensions, one more level below all levels of a random mapping."""
    outcomes: Counter[str] = Counter()
    for seed in range(chunk * 8, chunk * 8 + 8):
        generator = OddGenerator(random.Random(seed).randrange)
        workload = generator.workload()
        design = bind(workload, generator.architecture(), generator.mapping(workload))
        outcomes[matches(deeper(design, seed), seed)] += 1
    assert outcomes["fused"] > 4


def test_smaller_tiles_of_a_diagonal() -> None:
    """Of a matrix of which the diagonal is read, smaller tiles ask for less than the hull of a larger one."""
    generator = OddGenerator(random.Random(53).randrange)
    workload = generator.workload()
    design = bind(workload, generator.architecture(), generator.mapping(workload))
    assert matches(deeper(design, 53), 53) == "fused"


@pytest.mark.parametrize("seed", range(4))
def test_a_slab_at_two_levels(seed: int) -> None:
    """Registers below a scratchpad, in which the tiles of a transposed convolution are cut."""
    draw = random.Random(f"two levels {seed}")
    dram, buffer, inner = registers(draw.choice([3, 5])).levels
    pad = Level("PAD", draw.choice([8, 16]), read_pj_per_byte=Fraction(3), write_pj_per_byte=Fraction(7, 2))
    plain = registers(3)
    design = slab_design(seed, replace(plain, levels=(dram, buffer, pad, inner)))
    assert not check(with_nests(design))
    inferred = infer(design)
    best = written(design, [("a", nests_of(design, inferred, design.leaf("a"), 2))], 2)
    for nests in pairs_of(design, "a", draw):
        other = written(design, [("a", nests)], 2)
        assert not other.fits or other.energy.total >= best.energy.total, nests


def test_layers_that_are_no_boxes_are_refused() -> None:
    """What is fresh was marked point by point, since another consumer asked for some of it before."""
    with pytest.raises(UnsupportedError, match="neither boxes nor slabs"):
        with_nests(deeper(merge(79), 79))
