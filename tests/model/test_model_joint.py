"""Nests at several levels below the buffer: the best of all, as the model and the simulator count them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

from looptree.architecture import Architecture, Level
from looptree.architecture.architecture import DATAFLOWS
from looptree.check import check
from looptree.model import Evaluation, evaluate
from looptree.model.inference import infer
from looptree.model.inside import with_nests
from looptree.model.inside.costs import energy
from looptree.model.inside.joint import Wanted
from looptree.model.inside.nest import Nest
from looptree.model.inside.resolve import counts_of, joint_of, leaf_of, nodes_of, with_inside
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.taxonomy.tree import Chain, Compute, LoopTree
from looptree.workload import Einsum, Workload
from tests.model.every_nests import least_of_all
from tests.model.inside_cases import drawn_design, every_nest, registers
from tests.model.model_cases import keep, layer, loop
from tests.some import some


def scratchpad(pad: int, inner: int) -> Architecture:
    """DRAM, a buffer, a scratchpad and registers of so many bytes."""
    plain = registers(inner)
    dram, buffer, last = plain.levels
    middle = Level("PAD", pad, read_pj_per_byte=Fraction(3), write_pj_per_byte=Fraction(7, 2))
    return replace(plain, levels=(dram, buffer, middle, last))


def every_pair(design: Design, name: str) -> Iterator[tuple[Nest, Nest]]:
    """A nest at each of both levels, in every way."""
    leaf = leaf_of(design, infer(design), design.leaf(name))
    assert leaf is not None
    extents = {rank: known.largest(rank) for known in map(leaf.problems, leaf.parts) for rank in known.ranks}
    for outer in every_nest(design, name, extents):
        cut = {rank: min(extent, dict(outer.loops).get(rank, extent)) for rank, extent in extents.items()}
        for inner in every_nest(design, name, cut):
            yield outer, inner


def given(design: Design, name: str, nests: tuple[Nest, ...]) -> Evaluation:
    """What the model says of a layer alone with nests."""
    plain = LoopTree(Chain(design.tree.root.inner, Compute(name)))
    nodes = nodes_of(name, ["PAD", "RF"], nests, again=False)
    return evaluate(design.workload, design.architecture, with_inside(plain, {name: nodes}), stepwise=False)


def asked(einsum: Einsum, architecture: Architecture, *, tile: int | None = None) -> Design:
    """One layer that asks for nests, in the buffer in one or several tiles of its first rank."""
    workload = Workload("one", [einsum])
    cut = () if tile is None else (loop(next(iter(einsum.ranks)), tile),)
    inner = (keep("DRAM", *workload.tensors), *cut, keep("GLB", *workload.tensors))
    return bind(workload, architecture, LoopTree(Chain(inner, Compute(einsum.name, inside="found"))))


DOT = layer("a", "Y[m] = X[m,k] * W[k]", m=3, k=2)
WINDOW = layer("a", "Y[p] = X[p+r] * W[r]", p=3, r=2)
MAP = layer("a", "Y[m,n] = X[m,n] * W[n]", m=2, n=3)


@pytest.mark.parametrize(
    ("einsum", "pad", "inner"), [(DOT, 5, 2), (WINDOW, 5, 2), (MAP, 8, 3)], ids=["dot", "window", "map"]
)
def test_no_pair_of_nests_is_better(einsum: Einsum, pad: int, inner: int) -> None:
    design = asked(einsum, scratchpad(pad, inner))
    found = with_nests(design)
    assert not check(found)
    best = evaluate(found.workload, found.architecture, found.tree, stepwise=False)
    assert best.fits
    pairs = (given(design, "a", pair) for pair in every_pair(design, "a"))
    assert best.energy.total == min(other.energy.total for other in pairs if other.fits)


LARGER = {
    "product": layer("a", "Y[m,n] = X[m,k] * W[k,n]", m=5, n=4, k=6),
    "convolution": layer("a", "Y[m,p] = X[c,p+r] * W[m,c,r]", m=4, c=3, p=6, r=3),
    "stride": layer("a", "Y[c,p] = max(X[c,2*p+r-1])", c=4, p=6, r=3),
}


@pytest.mark.parametrize("name", LARGER)
@pytest.mark.parametrize("tile", [None, 3])
def test_no_random_pair_is_better(name: str, tile: int | None) -> None:
    draw = random.Random(f"{name} {tile}")
    design = asked(LARGER[name], scratchpad(draw.choice([14, 24]), draw.choice([3, 6])), tile=tile)
    found = with_nests(design)
    best = evaluate(found.workload, found.architecture, found.tree, stepwise=False)
    leaf = leaf_of(design, infer(design), design.leaf("a"))
    assert leaf is not None
    extents = {rank: known.largest(rank) for known in map(leaf.problems, leaf.parts) for rank in known.ranks}
    outer = list(every_nest(design, "a", extents))
    others = []
    for nest in draw.sample(outer, 40):
        cut = {rank: min(extent, dict(nest.loops).get(rank, extent)) for rank, extent in extents.items()}
        others += [given(design, "a", (nest, inner)) for inner in draw.sample(list(every_nest(design, "a", cut)), 4)]
    fitting = [other.energy.total for other in others if other.fits]
    assert len(fitting) > 3
    assert best.energy.total <= min(fitting)


@pytest.mark.parametrize("seed", range(6))
def test_nests_of_fused_layers_are_counted_as_the_simulator_does(seed: int) -> None:
    design = with_nests(drawn_design(seed, scratchpad(12, 4)))
    assert not check(design)
    found = evaluate(design.workload, design.architecture, design.tree, stepwise=False)
    assert found.fits


def test_one_level_after_the_other_is_worse() -> None:
    """What the scratchpad does best by itself leaves the registers tiles that cost more."""
    architecture = scratchpad(24, 6)
    design = asked(LARGER["product"], architecture)
    alone = replace(architecture, levels=architecture.levels[:3])
    first = with_nests(asked(LARGER["product"], alone)).tree
    further = LoopTree(Chain(first.root.inner, Compute("a", inside="found")))
    energies = [
        evaluate(design.workload, architecture, with_nests(known).tree, stepwise=False).energy.total
        for known in (design, bind(design.workload, architecture, further))
    ]
    assert energies[0] < energies[1]


def test_an_outer_tile_that_could_be_larger_may_be_best() -> None:
    """W needs 3 words and Y 6 of the 7 of the scratchpad, so `m` could be whole; but then X would not fit below."""
    free = Fraction(1)
    dram, buffer, *_ = scratchpad(7, 6).levels
    pad = Level("PAD", 7, read_pj_per_byte=free, write_pj_per_byte=free)
    inner = Level("RF", 6, read_pj_per_byte=free, write_pj_per_byte=2 * free)
    design = asked(
        layer("a", "Y[m,n] = X[m,k] * W[k,n]", m=4, n=3, k=3),
        Architecture("free", (dram, buffer, pad, inner), scratchpad(7, 6).compute),
    )
    given_nests = Nest((("m", 2), ("n", 1)), ("W", "Y")), Nest((), ("X",))
    larger = Nest((("n", 1),), ("W", "Y")), Nest((("m", 2),), ("X",))
    one, other = (given(design, "a", nests) for nests in (given_nests, larger))
    assert one.fits and other.fits and one.energy.total < other.energy.total
    found = with_nests(design)
    best = evaluate(found.workload, found.architecture, found.tree, stepwise=False)
    assert best.energy.total == one.energy.total


def against_all(design: Design) -> None:
    """The nests that are found take as little as the best of all, if anything fits."""
    inferred, architecture = infer(design), design.architecture
    leaf = leaf_of(design, inferred, design.leaf("a"))
    assert leaf is not None
    joint = joint_of(design.workload, architecture, leaf, architecture.levels[2:], counts_of(inferred, leaf))
    outer, wanted = dict.fromkeys(design.workload.tensors, architecture.level("GLB")), Wanted(energy)
    least = least_of_all(joint, leaf, outer, wanted, leaf.shape, {})
    (found,) = joint.least(leaf, outer, [wanted], wanted)[0]
    assert found.fits == (least < float("inf"))
    assert not found.fits or found.sums[0] == pytest.approx(least, rel=1e-12)


@pytest.mark.parametrize("dataflow", [None, *DATAFLOWS])
@pytest.mark.parametrize("seed", some(range(12), 3))
def test_two_levels_are_the_best_of_all(seed: int, dataflow: str | None) -> None:
    draw = random.Random(f"outer tiles {seed}")
    einsum = draw.choice(list(LARGER.values()))
    spatial = draw.choice([{}, {}, {draw.choice(list(einsum.ranks)): 2}])
    architecture = scratchpad(draw.randrange(6, 40), draw.randrange(3, 10))
    compute = replace(architecture.compute, spatial=spatial)
    against_all(asked(einsum, replace(architecture, compute=compute, dataflow=dataflow), tile=draw.choice([None, 3])))


TINY = (
    layer("a", "Y[m] = X[m,k] * Wa[k]", m=5, k=2),
    layer("a", "Y[p] = X[p+r-1] * Wa[r]", p=5, r=2),
    layer("a", "Y[m,n] = X[m,n] * Wa[n]", m=5, n=2),
    layer("a", "Y[m,n] = X[m,k] * Wa[k,n]", m=3, n=2, k=1),
)


@pytest.mark.parametrize("seed", some(range(40), 4))
def test_three_levels_are_the_best_of_all(seed: int) -> None:
    draw = random.Random(f"three levels {seed}")
    sizes = draw.randrange(9, 16), draw.randrange(6, 10), draw.randrange(3, 6)
    plain = scratchpad(1, 1)
    prices = [Fraction(draw.choice([0, 1, 2, 4])) for _ in sizes]
    below = [
        Level(name, size, read_pj_per_byte=price, write_pj_per_byte=price, bypasses=draw.choice([(), (), ("X",)]))
        for name, size, price in zip(("FAR", "MID", "RF"), sizes, prices, strict=True)
    ]
    dataflow = draw.choice([None, None, *DATAFLOWS])
    against_all(asked(draw.choice(TINY), replace(plain, levels=(*plain.levels[:2], *below), dataflow=dataflow)))


def test_three_levels_are_counted_as_the_simulator_does() -> None:
    plain = scratchpad(12, 4)
    far = Level("FAR", 20, read_pj_per_byte=Fraction(5), write_pj_per_byte=Fraction(5))
    design = with_nests(asked(LARGER["product"], replace(plain, levels=(*plain.levels[:2], far, *plain.levels[2:]))))
    assert not check(design)
    assert evaluate(design.workload, design.architecture, design.tree, stepwise=False).fits
