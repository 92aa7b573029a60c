"""Rows that no other row beats."""

from __future__ import annotations

import numpy as np

from looptree.model.axis import Array


def undominated(rows: Array) -> Array:
    """Indices of the rows that no other row matches or beats in every column; of equal rows the first.

    >>> undominated(np.array([[1, 3], [2, 2], [2, 4], [1, 3]])).tolist()
    [0, 1]
    """
    rows = rows[:, (rows != rows[:1]).any(axis=0)]  # a column of equal entries decides nothing
    left = np.lexsort((np.arange(len(rows)), *rows.T[::-1]))
    if rows.shape[1] == 2:
        second = rows[left, 1]
        fresh = np.ones(len(left), dtype=bool)
        fresh[1:] = second[1:] < np.minimum.accumulate(second)[:-1]
        return np.sort(left[fresh])
    found: list[int] = []
    while len(left):
        found.append(int(left[0]))
        left = left[(rows[left] < rows[left[0]]).any(axis=1)]
    return np.array(sorted(found), dtype=np.int64)
