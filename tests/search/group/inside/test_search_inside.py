"""Searches with registers below the buffer: against every design by the model, and what they promise."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from looptree.architecture import Architecture, Array, Level, Ports
from looptree.architecture.architecture import DATAFLOWS
from looptree.check import check
from looptree.errors import InputError
from looptree.model import Evaluation, evaluate
from looptree.model.inference import infer
from looptree.model.inside.resolve import leaf_of
from looptree.search import InfeasibleError, Plan, Space, search
from looptree.search.asked.objective import value
from looptree.search.asked.restrictions import Restrictions
from looptree.search.exhaustive import Group as Segment
from looptree.search.exhaustive import Network
from looptree.search.group.bound.book import PatternBook
from looptree.search.group.bound.nodes import Nodes
from looptree.search.group.bound.placing import Placing
from looptree.search.group.bound.problems import Problems
from looptree.search.group.group import Group
from looptree.search.group.group_search import GroupSearch
from looptree.search.group.inside.below import Below
from looptree.search.group.inside.nests import Inside
from looptree.taxonomy.binding import bind
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.taxonomy.tree import Branch, Chain, Compute, LoopTree, Storage, Temporal
from looptree.workload import Workload
from tests.model.inside_cases import drawn_design, every_nest, measured, registers
from tests.search.search_cases import einsum, network

ONE = Space(loops=1, lone_loops=1, leaf_loops=0, resident=0)
FUSED = replace(ONE, restrictions=Restrictions(together=(frozenset({"a", "b"}),)))
FC = Workload("fc", [einsum("fc", "Y[m,n] = X[m,k] * W[k,n]", {"m": 6, "n": 5, "k": 4})])
CONV = Workload("conv", [einsum("a", "Y[m,p] = X[c,p+r] * W[m,c,r]", {"m": 3, "c": 2, "p": 7, "r": 3})])
PADDED = Workload(
    "padded",
    [einsum("a", "Y[m,p] = X[c,2*p+r-1] * W[m,c,r]", {"m": 3, "c": 2, "p": 5, "r": 3})],
    shapes={"X": (2, 10)},
)
PAIR = Workload(
    "pair",
    [
        einsum("a", "B[c,p] = A[p+r] * Wa[c,r]", {"c": 2, "p": 8, "r": 3}),
        einsum("b", "C[p] = B[c,p+r] * Wb[c,r]", {"c": 2, "p": 6, "r": 3}),
    ],
)
SUM = Workload(
    "sum",
    [
        einsum("a", "B[m,p] = A[m,p] + Z[m,p]", {"m": 3, "p": 6}),
        einsum("b", "C[m,p] = max(B[m,p+r])", {"m": 3, "p": 5, "r": 2}),
    ],
)


def hardware(buffer: int | None, registers_: int, dataflow: str | None = None) -> Architecture:
    """DRAM, a buffer and registers of so many bytes."""
    return registers(registers_, dataflow=dataflow).with_capacity("GLB", buffer)


def asking(tree: LoopTree) -> LoopTree:
    """The tree with a nest to be found in every leaf."""

    def asked(chain: Chain) -> Chain:
        if isinstance(chain.end, Branch):
            return Chain(chain.inner, Branch(chain.end.kind, tuple(asked(c) for c in chain.end.chains)))
        return Chain(chain.inner, Compute(chain.end.einsum, inside="found"))

    return LoopTree(asked(tree.root))


def every_plan(workload: Workload, architecture: Architecture) -> Iterator[Evaluation]:
    """Every plan with one group and one loop, by the model, the nests of its layers found for it."""
    plain = Architecture("plain", (Level("DRAM"), Level("GLB", bypasses=architecture.levels[1].bypasses)))
    network = Network(workload, plain, ONE)
    for choice in placed(Segment(network, frozenset(e.name for e in workload.einsums), frozenset())):
        tree = asking(plan_tree(workload, architecture, [choice]))
        yield evaluate(workload, architecture, tree, stepwise=False)


def placed(group: Segment) -> Iterator[GroupChoice]:
    """Every choice of a group with every place of its tensors."""
    for choice in group.choices():
        free = group.free(choice)
        for depths in itertools.product(range(len(choice.loops) + 1), repeat=len(free)):
            yield replace(choice, retention={**choice.retention, **dict(zip(free, depths, strict=True))})


def found(workload: Workload, architecture: Architecture, objective: str = "energy", space: Space = ONE) -> Plan:
    plan = search(workload, architecture, objective=objective, space=space, workers=1)
    assert plan.statistics.status == "optimal"
    assert float(value(objective, plan.evaluation)) == plan.statistics.value
    assert plan.evaluation.fits
    assert not check(bind(workload, architecture, plan.tree))
    return plan


@pytest.mark.parametrize(
    ("workload", "buffer", "inner"),
    [
        (FC, 30, 4),
        (FC, 60, 12),
        (CONV, 34, 5),
        (CONV, 60, 16),
        (PADDED, 36, 6),
        (SUM, 40, 6),
    ],
    ids=lambda known: known.name if isinstance(known, Workload) else str(known),
)
def test_no_plan_is_better(workload: Workload, buffer: int, inner: int) -> None:
    architecture = hardware(buffer, inner)
    best = min(float(e.energy.total) for e in every_plan(workload, architecture) if e.fits)
    space = FUSED if len(workload.einsums) > 1 else ONE
    assert found(workload, architecture, space=space).statistics.value == pytest.approx(best, rel=1e-12)


@pytest.mark.parametrize("objective", ["energy", "latency"])
def test_nests_at_two_levels_below_the_buffer_are_searched(objective: str) -> None:
    """Against every plan by the model with its nests of least energy, and as the model and the simulator count."""
    dram, buffer, inner = hardware(14, 2).levels
    rate = Fraction(1, 2)
    pad = Level("PAD", 6, rate, Fraction(3), Fraction(4))
    ported = replace(inner, bandwidth_bytes_per_cycle=3 * rate)
    architecture = Architecture("four", (dram, replace(buffer, bandwidth_bytes_per_cycle=rate), pad, ported))
    workload = Workload("sums", [einsum("a", "Y[m] = X[m,k] * W[k]", {"m": 4, "k": 3})])
    plan = found(workload, architecture, objective)
    assert {node.level for nodes in plan.groups[0].inside.values() for node in nodes if isinstance(node, Storage)} == {
        "PAD",
        "RF",
    }
    best = min(float(value(objective, e)) for e in every_plan(workload, architecture) if e.fits)
    assert plan.statistics.value <= best * (1 + 1e-12)
    if objective == "energy":
        assert plan.statistics.value == pytest.approx(best, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("buffer", "inner"), [(24, 4), (40, 16)])
def test_no_plan_of_two_layers_is_better(buffer: int, inner: int) -> None:
    architecture = hardware(buffer, inner)
    best = min(float(e.energy.total) for e in every_plan(PAIR, architecture) if e.fits)
    assert found(PAIR, architecture, space=FUSED).statistics.value == pytest.approx(best, rel=1e-12)


WIDE = Space(loops=2, lone_loops=3, leaf_loops=0, resident=0)


def some_plans(workload: Workload, architecture: Architecture, count: int, seed: int) -> Iterator[Evaluation]:
    """Random plans with one group and up to two or three loops."""
    draw = random.Random(seed)
    plain = Architecture("plain", (Level("DRAM"), Level("GLB")))
    group = Segment(Network(workload, plain, WIDE), frozenset(e.name for e in workload.einsums), frozenset())
    choices = list(group.choices())
    for choice in draw.sample(choices, min(count, len(choices))):
        places = {t: draw.randrange(len(choice.loops) + 1) for t in group.free(choice)}
        moved = replace(choice, retention={**choice.retention, **places})
        yield evaluate(workload, architecture, asking(plan_tree(workload, architecture, [moved])), stepwise=False)


@pytest.mark.parametrize(
    ("workload", "buffer", "inner"),
    [(FC, 40, 4), (CONV, 34, 5), (SUM, 36, 5), (PAIR, 44, 4)],
    ids=lambda known: known.name if isinstance(known, Workload) else str(known),
)
def test_no_plan_of_several_loops_is_better(workload: Workload, buffer: int, inner: int) -> None:
    architecture = hardware(buffer, inner)
    best = found(workload, architecture, space=WIDE).statistics.value
    others = [float(e.energy.total) for e in some_plans(workload, architecture, 40, buffer) if e.fits]
    assert len(others) > 5
    assert best <= min(others) * (1 + 1e-12)


def some_designs(group: Group, draw: random.Random) -> Iterator[tuple[PatternBook, Nodes]]:
    """A few designs of each number of loops, with places for all intermediates that have several."""
    for book in GroupSearch(group).books():
        widths = book.widths()
        for number in draw.sample(range(book.first), min(3, book.first)):
            start = np.array([[draw.randrange(width) for width in widths[number]]], dtype=np.int64)
            while len(book.children(number)):
                number = int(draw.choice(book.children(number).tolist()))
            if book.separable(number):
                known = np.zeros(1), np.zeros(1, dtype=bool), np.zeros((len(group.prices), 1))
                yield book, Nodes(np.array([number]), start, start + 1, *known)


@pytest.mark.parametrize(
    ("seed", "levels"), [*((seed, 1) for seed in range(40, 60)), *((seed, 2) for seed in range(140, 147))]
)
def test_floors_hold_for_every_design(seed: int, levels: int) -> None:
    """What nests take at least, of single designs and of ranges around them, against the nests that are found."""
    draw = random.Random(seed)
    dataflow = draw.choice([None, None, "weight_stationary", "output_stationary"])
    spatial = {"c": 2} if draw.random() < 0.3 else {}
    architecture = registers(draw.choice([3, 6, 12, 24, 100]), dataflow=dataflow, spatial=spatial)
    if levels == 2:
        *outer, inner = architecture.levels
        pad = Level("PAD", draw.choice([8, 20, 60]), read_pj_per_byte=Fraction(3), write_pj_per_byte=Fraction(4))
        architecture = replace(architecture, levels=(*outer, pad, inner))
    kind = ("skip", "branches", "loose", "plane")[seed // 2 % 4]
    workload = drawn_design(seed, registers(9)).workload if seed % 2 else network(kind, seed)
    group = Group(workload, architecture, "GLB", Space(loops=3, lone_loops=3, leaf_loops=0))
    placing, inside = Placing(Problems(group, frozenset(), math.inf)), Inside(Below(workload, architecture, "GLB"))
    for book, node in some_designs(group, draw) if group.possible else ():
        pattern = book.patterns[int(node.pattern[0])]
        loops = pattern.picked(node.start[0].tolist())
        places = {group.tensors[row]: pattern.places.get(row, (book.count, True))[0] for row in group.inner}
        floors = placing.floors(book.columns(node.pattern, node.start, node.stop)[0])[:, :, 0]
        reach = np.array([[draw.randrange(node.start[0, i] + 1) for i in range(node.start.shape[1])]])
        ends = np.minimum(node.stop + reach, [len(loop.tiles) for loop in pattern.loops])
        wide = placing.floors(book.columns(node.pattern, node.start - reach, ends)[0])[:, :, 0]
        assert (wide <= floors + 1e-6).all()
        for layer, tile in (inside.tiles(loops, places) or {}).items():
            for nest in inside.nests(tile, group.goal):
                assert (np.array(nest.sums) >= floors[group.layers.index(layer)] - 1e-6).all(), (loops, places, layer)


@pytest.mark.parametrize(
    ("dataflow", "objective"),
    [
        *((None, objective) for objective in ("energy", "latency", "offchip", "edp")),
        *((d, "latency") for d in DATAFLOWS),
    ],
)
def test_plans_are_what_the_model_and_the_simulator_say(dataflow: str | None, objective: str) -> None:
    """With bandwidths at the buffer and ports at the registers."""
    plain = hardware(40, 8, dataflow)
    dram, buffer, inner = plain.levels
    slow = replace(buffer, bandwidth_bytes_per_cycle=Fraction(2))
    ported = replace(inner, word_bits=8, ports=Ports(read=2, write=1))
    architecture = replace(plain, levels=(dram, slow, ported))
    plan = found(PAIR, architecture, objective)
    assert any(choice.inside for choice in plan.groups)
    if dataflow == "row_stationary":
        for choice in plan.groups:
            for layer, nodes in choice.inside.items():
                *loops, kept = nodes
                assert isinstance(kept, Storage)
                assert set(kept.tensors) == {*PAIR.einsum(layer).reads, PAIR.einsum(layer).output.tensor}
                assert all(loop.tile == 1 for loop in loops if isinstance(loop, Temporal) and loop.ranks[0].rank == "p")


def test_workers_find_the_same() -> None:
    architecture = hardware(40, 8)
    one, two = (search(PAIR, architecture, space=ONE, workers=count) for count in (1, 2))
    assert one.tree == two.tree


def test_registers_that_tell_tensors_apart_are_not_searched() -> None:
    dram, buffer, inner = hardware(40, 8).levels
    architecture = Architecture("apart", (dram, buffer, replace(inner, keeps=("output",))))
    with pytest.raises(InputError, match="RF tells apart tensors other than weights"):
        search(PAIR, architecture)
    weights = Architecture("weights", (dram, buffer, replace(inner, keeps=("weight",))))
    plan = found(PAIR, weights)
    kept = {
        tensor
        for choice in plan.groups
        for nodes in choice.inside.values()
        for node in nodes
        if isinstance(node, Storage)
        for tensor in node.tensors
    }
    assert kept == {"Wa", "Wb"}


def test_a_dataflow_that_fits_nowhere_is_said() -> None:
    """A weight, an input and a sum need three bytes."""
    with pytest.raises(InfeasibleError, match="no nest that is row_stationary fits RF"):
        search(CONV, hardware(60, 2, "row_stationary"), space=ONE, workers=1)


def every_nested_plan(workload: Workload, architecture: Architecture) -> Iterator[Evaluation]:
    """Every plan of one layer with one loop, and every nest in it, by the model."""
    plain = Architecture("plain", (Level("DRAM"), Level("GLB")))
    (name,) = (e.name for e in workload.einsums)
    for choice in placed(Segment(Network(workload, plain, ONE), frozenset((name,)), frozenset())):
        design = bind(workload, architecture, plan_tree(workload, architecture, [choice]))
        leaf = leaf_of(design, infer(design), design.leaf(name))
        assert leaf is not None
        extents = {rank: known.largest(rank) for known in map(leaf.problems, leaf.parts) for rank in known.ranks}
        for nest in every_nest(design, name, extents):
            yield measured(design, [(name, nest)])


@pytest.mark.parametrize(("objective", "rate"), [("latency", Fraction(1, 2)), ("latency", Fraction(2)), ("edp", None)])
def test_steps_of_nests_fill_a_systolic_array(objective: str, rate: Fraction | None) -> None:
    """Small tiles move more words, or fill the array more often."""
    workload = Workload("sums", [einsum("a", "Y[m] = X[m,k] * W[k]", {"m": 4, "k": 2})])
    plain = hardware(9, 3)
    dram, buffer, inner = plain.levels
    compute = replace(plain.compute, array=Array({"x": 2, "y": 1}, systolic=True))
    slow = replace(buffer, bandwidth_bytes_per_cycle=rate)
    architecture = replace(plain, levels=(dram, slow, replace(inner, bandwidth_bytes_per_cycle=rate)), compute=compute)
    best = min(float(value(objective, e)) for e in every_nested_plan(workload, architecture) if e.fits)
    assert found(workload, architecture, objective).statistics.value == pytest.approx(best, rel=1e-12)
