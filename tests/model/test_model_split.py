"""Pipelines whose branches divide the compute units: by hand, by brute force, and on random designs."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looptree.architecture import Architecture, Array, Compute, Cores, Level
from looptree.documents import parse_document
from looptree.errors import InputError
from looptree.model.balance import balanced
from looptree.model.inference import infer
from looptree.taxonomy import Branch, Chain, LoopTree, RankRef, Spatial, Split
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.taxonomy.reader import mapping_from_node, mapping_to_yaml
from tests.model.model_cases import chain, design, keep, loop, matmuls, run
from tests.model.stepwise_cases import compared, limited, reloading
from tests.random_designs import Generator

CHUNK = 60

TWO = matmuls(2, 12)
WIDE = [replace(TWO[0], ranks={"m": 12, "n": 12, "k": 12}), TWO[1]]


def divided(split: Split | None, *stages: Chain | str) -> tuple[object, ...]:
    chains = tuple(chain(stage) if isinstance(stage, str) else stage for stage in stages)
    return loop("m", 1), keep("GLB", "T1"), Branch("pipeline", chains, split)


def machine(array: Array | None = None, cores: Cores | None = None, **spatial: int) -> Architecture:
    return Architecture("machine", (Level("DRAM"), Level("GLB")), Compute(spatial=spatial, array=array), cores=cores)


@pytest.mark.parametrize(
    ("split", "cycles"),
    [
        (None, (12 + 1) * 12 * 1),  # each has all twelve
        (Split("n", (6, 6)), (12 + 1) * 12 * 2),
        (Split("n", (4, 8)), 12 * 3 * 13),  # ceil(12 / 8) = 2 for the second, which the first one hides but at the end
        (Split("n"), (12 + 1) * 12 * 2),
    ],
)
def test_shares_of_a_rank(split: Split | None, cycles: int) -> None:
    found = run(TWO, *divided(split, "fc1", "fc2"), on=machine(n=12)).latency  # type: ignore[arg-type]
    last = 12 * 3 - 12 * 2 if split is not None and split.shares == (4, 8) else 0
    assert found.compute == cycles - last
    assert found.stepwise is not None
    assert found.stepwise.cycles == found.compute


def test_units_are_those_of_the_share() -> None:
    found = run(TWO, *divided(Split("n"), "fc1", "fc2"), on=machine(n=13)).latency  # type: ignore[arg-type]
    # of 13 columns 7 and 6 would be as slow as 6 and 6
    assert {name: cycles.units for name, cycles in found.layers.items()} == {"fc1": 6, "fc2": 6}
    assert {name: cycles.cycles for name, cycles in found.layers.items()} == {"fc1": 12 * 24, "fc2": 12 * 24}


def test_balancing_gives_more_to_who_does_more() -> None:
    steps: list[Callable[[int], int]] = [lambda share: -(-90 // share), lambda share: -(-30 // share), lambda share: 7]
    assert balanced(steps, 9) == (6, 2, 1)  # 15, 15 and 7: with 5 the first would take 18
    for extent in range(3, 12):
        ways = [way for way in product(range(1, extent + 1), repeat=3) if sum(way) <= extent]
        best = min(ways, key=lambda way: (max(s(x) for s, x in zip(steps, way, strict=True)), sum(way)))
        assert balanced(steps, extent) == best


def test_branches_divide_an_axis_of_the_array() -> None:
    def stage(name: str, tile: int) -> Chain:
        return chain(Spatial((RankRef("n"),), tile, "x"), name)

    grid = machine(Array({"x": 8}, systolic=True))
    for split in (Split("x"), Split("x", (4, 4)), Split("x", (4, 3))):
        drawn = design(TWO, *divided(split, stage("fc1", 3), stage("fc2", 4)), on=grid)  # type: ignore[arg-type]
        shares = infer(drawn).shares
        assert [share for _, share in shares.values()] == list(split.shares or (4, 3))
    found = run(TWO, *divided(Split("x"), stage("fc1", 3), stage("fc2", 4)), on=grid).latency  # type: ignore[arg-type]
    # fc1: 3 columns of 12 and 3 to fill and drain; fc2: 4 of 12, and 2
    assert found.compute == 36 + 3 + 11 * (48 + 2) + 48 + 2
    with pytest.raises(InputError, match="has 4 instances along 'x', but its share is 2"):
        run(TWO, *divided(Split("x", (2, 6)), stage("fc1", 3), stage("fc2", 4)), on=grid)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"the branches have 6 \+ 4 instances along 'x', which is 8"):
        run(TWO, *divided(Split("x"), stage("fc1", 2), stage("fc2", 3)), on=grid)  # type: ignore[arg-type]


def test_branches_divide_the_cores() -> None:
    def stage(name: str, tile: int) -> Chain:
        return chain(Spatial((RankRef("n"),), tile, "core"), name)

    cores = machine(cores=Cores({"core": 6}, "GLB"))
    found = run(TWO, *divided(Split("core", (4, 2)), stage("fc1", 3), stage("fc2", 6)), on=cores).latency  # type: ignore[arg-type]
    assert found.compute == 12 * 3 + 12 * (12 * 6)
    assert {name: cycles.units for name, cycles in found.layers.items()} == {"fc1": 4, "fc2": 2}


@pytest.mark.parametrize(
    ("split", "said"),
    [
        (Split("q"), "there is neither a rank 'q' of compute.spatial nor an axis 'q' of the array"),
        (Split("n", (6, 7)), "shares of 6 + 7 need 13 of n, which is 12"),
    ],
)
def test_splits_that_do_not_fit(split: Split, said: str) -> None:
    with pytest.raises(InputError) as caught:
        run(TWO, *divided(split, "fc1", "fc2"), on=machine(n=12))  # type: ignore[arg-type]
    assert said in str(caught.value)


def test_a_split_of_the_wrong_form() -> None:
    with pytest.raises(InputError, match="expected one share for each of 2 branches, found 3"):
        Branch("pipeline", (chain("fc1"), chain("fc2")), Split("n", (1, 2, 3)))
    with pytest.raises(InputError, match="branches that take turns do not divide the compute units"):
        Branch("sequential", (chain("fc1"), chain("fc2")), Split("n"))
    with pytest.raises(InputError, match=r"expected shares of at least 1, found \[0, 3\]"):
        Split("n", (0, 3))


TEXT = """
mapping:
  - temporal: {rank: m, tile: 1}
  - pipeline:
      axis: n
      shares: %s
      branches:
        - [compute: {einsum: fc1}]
        - [compute: {einsum: fc2}]
"""


@pytest.mark.parametrize("shares", ["[5, 7]", "balanced"])
def test_written_and_read_back(shares: str) -> None:
    tree = mapping_from_node(parse_document(TEXT % shares))
    assert isinstance(tree.root.end, Branch)
    assert tree.root.end.split == Split("n", None if shares == "balanced" else (5, 7))
    assert mapping_from_node(parse_document(mapping_to_yaml(tree))).root == tree.root


@pytest.mark.parametrize("shares", ["3", "[0, 4]", "even", "[a, b]"])
def test_shares_that_are_none(shares: str) -> None:
    with pytest.raises(InputError, match=r":6: mapping"):
        mapping_from_node(parse_document(TEXT % shares))


# -- random designs -------------------------------------------------------------------------------


def dividing(generator: Generator, chain: Chain, ranks: list[str], most: int) -> Chain:
    """The same chain; pipelines divide a rank of the operations that are done at once."""
    end = chain.end
    if isinstance(end, Branch):
        split = None
        if end.kind == "pipeline" and ranks and len(end.chains) <= most:
            split = Split(generator.pick(ranks))
            if generator.chance(50):
                split = replace(split, shares=tuple(1 + generator.below(2) for _ in end.chains))
        chains = tuple(dividing(generator, child, ranks, most) for child in end.chains)
        end = replace(end, chains=chains, split=split)
    return replace(chain, end=end)


def random_design(generator: Generator) -> Design:
    """A random design with pipelines that divide the units, if it has any."""
    workload = generator.workload()
    architecture = generator.architecture()
    levels = tuple(limited(generator, level.name) for level in architecture.levels)
    spatial = {rank: generator.pick([3, 5, 8]) for rank in ("i0", "i1", "k")}
    machine = Architecture("divided", levels, Compute(spatial=spatial))
    tree = reloading(generator, generator.mapping(workload).root)
    try:
        return bind(workload, machine, LoopTree(dividing(generator, tree, list(spatial), 3)))
    except InputError:
        return bind(workload, machine, LoopTree(tree))


def test_random_designs_equal_the_event_simulation() -> None:
    outcomes: Counter[str] = Counter()
    for seed in range(4 * CHUNK):
        drawn = random_design(Generator(random.Random(seed).randrange, (2, 3, 3)))
        if any(chain.split for chain in drawn.chains):
            outcomes[compared(drawn)] += 1
    assert outcomes["timed"] > 0.25 * CHUNK


@settings(max_examples=25)
@given(st.data())
def test_designs_that_hypothesis_draws(data: st.DataObject) -> None:
    compared(random_design(Generator(lambda n: data.draw(st.integers(0, n - 1)), (2, 3))))
