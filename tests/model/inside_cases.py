"""Layers on hardware with registers below the buffer, and every nest of a layer by the model, slow and obvious."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from looptree.architecture import Architecture, Compute, Level
from looptree.check import check
from looptree.model import Evaluation, evaluate
from looptree.model.inference import infer
from looptree.model.inside import leaf as leaves
from looptree.model.inside import with_nests
from looptree.model.inside.costs import energy, price
from looptree.model.inside.finder import Finder
from looptree.model.inside.larger import Further
from looptree.model.inside.nest import Nest, Price
from looptree.model.inside.resolve import counts_of, leaf_of, nodes_of, room_of, with_inside
from looptree.model.inside.tables import Tables
from looptree.model.inside.tiles import keeps_full, useful_tiles
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.taxonomy.tree import Branch, Chain, LoopTree, RankRef, Storage, Temporal
from looptree.taxonomy.tree import Compute as Leaf
from looptree.workload import Einsum, Workload
from tests.model.model_cases import layer


def registers(
    capacity_bytes: int | None, *, dataflow: str | None = None, spatial: Mapping[str, int] | None = None
) -> Architecture:
    """DRAM at 100 pJ per byte read or written, a buffer at 6 and 7, registers at 1 and 2."""
    levels = (
        Level("DRAM", None, None, Fraction(100), Fraction(100)),
        Level("GLB", None, None, Fraction(6), Fraction(7)),
        Level("RF", capacity_bytes, None, Fraction(1), Fraction(2)),
    )
    return Architecture("registers", levels, Compute("MAC", Fraction(1), spatial=spatial or {}), dataflow=dataflow)


def drawn_layer(draw: random.Random) -> Einsum:
    """A small layer of some kind."""
    size = draw.randrange
    listed = [
        lambda: layer("a", "T[m,n] = X[m,k] * Wa[k,n]", m=size(2, 6), n=size(2, 6), k=size(2, 6)),
        lambda: layer("a", "T[m,p] = X[c,p+r] * Wa[m,c,r]", m=size(1, 4), c=size(1, 4), p=size(3, 8), r=size(2, 4)),
        lambda: layer("a", "T[m,p] = X[c,2*p+r-1] * Wa[m,c,r]", m=size(1, 3), c=size(1, 3), p=size(3, 6), r=size(1, 4)),
        lambda: layer("a", "T[c,p] = max(X[c,2*p+r])", c=size(1, 4), p=size(2, 7), r=size(2, 4)),
        lambda: layer("a", "T[c,p] = X[c,p+r-1] * Wa[c,r]", c=size(2, 5), p=size(3, 8), r=size(2, 4)),
        lambda: layer("a", "T[c,p] = X[c,p] + Z[c,p]", c=size(2, 5), p=size(3, 8)),
        lambda: layer("a", "T[c,p] = X[c,3*p]", c=size(2, 5), p=size(3, 6)),
    ]
    return draw.choice(listed)()


def drawn_design(seed: int, architecture: Architecture) -> Design:
    """A layer alone or with a reader that is fused to it, in tiles, each leaf asking for a nest."""
    draw = random.Random(seed)
    first = drawn_layer(draw)
    extents = dict(zip(("c", "p"), _written(first), strict=True))
    reach = min(draw.choice([1, 2, 3]), extents["p"])
    extents["p"] -= reach - 1
    text = "Y[m,p] = T[c,p+r] * Wb[m,c,r]"
    second = layer("b", text, m=draw.randrange(1, 4), r=reach, **extents)
    fused = draw.random() < 0.6
    workload = Workload("drawn", [first, second] if fused else [first])
    sink = second if fused else first
    may = [rank for rank, extent in sink.ranks.items() if extent > 1 and rank != "r"]
    ranks = draw.sample(may, k=min(draw.choice([0, 1, 1, 2]), len(may)))
    loops = [Temporal((RankRef(rank),), draw.randrange(1, sink.ranks[rank])) for rank in ranks]
    outer = Storage("DRAM", (*workload.inputs, *workload.outputs))
    inner = Storage("GLB", tuple(workload.tensors))
    leaves = [Leaf(e.name, inside="found") for e in workload.einsums]
    end = Branch("sequential", tuple(Chain((), leaf) for leaf in leaves)) if fused else leaves[0]
    depth = draw.randrange(len(loops) + 1)
    tree = LoopTree(Chain((outer, *loops[:depth], inner, *loops[depth:]), end))
    return bind(workload, architecture, tree)


def _written(einsum: Einsum) -> tuple[int, int]:
    one, other = (form.hull(einsum.box).stop for form in einsum.output.projection)
    return one, other


def every_nest(design: Design, name: str, extents: dict[str, int]) -> Iterator[Nest]:
    """Every set of tensors, order of loops and useful tile shapes of ranks; `extents` are those of the largest tile."""
    einsum = design.workload.einsum(name)
    spatial = design.architecture.compute.spatial
    tensors = list(dict.fromkeys((*einsum.reads, einsum.output.tensor)))
    options = []
    for rank, extent in extents.items():
        wide = spatial.get(rank, 1)
        options.append([(rank, extent), *((rank, t) for t in useful_tiles(extent) if keeps_full(t, extent, wide))])
    for tiles in itertools.product(*options):
        cut = [(rank, tile) for rank, tile in tiles if tile < extents[rank]]
        for order in itertools.permutations(cut):
            for count in range(len(tensors) + 1):
                for kept in itertools.combinations(tensors, count):
                    yield Nest(order, kept)


def measured(design: Design, nests: Sequence[tuple[str, Nest]]) -> Evaluation:
    """What the model says of a design with nests given."""
    return written(design, [(name, (nest,)) for name, nest in nests], 1)


def written(design: Design, nests: Sequence[tuple[str, Sequence[Nest]]], depth: int) -> Evaluation:
    """What the model says of a design with nests given at so many of the innermost levels."""
    levels = [level.name for level in design.architecture.levels[-depth:]]
    nodes = {name: nodes_of(name, levels, own, again=design.leaf(name).outer_depth > 0) for name, own in nests}
    plain = LoopTree(_plain(design.tree.root))
    return evaluate(design.workload, design.architecture, with_inside(plain, nodes), stepwise=False)


def _plain(chain: Chain) -> Chain:
    if isinstance(chain.end, Branch):
        return Chain(chain.inner, Branch(chain.end.kind, tuple(_plain(c) for c in chain.end.chains)))
    return Chain(chain.inner, Leaf(chain.end.einsum))


def asking(chain: Chain) -> Chain:
    """The same chain, but that every leaf asks for a nest."""
    if isinstance(chain.end, Branch):
        return replace(chain, end=replace(chain.end, chains=tuple(map(asking, chain.end.chains))))
    return replace(chain, end=replace(chain.end, inside="found"))


def deeper(design: Design, seed: int) -> Design:
    """A design with one level more below all others, at which nests are to be found, and an energy for each access."""
    draw = random.Random(f"deeper {seed}")
    levels = [
        replace(level, read_pj_per_byte=Fraction(100 - 20 * at), write_pj_per_byte=Fraction(90 - 17 * at))
        for at, level in enumerate(design.architecture.levels)
    ]
    inner = Level("IN", draw.choice([3, 6, 12, 40]), read_pj_per_byte=Fraction(1), write_pj_per_byte=Fraction(2))
    architecture = replace(design.architecture, levels=(*levels, inner))
    return bind(design.workload, architecture, LoopTree(asking(design.tree.root)))


# -- nests as they are counted, and as they are when they are written ----------------------------


def finding(design: Design, name: str) -> tuple[leaves.Leaf, Finder, Price]:
    """What finds the nest of one layer, and what it is judged by."""
    level, inferred, chain = design.architecture.levels[-1], infer(design), design.leaf(name)
    leaf = leaf_of(design, inferred, chain)
    assert leaf is not None
    used = {*leaf.einsum.reads, leaf.einsum.output.tensor}
    outer = {t: design.architecture.level(design.innermost_place(t, chain).level) for t in used}
    counts, begun = counts_of(inferred, leaf), leaf.begun_further_out
    tensors = design.workload.tensors
    own = price(leaf.einsum, tensors, outer, level, counts, energy, served=leaf.served, begun=begun)
    room, wide = room_of(design.workload, leaf, level), design.architecture.compute.spatial
    return leaf, Finder(Tables(leaf, room, wide)), own


def extents_of(leaf: leaves.Leaf) -> dict[str, int]:
    """The largest extents of ranks that may be cut."""
    problems = [leaf.problems(part) for part in leaf.parts]
    gaps = frozenset[str]().union(*map(leaf.with_gaps, problems))
    return {rank: 1 if rank in gaps else known.largest(rank) for known in problems for rank in known.ranks}


def matches(design: Design, seed: int) -> str:
    """Random nests of each layer: those that are found are counted as the model counts written ones, and the best ones.

    What the model counts of them is what the simulator does.
    """
    assert not check(with_nests(design))
    draw, without = random.Random(seed), measured(design, [])
    for einsum in design.workload.einsums:
        if infer(design).einsums[einsum.name].leaf is None:
            continue
        leaf, finder, own = finding(design, einsum.name)
        none = sum(own.bypassed.values())
        room, wide = finder.tables.room, design.architecture.compute.spatial
        every = Finder(Tables(leaf, room, wide, further=Further(levels=1, most=dict.fromkeys(leaf.accesses, 1e9))))
        known = [options for kept in every.tables.kept() for options in every.options(kept, every=True)]
        listed = [(options, at) for options in known for at in range(len(options.steps))]
        for options, at in draw.sample(listed, min(8, len(listed))):
            given = measured(design, [(einsum.name, every.chosen(options, at)[0])])
            assert float(given.energy.total - without.energy.total) == pytest.approx(options.priced(own)[at] - none)
            assert design.architecture.compute.fill_drain_cycles or given.latency.compute <= without.latency.compute
        best = finder.least([own], own)[0][0]
        found = measured(design, [(einsum.name, best.nest)])
        assert float(found.energy.total - without.energy.total) == pytest.approx(best.sums[0] - none)
        may = finder.tables.room.bits
        nests = [n for n in every_nest(design, einsum.name, extents_of(leaf)) if may.keys() >= set(n.kept)]
        for nest in draw.sample(nests, min(8, len(nests))):
            other = measured(design, [(einsum.name, nest)])
            assert not other.fits or other.energy.total >= found.energy.total, nest
    return "fused" if len(design.workload.einsums) > 1 else "alone"


def pairs_of(design: Design, name: str, draw: random.Random) -> Iterator[tuple[Nest, Nest]]:
    """Some nests at both levels."""
    leaf, _, _ = finding(design, name)
    extents = extents_of(leaf)
    outer = list(every_nest(design, name, extents))
    for nest in draw.sample(outer, min(12, len(outer))):
        cut = {rank: min(extent, dict(nest.loops).get(rank, extent)) for rank, extent in extents.items()}
        inner = list(every_nest(design, name, cut))
        yield from ((nest, one) for one in draw.sample(inner, min(4, len(inner))))
