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
from looptree.search.survey.block import Slab
from looptree.search.survey.meter import Metrics

ROWS = 1024  # outer combinations and tile shapes whose designs are looked at together
PIVOTS = 16  # designs of the front that are compared with first, one by one


@dataclass(frozen=True, eq=False, slots=True)
class Designs:
    """Designs side by side.

    Attributes:
        rows: metrics, of shape (designs, metrics).
        numbers: of each the hardware, loop order, branch, tile shape and combination.
    """

    rows: Array
    numbers: Array

    @classmethod
    def none(cls, metrics: int) -> Designs:
        """No design."""
        return cls(np.zeros((0, metrics)), np.zeros((0, 5), dtype=np.int64))

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
        metrics: names of all. names: of those of the front. limits: most of some metrics.
    """

    def __init__(self, metrics: Sequence[str], names: Sequence[str], limits: Mapping[str, float]) -> None:
        self.metrics = tuple(metrics)
        self.limits = dict(limits)
        self.columns = [self.metrics.index(name) for name in names]
        self.evaluated = 0
        self.fits = 0
        self.front = Designs.none(len(metrics))
        self.best = Designs.none(len(metrics))
        self._least = np.full(len(metrics), np.inf)
        self._hits: Array = np.zeros(0)

    def take(self, slab: Slab, order: int, branch: int) -> None:
        """Evaluate the designs of a slab and look at them."""
        meter = slab.meter
        for hardware, metrics in slab.blocks():
            self.evaluated += metrics["capacity"].size
            self.fits += self._count(metrics, self._limits(meter.capacities[hardware]))
        for hardware, low in slab.bounds():
            limits = self._limits(meter.capacities[hardware])
            at = self._better(self._flat(low), limits)
            if len(at):
                self._look(slab, (hardware, order, branch), limits, *np.unravel_index(at, low["capacity"].shape))

    def _limits(self, capacity: float) -> dict[str, float]:
        """The limits on hardware with so many bytes."""
        if capacity == np.inf:
            return self.limits
        return {**self.limits, "capacity": min(capacity, self.limits.get("capacity", np.inf))}

    def _look(
        self, slab: Slab, where: tuple[int, int, int], limits: Mapping[str, float], outer: Array, tile: Array
    ) -> None:
        """Look at designs with some outer combinations, each at a tile shape, one by one."""
        inner, whole = slab.useful[1], slab.right.shape[1]
        for start in range(0, len(outer), ROWS):
            at, tiles = outer[start : start + ROWS], tile[start : start + ROWS]
            columns = self._flat(slab.some(where[0], at, tiles))
            worth = self._better(columns, limits)
            if len(worth):
                option, which = np.divmod(worth, len(at))
                combination = slab.combination + slab.useful[0][at[which]] * whole + inner[option]
                fixed = (np.full(len(worth), number) for number in where)
                numbers = np.stack([*fixed, slab.tile + tiles[which], combination], axis=1)
                self._add(Designs(np.stack([column[worth] for column in columns], axis=1), numbers))

    def _flat(self, metrics: Metrics) -> list[Array]:
        shape = metrics["capacity"].shape
        return [spread(metrics[name], shape).reshape(-1) for name in self.metrics]

    def _count(self, metrics: Metrics, limits: Mapping[str, float]) -> int:
        """How many designs are within all limits."""
        inside: Array | None = None
        for name, most in limits.items():
            within = metrics[name] <= most
            inside = within if inside is None else inside & within
        room = metrics["capacity"]
        return room.size if inside is None else int(np.count_nonzero(spread(inside, room.shape)))

    def _better(self, columns: Sequence[Array], limits: Mapping[str, float]) -> Array:
        """Designs within the limits that are not beaten by the front, or have less than the best in a metric."""
        inside = np.ones(columns[0].shape, dtype=bool)
        for name, most in limits.items():
            inside &= columns[self.metrics.index(name)] <= most
        left = np.flatnonzero(inside)
        if not len(left):
            return left
        if len(left) < inside.size:
            columns = [column[left] for column in columns]
        record = np.zeros(len(left), dtype=bool)
        for column, best in zip(columns, self._least, strict=True):
            record |= column < best
        record[self._unbeaten([columns[i] for i in self.columns])] = True
        return np.asarray(left[record])

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

    def _add(self, designs: Designs) -> None:
        """Keep what is worth it of designs within the limits; of equal ones the first."""
        best = self.best.and_(designs)
        self.best = best.only(best.rows.argmin(axis=0))
        self._least = self.best.rows.diagonal().copy()
        new = designs.only(self._unbeaten(list(designs.rows[:, self.columns].T)))
        together = self.front.and_(new)
        hits = np.concatenate([self._hits, np.zeros(len(new))])
        front = undominated(together.rows[:, self.columns])
        self.front, self._hits = together.only(np.array(front, dtype=np.int64)), hits[front]

    def merge(self, evaluated: int, fits: int, best: Designs, front: Designs) -> None:
        """Keep what another one kept of later designs, too."""
        self.evaluated += evaluated
        self.fits += fits
        if len(best):
            self._add(best)
            self._add(front)


def spread(table: Array, shape: tuple[int, ...]) -> Array:
    """The table in a shape that it may have already."""
    return table if table.shape == shape else np.broadcast_to(table, shape)


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
