"""What a survey keeps of the designs that it evaluates: how many fit, the best per metric, and a Pareto front.

Whether a design fits is counted from its own metrics. Only designs that may be kept are then looked at one by one:
designs that share all but the options of the innermost factor are compared with what is kept by bounds that none of
them undercuts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.search.leaf import undominated
from looptree.search.survey.block import METRICS, Metrics, Slab

ROWS = 256  # outer combinations and tile shapes whose designs are looked at together
PIVOTS = 16  # designs of the front that are compared with first, one by one


@dataclass(frozen=True, eq=False, slots=True)
class Designs:
    """Designs side by side.

    Attributes:
        rows: metrics, of shape (designs, metrics). numbers: loop order, branch, tile shape and combination of each.
    """

    rows: Array
    numbers: Array

    @classmethod
    def none(cls) -> Designs:
        """No design."""
        return cls(np.zeros((0, len(METRICS))), np.zeros((0, 4), dtype=np.int64))

    def __len__(self) -> int:
        return len(self.rows)

    def only(self, some: Array) -> Designs:
        """Some of them."""
        return Designs(self.rows[some], self.numbers[some])

    def and_(self, other: Designs) -> Designs:
        """These, then others."""
        return Designs(np.concatenate([self.rows, other.rows]), np.concatenate([self.numbers, other.numbers]))


class Keeper:
    """Gathers designs.

    Args:
        names: metrics of the front. limits: most of some metrics.
    """

    def __init__(self, names: Sequence[str], limits: Mapping[str, float]) -> None:
        self.limits = dict(limits)
        self.columns = [METRICS.index(name) for name in names]
        self.names = tuple(names)
        self.evaluated = 0
        self.fits = 0
        self.front = Designs.none()
        self.best = Designs.none()
        self._least = np.full(len(METRICS), np.inf)
        self._hits: Array = np.zeros(0)

    def take(self, slab: Slab, order: int, branch: int) -> None:
        """Evaluate the designs of a slab and look at them."""
        for metrics in slab.blocks():
            self.evaluated += metrics["capacity"].size
            self.fits += self._count(metrics)
        low = slab.bounds()
        outer, tile = np.unravel_index(self._better(_flat(low)), low["capacity"].shape)
        inner, whole = slab.useful[1], slab.right.shape[1]
        for start in range(0, len(outer), ROWS):
            at, tiles = outer[start : start + ROWS], tile[start : start + ROWS]
            columns = _flat(slab.some(at, tiles))
            worth = self._better(columns)
            if len(worth):
                option, which = np.divmod(worth, len(at))
                combination = slab.combination + slab.useful[0][at[which]] * whole + inner[option]
                ranks = (np.full(len(worth), order), np.full(len(worth), branch), slab.tile + tiles[which], combination)
                rows = np.stack([column[worth] for column in columns], axis=1)
                self.add(Designs(rows, np.stack(ranks, axis=1)))

    def _count(self, metrics: Metrics) -> int:
        """How many designs are within all limits."""
        shape = metrics["capacity"].shape
        listed = [np.broadcast_to(metrics[name] <= most, shape) for name, most in self.limits.items()]
        if not listed:
            return metrics["capacity"].size
        inside = listed[0]
        for within in listed[1:]:
            inside = inside & within
        return int(np.count_nonzero(inside))

    def _better(self, columns: Sequence[Array]) -> Array:
        """Designs within the limits that are not beaten by the front, or have less than the best in a metric."""
        inside = np.ones(columns[0].shape, dtype=bool)
        for name, most in self.limits.items():
            inside &= columns[METRICS.index(name)] <= most
        left = np.flatnonzero(inside)
        if len(left) < inside.size:
            columns = [column[left] for column in columns]
        record = np.zeros(len(left), dtype=bool)
        for column, best in zip(columns, self._least, strict=True):
            record |= column < best
        record[self._unbeaten([columns[i] for i in self.columns])] = True
        return left[record]

    def _unbeaten(self, columns: Sequence[Array]) -> Array:
        """Designs that no design of the front matches or beats; those that have beaten most are tried first."""
        left = np.arange(len(columns[0]))
        order = np.argsort(-self._hits, kind="stable")
        for pivot in order[:PIVOTS]:
            if not len(left):
                break
            alive = np.zeros(len(left), dtype=bool)
            for column, at in zip(columns, self.columns, strict=True):
                alive |= column < self.front.rows[pivot, at]
            kept = np.flatnonzero(alive)
            self._hits[pivot] += len(left) - len(kept)
            if len(kept) < len(left):
                left, columns = left[kept], [column[kept] for column in columns]
        rest = self.front.rows[order[PIVOTS:]][:, self.columns]
        return left[~covered(rest, np.stack(columns, axis=1))]

    def add(self, designs: Designs) -> None:
        """Keep what is worth it of some designs; of equal ones the first."""
        designs = designs.only(self._better(list(designs.rows.T)))
        if not len(designs):
            return
        best = self.best.and_(designs)
        self.best = best.only(best.rows.argmin(axis=0))
        self._least = self.best.rows.diagonal().copy()
        new = designs.only(self._unbeaten(list(designs.rows[:, self.columns].T)))
        together = self.front.and_(new)
        hits = np.concatenate([self._hits, np.zeros(len(new))])
        front = undominated(together.rows[:, self.columns])
        self.front, self._hits = together.only(np.array(front, dtype=np.int64)), hits[front]

    def merge(self, other: Keeper) -> None:
        """Keep what another one kept of later designs, too."""
        self.evaluated += other.evaluated
        self.fits += other.fits
        self.add(other.best)
        self.add(other.front)


def _flat(metrics: Metrics) -> list[Array]:
    shape = metrics["capacity"].shape
    return [np.broadcast_to(metrics[name], shape).reshape(-1) for name in METRICS]


def covered(front: Array, rows: Array) -> Array:
    """Which rows some row of the front matches or beats in every column.

    >>> covered(np.array([[1.0, 3.0], [2.0, 2.0]]), np.array([[1.0, 3.0], [3.0, 1.0]])).tolist()
    [True, False]
    """
    found = np.zeros(len(rows), dtype=bool)
    for start in range(0, len(front), 64):
        left = np.flatnonzero(~found)
        if not len(left):
            break
        some = front[start : start + 64]
        beaten = np.ones((len(left), len(some)), dtype=bool)
        for column in range(rows.shape[1]):
            beaten &= some[:, column] <= rows[left, column, None]
        found[left] = beaten.any(axis=1)
    return found
