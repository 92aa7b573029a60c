"""Operations: what an Einsum does at each iteration and what it touches."""

from __future__ import annotations

import numpy as np
import pytest

from looptree.errors import UnsupportedError
from looptree.model.axis import Array, Axis
from looptree.model.box import Box, Coupled, Track
from looptree.model.operations import Operations
from looptree.model.slab import Slab
from looptree.workload import Affine
from tests.model.model_cases import layer

CONV = layer("conv", "Y[m,p] = X[c,2*p+r-1] * W[m,c,r]", m=4, p=5, c=3, r=3)


def table(*values: int) -> Array:
    return np.array(values, dtype=np.int64)


def tiled(operations: Operations, rank: str | None, extent: int, tile: int, key: int = 0) -> tuple[Operations, Axis]:
    axis, parent = Axis.root().extended(table(-(-extent // tile)), key + 1)
    return operations.tiled(key, axis, parent, rank, tile), axis


def test_the_whole_layer_is_one_iteration() -> None:
    assert Operations.full(CONV).total({}) == 4 * 5 * 3 * 3


def test_imperfect_tiles_of_a_rank() -> None:
    # p in tiles of 2: [0, 2), [2, 4), [4, 5).
    operations, axis = tiled(Operations.full(CONV), "p", 5, 2)
    low, high = operations.box.tracks[0].spans["p"]
    assert (low.tolist(), high.tolist()) == ([0, 2, 4], [2, 4, 5])
    assert operations.total({0: axis}) == CONV.operations


def test_tiles_of_tiles_start_from_the_lower_end_of_the_outer_one() -> None:
    operations, outer = tiled(Operations.full(CONV), "p", 5, 3)
    axis, parent = outer.extended(table(2, 1), 2)
    inner = operations.tiled(0, axis, parent, "p", 2)
    # [0, 3) in [0, 2) and [2, 3); [3, 5) in one.
    low, high = inner.box.tracks[0].spans["p"]
    assert (low.tolist(), high.tolist()) == ([0, 2, 3], [2, 3, 5])


def test_an_einsum_that_a_loop_does_not_name_works_in_its_first_step() -> None:
    operations, axis = tiled(Operations.full(CONV), None, 3, 1)
    assert operations.box.tracks[0].mask(3).tolist() == [True, False, False]
    assert operations.total({0: axis}) == CONV.operations


def test_a_loop_of_another_axis_repeats_nothing_of_its_own() -> None:
    # An axis that the operations do not follow multiplies them: the producer is asked again in each of its steps.
    operations, axis = tiled(Operations.full(CONV), "p", 5, 2)
    other, _ = Axis.root().extended(table(7), 2)
    assert operations.total({0: axis, 9: other}) == 7 * CONV.operations


def test_what_a_tile_touches_is_a_hull_that_may_hang_over() -> None:
    # 2p + r - 1 over p in [0, 2): -1 to 3; [2, 4): 3 to 7; [4, 5): 7 to 9. The tensor has 10 columns.
    operations, axis = tiled(Operations.full(CONV), "p", 5, 2)
    touched = operations.touched(CONV.inputs[0], (3, 10))
    assert touched.fixed == {0: (0, 3)}
    low, high = touched.tracks[0].spans[1]
    assert (low.tolist(), high.tolist()) == ([-1, 3, 7], [4, 8, 10])
    assert touched.overhang == ((1, 10),)
    clipped = touched.clipped()
    assert clipped is not None
    assert clipped.total({0: axis}) == 3 * (4 + 5 + 3)


def test_weights_do_not_follow_a_loop_over_pixels() -> None:
    operations, _ = tiled(Operations.full(CONV), "p", 5, 2)
    touched = operations.touched(CONV.inputs[1], (4, 3, 3))
    assert touched.fixed == {0: (0, 4), 1: (0, 3), 2: (0, 3)}
    assert not any(track.spans for track in touched.tracks.values())
    assert touched.overhang == ()


def test_a_scalar_is_touched_by_every_tile() -> None:
    scale = layer("scale", "Y[p] = X[p] * S[]", p=4)
    operations, axis = tiled(Operations.full(scale), "p", 4, 1)
    touched = operations.touched(scale.inputs[1], ())
    assert touched.fixed == {}
    assert touched.fixed_size() == 1
    assert touched.total({0: axis}) == 4


def test_a_mirrored_access_runs_backwards() -> None:
    flip = layer("flip", "Y[p] = X[-p+4]", p=5)
    operations, _ = tiled(Operations.full(flip), "p", 5, 2)
    low, high = operations.touched(flip.inputs[0], (5,)).tracks[0].spans[0]
    assert (low.tolist(), high.tolist()) == ([3, 1, 0], [5, 3, 1])


def test_two_loops_in_one_projection_are_coupled() -> None:
    # p and r of 2p + r follow different axes: their hull is no product.
    operations, _ = tiled(Operations.full(CONV), "p", 5, 2, key=0)
    axis, parent = Axis.root().extended(table(3), 2)
    both = operations.tiled(8, axis, parent, "r", 1)
    with pytest.raises(Coupled) as signal:
        both.touched(CONV.inputs[0], (3, 10))
    assert signal.value.axes == {0, 8}


# y = 2*p + u: operations that write [2, 4) at step 0 and [4, 5) at step 1.
UP = layer("up", "Y[2*p+u] = X[p] * W[u]", p=5, u=3)


def slabbed() -> Operations:
    form = UP.output.projection[0]
    operations = Operations(UP, Box({"p": (0, 5), "u": (0, 3)}, {0: Track({})}))
    return Operations(UP, operations.box, (Slab(form, (5, 3), 0, table(2, 4), table(4, 5)),)).tightened(0, 2)


def test_operations_of_a_slab() -> None:
    axis, _ = Axis.root().extended(table(2), 1)
    # [2, 4): (0, 2), (1, 0), (1, 1). y = 4: (1, 2), (2, 0).
    assert slabbed().total({0: axis}) == 3 + 2
    spans = slabbed().box.tracks[0].spans
    assert [end.tolist() for end in spans["p"]] == [[0, 1], [2, 3]]
    assert [end.tolist() for end in slabbed().touched(UP.output, (11,)).tracks[0].spans[0]] == [[2, 4], [4, 5]]


def test_a_loop_cuts_a_slab() -> None:
    # u one at a time: of [2, 4) u = 0: p = 1, u = 1: p = 1, u = 2: p = 0; of y = 4 u = 0: p = 2, u = 2: p = 1.
    outer, _ = Axis.root().extended(table(2), 1)
    axis, parent = outer.extended(table(3, 3), 2)
    cut = slabbed().tiled(0, axis, parent, "u", 1)
    assert cut.total({0: axis}) == 5
    low, high = cut.box.tracks[0].spans["p"]
    assert (high - low).tolist() == [1, 1, 1, 1, 0, 1]


def test_a_tile_that_is_no_box_cannot_be_cut() -> None:
    track = Track({"p": (table(0), table(5))}, None, table(3))
    operations = Operations(CONV, Box({"m": (0, 4), "c": (0, 3), "r": (0, 3)}, {0: track}))
    axis, parent = Axis.root().extended(table(5), 1)
    with pytest.raises(UnsupportedError, match=r"einsum 'conv': its loop over 'p' would cut a tile that is not a box"):
        operations.tiled(0, axis, parent, "p", 1)


def test_a_tile_that_is_no_box_is_not_read_through_a_sum_of_its_ranks() -> None:
    # Of a 2 x 3 box all but (0, 0) and (0, 1): 3h + e spans [2, 6), which the ends of h and e alone do not tell.
    split = layer("split", "Y[h,e] = X[3*h+e]", h=2, e=3)
    track = Track({"h": (table(0), table(2)), "e": (table(0), table(3))}, None, table(4))
    operations = Operations(split, Box({}, {0: track}))
    with pytest.raises(UnsupportedError, match=r"einsum 'split': a tile that is not a box is read through 3\*h\+e"):
        operations.touched(split.inputs[0], (6,))
    # Each rank alone has exact ends.
    assert operations.touched(split.output, (2, 3)).tracks[0].sizes().tolist() == [6]


def test_operations_beyond_64_bits_are_exact() -> None:
    size = 2**33
    fc = layer("fc", "C[m,n] = A[m,k] * B[k,n]", m=size, n=size, k=size)
    operations, axis = tiled(Operations.full(fc), "m", size, 2**30 - 1)
    assert operations.total({0: axis}) == size**3


def test_a_form_over_no_rank_is_a_point() -> None:
    first = layer("first", "Y[p] = X[p,3]", p=4)
    touched = Operations.full(first).touched(first.inputs[0], (4, 4))
    assert touched.fixed == {0: (0, 4), 1: (3, 4)}
    assert first.inputs[0].projection[1] == Affine((), 3)
