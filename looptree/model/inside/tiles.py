"""Tile shapes that are worth trying."""

from __future__ import annotations


def useful_tiles(extent: int) -> list[int]:
    """Each distinct ceil(extent / n) for n of at least 2, largest first.

    Other tile shapes add nothing: with a tile between two of these the number of steps is that of the smaller one,
    which holds less and overlaps as often.

    >>> useful_tiles(10)
    [5, 4, 3, 2, 1]
    """
    tiles = []
    count = 2
    while count <= extent:
        tile = -(-extent // count)
        tiles.append(tile)
        if tile == 1:
            break
        count = -(-extent // (tile - 1))
    return tiles


def keeps_full(tile: int, extent: int, wide: int) -> bool:
    """Whether tiles of a rank take no more cycles than the whole of it, on an array that does `wide` of it at once.

    >>> [tile for tile in range(1, 9) if keeps_full(tile, extent=8, wide=3)]
    [3, 5, 6, 8]
    """
    steps = extent // tile * -(-tile // wide) + -(-(extent % tile) // wide)
    return steps <= -(-extent // wide)
