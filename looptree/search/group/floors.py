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
class Entering:
    """Words of the tensors of a layer, of shape (tensors, designs), as the loops of the group alone make it.

    Attributes:
        tensors: of the rows. anew: words that enter if every step of the loops begins anew. still: if what a loop does
        not move stays while it runs. window: of the largest tile.
    """

    tensors: Sequence[str]
    anew: Array
    still: Array
    window: Array

    @classmethod
    def nothing(cls) -> Entering:
        """Of one design of which nothing is known."""
        none = np.zeros((0, 1))
        return cls((), none, none, none)


@dataclass(frozen=True, eq=False, slots=True)
class _Rows:
    """Nests at one level, with what is between the same levels.

    Attributes:
        entered: words of each tensor that enter, of shape (nests, tensors). prices: of each of these words.
        fixed: what else each takes. further: the same for the levels further in, if there are any.
    """

    entered: Array
    prices: Array
    fixed: Array
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
        told: tensors of which `Entering` says what this layer does with them.
    """

    def __init__(
        self,
        joint: Joint,
        leaf: Leaf,
        fronts: Sequence[Sequence[Front]],
        outer: Outer,
        wanted: Wanted,
        told: frozenset[str],
    ) -> None:
        self.leaf = leaf
        self.told = told
        self.tensors = list(leaf.accesses)
        self._top = self._level(joint, fronts, outer, wanted)

    def _level(self, joint: Joint, fronts: Sequence[Sequence[Front]], outer: Outer, wanted: Wanted) -> _Level:
        (level, room), last = joint.levels[0], len(fronts) == 1
        paid = price(self.leaf.einsum, joint.tensors, outer, level, joint.counts, wanted.cost, last=last)
        rows = []
        for front in fronts[0]:
            inside = joint.further_of(outer, front.kept)
            deeper = None if last else self._level(joint.further, fronts[1:], inside, wanted)
            rows.append(self._rows(front, paid, deeper))
        return _Level(room, [_together(rows)] if last and rows else rows)

    def _rows(self, front: Front, paid: Price, deeper: _Level | None) -> _Rows:
        nests = front.entered.shape[1]
        entered, prices = np.zeros((2, nests, len(self.tensors)))
        for tensor, words in zip(front.kept, front.entered, strict=True):
            entered[:, self.tensors.index(tensor)] = words
            prices[:, self.tensors.index(tensor)] = paid.entered[tensor]
        fixed = float(paid.of(front.kept, dict.fromkeys(front.kept, 0.0), 0))
        return _Rows(entered, prices, np.full(nests, fixed), deeper)

    def of(self, known: Entering) -> Array:
        """The floors of some designs; zero where nothing that is pinned fits."""
        at = {tensor: row for row, tensor in enumerate(known.tensors) if tensor in self.told}
        nothing = np.zeros(known.anew.shape[1])
        tables = (
            np.array([table[at[t]] if t in at else nothing for t in self.tensors]).reshape(-1, len(nothing))
            for table in (known.anew, known.still, known.window)
        )
        found = self._of(self._top, *tables)
        return np.where(np.isinf(found), 0.0, found)

    def _of(self, level: _Level, anew: Array, still: Array, window: Array) -> Array:
        found = np.full(anew.shape[1], np.inf)
        staying = list(self._staying(level.room, anew, still, window))
        for rows in level.rows:
            own = np.full(len(found), np.inf)
            for least, possible in staying:
                taken = rows.fixed[:, None]
                for at in np.flatnonzero(rows.prices.any(axis=0)):
                    taken = taken + rows.prices[:, at, None] * np.maximum(rows.entered[:, at, None], least[at])
                own = np.minimum(own, np.where(possible, taken.min(axis=0), np.inf))
            if rows.further is not None:
                own = own + self._of(rows.further, anew, still, window)
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
    entered, prices, fixed = (
        np.concatenate([getattr(r, name) for r in rows]) for name in ("entered", "prices", "fixed")
    )
    return _Rows(entered, prices, fixed, None)
