"""Which tiles of an outer level need not be looked at, since a larger one is no worse for the levels further in either.

Let the tile of rank r at an outer level be e, and let a larger one that is made of whole tiles e (its last one may be
smaller) fit as well and bring no tensor in more often at its own level. With the larger one, let the nests further in
be the same, but for the next level:

* if its nest has a loop over r, with tiles t, this loop runs that much further;
* if it has none, one over r with tiles e stands outside all its others.

All tiles inside are as before then, and so is what is kept. What enters at levels further in?

* Tensors that r does not index: as often, or less often where they stay while the loop over r runs.
* Tensors that r indexes and that a loop further in moves: as often, in the first case. In the second one, too, if it is
  another loop that moved them before, and that is so unless a level further in holds the whole tile of such a
  tensor. Where one may, the smaller tile is looked at.

This says nothing of the number of levels. It holds for tiles t that divide e: all tiles inside are those from before,
in the same order. It also holds for others if there are no more tiles at any level further in. These may be more: (e,
t, t') = (5, 3, 2) makes 3 tiles t' of each e, 9 of 15, and (15, 3, 2) makes 10. So their numbers are compared, for all
tile shapes that levels further in may have. Then r must not share a dimension with another rank, where windows overlap
or skip coordinates by where they begin; and the array must do one of r at a time, since it may be less full with t in
the larger tile.

Every tile shape further in is among those of the larger tile: if t is the smallest tile with n steps in e, it is that
with k n steps in k e, and in a rank of which e is the smallest tile with k steps.

Of tiles that are slabs none is left out: what a loop leaves of a rank begins where the slab does, so that tiles inside
a larger tile may be others.

With instances of spatial loops, what passes the level that serves them together does not increase either: at each step
it is what any of them takes in, and each of them takes in no more at fewer steps.

A pinned dataflow is one of the innermost level. Where that is the next one, the loop that is added has to be allowed
outside all others, and a tile shape that is pinned must not follow from the tile around it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from looptree.model.axis import Array
from looptree.model.inside.leaf import Leaf
from looptree.model.inside.part import Part
from looptree.model.inside.pinned import FREE, Pinned
from looptree.model.inside.problems import Problems
from looptree.model.inside.tiles import keeps_full, useful_tiles


@dataclass(frozen=True, eq=False, slots=True)
class Further:
    """The levels further in.

    Attributes:
        levels: how many there are. most: the most words of each tensor that one of them can hold. pins: what is not
            free to choose at the innermost one.
    """

    levels: int = 0
    most: Mapping[str, float] = field(default_factory=dict)
    pins: Pinned = FREE

    def frees(self, rank: str, leaf: Leaf) -> bool:
        """Whether the next level may have a loop over a rank outside all others, whatever the tile further out."""
        if self.levels > 1 or self.pins == FREE:
            return True
        if rank in (self.pins.tiles or {}):
            return False
        return self.pins.stays is None or rank in leaf.accesses[self.pins.stays].ranks


NONE = Further()


def larger_ways(leaf: Leaf, part: Part, problems: Problems, wide: Mapping[str, int], further: Further) -> Array:
    """Per rank and way the way with a larger tile of it that is no worse further in; -1 where there is none.

    It is one only where no level further in can hold all of a tensor's tile.

    Args:
        problems: of the part, before it is cut. wide: operations done at once along each rank.
    """
    found = np.full_like(part.multiple, -1)
    if problems.forms:
        return found
    forms = [form for access in leaf.accesses.values() for form in access.projection]
    joined = {rank for form in forms if len(form.ranks) > 1 for rank in form.ranks}
    for row, rank in enumerate(part.ranks):
        if not further.frees(rank, leaf):
            continue
        extents = problems.extents(rank)
        most = max((further.most[t] for t, access in leaf.accesses.items() if rank in access.ranks), default=0)
        alone = rank not in joined and wide.get(rank, 1) == 1
        pairs = part.tiles[:, row], part.tiles[part.multiple[row], row]
        known: dict[tuple[int, int], bool] = {}
        for way in np.flatnonzero(part.multiple[row] >= 0).tolist():
            tile, more = (int(tiles[way]) for tiles in pairs)
            if (tile, more) not in known:
                known[tile, more] = _divides(tile, extents, wide.get(rank, 1), most) or (
                    alone and all(_no_more(tile, more, extent, further.levels, most) for extent in extents)
                )
            if known[tile, more]:
                found[row, way] = part.multiple[row, way]
    return found


def _pieces(extent: int, tile: int) -> dict[int, int]:
    """The different tiles of an extent, and how many there are of each."""
    whole, rest = divmod(extent, tile)
    return {size: count for size, count in ((tile, whole), (rest, min(rest, 1))) if count}


def _divides(tile: int, extents: Collection[int], wide: int, most: float) -> bool:
    """Whether all tile shapes that a level further in may have in a tile divide it."""
    pieces = {size for extent in extents for size in _pieces(extent, tile)}
    shapes = (t for t in useful_tiles(tile) if t <= most and all(keeps_full(t, size, wide) for size in pieces))
    return all(tile % t == 0 for t in shapes)


@cache
def _no_more(tile: int, more: int, extent: int, levels: int, most: float) -> bool:
    """Whether larger tiles of an extent are cut into no more tiles at any of some levels further in.

    >>> _no_more(5, 15, extent=30, levels=1, most=30), _no_more(5, 15, extent=30, levels=2, most=30)
    (True, False)
    >>> _no_more(5, 15, extent=30, levels=2, most=2)
    True
    """
    if levels < 2:
        return True  # two tiles together need no more steps than one after the other
    return all(
        _count(large, chain) <= sum(count * _count(size, chain) for size, count in _pieces(large, tile).items())
        for chain in _chains(tile, levels, most)
        for large in _pieces(extent, more)
    )


def _chains(tile: int, levels: int, most: float) -> Iterator[tuple[int, ...]]:
    """Tile shapes, each in the one before."""
    for shape in useful_tiles(tile):
        if shape <= most:
            yield (shape,)
            if levels > 1:
                yield from ((shape, *others) for others in _chains(shape, levels - 1, most))


@cache
def _count(extent: int, chain: tuple[int, ...]) -> int:
    """The innermost tiles of an extent.

    >>> _count(15, (5, 3, 2)), _count(15, (15, 3, 2))
    (9, 10)
    """
    if not chain:
        return 1
    return sum(count * _count(size, chain[1:]) for size, count in _pieces(extent, chain[0]).items())
