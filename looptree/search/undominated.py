"""Rows that no other row beats."""

from __future__ import annotations

import numpy as np

from looptree.model.axis import Array

AT_ONCE = 64  # rows that are compared with each other, and then with all that are left
LATER = np.triu(np.ones((AT_ONCE, AT_ONCE), dtype=bool), 1)  # which of these come after which others


def undominated(rows: Array) -> Array:
    """Indices of the rows that no other row matches or beats in every column; of equal rows the first.

    >>> undominated(np.array([[1, 3], [2, 2], [2, 4], [1, 3]])).tolist()
    [0, 1]
    """
    rows = rows[:, (rows != rows[:1]).any(axis=0)]  # a column of equal entries decides nothing
    if not rows.size:
        return np.arange(min(1, len(rows)))
    left = np.lexsort(rows.T[::-1])  # stable: of equal rows the first comes first
    columns = np.ascontiguousarray(rows.T)[:, left]
    if rows.shape[1] == 2:
        second = columns[1]
        fresh = np.ones(len(left), dtype=bool)
        fresh[1:] = second[1:] < np.minimum.accumulate(second)[:-1]
        return np.sort(left[fresh])
    found = [left[:0]]
    while len(left):  # no row is beaten by one that comes after it
        some = columns[:, :AT_ONCE]
        size = some.shape[1]
        kept = ~(_beats(some, some) & LATER[:size, :size]).any(axis=0)
        found.append(left[:AT_ONCE][kept])
        left, columns = left[AT_ONCE:], columns[:, AT_ONCE:]
        if len(left):
            rest = np.flatnonzero(~_beats(some[:, kept], columns).any(axis=0))
            left, columns = left[rest], columns[:, rest]
    return np.sort(np.concatenate(found))


def _beats(some: Array, others: Array) -> Array:
    """Which of some rows match or beat which others, of shape (some, others); rows are columns here."""
    found = np.asarray(some[0][:, None] <= others[0])
    for one, other in zip(some[1:], others[1:], strict=True):
        found &= one[:, None] <= other
    return found
