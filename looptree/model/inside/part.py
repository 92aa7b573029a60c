"""Tables of one part of a layer: what every way to cut its ranks leaves, asks for and brings in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations, product

import numpy as np

from looptree.model.axis import Array
from looptree.model.inside.leaf import Leaf
from looptree.model.inside.problems import Problems
from looptree.model.inside.steps import Steps

Order = tuple[str, ...]
"""Ranks of a part, outermost loop first."""


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """The ways to cut the ranks of a part, those of one problem after those of the other.

    Attributes:
        first: the first way of each problem, which cuts nothing, and the number of all ways at the end.
        ranks: those that may be cut. tiles, whole: tile shape, and whether it cuts nothing, of shape (ways, ranks).
        window: the largest tile of each tensor along this part, of shape (tensors, ways).
        entered: by order of the loops, words of each row (the tensors, then those that pass the level further out) over
            all iterations where the outermost 0, 1, ... of them stand still, of shape (rows, loops + 1, ways).
        moves: by order, whether each of the loops moves a tensor, of shape (tensors, loops, ways).
        fewest: words of each row over all iterations where nothing stands still, with the best of the ways, of shape
            (rows, problems).
        visits: iterations. steps: that each way makes of them, of shape (ways).
        wider: per rank the way with the next larger tile of it, -1 where there is none or where more words enter it.
        multiple: the same with the next larger tile that is made of whole ones.
    """

    first: Array
    ranks: tuple[str, ...]
    tiles: Array
    whole: Array
    window: Array
    entered: Mapping[Order, Array]
    moves: Mapping[Order, Array]
    fewest: Array
    visits: Array
    steps: Array
    wider: Array
    multiple: Array

    @classmethod
    def of(cls, leaf: Leaf, problems: Problems, ranks: Order, options: Mapping[str, Sequence[int]]) -> Part:
        """The tables of one problem of a part.

        Args:
            ranks: those that may be cut. options: tile shapes of each rank, the whole of it first.

        Raises:
            UnsupportedError: too many steps.
        """
        listed = list(product(*(options[rank] for rank in ranks)))
        tiles = np.array(listed, dtype=np.int64).reshape(len(listed), len(ranks))
        largest = np.array([problems.largest(rank) for rank in ranks], dtype=np.int64)
        entered, moves, window = {}, {}, np.zeros((0, len(tiles)))
        for order in permutations(ranks):
            steps = Steps(leaf, problems, dict(zip(ranks, tiles.T, strict=True)), len(tiles), order)
            entered[order], moves[order], window = steps.entered, steps.moves, steps.window
        wider, multiple = _wider(tiles), _wider(tiles, whole=True)
        for column in (*wider, *multiple):
            some, known = np.flatnonzero(column >= 0), column[column >= 0]
            for order in entered:
                worse = (entered[order][..., known] > entered[order][..., some]).any(axis=(0, 1))
                worse |= (moves[order][..., known] & ~moves[order][..., some]).any(axis=(0, 1))
                column[some[worse]] = -1
        first, visits = np.array([0, len(tiles)]), np.full(len(tiles), problems.times.sum())
        fewest = np.min([table[:, 0] for table in entered.values()], axis=(0, 2))[:, None]
        trips = _trips(problems, ranks, tiles)
        return cls(
            first, ranks, tiles, tiles >= largest, window, entered, moves, fewest, visits, trips, wider, multiple
        )

    @classmethod
    def joined(cls, parts: Sequence[Part]) -> Part:
        """The tables of several problems whose ranks that may be cut are the same."""
        one, *others = parts
        if not others:
            return one
        first = np.cumsum([0, *(part.first[-1] for part in parts)])
        wider, multiple = (
            [np.where(table < 0, -1, table + start) for table, start in zip(tables, first[:-1], strict=True)]
            for tables in ([part.wider for part in parts], [part.multiple for part in parts])
        )
        return cls(
            first,
            one.ranks,
            np.concatenate([part.tiles for part in parts]),
            np.concatenate([part.whole for part in parts]),
            np.concatenate([part.window for part in parts], axis=1),
            {order: np.concatenate([part.entered[order] for part in parts], axis=2) for order in one.entered},
            {order: np.concatenate([part.moves[order] for part in parts], axis=2) for order in one.moves},
            np.concatenate([part.fewest for part in parts], axis=1),
            np.concatenate([part.visits for part in parts]),
            np.concatenate([part.steps for part in parts]),
            np.concatenate(wider, axis=1),
            np.concatenate(multiple, axis=1),
        )

    def ways_cutting(self, ranks: Collection[str]) -> Array:
        """The ways that cut none but these ranks."""
        others = [rank not in ranks for rank in self.ranks]
        return np.flatnonzero(self.whole[:, others].all(axis=1))


def _trips(problems: Problems, ranks: Order, tiles: Array) -> Array:
    """Steps that the loops of each way make over all iterations, of the instance that has most (slabs make fewer)."""
    steps = np.ones((len(tiles), len(problems.of)), dtype=np.int64)
    for column, rank in enumerate(ranks):
        row = problems.ranks.index(rank)
        steps = steps * -((problems.low[row] - problems.high[row]) // tiles[:, column, None])
    return np.asarray((np.maximum.reduceat(steps, problems.starts[:-1], axis=1) * problems.times).sum(axis=1))


def _wider(tiles: Array, *, whole: bool = False) -> Array:
    """Per rank and way the way that has the next larger tile of this rank, all others alike; -1 where there is none.

    Args:
        whole: of the tiles that are made of whole ones of this way (the last one may be smaller).

    >>> _wider(np.array([[4, 2], [4, 1], [2, 2], [2, 1]])).tolist()
    [[-1, -1, 0, 1], [-1, 0, -1, 2]]
    >>> _wider(np.array([[7], [5], [4], [2]])).tolist(), _wider(np.array([[7], [5], [4], [2]]), whole=True).tolist()
    ([[-1, 0, 1, 2]], [[-1, 0, 0, 2]])
    """
    number = {tuple(way): at for at, way in enumerate(tiles.tolist())}
    found = np.full((tiles.shape[1], len(tiles)), -1, dtype=np.int64)
    for rank in range(tiles.shape[1]):
        sizes = sorted(set(tiles[:, rank].tolist()))
        larger = dict(pairwise(sizes))
        if whole:
            larger = {
                size: next(more for more in sizes if more > size and (more % size == 0 or more == sizes[-1]))
                for size in sizes[:-1]
            }
        for at, way in enumerate(tiles.tolist()):
            if way[rank] in larger:
                found[rank, at] = number[(*way[:rank], larger[way[rank]], *way[rank + 1 :])]
    return found
