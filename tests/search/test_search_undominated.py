"""Rows that no other row beats, against all pairs of rows."""

from __future__ import annotations

import random

import numpy as np
import pytest

from looptree.search.undominated import undominated


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_rows_that_are_not_beaten_are_kept(size: int) -> None:
    draw = random.Random(size)
    for _ in range(50):
        rows = np.array([[float(draw.randrange(5)) for _ in range(size)] for _ in range(draw.randrange(1, 12))])
        beaten = {
            i
            for i in range(len(rows))
            for j in range(len(rows))
            if (rows[j] <= rows[i]).all() and ((rows[j] < rows[i]).any() or j < i)
        }
        assert undominated(rows).tolist() == [i for i in range(len(rows)) if i not in beaten]
