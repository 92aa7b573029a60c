"""What is known of all plans at once: plans that were found, and weighted sums that none undercuts.

Plans are points with one coordinate per metric, less being better. Those found span the inner hull: all points that are
no better than some average of them. The outer hull holds every plan: it is cut out by a half-space w . x >= v for each
search that proved that no plan has a weighted sum below v. Between the two nothing is known yet. A *corner* is a vertex
of the outer hull, a *facet* one of the inner. A corner that violates a facet is no proof that the facet can be
improved, but the search in the direction of that facet either finds a plan beyond it or cuts the corner off; with
finitely many plans this ends with both hulls equal (H. P. Benson, An outer approximation algorithm for generating all
efficient extreme points in the outcome set of a multiple objective linear programming problem, Journal of Global
Optimization 13, 1998).

There are few points and at most four coordinates, so vertices and facets are found by trying all subsets.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from looptree.model.axis import Array
from looptree.search.answers.uncovered import uncovered
from looptree.search.asked.metrics import METRICS, Totals, Weights

SAME = 1e-10  # share by which a corner has to violate a facet
DIRECTIONS = {2: 8, 3: 4}  # shares, by the number of coordinates: about ten directions
CLOSE = 1e-9  # share by which equal values may differ
LEVEL = 1e9  # weights are scaled so that weighted sums are about so large


class Hull:
    """Inner and outer hull of all plans, in some metrics.

    Args:
        metrics: the coordinates. least: what no plan undercuts, per coordinate.
    """

    def __init__(self, metrics: Sequence[str], least: Sequence[float]) -> None:
        self.metrics = tuple(metrics)
        self.columns = [METRICS.index(name) for name in metrics]
        self.scale = np.array([value if 0 < value < math.inf else 1.0 for value in least])
        self.points = np.zeros((0, len(metrics)))
        self._known: tuple[Array, Array] | None = None
        self.normals = np.eye(len(metrics))
        self.bounds = np.array(least) / self.scale

    def weights(self, normal: Array) -> Weights:
        """Weights of metrics for a direction."""
        if np.count_nonzero(normal) == 1:
            return Weights.only(self.metrics[int(normal.argmax())])
        each = normal / normal.sum() * LEVEL / self.scale
        return Weights(**dict(zip(self.metrics, each.tolist(), strict=True)))

    def spread(self) -> list[Weights]:
        """Weights of some directions that are spread evenly: whole numbers of shares of each coordinate.

        >>> [tuple(weights)[:2] for weights in Hull(("energy", "offchip"), (1.0, 2.0)).spread()[2:6:2]]
        [(250000000.0, 375000000.0), (500000000.0, 250000000.0)]
        """
        size = len(self.metrics)
        steps = DIRECTIONS.get(size, 2)
        shares = [each for each in itertools.product(range(steps + 1), repeat=size) if sum(each) == steps]
        return [self.weights(np.array(each, dtype=np.float64)) for each in shares]

    def of(self, totals: Totals) -> Array:
        """The point of a plan, in the hull's own scale."""
        return np.asarray(np.array([totals[i] for i in self.columns]) / self.scale)

    def learn(self, weights: Weights, bound: float, totals: Totals | None) -> None:
        """Keep that no plan has a smaller weighted sum than `bound`, and a plan."""
        self._known = None
        normal = np.array([weights[i] for i in self.columns]) * self.scale
        size = normal.sum()
        self.normals = np.vstack([self.normals, normal / size])
        self.bounds = np.append(self.bounds, bound / size)
        if totals is not None:
            self.add(totals)

    def add(self, totals: Totals) -> None:
        """Keep a plan."""
        self._known = None
        self.points = np.unique(np.vstack([self.points, self.of(totals)]), axis=0)

    def boxes(self, share: float) -> Array:
        """Corners of the boxes, in units of the metrics, in which plans may be that are better than every plan kept.

        Args:
            share: by how much more than that, along every axis at once. Values that are closer than `CLOSE` are equal.
        """
        boxes = uncovered(self.points / (1 + max(share, CLOSE)))
        good = np.ones(len(boxes), dtype=bool)
        for normal, bound in zip(self.normals, self.bounds, strict=True):
            some = normal > 0
            good &= boxes[:, some] @ normal[some] > bound
        return np.asarray(boxes[good] * self.scale)

    def corners(self, limits: Mapping[str, float]) -> Array:
        """Vertices of the outer hull within limits; none if no plan keeps them, or nothing fits at all."""
        size = len(self.metrics)
        if np.isinf(self.bounds).any():
            return np.zeros((0, size))
        most = [(i, limits[name] / self.scale[i]) for i, name in enumerate(self.metrics) if name in limits]
        normals = np.vstack([self.normals, *(-np.eye(size)[i] for i, _ in most)])
        bounds = np.array([*self.bounds, *(-value for _, value in most)])
        some = np.array(list(itertools.combinations(range(len(normals)), size)))
        regular = np.abs(np.linalg.det(normals[some])) > 1e-13
        some = some[regular]
        found = np.linalg.solve(normals[some], bounds[some][..., None])[..., 0]
        slack = 1e-9 * np.maximum(np.abs(bounds), 1.0)
        return np.asarray(found[(found @ normals.T >= bounds - slack).all(axis=1)])

    def missing(self, corner: Array) -> float:
        """How far a corner is outside the inner hull: the largest share by which it is below a facet."""
        normals, values = self._facets()
        if not len(normals):
            return 1.0
        return float(((values - normals @ corner) / np.where(values > 0, values, 1.0)).max(initial=0.0))

    def violated(self, corner: Array) -> Array | None:
        """The normal of the facet that a corner violates most; `None` if it is inside the inner hull."""
        normals, values = self._facets()
        if not len(normals):
            return np.ones(len(self.metrics)) / len(self.metrics)
        missing = values - normals @ corner
        at = int(missing.argmax())
        return normals[at] if missing[at] > SAME * max(1.0, abs(values[at])) else None

    def _facets(self) -> tuple[Array, Array]:
        """Normals that add up to 1, and the least of each over the points."""
        if self._known is None:
            self._known = self._find_facets()
        return self._known

    def _find_facets(self) -> tuple[Array, Array]:
        size, count = len(self.metrics), len(self.points)
        found = [np.zeros((0, size))]
        for chosen in range(1, min(size, count) + 1):
            some = np.array(list(itertools.combinations(range(count), chosen)))
            for axes in itertools.combinations(range(size), chosen):
                normals = np.zeros((len(some), size))
                normals[:, axes] = _normals(self.points[some][:, :, axes])
                found.append(normals)
        normals = np.vstack(found)
        sums = normals.sum(axis=1)
        normals = normals[np.isfinite(sums) & (sums > 0) & (normals >= 0).all(axis=1)]
        normals = normals / normals.sum(axis=1, keepdims=True)
        values = (normals @ self.points.T).min(axis=1) if count else np.zeros(len(normals))
        return normals, values


def _normals(points: Array) -> Array:
    """Normals of the planes through `size` points of `size` coordinates each: n . p = 1; zero if there is none.

    >>> _normals(np.array([[[1.0, 3.0], [2.0, 1.0]]])).tolist()
    [[0.4, 0.2]]
    """
    regular = np.abs(np.linalg.det(points)) > 1e-13
    found = np.zeros(points.shape[:2])
    if regular.any():
        ones = np.ones((int(regular.sum()), points.shape[1], 1))
        found[regular] = np.linalg.solve(points[regular], ones)[..., 0]
    return found
