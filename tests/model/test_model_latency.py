"""Compute cycles: spatial extents, imperfect tiles, turns and pipelines."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from looptree.architecture import Architecture, Compute, Level
from looptree.errors import UnsupportedError
from looptree.model.axis import Axis
from looptree.model.iterations import MAX_ITERATIONS
from looptree.model.latency import leaf_factors, summed
from looptree.model.operations import Operations
from looptree.taxonomy import Branch
from tests.model.model_cases import chain, drop, keep, layer, loop, matmuls, pipeline, run, sequential

CHAIN = [
    layer("conv1", "F2[p] = F1[p+r] * W1[r]", p=4, r=3),
    layer("conv2", "F3[p] = F2[p+r] * W2[r]", p=3, r=2),
]


def units(**spatial: int) -> Architecture:
    return Architecture("units", (Level("DRAM"), Level("GLB")), Compute(spatial=spatial))


@pytest.mark.parametrize(
    ("tile", "cycles"),
    [
        (7, 3 * 2),  # ceil(7 / 3) pixels, ceil(5 / 4) channels
        (3, (1 + 1 + 1) * 2),  # 3, 3 and 1 pixels
        (2, (1 + 1 + 1 + 1) * 2),  # 2, 2, 2 and 1 pixels leave a unit idle
    ],
)
def test_a_tile_takes_the_ceiling_of_every_rank(tile: int, cycles: int) -> None:
    fc = [layer("fc", "Y[p] = X[p,c] * W[c]", p=7, c=5)]
    assert run(fc, loop("p", tile), "fc", on=units(p=3, c=4)).latency.compute == cycles


def test_cycles_of_a_leaf_are_a_product_of_sums() -> None:
    fc = layer("fc", "Y[p] = X[p,c] * W[c]", p=7, c=5)
    axis, parent = Axis.root().extended(np.array([3]), 1)
    operations = Operations.full(fc).tiled(0, axis, parent, "p", 3)
    other, _ = Axis.root().extended(np.array([4]), 2)
    # (2 + 2 + 1) x 5, four times over.
    axes = {0: axis, 1: other}
    assert summed(*leaf_factors(operations, axes, {"p": 2}), axes) == 4 * 5 * 5


# conv1 computes 2, 1 and 1 points of F2 in 3 cycles each, conv2 one point of F3 in 2.
@pytest.mark.parametrize(
    ("branch", "cycles"),
    [
        (sequential("conv1", "conv2"), 12 + 6),
        # 6, max(3, 2), max(3, 2), 2: conv2 runs one step behind.
        (pipeline("conv1", "conv2"), 6 + 3 + 3 + 2),
    ],
)
def test_branches_take_turns_or_run_at_once(branch: Branch, cycles: int) -> None:
    assert run(CHAIN, loop("p", 1), keep("GLB", "F2"), branch).latency.compute == cycles


def test_a_pipeline_without_loops_has_one_step_per_stage() -> None:
    assert run(CHAIN, keep("GLB", "F2"), pipeline("conv1", "conv2")).latency.compute == 12 + 6


def test_loops_inside_a_stage_add_up_within_its_step() -> None:
    # conv2 with 2 taps at once would take one cycle per point; its own loop over r makes it two again.
    stage = chain(loop("conv2.r", 1), "conv2")
    found = run(CHAIN, loop("p", 1), keep("GLB", "F2"), pipeline("conv1", stage), on=units(r=3))
    # conv1: 2, 1, 1 cycles. conv2: 2 each. 2, max(1, 2), max(1, 2), 2.
    assert found.latency.compute == 2 + 2 + 2 + 2


def test_a_stage_of_several_layers_takes_their_sum() -> None:
    layers = [*CHAIN, layer("relu", "F4[p] = F3[p]", p=3)]
    stage = chain(sequential("conv2", "relu"))
    found = run(layers, loop("p", 1), keep("GLB", "F2", "F3"), pipeline("conv1", stage))
    # conv1: 6, 3, 3. conv2 and relu: 2 + 1 each.
    assert found.latency.compute == 6 + 3 + 3 + 3


def test_a_stage_that_idles_takes_no_time() -> None:
    # F2 is kept whole over m: conv1 works in the first of two steps.
    layers = [
        layer("conv1", "F2[c] = F1[c] * W1[]", c=4),
        layer("conv2", "F3[m] = F2[c] * W2[m,c]", m=2, c=4),
    ]
    found = run(layers, keep("GLB", "F2"), loop("m", 1), pipeline("conv1", "conv2"))
    # conv1 4, 0; conv2 4, 4 one step later.
    assert found.latency.compute == 4 + 4 + 4


def test_cycles_of_memory_and_the_bottleneck() -> None:
    levels = (Level("DRAM", None, Fraction(2)), Level("GLB", None, Fraction(100)))
    found = run(
        CHAIN, keep("GLB", "F1", "F2", "W1", "W2", "F3"), sequential("conv1", "conv2"), on=Architecture("slow", levels)
    )
    # 6 + 3 + 2 + 3 words off chip at 2 bytes per cycle; 18 operations one at a time.
    assert found.latency.memory["DRAM"] == 7
    assert (found.latency.compute, int(found.latency.overlapped), found.latency.bottleneck) == (18, 18, "MAC")
    wide = Architecture("wide", levels, Compute(spatial={"p": 4, "r": 3}))
    found = run(CHAIN, keep("GLB", "F1", "F2", "W1", "W2", "F3"), sequential("conv1", "conv2"), on=wide)
    # One cycle for conv1, one for conv2.
    assert (found.latency.compute, int(found.latency.overlapped), found.latency.bottleneck) == (2, 7, "DRAM")


def test_cycles_beyond_64_bits_are_exact() -> None:
    size, tile = 2**24, 2**20
    nodes = (loop("m", tile), keep("GLB", "T1"))
    assert run(matmuls(2, size), *nodes, sequential("fc1", "fc2")).latency.compute == 2 * size**3
    # 16 steps, one stage behind the other: 17 steps of tile x size x size.
    assert run(matmuls(2, size), *nodes, pipeline("fc1", "fc2")).latency.compute == 17 * tile * size**2


def test_loops_inside_a_stage_beyond_64_bits_are_exact() -> None:
    # One step of m; n and k inside the stage make 4 steps of 2^80 operations each.
    size = 2**28
    stage = chain(loop("fc2.n", 2**27), loop("fc2.k", 2**27), "fc2")
    found = run(matmuls(2, size), keep("GLB", "T1"), pipeline("fc1", stage))
    assert found.latency.compute == 2 * size**3
    # Both in one stage, m in two steps of two turns each.
    found = run(
        [*matmuls(2, size), layer("last", "T3[m,n] = T2[m,n]", m=size, n=size)],
        loop("m", size // 2),
        keep("GLB", "T1", "T2"),
        pipeline(chain(sequential("fc1", stage)), "last"),
    )
    assert found.latency.compute == 2 * size**3 + size**2 // 2


def test_a_pipeline_inside_a_stage_takes_turns() -> None:
    layers = [*CHAIN, layer("relu", "F4[p] = F3[p]", p=3)]
    nodes = (loop("p", 1), keep("GLB", "F2", "F3"))
    inside = run(layers, *nodes, pipeline(chain(pipeline("conv1", "conv2")), "relu"))
    in_turns = run(layers, *nodes, pipeline(chain(sequential("conv1", "conv2")), "relu"))
    assert inside.latency.compute == in_turns.latency.compute


def test_a_pipeline_of_too_many_iterations_is_declined() -> None:
    layers = [
        layer("a", "F2[p,q] = F1[p,q]", p=2**12, q=2**12),
        layer("b", "F3[p,q] = F2[p,q]", p=2**12, q=2**12),
    ]
    nodes = (loop("p", 1), loop("q", 1), keep("GLB", "F2"))
    with pytest.raises(UnsupportedError, match=f"a pipeline of {2**24} iterations .* at most {MAX_ITERATIONS}"):
        run(layers, *nodes, pipeline("a", "b"))
    # The same branches in turn are counted in closed form.
    assert run(layers, *nodes, sequential("a", "b")).latency.compute == 2 * 2**24


def test_a_sink_of_a_pipeline_may_idle() -> None:
    layers = [
        layer("x", "X[p] = A[p]", p=6),
        layer("q", "Q[p] = X[p]", p=4),
        layer("k", "K[p] = X[p]", p=6),
    ]
    # Three steps: x takes 2, 2, 2 cycles, q 2, 2, 0 and k 2, 2, 2. Stage by stage: x0 | x1 q0 | x2 q1 k0 | k1 | k2.
    assert run(layers, loop("q.p k.p", 2), drop("GLB", "X"), pipeline("x", "q", "k")).latency.compute == 5 * 2
