"""Production: from fresh output points to the operations that write them."""

from __future__ import annotations

import numpy as np
import pytest

from looptree.errors import UnsupportedError
from looptree.model.axis import Array, Axis
from looptree.model.box import Box, Track
from looptree.model.production import all_points, points_written, writing
from tests.model.model_cases import layer

CONV = layer("conv", "Y[m,p] = X[c,p+r] * W[m,c,r]", m=4, p=6, c=3, r=3)


def table(*values: int) -> Array:
    return np.array(values, dtype=np.int64)


AXIS, _ = Axis.root().extended(table(2), 1)
AXES = {0: AXIS}


def fresh(first: tuple[int, int], second: tuple[int, int], **fixed: tuple[int, int]) -> Box:
    """Dimension 0 fixed if given, the last dimension at two steps."""
    track = Track({len(fixed): (table(first[0], second[0]), table(first[1], second[1]))})
    return Box(dict(enumerate(fixed.values())), {0: track})


def test_a_fresh_interval_fixes_the_rank_that_writes_it() -> None:
    written = writing(CONV, fresh((0, 4), (4, 6), m=(1, 3)), (4, 6))
    assert written is not None
    operations, points = written
    # m 1 and 2, c and r completely, p 4 and then 2.
    assert operations.total(AXES) == 2 * 3 * 3 * (4 + 2)
    assert points_written(operations, points, AXES) == 2 * (4 + 2)


def test_a_stride_in_the_output_leaves_holes() -> None:
    # y = 2p: [1, 4) is written at 2 by p = 1; [4, 7) at 4 and 6 by p = 2 and 3.
    spread = layer("spread", "Y[2*p] = X[p]", p=4)
    written = writing(spread, fresh((1, 4), (4, 7)), (7,))
    assert written is not None
    operations, points = written
    assert operations.total(AXES) == 1 + 2
    assert points_written(operations, points, AXES) == 3


def test_an_offset_beyond_what_is_written() -> None:
    # y = p + 2: of [0, 4) only 2 and 3 are written, of [4, 9) only 4 and 5.
    shifted = layer("shifted", "Y[p+2] = X[p]", p=4)
    written = writing(shifted, fresh((0, 4), (4, 9)), (9,))
    assert written is not None
    assert written[0].total(AXES) == 2 + 2


def test_a_falling_rank() -> None:
    # y = 3 - p: [0, 1) by p = 3; [1, 4) by p = 0 to 2.
    flip = layer("flip", "Y[-p+3] = X[p]", p=4)
    written = writing(flip, fresh((0, 1), (1, 4)), (4,))
    assert written is not None
    low, high = written[0].box.tracks[0].spans["p"]
    assert (low.tolist(), high.tolist()) == ([3, 0], [4, 3])


def test_a_transposed_convolution_is_a_slab() -> None:
    # y = 2p + u, u < 3: y = 0: (0,0); 1: (0,1); 2: (0,2), (1,0); 3: (1,1).
    up = layer("up", "Y[2*p+u] = X[p] * W[u]", p=4, u=3)
    written = writing(up, fresh((0, 2), (2, 4)), (9,))
    assert written is not None
    operations, points = written
    assert operations.total(AXES) == 2 + 3
    assert points_written(operations, points, AXES) == 4


def test_holes_between_the_taps_of_a_transposed_convolution() -> None:
    # y = 3p + u, u < 2 never reaches 2 and 5: of [1, 3) only 1, of [3, 7) only 3, 4 and 6.
    up = layer("up", "Y[3*p+u] = X[p] * W[u]", p=4, u=2)
    written = writing(up, fresh((1, 3), (3, 7)), (11,))
    assert written is not None
    operations, points = written
    assert operations.total(AXES) == 1 + 3
    assert points_written(operations, points, AXES) == 1 + 3


def test_a_hole_is_written_by_nothing() -> None:
    # y = 3p + u, u < 2 never reaches 2: no operation at all, not even an empty interval of them.
    up = layer("up", "Y[3*p+u] = X[p] * W[u]", p=4, u=2)
    assert writing(up, Box({0: (2, 3)}, {}), (11,)) is None
    written = writing(up, fresh((2, 3), (3, 4)), (11,))
    assert written is not None
    assert written[0].total(AXES) == 0 + 1


def test_a_dimension_without_a_rank() -> None:
    # Row 1 is the only one written; a fresh box of row 0 is written by nothing.
    row = layer("row", "Y[1,p] = X[p]", p=6)
    written = writing(row, fresh((0, 4), (4, 6), row=(0, 2)), (2, 6))
    assert written is not None
    assert written[0].total(AXES) == 6
    assert writing(row, fresh((0, 4), (4, 6), row=(0, 1)), (2, 6)) is None


def test_a_diagonal_is_declined() -> None:
    diagonal = layer("diagonal", "Y[p,p] = X[p]", p=6)
    with pytest.raises(UnsupportedError, match=r"einsum 'diagonal': rank 'p' indexes two dimensions of Y\[p,p\]"):
        writing(diagonal, Box({}, {0: Track({d: (table(0, 3), table(3, 6)) for d in (0, 1)})}), (6, 6))
    # Also where no loop tiles it: 6 points are written, not 6 x 6.
    with pytest.raises(UnsupportedError, match="indexes two dimensions"):
        all_points(diagonal, (6, 6))


def test_a_fresh_corner_keeps_its_count() -> None:
    # 3 of 4 points are fresh: the operations are counted with them.
    ends = (table(0, 1), table(2, 3))
    corner = Box({}, {0: Track({0: ends, 1: ends}, None, table(4, 3))})
    plain = layer("plain", "Y[p,q] = X[p,q]", p=3, q=3)
    written = writing(plain, corner, (3, 3))
    assert written is not None
    assert written[0].total(AXES) == 4 + 3
    assert points_written(*written, AXES) == 4 + 3


def test_a_fresh_corner_behind_a_stride_is_declined() -> None:
    ends = (table(0, 1), table(2, 3))
    corner = Box({}, {0: Track({0: ends, 1: ends}, None, table(4, 3))})
    spread = layer("spread", "Y[2*p,q] = X[p,q]", p=2, q=3)
    with pytest.raises(UnsupportedError, match=r"einsum 'spread': a fresh region that is not a box .* Y\[2\*p,q\]"):
        writing(spread, corner, (3, 3))


def test_points_that_a_whole_layer_writes() -> None:
    assert all_points(CONV, (4, 6)) == 4 * 6
    # Declared smaller than what is written: rows 4 and 5 do not exist.
    assert all_points(CONV, (4, 4)) == 4 * 4
    # y = 3p + u reaches 8 of 11.
    assert all_points(layer("up", "Y[3*p+u] = X[p] * W[u]", p=4, u=2), (11,)) == 8
    # Row 5 of four rows does not exist.
    assert all_points(layer("row", "Y[5,p] = X[p]", p=4), (4, 4)) == 0
    # y = p - 1 loses p = 0.
    assert all_points(layer("cut", "Y[p-1] = X[p]", p=4), (3,)) == 3


def test_points_far_apart() -> None:
    # 8 rows of 8 points, 2^36 apart: a tensor that is mostly holes.
    sparse = layer("sparse", f"Y[{2**36}*p+u] = X[p] * W[u]", p=8, u=8)
    assert all_points(sparse, (7 * 2**36 + 8,)) == 64
