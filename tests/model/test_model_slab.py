"""Slabs: operations that write an interval of a dimension joined from several ranks."""

from __future__ import annotations

import numpy as np
import pytest

from looptree.errors import UnsupportedError
from looptree.model.axis import Array
from looptree.model.slab import Slab, attained
from looptree.workload import Affine

# y = 2*p + u with p < 5 and u < 3, a transposed convolution of stride 2 and kernel 3.
STRIDED = Affine((("p", 2), ("u", 1)))
EXTENTS = (5, 3)


def table(*values: int) -> Array:
    return np.array(values, dtype=np.int64)


def everywhere(size: int) -> dict[str, tuple[Array, Array]]:
    return {"p": (np.zeros(size, np.int64), np.full(size, 5)), "u": (np.zeros(size, np.int64), np.full(size, 3))}


def slab(*rows: tuple[int, int], axis: int | None = 0) -> Slab:
    low, high = zip(*rows, strict=True)
    return Slab(STRIDED, EXTENTS, axis, table(*low), table(*high))


def test_operations_that_write_an_interval_are_counted() -> None:
    # y = 2: (p, u) = (0, 2), (1, 0). y = 3: (1, 1). All y in 0..10: 15 operations.
    assert slab((2, 3), (3, 4), (2, 4), (0, 11)).count(everywhere(4)).tolist() == [2, 1, 3, 15]


def test_operations_are_cut_to_the_intervals_of_their_ranks() -> None:
    # y in [2, 4) with u = 0 only: p = 1.
    spans = {"p": (table(0), table(5)), "u": (table(0), table(1))}
    assert slab((2, 4)).count(spans).tolist() == [1]


def test_the_hull_of_a_rank_over_a_slab() -> None:
    # y in [2, 4) is written by p = 0 and 1 and u = 0 to 2; y = 11 by nothing.
    low, high = slab((2, 4), (11, 12)).hull(Affine((("p", 1),)), everywhere(2))
    assert (low.tolist(), high.tolist()) == ([0, 0], [2, 0])


def test_the_hull_of_another_form_over_a_slab() -> None:
    # y in [2, 4): (0, 2), (1, 0), (1, 1). p + 10*u is 20, 1 and 11.
    low, high = slab((2, 4)).hull(Affine((("p", 1), ("u", 10))), everywhere(1))
    assert (low.tolist(), high.tolist()) == ([1], [21])


def test_a_falling_rank_is_solved_from_the_other_end() -> None:
    # y = 4 - p + u with p < 5, u < 2: y = 0 by (4, 0), y = 1 by (3, 0) and (4, 1).
    falling = Slab(Affine((("p", -1), ("u", 1)), 4), (5, 2), None, table(0), table(2))
    assert falling.count({"p": (table(0), table(5)), "u": (table(0), table(2))}).tolist() == [3]


def test_a_fixed_slab_spreads_over_an_axis() -> None:
    spread = slab((2, 4), axis=None).at(7, table(0, 0, 0))
    assert (spread.axis, spread.low.tolist(), spread.high.tolist()) == (7, [2, 2, 2], [4, 4, 4])


def test_coordinates_that_a_form_attains() -> None:
    # y = 3*p + u with p < 3, u < 2 reaches 0 1 3 4 6 7.
    form = Affine((("p", 3), ("u", 1)))
    assert attained(form, (3, 2)).tolist() == [0, 1, 3, 4, 6, 7]


def test_coordinates_far_apart_take_no_memory() -> None:
    # 4 x 2 coordinates spread over 2^42.
    form = Affine((("p", 2**40), ("u", 1)))
    assert attained(form, (4, 2)).tolist() == [0, 1, 2**40, 2**40 + 1, 2**41, 2**41 + 1, 3 * 2**40, 3 * 2**40 + 1]


@pytest.mark.parametrize("extents", [(2**13, 2**13), (2**40, 2**24)])
def test_too_many_joined_ranks_are_refused(extents: tuple[int, int]) -> None:
    # 2^40 x 2^24 is 2^64, which an int64 product would call 0.
    with pytest.raises(UnsupportedError, match=r"the output projection 2\*p\+u joins too many ranks to be tiled"):
        attained(STRIDED, extents)


def test_too_many_solutions_are_refused() -> None:
    joined = Slab(Affine((("a", 1), ("b", 1), ("c", 1))), (2**32, 2**32, 2**33), None, table(0), table(1))
    ends = {rank: (table(0), table(1)) for rank in "abc"}
    with pytest.raises(UnsupportedError, match="joins too many ranks"):
        joined.count(ends)
