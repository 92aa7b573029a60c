"""Rows that no other row beats, against all pairs of rows."""

from __future__ import annotations

import itertools
import random
from operator import le

import numpy as np
import pytest

from looptree.search.undominated import AT_ONCE, undominated


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize(("cases", "most", "values"), [(50, 12, 5), (3, 4 * AT_ONCE, 40)])
def test_rows_that_are_not_beaten_are_kept(size: int, cases: int, most: int, values: int) -> None:
    draw = random.Random(size)
    for _ in range(cases):
        count = draw.randrange(most // 4, most)
        rows = np.array([[float(draw.randrange(values)) for _ in range(size)] for _ in range(count)])
        listed = rows.tolist()
        beaten = {
            i
            for i, j in itertools.permutations(range(len(rows)), 2)
            if all(map(le, listed[j], listed[i])) and (listed[j] != listed[i] or j < i)
        }
        assert undominated(rows).tolist() == [i for i in range(len(rows)) if i not in beaten]
