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

    Intermediates that are kept whole are tried with one loop. A fused group has a loop: the model takes layers that
    no loop joins one by one.
    """
    for count in range(int(fused), min(most_loops, len(ranks)) + 1):
        for order in permutations(ranks, count):
            for depth in range(count > 1, count + 1) if fused else (0,):
                yield Structure(order, depth)


def structures_of(part: Workload) -> Iterator[Structure]:
    """Every structure that is tried for a segment: up to 2 loops if it is fused, up to 3 for a layer alone.

    The loops of a structure move different dimensions of every tensor of the sinks.
    """
    fused = len(part.einsums) > 1
    ranks = candidate_ranks(part, sinks_of(part), least=4 if fused else 2)
    clashes = _clashes(part, sinks_of(part))
    for structure in structures(ranks, most_loops=2 if fused else 3, fused=fused):
        tiled = {pair for rank in structure.ranks for pair in rank}
        if not any(len(clash & tiled) > 1 for clash in clashes):
            yield structure


def _clashes(part: Workload, sinks: Sequence[str]) -> list[frozenset[tuple[str, str]]]:
    """Ranks of a sink that move the same dimension of a tensor, as `p` and `r` of a convolution do."""
    return [
        frozenset((name, rank) for rank in form.ranks)
        for name in sinks
        for access in (*part.einsum(name).inputs, part.einsum(name).output)
        for form in access.projection
        if len(form.terms) > 1
    ]


def tiles_of(part: Workload, structure: Structure) -> list[list[int]]:
    """The tile shapes that are tried for each loop of a structure."""
    most = MAX_TILES[max(1, len(structure.ranks))]
    return [useful_tiles(part.einsum(rank[0][0]).ranks[rank[0][1]], most) for rank in structure.ranks]


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
