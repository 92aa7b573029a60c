"""Own loops of a layer with very many tensors that only it uses, such as a sum of many branches.

All ways to place its tensors together would be too many to list. But once own loops are chosen, what each of its
tensors takes and moves below so many of them does not depend on the others: each is an item by itself. Own loops are
compared by what they leave of all tensors below any number of them. Of each tensor the better one of two nodes counts
for both, since either may be chosen: so own loops are beaten if other ones leave no more of any tensor at any depth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.model.box import Key
from looptree.search.group.own.counted import Counted
from looptree.search.group.own.divided import Divider
from looptree.search.group.own.division import Steps
from looptree.search.group.own.streaming import Idle, Streamed
from looptree.search.undominated import undominated


@dataclass(frozen=True, slots=True)
class ChosenLoops:
    """Own loops of one layer, with its tensors below each number of them.

    Attributes:
        loops: rank and tile shape of each, outermost first. tensors: what each takes, by how many are above its node.
        trips, cycles: as in `streaming.Streaming`.
    """

    loops: tuple[tuple[str, int], ...]
    tensors: Mapping[str, tuple[Streamed, ...]]
    trips: float = 1
    cycles: float = 1


def without_loops(tensors: Sequence[str]) -> ChosenLoops:
    """No own loops; tensors inside the branch are there as a whole."""
    return ChosenLoops((), {tensor: (Streamed(0, 1.0, 1.0, False),) for tensor in tensors})


def own_loops(
    divider: Divider,
    tensors: Sequence[str],
    driven: frozenset[Key],
    moving: tuple[Steps, ...] | None,
    idle: Idle,
) -> list[ChosenLoops]:
    """Own loops of a layer that no other ones beat, none at first.

    Args:
        driven: ranks of the layer that the group's loops do not leave whole. moving: the loops of a single design that
            move it, if own loops may divide what these leave. idle: which may leave parts of an array idle.
    """
    streamer = divider.streamer
    listed = [streamer.counted(order, tensors) for order in streamer.orders(driven) if order]
    listed += [] if moving is None else divider.counted(tensors, moving)
    known = [(counted, idle.listed(counted.cycles)) for counted in listed if counted is not None]
    known = [(counted, some) for counted, some in known if len(some)]
    best = []
    for counted, some in known:
        rows = _rows(counted, some, tensors, streamer.most, idle, fills=streamer.fills)
        few = undominated(rows)
        best.append((counted, some[few], rows[few]))
    if not best:
        return [without_loops(tensors)]
    ends = np.cumsum([0, *(len(some) for _, some, _ in best)])
    kept = undominated(np.concatenate([rows for *_, rows in best]))
    which = np.searchsorted(ends, kept, side="right") - 1
    chosen = (
        (best[at][0], int(best[at][1][n - ends[at]])) for at, n in zip(which.tolist(), kept.tolist(), strict=True)
    )
    return [without_loops(tensors), *(_named(counted, choice, tensors) for counted, choice in chosen)]


def _rows(counted: Counted, some: Array, tensors: Sequence[str], most: int, idle: Idle, *, fills: bool) -> Array:
    """What makes some choices better than others, a row for each."""
    shares: list[Array] = []
    for tensor in tensors:
        depths = list(counted.tables[tensor])
        for piece, times, _ in [*depths, *[depths[-1]] * (most - len(counted.order))]:
            for other, anew, _ in depths:
                better = (other <= piece) & (anew <= times)
                piece, times = np.where(better, other, piece), np.where(better, anew, times)
            shares += [piece, times]
    return counted.rows(shares, idle, fills=fills)[some]


def _named(counted: Counted, choice: int, tensors: Sequence[str]) -> ChosenLoops:
    """One choice."""
    streamed = {
        tensor: tuple(
            Streamed(depth, float(piece[choice]), float(times[choice]), bool(moves[choice]))
            for depth, (piece, times, moves) in enumerate(counted.tables[tensor])
        )
        for tensor in tensors
    }
    return ChosenLoops(counted.chosen(choice), streamed, float(counted.trips[choice]), float(counted.cycles[choice]))
