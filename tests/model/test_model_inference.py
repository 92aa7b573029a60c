"""Tile inference: who computes what, and what every storage node sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from looptree.check import check
from looptree.errors import UnsupportedError
from looptree.model.inference import infer
from looptree.model.inferred import Inferred, PlaceCounts
from looptree.simulate import simulate
from looptree.taxonomy import Storage
from looptree.taxonomy.design import Design
from tests.model.model_cases import Node, chain, design, drop, keep, layer, loop, matmuls, sequential


def at(where: Design, inferred: Inferred, level: str, tensor: str) -> PlaceCounts:
    """Counts of the only place of a tensor at a level."""
    (place,) = [p.id for p in where.places if (p.level, p.tensor) == (level, tensor)]
    return inferred.places[place]


# F2 has 4 points; a tile of one point of F3 needs 2 of them.
CHAIN = [
    layer("conv1", "F2[p] = F1[p+r] * W1[r]", p=4, r=3),
    layer("conv2", "F3[p] = F2[p+r] * W2[r]", p=3, r=2),
]
BOTH = sequential("conv1", "conv2")


def test_overlap_that_is_kept_is_computed_once() -> None:
    # 2, 1 and 1 fresh points of F2, three operations each.
    found = infer(design(CHAIN, loop("p", 1), keep("GLB", "F2"), BOTH))
    assert found.produced["F2"] == 4
    counts = found.einsums["conv1"]
    assert (counts.operations, counts.distinct, counts.points, counts.lifetime) == (12, 12, 4, 1)


def test_overlap_that_is_dropped_is_recomputed() -> None:
    # 2 points of F2 in each of 3 steps.
    found = infer(design(CHAIN, loop("p", 1), drop("GLB", "F2"), BOTH))
    assert found.produced["F2"] == 6
    assert (found.einsums["conv1"].operations, found.einsums["conv1"].distinct) == (18, 12)


def test_windows_and_fresh_data_of_the_input_follow_the_inferred_tile() -> None:
    where = design(CHAIN, loop("p", 1), keep("GLB", "F1"), drop("GLB", "F2"), BOTH)
    # 2 points of F2 need 4 of F1: windows [0, 4), [1, 5), [2, 6); all 6 points arrive once.
    assert at(where, infer(where), "GLB", "F1") == PlaceCounts(window=4, live=4, entered=6)
    where = design(CHAIN, loop("p", 1), keep("GLB", "F1"), keep("GLB", "F2"), BOTH)
    # After the first step one point of F2 is fresh and needs 3 of F1.
    assert at(where, infer(where), "GLB", "F1") == PlaceCounts(window=4, live=4, entered=6)


def test_without_live_words_everything_else_is_the_same() -> None:
    where = design(CHAIN, loop("p", 1), keep("GLB", "F1"), keep("GLB", "F2"), BOTH)
    counted, quick = infer(where), infer(where, live=False)
    assert quick.places == {key: replace(found, live=found.window) for key, found in counted.places.items()}
    assert [e.operations for e in quick.einsums.values()] == [e.operations for e in counted.einsums.values()]


# F2 is 4 x 4; a tile of one point of F3 needs 2 x 2 of them.
PLANE = [
    layer("conv1", "F2[p,q] = F1[p,q] * W1[]", p=4, q=4),
    layer("conv2", "F3[p,q] = F2[p+r,q+s] * W2[r,s]", p=3, q=3, r=2, s=2),
]


@pytest.mark.parametrize(
    ("node", "depth", "produced"),
    [
        (keep, 0, 16),  # whole
        (keep, 1, 16),  # rows stay: nothing is computed twice
        (keep, 2, 24),  # columns stay within a row of tiles: 3 rows of tiles x (2 x 4)
        (drop, 2, 36),  # nothing stays: 9 tiles x (2 x 2)
        (drop, 1, 24),  # rows are dropped when p steps: 3 x (2 x 4)
    ],
)
def test_what_is_retained_decides_what_is_recomputed(node: Callable[..., Storage], depth: int, produced: int) -> None:
    loops = [loop("p", 1), loop("q", 1)]
    nodes: list[Node] = [*loops[:depth], node("GLB", "F2"), *loops[depth:], BOTH]
    assert infer(design(PLANE, *nodes)).produced["F2"] == produced


def test_a_loop_over_channels_recomputes_what_stands_below_it() -> None:
    layers = [
        layer("conv1", "F2[c,p] = F1[p] * W1[c]", c=2, p=4),
        layer("conv2", "F3[m,p] = F2[c,p] * W2[m,c]", m=6, c=2, p=4),
    ]
    # m outside p: F2 (2 x 4 points) is swept again in each of 3 steps of m; whole, it is computed once.
    loops = (loop("m", 2), loop("p", 1))
    assert infer(design(layers, *loops, keep("GLB", "F2"), BOTH)).produced["F2"] == 3 * 8
    assert infer(design(layers, loops[0], keep("GLB", "F2"), loops[1], BOTH)).produced["F2"] == 8


def test_a_spilled_intermediate_is_computed_once_and_read_back() -> None:
    nodes = (keep("DRAM", "F2"), loop("p", 1), drop("GLB", "F2"), BOTH)
    where = design(CHAIN, *nodes)
    found = infer(where)
    assert (found.produced["F2"], found.einsums["conv1"].operations) == (4, 12)
    # 2 points enter the window in each of 3 steps, 4 of them fresh.
    (place,) = [p.id for p in where.places if (p.level, p.tensor) == ("GLB", "F2")]
    assert found.spilled[place] == 6


def test_consumers_that_are_active_at_different_steps() -> None:
    # F2 is kept whole: blur works at the first step of m only. There F1 is needed with a halo of 2 (3 + 1 + 1 + 1
    # fresh points while p steps), at the other two steps of m without (1 + 1 + 1 + 1).
    layers = [
        layer("stem", "F1[p] = F0[p] * W[]", p=6),
        layer("blur", "F2[p] = F1[p+r] * V[r]", p=4, r=3),
        layer("join", "F3[m,p] = F1[p] * F2[p] * U[m]", m=3, p=4),
    ]
    where = design(
        layers,
        keep("GLB", "F2"),
        loop("m", 1),
        loop("p", 1),
        keep("GLB", "F1"),
        sequential("stem", "blur", "join"),
    )
    found = infer(where)
    assert found.produced == {"F1": 6 + 2 * 4, "F2": 4}
    assert (found.einsums["stem"].operations, found.einsums["stem"].distinct) == (14, 6)
    assert at(where, found, "GLB", "F1") == PlaceCounts(window=3, live=3, entered=14)


def test_sinks_of_one_input_are_tiled_together() -> None:
    # K is longer than Q: Q idles in the last of 3 steps; X arrives once for both.
    layers = [
        layer("q", "Q[p] = X[p] * A[]", p=4),
        layer("k", "K[p] = X[p] * B[]", p=6),
    ]
    where = design(layers, loop("q.p k.p", 2), keep("GLB", "X"), sequential("q", "k"))
    found = infer(where)
    assert at(where, found, "GLB", "X") == PlaceCounts(window=2, live=2, entered=6)
    assert {name: c.operations for name, c in found.einsums.items()} == {"q": 4, "k": 6}


def test_a_sink_that_a_loop_does_not_name_works_in_its_first_step() -> None:
    layers = [
        layer("q", "Q[p] = X[p] * A[]", p=4),
        layer("k", "K[p] = X[p] * B[]", p=6),
    ]
    # First step: all 6 points for k; then q asks for [2, 4) again, which left the window only with overlap dropped.
    for node, entered in ((keep, 6), (drop, 8)):
        where = design(layers, loop("q.p", 2), node("GLB", "X"), sequential("q", "k"))
        assert at(where, infer(where), "GLB", "X").entered == entered


def test_loops_inside_a_leaf_stream_its_tensors() -> None:
    fc = [layer("fc", "C[m,n] = A[m,k] * B[k,n]", m=4, n=6, k=8)]
    where = design(fc, loop("n", 2), keep("GLB", "A"), loop("k", 4), keep("GLB", "B"), "fc")
    found = infer(where)
    # A (4 x 8) below n stands still; B is read in pieces of 4 x 2.
    assert at(where, found, "GLB", "A") == PlaceCounts(window=32, live=32, entered=32)
    assert at(where, found, "GLB", "B") == PlaceCounts(window=8, live=8, entered=48)


def test_loops_of_a_nested_branch_tile_what_was_inferred() -> None:
    # Outer tiles of 2 points of F4 need 3 points of F3, which the inner branch makes one at a time from F2.
    layers = [
        layer("a", "F2[p] = F1[p] * W1[]", p=6),
        layer("b", "F3[p] = F2[p+r] * W2[r]", p=5, r=2),
        layer("c", "F4[p] = F3[p+r] * W3[r]", p=4, r=2),
    ]
    inner = chain(keep("GLB", "F2"), loop("b.p", 1), sequential("a", "b"))
    where = design(layers, loop("p", 2), drop("GLB", "F3"), sequential(inner, "c"))
    found = infer(where)
    # F3: 3 points in each of 2 steps. F2 stands above the inner loop: windows of 4 points, kept from one to the next.
    assert found.produced == {"F3": 6, "F2": 6}
    assert at(where, found, "GLB", "F2").window == 4
    # Below the inner loop it is swept again in each step of p: 4 points, 2 at a time.
    inner = chain(loop("b.p", 1), keep("GLB", "F2"), sequential("a", "b"))
    where = design(layers, loop("p", 2), drop("GLB", "F3"), sequential(inner, "c"))
    found = infer(where)
    assert found.produced == {"F3": 6, "F2": 8}
    assert at(where, found, "GLB", "F2").window == 2


def test_a_transposed_convolution_computes_the_taps_of_its_fresh_points() -> None:
    # F2 has 9 points y = 2x + u; each x feeds 3. One point of F3 at a time, everything kept: all 12 operations once.
    layers = [
        layer("up", "F2[2*x+u] = F1[x] * W1[u]", x=4, u=3),
        layer("conv", "F3[p] = F2[p+r] * W2[r]", p=7, r=3),
    ]
    found = infer(design(layers, loop("p", 1), keep("GLB", "F2"), sequential("up", "conv")))
    assert (found.einsums["up"].operations, found.einsums["up"].points) == (12, 9)
    # Dropped: y in [p, p + 3) holds 2 even and 1 odd points, or 1 and 2. An even y takes 2 operations (0 and 8 one),
    # an odd y one: 1+1+2, 1+2+1, 2+1+2, 1+2+1, 2+1+2, 1+2+1, 2+1+1.
    found = infer(design(layers, loop("p", 1), drop("GLB", "F2"), sequential("up", "conv")))
    assert (found.einsums["up"].operations, found.einsums["up"].distinct) == (4 + 4 + 5 + 4 + 5 + 4 + 4, 12)


def test_a_scalar_is_fresh_once_per_sweep() -> None:
    layers = [layer("total", "S[] = X[p]", p=8), layer("scale", "Y[p] = X[p] * S[]", p=8)]
    where = design(layers, keep("GLB", "S"), loop("p", 2), keep("GLB", "X"), sequential("total", "scale"))
    found = infer(where)
    # The sum needs all of X in the first step; then only tiles of 2, which are all there.
    assert found.produced["S"] == 1
    assert found.einsums["total"].operations == 8
    assert at(where, found, "GLB", "X") == PlaceCounts(window=8, live=8, entered=8)
    assert at(where, found, "GLB", "S") == PlaceCounts(window=1, live=1, entered=1)


def test_a_producer_that_nobody_asks_does_nothing() -> None:
    # The consumer reads only beyond the declared end of F2, where zeros are.
    layers = [layer("idle", "F2[p] = F1[p]", p=4), layer("pad", "F3[p] = F2[p+4]", p=4)]
    where = design(layers, keep("GLB", "F1", "F2"), sequential("idle", "pad"), shapes={"F2": (4,)})
    found = infer(where)
    assert found.einsums["idle"].operations == 0
    assert at(where, found, "GLB", "F1") == at(where, found, "GLB", "F2") == PlaceCounts(0, 0, 0)


def test_a_nested_branch_that_nobody_asks_does_nothing() -> None:
    layers = [
        layer("a", "F2[p] = F1[p]", p=4),
        layer("b", "F3[p] = F2[p]", p=4),
        layer("pad", "F4[p] = F3[p+4]", p=4),
    ]
    inner = chain(keep("GLB", "F2"), sequential("a", "b"))
    where = design(layers, keep("GLB", "F3"), sequential(inner, "pad"), shapes={"F3": (4,)})
    found = infer(where)
    assert [found.einsums[name].operations for name in ("a", "b", "pad")] == [0, 0, 4]
    assert {found.places[p.id].window for p in where.places if p.tensor in ("F2", "F3")} == {0}


def test_a_tensor_that_leaves_its_branch_has_to_be_asked_for_inside() -> None:
    # b asks for 4 of 6 points of F2, c outside for all 6.
    layers = [
        layer("a", "F2[p] = F1[p]", p=6),
        layer("b", "F3[p] = F2[p]", p=4),
        layer("c", "F4[p] = F2[p] * F3[p]", p=6),
    ]
    where = design(layers, keep("GLB", "F2", "F3"), sequential(chain(sequential("a", "b")), "c"), shapes={"F3": (4,)})
    with pytest.raises(UnsupportedError, match="tensor 'F2' leaves its branch, but the consumers inside do not ask"):
        infer(where)


def test_a_tensor_that_leaves_a_branch_that_nobody_else_asks_is_refused() -> None:
    # pad reads only beyond the declared end of F3: b does nothing, and nobody inside asks for F2.
    layers = [
        layer("a", "F2[p] = F1[p]", p=4),
        layer("b", "F3[p] = F2[p]", p=4),
        layer("pad", "F4[p] = F3[p+4]", p=4),
        layer("c", "F5[p] = F2[p]", p=4),
    ]
    nodes = (keep("GLB", "F2", "F3"), sequential(chain(sequential("a", "b")), "pad", "c"))
    with pytest.raises(UnsupportedError, match="tensor 'F2' leaves its branch, but the consumers inside do not ask"):
        infer(design(layers, *nodes, shapes={"F3": (4,)}))


def test_an_output_that_others_read_has_to_be_asked_for_completely_in_a_group() -> None:
    # F2 leaves the workload as well, but the only layer that reads it leaves out its last point.
    layers = [layer("a", "F2[p] = F1[p]", p=6), layer("b", "F3[p] = F2[p]", p=5)]
    where = design(layers, keep("GLB", "F1"), loop("p", 1), sequential("a", "b"), outputs=["F2"])
    with pytest.raises(UnsupportedError, match="tensor 'F2' leaves the workload, but its consumers ask only for coord"):
        infer(where)


def test_counts_beyond_64_bits_are_exact() -> None:
    # Two matrix multiplications of 2^30, m in 3 imperfect tiles, k of the second in 2 inside its leaf.
    size, tile = 2**30, 2**29 - 1
    leaf = chain(loop("fc2.k", 2**29), keep("GLB", "W2"), "fc2")
    where = design(matmuls(2, size), loop("m", tile), keep("GLB", "T0", "T1"), sequential("fc1", leaf))
    found = infer(where)
    assert found.einsums["fc1"].operations == found.einsums["fc2"].operations == size**3
    assert at(where, found, "GLB", "T1") == PlaceCounts(window=tile * size, live=tile * size, entered=size**2)
    # W2 comes in halves, again for each of 3 tiles of m.
    assert at(where, found, "GLB", "W2") == PlaceCounts(window=size**2 // 2, live=size**2 // 2, entered=3 * size**2)


def test_halos_beyond_64_bits_are_exact() -> None:
    # 2^20 channels, rows of 2^30 in 8 tiles with a halo of 2, columns of 2^31 whole: every word of F2 counted.
    channels, rows, columns = 2**20, 2**30, 2**31
    layers = [
        layer("a", "F2[c,p,q] = F1[c,p,q]", c=channels, p=rows + 2, q=columns),
        layer("b", "F3[c,p,q] = F2[c,p+r,q]", c=channels, p=rows, q=columns, r=3),
    ]
    kept = infer(design(layers, loop("p", rows // 8), keep("GLB", "F2"), sequential("a", "b")))
    assert kept.produced["F2"] == channels * (rows + 2) * columns > 2**63
    dropped = infer(design(layers, loop("p", rows // 8), drop("GLB", "F2"), sequential("a", "b")))
    assert dropped.produced["F2"] == channels * (rows + 8 * 2) * columns
    assert dropped.einsums["a"].operations - dropped.einsums["a"].distinct == channels * 7 * 2 * columns


def test_an_output_that_a_group_reads_only_beyond_its_end_is_refused() -> None:
    # F2 leaves the workload as well: it has to be computed, but the layer that reads it asks for padding alone.
    layers = [layer("a", "F2[p] = F1[p]", p=4), layer("pad", "F3[p] = F2[p+4]", p=4)]
    nodes = keep("GLB", "F1"), loop("p", 1), sequential("a", "pad")
    with pytest.raises(UnsupportedError, match="tensor 'F2' leaves the workload, but its consumers ask for nothing"):
        infer(design(layers, *nodes, shapes={"F2": (4,)}, outputs=["F2"]))


@pytest.mark.parametrize(("reader", "asked"), [("F3[p] = F2[2*p]", 5), ("F3[p] = F2[p+6]", 0)])
def test_an_output_that_others_read_in_part_is_computed_and_kept_as_a_whole(reader: str, asked: int) -> None:
    # Outside of all groups all six points are required: a node above the branches holds them, one in the branch
    # of the reader what the reader asks for.
    layers = [layer("a", "F2[p] = F1[p]", p=6), layer("b", reader, p=3)]
    above = design(layers, keep("GLB", "F2"), sequential("a", "b"), shapes={"F2": (6,)}, outputs=["F2"])
    inside = design(layers, sequential("a", chain(keep("GLB", "F2"), "b")), shapes={"F2": (6,)}, outputs=["F2"])
    for where, window in ((above, 6), (inside, asked)):
        found = infer(where)
        assert found.einsums["a"].operations == 6
        assert at(where, found, "GLB", "F2").window == window
        assert check(where) == ()


def test_tiles_that_leave_out_points_of_what_leaves_the_group_are_refused() -> None:
    # b reads every other point of F2: one at a time they are 0, 2 and 4, but all of F2 leaves the workload.
    layers = [layer("a", "F2[p] = F1[p]", p=5), layer("b", "F3[p] = F2[2*p]", p=3)]
    fused = keep("GLB", "F1"), loop("p", 1), keep("GLB", "F2"), sequential("a", "b")
    where = design(layers, *fused, outputs=["F2"])
    with pytest.raises(UnsupportedError, match="tensor 'F2' is needed outside of its group, but the tiles inside"):
        infer(where)
    with pytest.raises(UnsupportedError, match="tensor 'F2' is needed outside of its group, but the tiles inside"):
        simulate(where)
    assert infer(design(layers, *fused)).einsums["a"].operations == 3
    whole = design(layers, keep("GLB", "F1"), loop("p", 3), keep("GLB", "F2"), sequential("a", "b"), outputs=["F2"])
    assert infer(whole).einsums["a"].operations == 5
