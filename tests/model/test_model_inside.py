"""Nests that are found: equal to the model and the simulator, and beaten by no nest of the space."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest

from looptree.architecture import Level, Partition
from looptree.check import check
from looptree.errors import InputError
from looptree.model import evaluate
from looptree.model.inference import infer
from looptree.model.inside import costs, with_nests
from looptree.model.inside.finder import Finder
from looptree.model.inside.leaf import Leaf
from looptree.model.inside.nest import Found, Price
from looptree.model.inside.resolve import counts_of, leaf_of, room_of
from looptree.model.inside.tables import Tables
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.taxonomy.tree import Chain, Compute, LoopTree
from looptree.workload import Workload
from tests.model.inside_cases import drawn_design, every_nest, measured, registers
from tests.model.model_cases import TWO_LEVELS, keep, layer

CAPACITIES = (3, 6, 12, 24, 100)


def drawn(seed: int) -> Design:
    """A random design on registers of some size."""
    draw = random.Random(f"registers {seed}")
    spatial = {"c": 2} if draw.random() < 0.3 else {}
    return drawn_design(seed, registers(draw.choice(CAPACITIES), spatial=spatial))


def best_of(design: Design, name: str) -> tuple[Leaf, Price, Found]:
    """The nest of one layer, and what it was judged by."""
    level, chain, inferred = design.architecture.levels[-1], design.leaf(name), infer(design)
    leaf = leaf_of(design, inferred, chain)
    assert leaf is not None
    outer = {t: design.architecture.level("GLB") for t in design.workload.tensors}
    price = costs.price(leaf.einsum, design.workload.tensors, outer, level, counts_of(inferred, leaf), costs.energy)
    finder = Finder(Tables(leaf, room_of(design.workload, leaf, level), design.architecture.compute.spatial))
    return leaf, price, finder.least([price], price)[0][0]


@pytest.mark.parametrize("seed", range(24))
def test_found_nests_are_counted_as_the_model_and_the_simulator_do(seed: int) -> None:
    design = drawn(seed)
    whole = with_nests(design)
    assert not check(whole)
    without = measured(design, [])
    for einsum in design.workload.einsums:
        _, price, found = best_of(design, einsum.name)
        given = measured(design, [(einsum.name, found.nest)])
        saved = float(without.energy.total - given.energy.total)
        assert saved == pytest.approx(sum(price.bypassed.values()) - found.sums[0], abs=1e-6)
        assert given.occupancy["RF"].window_bytes == found.bytes
        assert given.fits
        assert given.latency.compute == without.latency.compute


@pytest.mark.parametrize("seed", range(100, 112))
def test_no_nest_of_the_space_is_better(seed: int) -> None:
    design = drawn(seed)
    draw = random.Random(seed)
    without = measured(design, []).latency.compute
    for einsum in design.workload.einsums:
        leaf, _, found = best_of(design, einsum.name)
        problems = [leaf.problems(part) for part in leaf.parts]
        extents = {rank: known.largest(rank) for known in problems for rank in known.ranks}
        gaps = frozenset[str]().union(*map(leaf.with_gaps, problems))
        nests = [
            n for n in every_nest(design, einsum.name, extents) if gaps.isdisjoint(dict(n.loops)) and len(n.kept) > 0
        ]
        best = measured(design, [(einsum.name, found.nest)]).energy.total
        for nest in draw.sample(nests, min(12, len(nests))):
            other = measured(design, [(einsum.name, nest)])
            assert not other.fits or other.latency.compute > without or other.energy.total >= best, nest


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1020))
def test_no_nest_of_small_spaces_is_better_at_all(seed: int) -> None:
    design = drawn(seed)
    without = measured(design, []).latency.compute
    einsum = design.workload.einsums[0]
    leaf, _, found = best_of(design, einsum.name)
    problems = [leaf.problems(part) for part in leaf.parts]
    extents = {rank: known.largest(rank) for known in problems for rank in known.ranks}
    gaps = frozenset[str]().union(*map(leaf.with_gaps, problems))
    nests = [n for n in every_nest(design, einsum.name, extents) if gaps.isdisjoint(dict(n.loops))]
    best = measured(design, [(einsum.name, found.nest)]).energy.total
    for nest in random.Random(seed).sample(nests, min(200, len(nests))):
        other = measured(design, [(einsum.name, nest)])
        assert not other.fits or other.latency.compute > without or other.energy.total >= best, nest


@pytest.mark.parametrize("seed", range(12))
def test_several_levels_below_the_buffer(seed: int) -> None:
    """A scratchpad, at times double-buffered, above registers with partitions or a dataflow."""
    draw = random.Random(f"levels {seed}")
    plain = registers(draw.choice([3, 6, 12, 24]), dataflow=draw.choice([None, "weight_stationary", "row_stationary"]))
    dram, buffer, inner = plain.levels
    pad = Level("SPAD", draw.choice([20, 40, 80]), read_pj_per_byte=Fraction(3), double_buffered=draw.random() < 0.4)
    if draw.random() < 0.3:
        apart = Partition(("weight",), 4), Partition(("input", "output", "intermediate"), 6)
        inner = replace(inner, capacity_bytes=None, partitions=apart)
    design = with_nests(drawn_design(seed, replace(plain, levels=(dram, buffer, pad, inner))))
    assert not check(design)
    found = evaluate(design.workload, design.architecture, design.tree, stepwise=False)
    assert found.occupancy["SPAD"].fits
    assert found.fits or plain.dataflow is not None


# -- pinned dataflows, with a pencil ----------------------------------------------------------

FC = Workload("fc", [layer("fc", "Y[m,n] = X[m,k] * Wf[k,n]", m=8, n=4, k=6)])


def whole_in_buffer(workload: Workload, *, dataflow: str, capacity: int, inside: str | None = None) -> Design:
    """One layer, everything whole in the buffer."""
    (einsum,) = workload.einsums
    tree = LoopTree(
        Chain((keep("DRAM", *workload.tensors), keep("GLB", *workload.tensors)), Compute(einsum.name, inside=inside))
    )
    return with_nests(bind(workload, registers(capacity, dataflow=dataflow), tree))


def words(design: Design) -> dict[str, tuple[int, int]]:
    """Reads and writes of the buffer by tensor."""
    found = evaluate(design.workload, design.architecture, design.tree, stepwise=False)
    return {t: (moved.reads_words, moved.writes_words) for t, moved in found.transfers["GLB"].items()}


def test_weight_stationary_reads_each_weight_once() -> None:
    """A matrix product of 8 x 4 x 6 with room for one word, the weight; the rest is in the buffer.

    One weight stays while 8 rows pass: 6 x 4 weights are read once each. An input word is read for each weight of its
    row of weights (4 of them): 8 x 6 x 4 = 192 reads. A sum is met by 6 weights: written 6 x 32 = 192 times, and read
    back but for the first time: 192 - 32 = 160.
    The fills of the buffer from off chip are 24, 48 and none, its drain is 32 reads.
    """
    assert words(whole_in_buffer(FC, dataflow="weight_stationary", capacity=1)) == {
        "Wf": (24, 24),
        "X": (192, 48),
        "Y": (160 + 32, 192),
    }


def test_output_stationary_writes_each_output_once() -> None:
    """One sum stays for its 6 products: 32 sums are written once, never read back; both operands come for each product.

    8 x 4 x 6 = 192 reads of weights and of inputs; the drain off chip reads 32.
    """
    assert words(whole_in_buffer(FC, dataflow="output_stationary", capacity=1)) == {
        "Wf": (192, 24),
        "X": (192, 48),
        "Y": (32, 32),
    }


def test_input_stationary_reads_each_input_once() -> None:
    """One input word stays while 4 columns pass: 48 reads of inputs, 192 of weights, sums written 192 times."""
    assert words(whole_in_buffer(FC, dataflow="input_stationary", capacity=1)) == {
        "Wf": (192, 24),
        "X": (48, 48),
        "Y": (160 + 32, 192),
    }


def test_row_stationary_keeps_a_row_of_weights() -> None:
    """A 3 x 3 kernel over an image of 6 x 7: 4 x 5 outputs. A row of 3 weights stays while a row of inputs slides by.

    Each of the 3 rows of weights meets each of the 4 rows of outputs: 3 x 4 pairs. With the rows of weights outside,
    the weights are read once (9). Each pair reads a row of inputs once (7 words): 12 x 7 = 84. Each of the 20 sums is
    written for each row of weights (60) and read back but for the first (40); the drain off chip reads 20.
    """
    plane = Workload("plane", [layer("conv", "Y[p,q] = X[p+r,q+s] * Wc[r,s]", p=4, q=5, r=3, s=3)])
    design = whole_in_buffer(plane, dataflow="row_stationary", capacity=7)
    assert words(design) == {"Wc": (9, 9), "X": (84, 42), "Y": (40 + 20, 60)}
    found = evaluate(design.workload, design.architecture, design.tree, stepwise=False)
    assert found.occupancy["RF"].per_tensor == {"X": (3, 3), "Wc": (3, 3), "Y": (1, 1)}


def test_a_dataflow_that_does_not_fit_is_an_answer() -> None:
    plane = Workload("plane", [layer("conv", "Y[p,q] = X[p+r,q+s] * Wc[r,s]", p=4, q=5, r=3, s=3)])
    design = whole_in_buffer(plane, dataflow="row_stationary", capacity=6)
    found = evaluate(design.workload, design.architecture, design.tree, stepwise=False)
    assert (found.fits, found.occupancy["RF"].window_bytes) == (False, 7)


# -- what is refused --------------------------------------------------------------------------


def test_a_nest_needs_a_level_below() -> None:
    tree = LoopTree(Chain((keep("DRAM", *FC.tensors), keep("GLB", *FC.tensors)), Compute("fc", inside="found")))
    with pytest.raises(InputError, match="no memory level is left below 'GLB'"):
        with_nests(bind(FC, TWO_LEVELS, tree))
