"""Spatial loops: worked out by hand, and every count against the simulation on random designs."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looptree.architecture import Architecture, Array, Compute, Level, Network
from looptree.errors import InputError, UnsupportedError
from looptree.model import Evaluation, evaluate_design
from looptree.model.convention import convention
from looptree.taxonomy import RankRef, Spatial
from tests.model.model_cases import Node, design, keep, layer, loop, matmuls, run, sequential
from tests.model.spatial_cases import compared
from tests.random_designs import Generator
from tests.some import some

CHUNK = 100


# -- by hand --------------------------------------------------------------------------------------

FC = [layer("fc", "Y[m,n] = X[m,k] * W[k,n]", m=6, n=4, k=3)]


def machine(network: Network = Network(), x: int = 4, y: int = 4) -> Architecture:  # noqa: B008
    levels = (Level("DRAM"), Level("GLB", network=network), Level("RF"))
    return Architecture("machine", levels, Compute(array=Array({"x": x, "y": y})))


def at_once(rank: str, tile: int, axis: str) -> Spatial:
    return Spatial((RankRef(rank),), tile, axis)


def words(found: Evaluation, level: str, tensor: str) -> tuple[int, int]:
    traffic = found.transfers[level][tensor]
    return traffic.reads_words, traffic.writes_words


def test_steps_at_once_take_the_time_of_the_longest() -> None:
    # 6 rows over 4 instances in tiles of 2: three work, each on 2 x 4 x 3 operations
    found = run(FC, at_once("m", 2, "x"), "fc", on=machine())
    assert found.latency.compute == 2 * 4 * 3
    assert found.latency.layers["fc"].units == 3
    # tiles of 4: one instance has 4 rows, the other 2
    found = run(FC, at_once("m", 4, "x"), "fc", on=machine())
    assert (found.latency.compute, found.latency.layers["fc"].units) == (4 * 4 * 3, 2)
    # two axes
    found = run(FC, loop("m", 4), at_once("m", 1, "x"), at_once("n", 2, "y"), "fc", on=machine())
    assert (found.latency.compute, found.latency.layers["fc"].units) == (2 * 2 * 3, 4 * 2)


@pytest.mark.parametrize(
    ("multicast", "reads"),
    [
        (True, 3 * 4),  # each word of W once for both instances
        (False, 2 * 3 * 4),
    ],
)
def test_what_a_loop_does_not_index_is_multicast(multicast: bool, reads: int) -> None:
    inner = keep("RF", "X", "W", "Y")
    found = run(FC, keep("GLB", "X", "W", "Y"), at_once("m", 3, "x"), inner, "fc", on=machine(Network(multicast)))
    fills = words(found, "GLB", "W")
    assert fills == (reads, 12)  # 12 written from DRAM
    assert words(found, "RF", "W") == (6 * 4 * 3, 2 * 12)
    assert found.transfers["RF"]["W"].per_instance == (3 * 4 * 3, 12)
    assert found.transfers["GLB"]["X"].reads_words == 18  # each instance its own rows
    assert found.occupancy["RF"].per_tensor["W"] == (12, 12)
    assert found.occupancy["RF"].per_tensor["X"] == (9, 9)  # of one instance


def test_operations_right_below_a_level_share_their_operands() -> None:
    for multicast, reads in ((True, 72 // 2), (False, 72)):
        found = run(FC, keep("GLB", "X", "W", "Y"), at_once("m", 3, "x"), "fc", on=machine(Network(multicast)))
        assert found.transfers["GLB"]["W"].reads_words == reads
        assert found.transfers["GLB"]["X"].reads_words == 72 + 0 * reads


def test_partial_sums_are_added_up_on_their_way() -> None:
    spread = (keep("GLB", "X", "W", "Y"), at_once("k", 1, "x"), keep("RF", "Y"), "fc")
    found = run(FC, *spread, on=machine(Network(reduce=True)))
    # three instances have a sum of each of the 24 words; one of them arrives
    assert words(found, "RF", "Y") == (3 * 24, 72)
    assert found.transfers["GLB"]["Y"].writes_words == 24
    with pytest.raises(InputError) as caught:
        run(FC, *spread, on=machine())
    assert "the network of level 'GLB' does not reduce" in str(caught.value)
    with pytest.raises(InputError):
        run(FC, keep("GLB", "X", "W", "Y"), at_once("k", 1, "x"), "fc", on=machine())


@pytest.mark.parametrize(("forward", "reads"), [(True, 8 + 2), (False, 4 * (2 + 2))])
def test_neighbours_forward_halos(forward: bool, reads: int) -> None:
    conv = [layer("conv", "Y[p] = X[p+r] * W[r]", p=8, r=3)]
    tree = (keep("GLB", "X", "W", "Y"), at_once("p", 2, "x"), keep("RF", "X"), "conv")
    found = run(conv, *tree, on=machine(Network(forward=forward)))
    assert found.transfers["GLB"]["X"].reads_words == reads
    assert found.transfers["RF"]["X"].writes_words == 4 * 4


def test_an_instance_keeps_what_it_needs_again_and_not_what_its_neighbour_does() -> None:
    conv = [layer("conv", "Y[p] = X[p+r] * W[r]", p=8, r=3)]
    nest = (at_once("p", 4, "x"), keep("RF", "X"), loop("p", 1), "conv")
    found = run(conv, keep("GLB", "X", "W", "Y"), *nest, on=machine())
    assert found.transfers["RF"]["X"].writes_words == 2 * (4 + 2)
    assert found.occupancy["RF"].per_tensor["X"] == (6, 3)
    deeper = (at_once("p", 4, "x"), loop("p", 1), keep("RF", "X"), "conv")
    found = run(conv, keep("GLB", "X", "W", "Y"), *deeper, on=machine())
    assert found.transfers["RF"]["X"].writes_words == 2 * (4 + 2)  # the window slides
    assert found.occupancy["RF"].per_tensor["X"] == (3, 3)


def test_the_short_form_takes_as_many_cycles() -> None:
    """`compute.spatial` is a spatial loop of tile 1 around each operation, as far as cycles and units go."""
    for extent in (2, 4, 5):
        short = Architecture("short", (Level("DRAM"),), Compute(spatial={"m": extent}))
        long = replace(machine(x=extent), levels=(Level("DRAM"),))
        one, other = run(FC, "fc", on=short), run(FC, loop("m", extent), at_once("m", 1, "x"), "fc", on=long)
        assert one.latency.compute == other.latency.compute
        assert one.latency.layers["fc"].units == other.latency.layers["fc"].units


def test_the_convention_of_looptree_holds_for_instances() -> None:
    nest = (keep("GLB", "X", "W", "Y"), at_once("m", 3, "x"), keep("RF", "X", "W", "Y"), "fc")
    drawn = design(FC, *nest, on=machine())
    for name, drained in (("own", 12), ("looptree", 0)):
        found = evaluate_design(drawn, convention=convention(name))
        # each of two instances adds 12 words up, three operations each, and hands them on
        assert found.transfers["RF"]["Y"].per_instance == (12 * 2 + drained, 12 * 3)
        assert words(found, "RF", "Y")[0] == 2 * (12 * 2 + drained)
        assert words(found, "GLB", "Y") == (2 * drained, 24)


# -- mistakes -------------------------------------------------------------------------------------


def refusal(*nodes: Node, on: Architecture) -> str:
    with pytest.raises(InputError) as caught:
        run(FC, *nodes, on=on)
    return str(caught.value)


def test_more_instances_than_units() -> None:
    said = refusal(at_once("m", 1, "x"), "fc", on=machine())
    assert "6 instances of 'fc' along axis 'x', which has 4 units (use a larger tile, or" in said
    said = refusal(at_once("m", 2, "x"), at_once("n", 2, "x"), "fc", on=machine())
    assert "6 instances of 'fc' along axis 'x'" in said


def test_an_axis_that_is_not_there() -> None:
    assert "there is no axis 'z' of an array or of cores in architecture 'machine' (known: x, y)" in refusal(
        at_once("m", 2, "z"), "fc", on=machine()
    )
    bare = replace(machine(), compute=Compute())
    assert "(give compute an array, such as array: {x: 16, y: 16})" in refusal(at_once("m", 2, "x"), "fc", on=bare)


def test_spatial_loops_spread_one_layer() -> None:
    with pytest.raises(InputError) as caught:
        run(matmuls(2, 2), at_once("m", 1, "x"), keep("GLB", "T1"), sequential("fc1", "fc2"), on=machine())
    assert "axis 'x' of the array spreads one layer, and here is a branch of several below" in str(caught.value)


def test_instances_that_overlap_in_what_they_write() -> None:
    up = [layer("up", "Y[2*p+u] = X[p] * W[u]", p=4, u=3)]
    with pytest.raises(UnsupportedError) as caught:
        run(up, keep("GLB", "Y"), at_once("p", 2, "x"), keep("RF", "Y"), "up", on=machine(Network(reduce=True)))
    assert "overlap in Y[2*p+u]" in str(caught.value)


# -- random designs -------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", range(2))
def test_random_designs_equal_the_simulation(chunk: int) -> None:
    seeds = range(chunk * CHUNK, chunk * CHUNK + CHUNK)
    outcomes = Counter(compared(Generator(random.Random(seed).randrange)) for seed in seeds)
    assert outcomes["spatial"] > 0.25 * CHUNK


@pytest.mark.slow
@pytest.mark.parametrize("chunk", some(range(2, 20), 6))
def test_many_random_designs_equal_the_simulation(chunk: int) -> None:
    test_random_designs_equal_the_simulation(chunk)


@given(st.data())
def test_designs_that_hypothesis_draws(data: st.DataObject) -> None:
    compared(Generator(lambda n: data.draw(st.integers(0, n - 1))))
