"""Where plans may be that no known plan is as good as: boxes between what is known.

A plan is *covered* by another one that takes no more of any metric. What some points do not cover is a union of boxes,
each with one corner: all points that are smaller than it in every coordinate. A new point p splits each box whose
corner is beyond it in every coordinate: in one part the first coordinate is below that of p, in another one the second,
and so on. Parts that lie in other boxes are left out (K. Klamroth, R. Lacour and D. Vanderpooten, On the representation
of the search region in multi-objective optimization, European Journal of Operational Research 245, 2015).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from looptree.model.axis import Array


def uncovered(points: Array) -> Array:
    """Corners of the boxes that no point covers, of shape (boxes, coordinates).

    >>> uncovered(np.array([[1.0, 4.0], [3.0, 2.0]])).tolist()
    [[1.0, inf], [3.0, 4.0], [inf, 2.0]]
    """
    size = points.shape[1]
    corners = np.full((1, size), np.inf)
    for point in points[np.lexsort(points.T[::-1])]:
        split = (point < corners).all(axis=1)
        if not split.any():
            continue
        parts = np.repeat(corners[split], size, axis=0)
        each = np.arange(len(parts))
        parts[each, each % size] = point[each % size]
        corners = np.vstack([corners[~split], _outermost(parts, corners[~split])])
    return corners[np.lexsort(corners.T[::-1])]


def _outermost(parts: Array, others: Array) -> Array:
    """Those that lie in no other part and in none of the others."""
    parts = np.unique(parts, axis=0)
    inside = np.all(parts[:, None] <= parts[None], axis=2) & ~np.eye(len(parts), dtype=bool)
    lost = np.any(inside, axis=1) | np.any(np.all(parts[:, None] <= others[None], axis=2), axis=1)
    return np.asarray(parts[~lost])


def missing(plans: Array, points: Array) -> Array:
    """By how large a share each plan may be better than the point that is closest to it, in every coordinate at once.

    The least s >= 0 for each plan x such that some point p has p <= (1 + s) x.

    >>> missing(np.array([[2.0, 2.0], [1.0, 5.0]]), np.array([[1.0, 4.0], [3.0, 2.0]])).tolist()
    [0.5, 0.0]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(points[None] <= plans[:, None], 1.0, points[None] / plans[:, None])
    return np.asarray(shares.max(axis=2).min(axis=1) - 1.0)


def some_of(points: Array, first: Sequence[int], most: int) -> tuple[list[int], float]:
    """So many points that miss as little as possible of all of them, and the share that these miss.

    Then the point is taken that is better than all taken so far by the largest share.

    Args:
        first: numbers of points that come first.

    >>> some_of(np.array([[1.0, 9.0], [2.0, 8.0], [5.0, 5.0], [9.0, 1.0]]), [0, 3], 3)
    ([0, 3, 2], 0.125)
    """
    taken = list(first[:most]) or [0]
    left = missing(points, points[taken])
    while len(taken) < most and left.max() > 0:
        taken.append(int(left.argmax()))
        left = np.minimum(left, missing(points, points[taken[-1:]]))
    return taken, float(left.max())
