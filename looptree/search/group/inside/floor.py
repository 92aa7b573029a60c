"""What the nests of a layer take at least below the buffer, for many designs at once and without finding any.

A tensor that a nest keeps enters its place as often as it does in some nest of the whole layer
(`looptree.model.inside.fronts`), and at least as often as the loops of the group make it: in the branch of a fused
layer nothing stays from one step of them to the next, and of a layer alone a tensor stays while loops run that do not
move it if all of its tile has a place. Whichever is more counts for each tensor; the best set of tensors, and the best
nest of a front, gives the floor. Both numbers are least for the largest tiles, so that a range of tile shapes
has a floor as single ones do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np

from looptree.model.axis import Array
from looptree.model.inside.costs import price
from looptree.model.inside.fronts import Front
from looptree.model.inside.joint import Joint, Outer, Wanted
from looptree.model.inside.leaf import Leaf
from looptree.model.inside.nest import Price
from looptree.model.inside.ways import Room


@dataclass(frozen=True, eq=False, slots=True)
class Doing:
    """What a layer does, by design, as the loops of the group alone make it.

    Attributes:
        anew: words of each tensor that enter if every step of the loops begins anew, of shape (tensors, designs).
        still: if what a loop does not move stays while it runs. window: of the largest tile.
        operations: those it runs at least. points: output points of each at most.
    """

    anew: Array
    still: Array
    window: Array
    operations: Array
    points: Array


@dataclass(frozen=True, eq=False, slots=True)
class _Rows:
    """Nests at one level, with what is between the same levels.

    Attributes:
        entered: words of each tensor that enter, of shape (nests, tensors). prices: of each of these words.
        fixed: what else each takes. operations: of each operation. points: of each output point.
        further: the same for the levels further in, if there are any.
    """

    entered: Array
    prices: Array
    fixed: Array
    operations: Array
    points: Array
    further: _Level | None


@dataclass(frozen=True, eq=False, slots=True)
class _Level:
    """All nests at one level and further in.

    Attributes:
        room: of the level. rows: those that keep the same tensors.
    """

    room: Room
    rows: Sequence[_Rows]


class Floor:
    """The floor of one layer and one sum.

    Args:
        joint: the levels. fronts: of the layer at each of them. outer: where the tensors are above them.

    Attributes:
        tensors: that nests may keep, the rows of what is asked.
    """

    def __init__(
        self, joint: Joint, leaf: Leaf, fronts: Sequence[Sequence[Front]], outer: Outer, wanted: Wanted
    ) -> None:
        self.leaf = leaf
        self.tensors = list(leaf.accesses)
        self._top = self._level(joint, fronts, outer, wanted)

    def _level(self, joint: Joint, fronts: Sequence[Sequence[Front]], outer: Outer, wanted: Wanted) -> _Level:
        (level, room), last = joint.levels[0], len(fronts) == 1
        each = [
            price(self.leaf.einsum, joint.tensors, outer, level, counts, wanted.cost, last=last)
            for counts in ((0, 0, joint.counts[2]), (1, 0, 0), (0, 1, 0))
        ]
        rows = []
        for front in fronts[0]:
            inside = joint.further_of(outer, front.kept)
            deeper = None if last else self._level(joint.further, fronts[1:], inside, wanted)
            rows.append(self._rows(front, each, deeper))
        return _Level(room, [_together(rows)] if last and rows else rows)

    def _rows(self, front: Front, each: Sequence[Price], deeper: _Level | None) -> _Rows:
        """Nests of a front, by what they take anyway, for an operation and for an output point."""
        nests = front.entered.shape[1]
        entered, prices = np.zeros((2, nests, len(self.tensors)))
        for tensor, words in zip(front.kept, front.entered, strict=True):
            entered[:, self.tensors.index(tensor)] = words
            prices[:, self.tensors.index(tensor)] = each[0].entered[tensor]
        nothing = dict.fromkeys(front.kept, 0.0)
        fixed, operations, points = (np.full(nests, float(paid.of(front.kept, nothing, 0))) for paid in each)
        return _Rows(entered, prices, fixed, operations, points, deeper)

    def of(self, known: Doing) -> Array:
        """The floors of some designs; zero where nothing that is pinned fits."""
        found = self._of(self._top, known)
        return np.where(np.isinf(found), 0.0, found)

    def _of(self, level: _Level, known: Doing) -> Array:
        found = np.full(known.anew.shape[1], np.inf)
        staying = list(self._staying(level.room, known.anew, known.still, known.window))
        for rows in level.rows:
            own = np.full(len(found), np.inf)
            done = (rows.operations[:, None] + rows.points[:, None] * known.points) * known.operations
            for least, possible in staying:
                taken = rows.fixed[:, None] + done
                for at in np.flatnonzero(rows.prices.any(axis=0)):
                    taken = taken + rows.prices[:, at, None] * np.maximum(rows.entered[:, at, None], least[at])
                own = np.minimum(own, np.where(possible, taken.min(axis=0), np.inf))
            if rows.further is not None:
                own = own + self._of(rows.further, known)
            found = np.minimum(found, own)
        return found

    def _staying(self, room: Room, anew: Array, still: Array, window: Array) -> Iterator[tuple[Array, Array]]:
        """Words that enter at least if some tensors stay with all of their tiles, and in which designs these fit."""
        gaining = [at for at, tensor in enumerate(self.tensors) if tensor in room.bits and (still < anew)[at].any()]
        for some in chain.from_iterable(combinations(gaining, count) for count in range(len(gaining) + 1)):
            least = anew.copy()
            least[list(some)] = still[list(some)]
            yield least, room.holds({self.tensors[at]: window[at] for at in some}, anew.shape[1])


def _together(rows: Sequence[_Rows]) -> _Rows:
    """Rows of the innermost level, one below the other."""
    names = ("entered", "prices", "fixed", "operations", "points")
    entered, prices, fixed, operations, points = (np.concatenate([getattr(r, name) for r in rows]) for name in names)
    return _Rows(entered, prices, fixed, operations, points, None)
