"""Lower bounds of many designs at once.

Every tensor takes the best of its places on its own, under a price per byte of buffer; tensors of a layer that
may be streamed inside its branch take no room there. For any price L >= 0 per byte,

    sum over tensors of min over places of (added + L * room)  -  L * capacity

is no more than what any places that fit the capacity add (weak Lagrange duality). A few prices are tried for each
design, around one that was good for a larger range that holds it.

An intermediate that is not decided yet has a place at every depth, too. Below loops that are relevant to it, either all
of it is written out once and fetched again, or its layer computes every word that enters. How many enter is counted as
if no other undecided one were computed again: that could only ask for more of it. A layer makes one tensor, so what the
intermediates add to the operations of their layers adds up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from looptree.model.axis import Array
from looptree.search.group.bound.live_room import Rooms
from looptree.search.group.bound.places import UNDECIDED, Places, Tensors
from looptree.search.group.goal.goal import Goal
from looptree.search.group.goal.prices import LEAVING, Prices
from looptree.search.group.loops.ledger import Columns

CANCELLATION = 1e-14  # what the difference of two large float64 sums may be too large by, as a share of one of them
NEVER = 1e30
WIDE = tuple(4.0**power for power in range(-5, 5))
NEAR = (0.4, 1.0, 2.5)
MOST_LOOPS = 5


class Relaxation:
    """Bounds for the designs of one group and capacity.

    Args:
        prices: one per sum of the goal. capacity: bytes left for tensors that do not stay on chip anyway.
        inner: rows of the intermediates, in the order of `Places`.
        pipelined: whether the layers work at once. live: whether only what is live counts.
        fetching: what is added to each sum, because tensors that stay on chip are fetched first.
        fewest: of each layer, the share of its cycles that own loops leave at least; all of them if not given.
    """

    def __init__(
        self,
        tensors: Tensors,
        inner: Sequence[int],
        prices: Sequence[Prices],
        goal: Goal,
        capacity: float,
        *,
        pipelined: bool = False,
        live: bool = False,
        fetching: Array | None = None,
        fewest: Array | None = None,
    ) -> None:
        self.fewest = fewest
        self.pipelined = pipelined
        self.live = live
        self.tensors = tensors
        # the schedule of a pipeline has the cycles in it that its arrays take to fill
        self.fetching = np.zeros(len(prices)) if fetching is None else fetching
        self.prices = [replace(known, steps=0.0) for known in prices] if pipelined else prices
        self.goal = goal
        self.capacity = capacity
        self.inner = np.array(inner, dtype=np.int64)
        self._inner_at = {row: at for at, row in enumerate(inner)}
        self.is_inner = np.array([r.inner for r in tensors.roles])
        self.less, self.drained, self.made = (
            np.array([getattr(LEAVING if r.inner else r, name) for r in tensors.roles])[:, None, None]
            for name in ("less", "drained", "made")
        )

    def bounds(
        self, columns: Columns, room: Array, sums: Sequence[Array], rates: Array, below: float, floors: Array
    ) -> tuple[Array, Array]:
        """A lower bound of the objective of each design, infinite where nothing fits, and a good price per byte.

        Args:
            room, sums: see `options`. rates: a price to start from for each design, or zero.
            below: bounds beyond this need not be tight. floors: what is added to each sum in any case.
        """
        fixed = [row + floor for row, floor in zip(self.fixed(columns), floors, strict=True)]
        cycles = self.cycles(columns)
        least = [f + s.min(axis=1).sum(axis=0) for f, s in zip(fixed, sums, strict=True)]
        fits = room.min(axis=1).sum(axis=0) <= min(self.capacity, NEVER / 2)
        if self.capacity < NEVER:
            open_ = np.flatnonzero(fits & (self.goal.value(least, cycles) < below))
            rates = rates.copy()
            for row, table in enumerate(sums):
                added = self._tightened(table, room, open_, rates[row])
                least[row][open_] = np.maximum(least[row][open_], fixed[row][open_] + added)
        return np.where(fits, self.goal.value(least, cycles), np.inf), rates

    def fixed(self, columns: Columns) -> list[Array]:
        """What each design adds to each sum wherever its tensors are."""
        return [worked(p, columns) + more for p, more in zip(self.prices, self.fetching, strict=True)]

    def cycles(self, columns: Columns) -> Array:
        """Compute cycles of each design at least; of a pipeline those of its slowest stage."""
        of_layers = columns.work("cycles")
        if self.fewest is not None:
            of_layers = of_layers * self.fewest[:, None]
        return np.asarray(of_layers.max(axis=0) if self.pipelined else of_layers.sum(axis=0))

    def least_room(self, columns: Columns, places: Places) -> tuple[float, Array]:
        """Fewest bytes with which any of the designs can do, and what each tensor takes there."""
        room, _ = self.options(columns, places, windows=True)
        least = room.min(axis=1)
        at = int(least.sum(axis=0).argmin())
        return float(least[:, at].sum()), least[:, at]

    def _tightened(self, sums: Array, room: Array, some: Array, rates: Array) -> Array:
        """What tensors add at least to one sum of some designs, given the capacity; `rates` is improved in place."""
        if not len(some):
            return np.zeros(0)
        if len(some) < sums.shape[2]:
            sums, room = sums[:, :, some], room[:, :, some]
        best = sums.min(axis=1).sum(axis=0)
        start = rates[some]
        factors: tuple[float, ...] = NEAR
        if (start == 0).any():
            span = np.where(sums < NEVER, sums, 0).max(axis=1).sum(axis=0) - best
            start = np.where(start == 0, np.maximum(span, 1e-9) / max(self.capacity, 1.0), start)
            factors = WIDE
        chosen = start.copy()
        for factor in factors:
            rate = start * factor
            bound = (sums + rate * room).min(axis=1).sum(axis=0) - rate * (self.capacity * (1 + CANCELLATION))
            better = bound > best
            best = np.where(better, bound, best)
            chosen = np.where(better, rate, chosen)
        rates[some] = chosen
        return np.asarray(best)

    def options(
        self, columns: Columns, places: Places, rooms: Rooms | None = None, *, windows: bool = False
    ) -> tuple[Array, list[Array]]:
        """Room and what is added of each tensor (rows), place and design; one table of what is added per sum.

        The first place is that of an intermediate that is kept. Those below each number of loops of the group follow,
        then those in a nested branch, if there is one; the last is inside the branch of a layer. Where only what is
        live counts, the room is a lower bound (that of one step) unless `rooms` says what is live in a single design.

        Args:
            windows: count windows in any case.
        """
        loops, inside = columns.outer, columns.count - columns.outer
        shape = (len(self.is_inner), loops + 3 + (inside and inside + 1), columns.size)
        room, entered = np.empty(shape), np.empty(shape)
        for place in range(loops + 1):
            room[:, place + 1] = columns.kept[loops if self.live and not windows else place]
            entered[:, place + 1] = columns.entered[place]
        if self.tensors.drop.any():
            for place in range(loops + 1):
                entered[self.tensors.drop, place + 1] = columns.dropped[place][self.tensors.drop]
        room[:, 0] = room[:, loops + 1]
        for place in range(loops + 2, shape[1] - 1):
            room[:, place] = columns.kept[place - 2]
            entered[:, place] = columns.reloaded[place - 2 - loops]
        room[:, -1] = entered[:, 0] = 0
        room *= self.tensors.width[:, None, None]
        np.ceil(room, out=room)
        share = self.tensors.streamed[:, None]
        entered[:, -1] = np.maximum(columns.apart * np.minimum(share, 1e6), self.tensors.words[:, None])
        room[:, -1] = np.where(share < NEVER, 0, NEVER)
        open_ = self._open(places)
        self._close(room, places, loops, open_)
        room[:, 1:] *= np.where(open_, 1, self.tensors.copies)[
            :, None
        ]  # an intermediate that stays inside has one copy
        if rooms is not None:
            self._settle(room, rooms)
        taken = self._set_apart(room) if any(p.weights for p in self.prices) else room
        first = columns.first[:, None]
        reads = entered - self.less * first
        np.maximum(reads, 0.0, out=reads)
        writes = self.drained * entered + self.made * first
        sums = [p.weights * taken if p.weights else self._added(p, reads, writes) for p in self.prices]
        if open_.any():
            self._undecided(sums, columns, entered, open_)
        self._put_in_branches(room, sums, places, open_)
        if self.tensors.within.any():
            for table in (room, *sums):
                table[self.tensors.within, :-1] = NEVER
        return room, sums

    def _put_in_branches(self, room: Array, sums: Sequence[Array], places: Places, open_: Array) -> None:
        """What tensors that several layers may store inside their branches take there: no room.

        Each of these is off chip, too: in designs in which an intermediate is computed again it is not among them.
        """
        for row, least in self.tensors.in_branches.items():
            again = ~(open_[row] | places.first[self._inner_at[row]]) if self.is_inner[row] else False
            room[row, -1] = np.where(again, NEVER, 0)
            for table, added in zip(sums, least, strict=True):
                table[row, -1] = added

    def _open(self, places: Places) -> Array:
        """Which tensors are intermediates that are not decided yet, of shape (tensors, designs)."""
        found = np.zeros((len(self.is_inner), places.loops.shape[1]), dtype=bool)
        found[self.inner] = places.loops == UNDECIDED
        return found

    def _undecided(self, sums: Sequence[Array], columns: Columns, entered: Array, open_: Array) -> None:
        """What an undecided intermediate adds in each place: it is spilled, or computed as often as it enters.

        Each layer makes one tensor, so what they add to the operations that are counted anyway adds up.
        """
        rows = np.flatnonzero(open_.any(axis=1))
        makers, some = self.tensors.makers[rows], open_[rows][:, None]
        done = columns.work("operations")[makers]
        again = np.maximum(self.tensors.each[rows, None, None] * entered[rows, 1:-1] - done[:, None], 0.0)
        points = columns.work("points")[makers]
        for prices, table in zip(self.prices, sums, strict=True):
            if not prices.weights:
                price = prices.operations[makers, None] - prices.saved[makers, None] * points
                kept = np.zeros_like(again) if prices.steps else again * price[:, None]
                spilled = np.where(self.tensors.spill[rows, None, None], table[rows, 1:-1], NEVER)
                table[rows, 1:-1] = np.where(some, np.minimum(kept, spilled), table[rows, 1:-1])

    def _set_apart(self, room: Array) -> Array:
        """Take the tensors of a partition of their own out of the room; what each takes of that."""
        own = self.tensors.apart[:, None, None] & (room < NEVER)
        taken = np.where(own, room, 0.0)
        room[own] = 0.0
        return taken

    def _settle(self, room: Array, rooms: Rooms) -> None:
        """Put what is live in a single design in the place of windows."""
        free = self.tensors.free[:, None]
        above, kept = room[:, 1:-1, 0], room[:, 0, 0]
        room[:, 1:-1, 0] = np.where(free & (above < NEVER), rooms.above, above)
        room[:, 0, 0] = np.where(self.is_inner & (kept < NEVER), rooms.kept, kept)

    def _close(self, room: Array, places: Places, loops: int, open_: Array) -> None:
        """Take away the places that are not there; an intermediate that is not decided may be at every depth."""
        room[~self.is_inner, 0] = NEVER
        if len(self.inner):
            decided = np.where(places.loops == UNDECIDED, loops, places.loops)
            kept = np.take_along_axis(room[self.inner], decided[:, None] + 1, axis=1)[:, 0]
            barred = self.tensors.closed[self.inner, :1] & (places.loops == 0) | open_[self.inner]
            room[self.inner, 0] = np.where(barred, NEVER, kept)
            spilled = places.first & self.tensors.spill[self.inner, None] | open_[self.inner]
            room[self.inner, 1:] = np.where(spilled[:, None], room[self.inner, 1:], NEVER)
        if room.shape[1] > loops + 3:  # what is spilled is stored outside of the nested branch
            closed = ~(self.tensors.nested[:, None] & (~self.is_inner[:, None] | open_))
            room[:, loops + 2 : -1] = np.where(closed[:, None], NEVER, room[:, loops + 2 : -1])
        room[:, 1 : loops + 2][self.tensors.closed[:, : loops + 1]] = NEVER
        room[self.tensors.closed.any(axis=1), -1] = NEVER
        room[~self.tensors.free] = 0

    def _added(self, prices: Prices, reads: Array, writes: Array) -> Array:
        added = prices.moved_all(reads, writes)
        added[self.is_inner, 0] = 0
        added[~self.tensors.free] = 0
        return added


def worked(prices: Prices, columns: Columns) -> Array:
    """What the operations of the layers add to a sum."""
    if prices.steps:
        return np.asarray(prices.steps * columns.work("steps").sum(axis=0))
    if not prices.operations.any():
        return np.zeros(columns.size)
    each = prices.operations[:, None] - prices.saved[:, None] * columns.work("points")
    return np.asarray((each * columns.work("operations")).sum(axis=0))
