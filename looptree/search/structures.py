"""The structures that are tried for one segment: which ranks are tiled, in which order, how deep intermediates sit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

from looptree.search.profile import Rank
from looptree.workload import Workload

MAX_TILES = {1: 128, 2: 48, 3: 20}


@dataclass(frozen=True, slots=True)
class Structure:
    """A loop order and the depth of the storage nodes of intermediates.

    Attributes:
        ranks: the loops above the branch, outermost first.
        depth: loops above the on-chip node of every intermediate that stays inside.
    """

    ranks: tuple[Rank, ...]
    depth: int


def sinks_of(part: Workload) -> tuple[str, ...]:
    """Einsums whose output no other Einsum of the segment reads."""
    return tuple(e.name for e in part.einsums if not part.consumers(e.output.tensor))


def candidate_ranks(part: Workload, sinks: Sequence[str], *, least: int) -> list[Rank]:
    """Ranks that a loop above the branch may tile; of several sinks, those that all have with equal extents."""
    first = part.einsum(sinks[0])
    found: list[Rank] = []
    for rank, extent in first.ranks.items():
        if extent >= least and all(part.einsum(s).ranks.get(rank) == extent for s in sinks):
            found.append(tuple((s, rank) for s in sinks))
    return found


def structures(ranks: Sequence[Rank], *, most_loops: int, fused: bool) -> Iterator[Structure]:
    """Every order of up to `most_loops` of the ranks, and for a fused group every common depth.

    Intermediates that are kept whole are tried with one loop at most.
    """
    for count in range(min(most_loops, len(ranks)) + 1):
        for order in permutations(ranks, count):
            for depth in range(count > 1, count + 1) if fused else (0,):
                yield Structure(order, depth)


def useful_tiles(extent: int, most: int) -> list[int]:
    """Each distinct ceil(extent / n) for n of at least 2, largest first; at most `most`, evenly thinned.

    >>> useful_tiles(10, 10)
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
    if len(tiles) <= most:
        return tiles
    return [tiles[round(i * (len(tiles) - 1) / (most - 1))] for i in range(most)]
